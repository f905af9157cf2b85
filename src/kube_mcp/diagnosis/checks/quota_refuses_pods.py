from __future__ import annotations

import re
from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.refusals import CREATORS, refusal, short
from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Obj, dig_map, dig_str
from kube_mcp.scene import Scene, ref_to, refer


@check(*CREATORS, optional=["Event", "ResourceQuota"])
def quota_refuses_pods(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A workload's pods are refused because a quota of the namespace is used up.

    What it detects: "exceeded quota" or "failed quota" in a controller's ReplicaFailure condition
    or FailedCreate event, with what was asked, used and allowed.

    Why it matters: the missing pods do not exist at all, so nothing shows up among the pods.

    Where it cannot tell: which of the namespace's pods could go to make room.
    """
    found = refusal(obj, scene)
    if found is None or found.kind != "quota":
        return
    namespace = dig_str(obj, "metadata", "namespace")
    match = re.search(r"(?:exceeded quota: |failed quota: )([^,:\s]+)", found.message)
    name = match[1] if match else ""
    quota = scene.peek("ResourceQuota", namespace, name)
    unset = "must specify" in found.message
    yield Finding(
        ref=ref_to(obj),
        workload=controller_of(obj),
        severity=CRITICAL,
        title=f"its pods are refused: {short(found.message)}",
        evidence=evidence(
            (found.path, found.message),
            *(
                (f"ResourceQuota {name} status.used / hard {key}", f"{used} / {hard}")
                for key, used, hard in _full(quota)
            ),
        ),
        since=found.since,
        blames=(refer("ResourceQuota", namespace, name),) if name and not unset else (),
        next=f"Give every container of {controller_of(obj) or ref_to(obj)} the requests and limits "
        f"that the quota {name} demands."
        if unset
        else f"Raise the quota {name or 'of the namespace'}, or free what others use of it.",
    )


def _full(quota: Obj | None) -> list[tuple[str, object, object]]:
    hard, used = dig_map(quota, "status", "hard"), dig_map(quota, "status", "used")
    return [(key, used.get(key), hard[key]) for key in hard][:4]
