from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import containers, created, is_going, is_over, unwell_pods
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to


@check("Pod", among=unwell_pods, optional=["ReplicaSet", "Job"])
def image_name_invalid(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A container's image is no valid image name, or its pull policy forbids getting it.

    What it detects: InvalidImageName and ErrImageNeverPull in any container of the pod.

    Why it matters: the container can never start as it is written.

    Where it cannot tell: what was meant; typical are capital letters, a space, or a template's
    variable that nobody filled in.
    """
    if is_over(pod) or is_going(pod):
        return
    for each in containers(pod, scene):
        if each.reason not in ("InvalidImageName", "ErrImageNeverPull"):
            continue
        image = dig_str(each.spec, "image")
        invalid = each.reason == "InvalidImageName"
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=CRITICAL,
            title=f"the image '{image}' of {each.role} {each.name} "
            f"{'is not a valid name' if invalid else 'is not on the node and may not be pulled'}",
            evidence=evidence(
                (f"{each.path}.state.waiting.reason", each.reason),
                (f"{each.path}.state.waiting.message", dig_str(each.waiting, "message")),
                (f"spec of {each.name}: image", image),
            ),
            since=created(pod),
            next=f"Correct the image's name of {each.name}."
            if invalid
            else f"Change the pull policy of {each.name} from Never, or load the image.",
        )
