from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, said, since
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.graph.gateways import GATEWAY, GATEWAY_CLASS
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer

_SETTLED_S = 120


@check(GATEWAY, optional=[GATEWAY_CLASS, "Secret"])
def gateway_not_programmed(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Gateway, or one of its listeners, is not accepted or not set up.

    What it detects: a class that does not exist or that no controller has claimed; Accepted or
    Programmed False, of the Gateway or a listener; a listener whose certificate or routes do not
    resolve.

    Why it matters: no route of that Gateway, or listener, takes traffic.

    Where it cannot tell: the controller's message is quoted, not understood.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    name = dig_str(obj, "spec", "gatewayClassName")
    ref, klass = ref_to(obj), refer(GATEWAY_CLASS, "", name)
    if scene.lacks(GATEWAY_CLASS, "", name):
        known = [dig_str(each, "metadata", "name") for each in scene.seen(GATEWAY_CLASS)]
        yield Finding(
            ref=ref,
            severity=CRITICAL,
            title=f"its gateway class {name} does not exist",
            evidence=evidence(
                ("spec.gatewayClassName", name), ("GatewayClasses", ", ".join(known) or "none")
            ),
            next="Correct gatewayClassName, or install the controller that brings the class.",
        )
        return
    for kind in ("Accepted", "Programmed"):
        found = condition(obj, kind)
        waiting = dig_str(found, "reason") == "Pending"
        if waiting and not older_than(created(obj), _SETTLED_S, scene.now):
            continue
        if found.get("status") == "False" or (found.get("status") == "Unknown" and waiting):
            yield Finding(
                ref=ref,
                severity=CRITICAL,
                title=f"no controller of the class {name} has accepted it"
                if waiting
                else f"is not {kind.lower()}: {quote(said(found), most=200)}",
                evidence=evidence(
                    (f"status.conditions[{kind}]", f"{found.get('status')} {said(found)}"),
                    ("spec.gatewayClassName", name),
                ),
                since=since(found),
                blames=(klass,),
                next=f"Check that the controller of the class {name} runs."
                if waiting
                else "Act on what the controller says.",
            )
            return
    for index, listener in enumerate(dig_list(obj, "status", "listeners")):
        # What does not resolve is why it is not programmed, and says which reference.
        for each in sorted(dig_list(listener, "conditions"), key=_tells_most):
            kind, status = dig_str(each, "type"), dig_str(each, "status")
            good = kind in ("Accepted", "Programmed", "ResolvedRefs")
            if not (good and status == "False") and not (kind == "Conflicted" and status == "True"):
                continue
            listener_name = dig_str(listener, "name")
            secrets = [
                refer("Secret", dig_str(cert, "namespace") or ref.namespace, dig_str(cert, "name"))
                for spec in dig_list(obj, "spec", "listeners")
                if dig_str(spec, "name") == listener_name
                for cert in dig_list(spec, "tls", "certificateRefs")
            ]
            yield Finding(
                ref=ref,
                part=listener_name,
                severity=CRITICAL,
                title=f"its listener {listener_name} is not ready: {quote(said(each), most=200)}",
                evidence=evidence(
                    (
                        f"status.listeners[{index}].conditions[{kind}]",
                        f"{status} {said(each)}",
                    ),
                ),
                since=since(each),
                blames=tuple(secrets),
                next=f"Correct the listener {listener_name}: certificate, port or hostname.",
            )
            break


def _tells_most(found: object) -> int:
    return 0 if dig_str(found, "type") == "ResolvedRefs" else 1
