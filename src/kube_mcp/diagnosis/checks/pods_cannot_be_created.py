from __future__ import annotations

import re
from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.refusals import CREATORS, refusal, short
from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Obj
from kube_mcp.scene import Scene, ref_to

# Refusals with one way out, by the API server's own words.
_KNOWN = (
    (
        re.compile(r"no PriorityClass with name (\S+) was found"),
        "Create the PriorityClass {0}, or correct priorityClassName.",
    ),
    (
        re.compile(r'RuntimeClass "([^"]+)" not found'),
        "Create the RuntimeClass {0}, or correct runtimeClassName.",
    ),
    (
        re.compile(r"ValidatingAdmissionPolicy '([^']+)'.*denied request"),
        "Change the pod template to what the ValidatingAdmissionPolicy {0} demands.",
    ),
    (
        re.compile(r"must be less than or equal to (\S+) limit"),
        "Lower the request or raise the limit of {0}; a LimitRange may have set the limit.",
    ),
    (
        re.compile(r"namespace (\S+) because it is being terminated"),
        "Create nothing in {0} any more: it is being deleted.",
    ),
)


@check(*CREATORS, optional=["Event"])
def pods_cannot_be_created(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A controller tries to create pods and the API server refuses them, for a reason of its own.

    What it detects: any refusal in a ReplicaFailure condition or a recent FailedCreate event that is not a
    quota, a limit range, pod security, a webhook or a missing service account.

    Why it matters: the pods do not exist, so nothing shows up among them.

    Where it cannot tell: the reason is quoted, not understood.
    """
    found = refusal(obj, scene)
    if found is None or found.kind != "other":
        return
    yield Finding(
        ref=ref_to(obj),
        workload=controller_of(obj),
        severity=CRITICAL,
        title=f"its pods are refused: {quote(short(found.message))}",
        evidence=evidence((found.path, found.message)),
        since=found.since,
        # What does not exist is missing for every template that names it.
        shared=advice if (advice := _advice(found.message)).startswith("Create the") else "",
        next=advice,
    )


def _advice(message: str) -> str:
    for pattern, advice in _KNOWN:
        if match := pattern.search(message):
            return advice.format(*match.groups())
    return "Act on what the API server answers; the pod template is refused as it is."
