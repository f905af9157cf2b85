from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.refusals import CREATORS, refusal, short
from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Obj
from kube_mcp.scene import Scene, ref_to


@check(*CREATORS, optional=["Event"])
def pod_security_refuses_pods(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A workload's pods are refused because they break the pod security level of the namespace.

    What it detects: "violates PodSecurity" in the API server's answer to the controller, with every field
    that breaks the level.

    Why it matters: the pods do not exist; existing ones keep running until they are replaced, so it often
    shows up at the next rollout.

    Where it cannot tell: whether the pod needs the privilege, or nobody has set the fields.
    """
    found = refusal(obj, scene)
    if found is None or found.kind != "pod-security":
        return
    yield Finding(
        ref=ref_to(obj),
        workload=controller_of(obj),
        severity=CRITICAL,
        title=f"its pods are refused: {quote(short(found.message))}",
        evidence=evidence((found.path, found.message)),
        since=found.since,
        next="Set the security context fields it names, or change the namespace's pod-security label.",
    )
