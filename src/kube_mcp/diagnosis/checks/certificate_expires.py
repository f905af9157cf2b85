from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.graph.certificates import CERTIFICATE
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer
from kube_mcp.words.times import age, parse_time

# A renewal is tried long before; a day past its time it has failed more than once.
_LATE = timedelta(days=1)


@check(CERTIFICATE)
def certificate_expires(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A certificate has expired, or its renewal is overdue.

    What it detects: a Certificate whose ``notAfter`` is past, or whose ``renewalTime`` is past by
    more than a day.

    Why it matters: clients refuse an expired certificate, all at the same moment.

    Where it cannot tell: certificates that cert-manager does not manage are in Secrets, which are
    not read.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    ends = parse_time(dig(obj, "status", "notAfter"))
    renewal = parse_time(dig(obj, "status", "renewalTime"))
    expired = ends is not None and ends <= scene.now
    late = renewal is not None and scene.now - renewal > _LATE
    if ends is None or not (expired or late):
        return
    hosts = listed(map(str, dig_list(obj, "spec", "dnsNames")))
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL if expired else WARNING,
        title=f"for {hosts} expired {age(ends, scene.now)} ago"
        if expired
        else f"for {hosts} ends {age(ends, scene.now)}, and its renewal is overdue since "
        f"{age(renewal, scene.now)}",
        evidence=evidence(
            ("status.notAfter", dig_str(obj, "status", "notAfter")),
            ("status.renewalTime", dig_str(obj, "status", "renewalTime")),
            ("spec.secretName", dig_str(obj, "spec", "secretName")),
        ),
        since=ends if expired else renewal,
        explains=(
            refer(
                "Secret", dig_str(obj, "metadata", "namespace"), dig_str(obj, "spec", "secretName")
            ),
        ),
        next="Find out why cert-manager does not renew it.",
    )
