"""Services that are only an alias of another Service (ExternalName)."""

from __future__ import annotations

from kube_mcp.objects import Obj, Ref, dig_str
from kube_mcp.scene import refer

# A cluster may have another domain than this, but a host below such a one may be anybody's.
_DOMAINS = ("svc", "svc.cluster.local")


def alias_of(service: Obj) -> Ref | None:
    """The Service that the alias means; None where it leads out of the cluster."""
    host = dig_str(service, "spec", "externalName").lower().rstrip(".")
    inside = next(
        (host.removesuffix(f".{each}") for each in _DOMAINS if host.endswith(f".{each}")), ""
    )
    labels = inside.split(".") if inside else []
    # A third label in front names one pod behind a headless Service.
    return refer("Service", labels[-1], labels[-2]) if len(labels) in (2, 3) else None
