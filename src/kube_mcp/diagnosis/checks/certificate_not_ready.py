from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, said, since
from kube_mcp.diagnosis.finding import CRITICAL, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed, quote
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.graph.certificates import (
    CERTIFICATE,
    CHALLENGE,
    CLUSTER_ISSUER,
    ISSUER,
    ORDER,
    REQUEST,
    chain,
    issuer_of,
)
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.scene import Scene, key_for, ref_to, refer
from kube_mcp.words.times import parse_time

# ACME challenges by DNS take minutes until the world sees the record.
_PATIENCE_S = 600


@check(
    CERTIFICATE,
    optional=[REQUEST, ORDER, CHALLENGE, ISSUER, CLUSTER_ISSUER],
)
def certificate_not_ready(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A certificate has not been issued.

    What it detects: a Certificate that is not ready for over ten minutes, or failed, followed
    through its CertificateRequest, Order and Challenge to the message that tells why; and an issuer
    that does not exist.

    Why it matters: whatever serves with it has no valid certificate, or will not have one soon.

    Where it cannot tell: an issuer outside cert-manager answers in the request only.
    """
    ready = condition(obj, "Ready")
    if ready.get("status") == "True" or dig(obj, "metadata", "deletionTimestamp"):
        return
    failed = parse_time(dig(obj, "status", "lastFailureTime"))
    issuer = issuer_of(obj)
    lacks = scene.lacks(key_for(issuer.kind, issuer.group), issuer.namespace, issuer.name)
    started = since(ready) or created(obj)
    if not failed and not lacks and not older_than(started, _PATIENCE_S, scene.now):
        return
    below = chain(obj, scene)
    told = [
        (f"{ref_to(each).full} {path}", text) for each in below for path, text in _messages(each)
    ]
    why = (
        f"its {issuer.kind} {issuer.name} does not exist"
        if lacks
        else quote(told[-1][1] if told else said(ready), most=200)
    )
    expires = parse_time(dig(obj, "status", "notAfter"))
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING if expires and expires > scene.now else CRITICAL,
        title=f"is not issued for {listed(map(str, dig_list(obj, 'spec', 'dnsNames')))}: {why}",
        evidence=evidence(
            ("status.conditions[Ready]", f"{ready.get('status', 'absent')} {said(ready)}"),
            ("spec.issuerRef", f"{issuer.kind} {issuer.name}{' (not found)' if lacks else ''}"),
            *told[-3:],
            ("status.notAfter", dig_str(obj, "status", "notAfter")),
        ),
        since=started,
        blames=(issuer,),
        explains=(
            refer(
                "Secret", dig_str(obj, "metadata", "namespace"), dig_str(obj, "spec", "secretName")
            ),
        ),
        next=f"Create the {issuer.kind} {issuer.name}, or correct spec.issuerRef."
        if lacks
        else f"Act on what {ref_to(below[-1]) if below else issuer} says.",
    )


def _messages(obj: Obj) -> Iterator[tuple[str, str]]:
    reason = dig_str(obj, "status", "reason")
    state = dig_str(obj, "status", "state")
    if reason:
        yield "status.reason", f"{state}: {reason}" if state else reason
    elif state in ("invalid", "errored", "expired", "pending"):
        yield "status.state", state
    found = condition(obj, "Ready")
    if found.get("status") == "False":
        yield "status.conditions[Ready]", said(found)
