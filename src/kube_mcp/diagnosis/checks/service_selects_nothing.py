from __future__ import annotations

from collections.abc import Iterator, Mapping

from kube_mcp.diagnosis.backends import is_external, slices_of, templates_selected
from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, INFO, Evidence, Finding
from kube_mcp.diagnosis.phrases import alike, evidence, listed
from kube_mcp.diagnosis.pods import created, is_over, older_than
from kube_mcp.graph.owners import controller_of
from kube_mcp.graph.selecting import pods_with
from kube_mcp.objects import Obj, dig, dig_int, dig_map, dig_str
from kube_mcp.scene import Scene, labels_of, ref_to
from kube_mcp.words.selectors import text_of_labels

_SETTLED_S = 60


@check(
    "Service",
    needs=["Pod"],
    optional=["Deployment", "StatefulSet", "DaemonSet", "EndpointSlice"],
)
def service_selects_nothing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Service selects no pod, so connections to it are refused.

    What it detects: a selector that no pod of the namespace meets, with the pods or workloads that
    come nearest and the label in which they differ. Where the workload it means is scaled to zero
    or has no pods yet, that is the cause.

    Why it matters: whoever connects gets a refusal at once, or a 503 from the proxy in front.

    Where it cannot tell: a Service kept for a workload that runs only at times looks the same.
    """
    selector = dig_map(obj, "spec", "selector")
    if not selector or is_external(obj) or dig(obj, "metadata", "deletionTimestamp"):
        return
    namespace = dig_str(obj, "metadata", "namespace")
    if any(not is_over(pod) for pod in pods_with(selector, namespace, scene)):
        return
    meant = templates_selected(obj, scene)
    if meant and not older_than(created(obj), _SETTLED_S, scene.now):
        return  # the workload it means was applied with it, and is making its pods
    idle = bool(meant) and all(
        dig_int(scene.find(each), "spec", "replicas", default=1) == 0
        for each in meant
        if each.kind != "DaemonSet"
    )
    near = _nearest(selector, namespace, scene) if not meant else None
    owner = controller_of(obj)
    yield Finding(
        ref=ref_to(obj),
        severity=INFO if idle else CRITICAL,
        title=f"selects no pod: {text_of_labels(selector)}"
        + (f"; {near[1]}" if near else "")
        + (f"; {listed(map(str, meant))} has none" if meant else ""),
        evidence=evidence(
            ("spec.selector", text_of_labels(selector)),
            *([near] if near else []),
            ("endpoint slices", "none") if not slices_of(obj, scene) else ("", ""),
        ),
        # The selector is an operator's, and so is the trouble that its pods are not there.
        blames=(*meant, *([owner] if owner else [])),
        symptom=bool(meant),
        next=f"Find out why {meant[0]} has no pods."
        if meant
        else f"Find out why {owner} has no such pods."
        if owner
        else "Correct the selector or the labels of the pods, so that they agree.",
    )


def _nearest(selector: Mapping[str, object], namespace: str, scene: Scene) -> Evidence | None:
    """The pods or pod templates that meet the most pairs of the selector, and where they differ."""
    best: tuple[int, str, str] | None = None
    for name, labels in _labelled(namespace, scene):
        wrong = [key for key, value in selector.items() if labels.get(key) != value]
        met = len(selector) - len(wrong)
        similar = met or any(alike(str(labels.get(key, "")), str(selector[key])) for key in wrong)
        if not similar or (best is not None and best[0] >= met):
            continue
        differs = listed(f"{key}={labels[key]}" if key in labels else f"no {key}" for key in wrong)
        best = (met, name, differs)
    return (f"nearest: {best[1]}", f"{best[1]} has {best[2]}") if best else None


def _labelled(namespace: str, scene: Scene) -> Iterator[tuple[str, Mapping[str, object]]]:
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        for each in scene.inside(kind, namespace) if scene.can_see(kind) else ():
            labels = dig_map(each, "spec", "template", "metadata", "labels")
            yield f"{kind} {dig_str(each, 'metadata', 'name')}", labels
    for pod in scene.inside("Pod", namespace):
        yield f"Pod {dig_str(pod, 'metadata', 'name')}", labels_of(pod)
