from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.backends import (
    endpoints,
    has_ready,
    is_external,
    is_settled_behind,
    selected_pods,
    slices_of,
    templates_selected,
)
from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.finding import CRITICAL, LIKELY, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import is_ready
from kube_mcp.objects import Obj, dig, dig_map
from kube_mcp.scene import Scene, ref_to


@check(
    "Service",
    needs=["Pod"],
    optional=["EndpointSlice", "Deployment", "StatefulSet", "DaemonSet"],
)
def service_has_no_ready_endpoints(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Service selects pods, but none of them is ready, so connections to it fail.

    What it detects: selected pods and no ready endpoint for over two minutes; and the reverse, pods
    that are ready while the slices list none of them. It is a symptom: what is found about the
    pods explains it.

    Why it matters: whoever connects is refused, or waits.

    Where it cannot tell: Services without a selector are left to whoever makes their endpoints.
    """
    if is_external(obj) or not dig_map(obj, "spec", "selector"):
        return
    if dig(obj, "metadata", "deletionTimestamp") or has_ready(obj, scene) is not False:
        return
    pods = selected_pods(obj, scene)
    if not pods:
        return
    if not is_settled_behind(obj, scene):
        return
    ready = sum(is_ready(pod) for pod in pods)
    total, serving = endpoints(obj, scene)
    disagree = ready > 0 and bool(slices_of(obj, scene))
    times = [moment for pod in pods if (moment := since(condition(pod, "Ready")))]
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        confidence=LIKELY,
        symptom=True,
        title=f"selects {len(pods)} pods, and {ready} of them are ready, but none is an endpoint"
        if disagree
        else f"selects {len(pods)} pods, and none is ready",
        evidence=evidence(
            ("selected pods / ready", f"{len(pods)} / {ready}"),
            ("EndpointSlice endpoints / ready", f"{total} / {serving}"),
        ),
        since=max(times) if times and not disagree else None,
        blames=() if disagree else (*map(ref_to, pods), *templates_selected(obj, scene)),
        next="Look at the endpoint slice controller: the slices are behind the pods."
        if disagree
        else f"Look at the pods that {ref_to(obj)} selects.",
    )
