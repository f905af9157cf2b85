from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, LIKELY, POSSIBLE, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import containers, is_going, is_over, is_ready
from kube_mcp.diagnosis.policies import Peer, applying, policy_types, rules, spans
from kube_mcp.diagnosis.unreached import unresolved
from kube_mcp.graph.selecting import pods_selected
from kube_mcp.objects import Obj, dig_map, dig_str
from kube_mcp.scene import Scene, ref_to

_NOBODY = Peer("", None, None)


@check("NetworkPolicy", needs=["Pod"])
def network_policy_blocks_dns(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """Pods may not ask DNS, because their egress is restricted and no rule opens port 53.

    What it detects: a policy that restricts egress of pods for which no policy opens port 53 to
    anybody. A warning where one of those pods is not ready, else a note.

    Why it matters: every connection by name fails with "no such host" or a timeout, which looks
    like a broken DNS or a broken peer.

    Where it cannot tell: pods that need no names are fine without; and a rule for port 53 that does
    not reach the DNS pods is not seen here; check_network answers that.
    """
    if "Egress" not in policy_types(obj):
        return
    namespace = dig_str(obj, "metadata", "namespace")
    pods = [
        pod
        for pod in pods_selected(dig_map(obj, "spec", "podSelector"), namespace, scene)
        if not is_over(pod) and not is_going(pod)
    ]
    cut_off = [pod for pod in pods if not _may_ask(pod, namespace, scene)]
    if not cut_off:
        return
    policies = applying(Peer(namespace, cut_off[0], None), "Egress", scene)
    if ref_to(obj) != min(map(ref_to, policies)):
        return  # told once, by the first of the policies together
    unwell = [pod for pod in cut_off if not is_ready(pod) and _has_run(pod, scene)]
    telling = [pod for pod in unwell if _misses_names(pod, scene)]
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING if unwell else INFO,
        confidence=LIKELY if telling else POSSIBLE,
        title=f"keeps {len(cut_off)} pods from asking DNS: no egress rule opens port 53",
        evidence=evidence(
            ("policies that restrict their egress", listed(str(ref_to(each)) for each in policies)),
            ("pods", listed(dig_str(pod, "metadata", "name") for pod in cut_off)),
            ("of these not ready", listed(dig_str(pod, "metadata", "name") for pod in unwell)),
        ),
        explains=tuple(map(ref_to, telling)),
        victims=tuple(map(ref_to, unwell)),
        next="Allow egress to the DNS pods on port 53, UDP and TCP, if the pods need names.",
    )


def _may_ask(pod: Obj, namespace: str, scene: Scene) -> bool:
    for policy in applying(Peer(namespace, pod, None), "Egress", scene):
        for _, rule in rules(policy, "Egress"):
            opened = spans(rule, _NOBODY)
            # A named port may well be DNS.
            if opened is None or any(low <= 53 <= high for _, low, high in opened):
                return True
    return False


def _has_run(pod: Obj, scene: Scene) -> bool:
    return any(each.running or each.ended for each in containers(pod, scene))


def _misses_names(pod: Obj, scene: Scene) -> bool:
    namespace, name = dig_str(pod, "metadata", "namespace"), dig_str(pod, "metadata", "name")
    return any(
        unresolved(tail.lines)
        for each in containers(pod, scene)
        if (tail := scene.logs.get((namespace, name, each.name)))
    )
