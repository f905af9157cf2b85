from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import said, since
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, listed, quote
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.graph.gateways import (
    GATEWAY,
    ROUTES,
    listeners,
    parent_conditions,
    parents,
)
from kube_mcp.objects import Obj, dig, dig_list
from kube_mcp.scene import Scene, key_for, ref_to

_SETTLED_S = 120


@check(*ROUTES, optional=[GATEWAY])
def route_not_attached(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A route is attached to no Gateway: its parent is missing or does not accept it.

    What it detects: a parent Gateway, or a listener of it, that does not exist; Accepted False in
    the route's status; and a route that no controller has answered at all.

    Why it matters: none of its hosts and paths is served.

    Where it cannot tell: parents in namespaces that were not read are known by the status only.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    ref = ref_to(obj)
    wanted = list(parents(obj))
    for path, parent, section in wanted:
        key = key_for(parent.kind, parent.group)
        if scene.lacks(key, parent.namespace, parent.name):
            title, proof = f"its parent {parent.full} does not exist", "not found"
        else:
            gateway = scene.peek(key, parent.namespace, parent.name)
            if not section or gateway is None or section in listeners(gateway):
                continue
            proof = f"listeners: {listed(listeners(gateway))}"
            title = f"its parent {parent.full} has no listener {section}"
        yield Finding(
            ref=ref,
            severity=CRITICAL,
            title=title,
            evidence=evidence(
                (path, f"{parent.namespace}/{parent.name} {section}".strip()), (str(parent), proof)
            ),
            blames=(parent,),
            next=f"Correct {path}, or create what it names.",
        )
        return
    for path, name, each in parent_conditions(obj):
        if each.get("type") == "Accepted" and each.get("status") == "False":
            yield Finding(
                ref=ref,
                severity=CRITICAL,
                title=f"the Gateway {name} does not accept it: {quote(said(each), most=200)}",
                evidence=evidence((path, f"False {said(each)}")),
                since=since(each),
                blames=tuple(parent for _, parent, _ in wanted),
                next="Correct the hostnames, the parent or the Gateway's allowed routes.",
            )
            return
    late = older_than(created(obj), _SETTLED_S, scene.now)
    if wanted and late and not dig_list(obj, "status", "parents"):
        yield Finding(
            ref=ref,
            severity=CRITICAL,
            symptom=True,
            title="no Gateway controller has answered it",
            evidence=evidence(
                ("status.parents", "none"),
                ("spec.parentRefs", listed(parent.full for _, parent, _ in wanted)),
            ),
            since=created(obj),
            blames=tuple(parent for _, parent, _ in wanted),
            next="Check that the controller of the Gateway's class runs.",
        )
