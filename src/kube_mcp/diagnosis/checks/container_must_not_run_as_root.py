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
def container_must_not_run_as_root(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A container is told not to run as root, but its image runs as root or by a name.

    What it detects: the kubelet's "runAsNonRoot" verdict in a container that cannot be created.

    Why it matters: the container never starts; often after a security setting was added.

    Where it cannot tell: which number the image's user has.
    """
    if is_over(pod) or is_going(pod):
        return
    for each in containers(pod, scene):
        message = dig_str(each.waiting, "message")
        if each.reason != "CreateContainerConfigError" or "runAsNonRoot" not in message:
            continue
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=CRITICAL,
            title=f"{each.role} {each.name} must not run as root, and its image does: {message}",
            evidence=evidence(
                (f"{each.path}.state.waiting.message", message),
                (f"spec of {each.name}: image", dig_str(each.spec, "image")),
            ),
            since=created(pod),
            next=f"Set securityContext.runAsUser of {each.name} to a number other than 0.",
        )
