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
def limit_range_refuses_pods(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A workload's pods are refused because a limit range forbids what they ask for.

    What it detects: a request or limit below the minimum, above the maximum, or in the wrong ratio, in the
    API server's answer to the controller.

    Why it matters: the pods do not exist, so nothing shows up among them; a default from the same limit
    range may be what breaks its own ratio.

    Where it cannot tell: whether the limit range or the request is the mistake.
    """
    found = refusal(obj, scene)
    if found is None or found.kind != "limit-range":
        return
    yield Finding(
        ref=ref_to(obj),
        workload=controller_of(obj),
        severity=CRITICAL,
        title=f"its pods are refused: {quote(short(found.message))}",
        evidence=evidence((found.path, found.message)),
        since=found.since,
        next="Change the requests and limits to what the namespace's LimitRange allows.",
    )
