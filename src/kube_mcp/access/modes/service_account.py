"""Everyone reads with the server's own credentials; RBAC sees one read-only account."""

from __future__ import annotations

from kube_mcp.auth.caller import Caller
from kube_mcp.kube.identity import OWN, Identity


class ServiceAccountMode:
    """The ServiceAccount in a pod, the kubeconfig's user elsewhere; the caller does not matter."""

    name = "service-account"

    async def identity(self, caller: Caller | None) -> Identity:
        """The same for everybody, so that caches are shared."""
        return OWN

    async def aclose(self) -> None:
        """Nothing is held."""
