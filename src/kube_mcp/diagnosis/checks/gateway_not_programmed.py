from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, said, since
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.graph.gateways import GATEWAY, GATEWAY_CLASS
from kube_mcp.objects import Obj, Ref, dig, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer

_SETTLED_S = 120
_MOST_LISTENERS = 3


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
    # The Gateway sums up; which of its listeners has what fault stands there.
    faults = list(_faults(obj))
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
                else f"is not {kind.lower()}: {quote(said(found), most=160)}"
                + (
                    f"; listener {faults[0].listener}: {quote(faults[0].said, most=200)}"
                    if faults
                    else ""
                ),
                evidence=evidence(
                    (f"status.conditions[{kind}]", f"{found.get('status')} {said(found)}"),
                    *((each.path, each.text) for each in faults[:_MOST_LISTENERS]),
                    ("spec.gatewayClassName", name),
                ),
                since=since(found),
                blames=(klass, *(secret for each in faults for secret in each.secrets)),
                next=f"Check that the controller of the class {name} runs."
                if waiting
                else f"Correct the listener {faults[0].listener}: certificate, port or hostname."
                if faults
                else "Act on what the controller says.",
            )
            return
    for each in faults:
        yield Finding(
            ref=ref,
            part=each.listener,
            severity=CRITICAL,
            title=f"its listener {each.listener} is not ready: {quote(each.said, most=200)}",
            evidence=evidence((each.path, each.text)),
            since=each.since,
            blames=each.secrets,
            next=f"Correct the listener {each.listener}: certificate, port or hostname.",
        )


@dataclass(frozen=True, slots=True)
class _Fault:
    """What a listener's status says against it, where, and the Secrets that it names."""

    listener: str
    path: str
    status: str
    said: str
    since: datetime | None
    secrets: tuple[Ref, ...]

    @property
    def text(self) -> str:
        return f"{self.status} {quote(self.said, most=200)}"


def _faults(gateway: Obj) -> Iterator[_Fault]:
    own = dig_str(gateway, "metadata", "namespace")
    for index, listener in enumerate(dig_list(gateway, "status", "listeners")):
        # What does not resolve is why it is not programmed, and says which reference.
        for each in sorted(dig_list(listener, "conditions"), key=_tells_most):
            kind, status = dig_str(each, "type"), dig_str(each, "status")
            good = kind in ("Accepted", "Programmed", "ResolvedRefs")
            if not (good and status == "False") and not (kind == "Conflicted" and status == "True"):
                continue
            name = dig_str(listener, "name")
            yield _Fault(
                name,
                f"status.listeners[{index}].conditions[{kind}]",
                status,
                said(each),
                since(each),
                tuple(
                    refer("Secret", dig_str(cert, "namespace") or own, dig_str(cert, "name"))
                    for spec in dig_list(gateway, "spec", "listeners")
                    if dig_str(spec, "name") == name
                    for cert in dig_list(spec, "tls", "certificateRefs")
                ),
            )
            break


def _tells_most(found: object) -> int:
    return 0 if dig_str(found, "type") == "ResolvedRefs" else 1
