from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import conditions
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import older_than
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import age, parse_time

_PATIENCE_S = 300


@check("Namespace", optional=["APIService"])
def namespace_stuck_terminating(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A namespace is being deleted and does not go away.

    What it detects: a deletion older than five minutes, with the conditions that say what is left:
    objects with finalizers, content that remains, or an API that does not answer.

    Why it matters: nothing new can be made in it, also not under the same name.

    Where it cannot tell: whether the controller that owns a finalizer is still there.
    """
    if scene.namespace and dig_str(obj, "metadata", "name") != scene.namespace:
        return  # another one's end is no trouble of the namespace that was asked about
    deleted = parse_time(dig(obj, "metadata", "deletionTimestamp"))
    if deleted is None or not older_than(deleted, _PATIENCE_S, scene.now):
        return
    left = [
        (dig_str(each, "type"), dig_str(each, "message"))
        for _, each in conditions(obj)
        if each.get("status") == "True" and dig_str(each, "type").startswith("Namespace")
    ]
    # What a finalizer holds says more than that content is left.
    order = ("Discovery", "GroupVersion", "Finalizers", "Content", "Deletion")
    left.sort(key=lambda pair: next((i for i, word in enumerate(order) if word in pair[0]), 9))
    services = tuple(
        ref_to(each)
        for each in scene.seen("APIService")
        if any(kind.endswith("DiscoveryFailure") for kind, _ in left)
    )
    why = f": {quote(left[0][1], most=200)}" if left else ""
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        title=f"has been terminating for {age(deleted, scene.now)}{why}",
        evidence=evidence(
            ("status.phase", dig_str(obj, "status", "phase")),
            *((f"status.conditions[{kind}].message", message) for kind, message in left),
        ),
        since=deleted,
        blames=services,
        next="Bring back the controller whose finalizer is left, so that it can clean up.",
    )
