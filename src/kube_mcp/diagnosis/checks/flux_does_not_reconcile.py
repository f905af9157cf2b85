from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.graph.flux import ALL, controller_of_kind, is_suspended
from kube_mcp.graph.owners import pods_of
from kube_mcp.objects import Obj, dig, dig_int, dig_str
from kube_mcp.scene import Scene, ref_to

# A reconciliation takes seconds; a large HelmRelease may take its timeout, often five minutes.
_PATIENCE_S = 900


@check(*ALL, optional=["Deployment", "Pod"])
def flux_does_not_reconcile(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Flux object is not being acted upon: its controller is down, or stuck.

    What it detects: an object that no controller has ever answered, one whose newest generation
    was not seen, or one that has been in progress for over fifteen minutes. It is a symptom: what
    is found about the controller's Deployment explains it.

    Why it matters: nothing fails and nothing is applied.

    Where it cannot tell: when the object was last changed; a long upgrade looks the same.
    """
    if is_suspended(obj) or dig(obj, "metadata", "deletionTimestamp"):
        return
    if not older_than(created(obj), _PATIENCE_S, scene.now):
        return
    ready = condition(obj, "Ready")
    generation = dig_int(obj, "metadata", "generation")
    seen = dig_int(obj, "status", "observedGeneration")
    static = dig_str(obj, "kind") == "HelmRepository" and dig_str(obj, "spec", "type") == "oci"
    external = dig_str(obj, "kind") == "ExternalArtifact"
    if static or external:
        return
    if not ready:
        what = "no controller has ever answered it"
    elif ready.get("status") == "Unknown" and older_than(since(ready), _PATIENCE_S, scene.now):
        what = f"has been in progress since {dig_str(ready, 'lastTransitionTime')}"
    elif ready.get("status") == "True" and 0 < seen < generation:
        what = f"generation {generation} has not been acted on; Flux last saw {seen}"
    else:
        return
    controllers = controller_of_kind(obj, scene)
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        confidence=LIKELY,
        symptom=True,
        title=what,
        evidence=evidence(
            ("status.conditions[Ready]", ready.get("status") or "absent"),
            ("status.conditions[Ready].message", dig_str(ready, "message")),
            ("metadata.generation", generation),
            ("status.observedGeneration", seen),
        ),
        since=since(ready) or created(obj),
        blames=(
            *controllers,
            *(ref_to(pod) for each in controllers for pod in pods_of(each, scene)),
        ),
        next="Look at the Flux controllers' pods and logs.",
    )
