from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, said, since
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to, refer

_SETTLED_S = 120


@check("SealedSecret.bitnami.com", optional=["Secret"])
def sealed_secret_not_unsealed(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A SealedSecret could not be unsealed, or nobody has tried.

    What it detects: Synced False with the controller's message, and a SealedSecret without any
    status whose Secret does not exist.

    Why it matters: the Secret keeps its old content, or does not exist, and what needs it does not
    start.

    Where it cannot tell: sealed for another cluster, namespace or name, all read "no key could
    decrypt secret".
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    found = condition(obj, "Synced")
    namespace = dig_str(obj, "metadata", "namespace")
    name = dig_str(obj, "spec", "template", "metadata", "name") or dig_str(obj, "metadata", "name")
    late = older_than(created(obj), _SETTLED_S, scene.now)
    unanswered = not found and late and scene.lacks("Secret", namespace, name)
    if found.get("status") != "False" and not unanswered:
        return
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        title=f"is not unsealed, so the Secret {name} is not what it should be: "
        f"{quote(said(found), most=200) or 'no controller has answered it'}",
        evidence=evidence(
            ("status.conditions[Synced]", f"{found.get('status', 'absent')} {said(found)}".strip()),
        ),
        since=since(found) or created(obj),
        explains=(refer("Secret", namespace, name),),
        next="Seal it again for this cluster, namespace and name."
        if found
        else "Check that the sealed-secrets controller runs.",
    )
