from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, said, since
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.graph.certificates import CLUSTER_ISSUER, ISSUER
from kube_mcp.objects import Obj, dig
from kube_mcp.scene import Scene, ref_to


@check(ISSUER, CLUSTER_ISSUER)
def issuer_not_ready(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A cert-manager issuer is not ready, so it issues no certificate.

    What it detects: Ready False, with the reason: an account that cannot be registered, a Secret
    with a CA or a token that is missing, a server that does not answer.

    Why it matters: every certificate of this issuer waits, also those that must be renewed.

    Where it cannot tell: the certificate authority's own message is quoted, not understood.
    """
    found = condition(obj, "Ready")
    if found.get("status") != "False" or dig(obj, "metadata", "deletionTimestamp"):
        return
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        title=f"is not ready: {quote(said(found), most=200)}",
        evidence=evidence(("status.conditions[Ready]", f"False {said(found)}")),
        since=since(found),
        next="Correct what it says: account, Secret or server.",
    )
