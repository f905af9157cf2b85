from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.graph.ingresses import backends, class_of
from kube_mcp.objects import Obj, Ref, dig
from kube_mcp.scene import Scene, ref_to

# A canary shares its host and path with the Ingress it takes a part of the traffic from.
_CANARY = "nginx.ingress.kubernetes.io/canary"

_Claims = dict[tuple[str, str, str], list[tuple[Ref, str]]]


@check("Ingress")
def ingress_host_duplicated(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """Two Ingresses of one class claim the same host and path for different Services.

    What it detects: the same host and path in Ingresses of the same class that lead to different
    Services.

    Why it matters: which of the two answers depends on the controller, often on their age, and may
    change with its next restart.

    Where it cannot tell: controllers that take weights or canaries from annotations mean it so;
    Ingresses in namespaces that were not read are not seen.
    """
    ref = ref_to(obj)
    if dig(obj, "metadata", "annotations", _CANARY) == "true":
        return
    for each in backends(obj):
        if each.host == "*":
            continue
        claims = scene.derived(_claims)[(class_of(obj), each.host, each.path)]
        rivals = [(other, service) for other, service in claims if other != ref]
        # The first by name tells it, once.
        if not rivals or ref > min(other for other, _ in rivals):
            continue
        own = f"{ref.namespace}/{each.service}"
        if all(f"{other.namespace}/{service}" == own for other, service in rivals):
            continue
        yield Finding(
            ref=ref,
            part=f"{each.host}{each.path}",
            severity=WARNING,
            confidence=LIKELY,
            title=f"{each.host}{each.path} is also claimed by "
            f"{listed(other.full for other, _ in rivals)}, for another Service",
            evidence=evidence(
                (f"{ref.full} {each.where}", each.service),
                *((other.full, service) for other, service in rivals[:3]),
            ),
            victims=tuple(other for other, _ in rivals),
            next="Keep the host and path in one of them.",
        )


def _claims(scene: Scene) -> _Claims:
    found: _Claims = defaultdict(list)
    for obj in scene.all("Ingress"):
        if dig(obj, "metadata", "annotations", _CANARY) == "true":
            continue
        for each in backends(obj):
            found[(class_of(obj), each.host, each.path)].append((ref_to(obj), each.service))
    return found
