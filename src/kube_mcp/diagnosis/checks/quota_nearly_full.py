from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.objects import Obj, dig_map
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.quantities import number

_NEARLY = 0.9


@check("ResourceQuota")
def quota_nearly_full(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A namespace has used up a quota, or nearly.

    What it detects: resources of which 90 % or more is used, as a note; a warning where more is
    used than allowed. It becomes the cause where pods are refused because of it.

    Why it matters: the next rollout needs room for one more pod, and does not get it.

    Where it cannot tell: a quota that is meant to be full, such as one for exactly one load
    balancer, looks the same.
    """
    hard, used = dig_map(obj, "status", "hard"), dig_map(obj, "status", "used")
    full: dict[str, float] = {}
    for key, limit in hard.items():
        most, now = number(limit), number(used.get(key))
        if most and now is not None and now / most >= _NEARLY:
            full[key] = now / most
    if not full:
        return
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING if any(share > 1.0001 for share in full.values()) else INFO,
        title=f"is used up: {listed(f'{share:.0%} of {key}' for key, share in full.items())}",
        evidence=evidence(
            *((f"status.used / hard {key}", f"{used[key]} / {hard[key]}") for key in full)
        ),
        next="Raise the quota, or free what is not needed.",
    )
