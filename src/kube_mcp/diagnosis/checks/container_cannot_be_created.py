from __future__ import annotations

import re
from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import containers, created, is_going, is_over, unwell_pods
from kube_mcp.diagnosis.pulls import PULLING
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to

_REASONS = (
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
    "StartError",
    "ContainerCannotRun",
)
# Why a container waits that has a check of its own, or is about to begin. Runtimes pass reasons of
# their own through, so whatever else it waits for is the runtime's refusal.
_ELSEWHERE = frozenset(
    {
        *PULLING,
        "",
        "ContainerCreating",
        "CrashLoopBackOff",
        "ErrImageNeverPull",
        "InvalidImageName",
        "PodInitializing",
    }
)
_SUB_PATH = re.compile(r'subPath for volumeMount "([^"]+)"')
# Whatever of a config error has a name has a check of its own.
_NAMED = ("not found", "couldn't find key", "runAsNonRoot")


@check("Pod", among=unwell_pods, optional=["ReplicaSet", "Job"])
def container_cannot_be_created(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """The node's runtime cannot create or start a container.

    What it detects: CreateContainerError, RunContainerError, StartError and their relatives, with
    the runtime's message: a command that is not in the image, a mount that fails, a hook that
    fails; config errors other than missing references; and any other reason to wait that no check
    knows.

    Why it matters: the application never runs, so there is no log of it.

    Where it cannot tell: the runtime's message is quoted, not understood.
    """
    if is_over(pod) or is_going(pod):
        return
    for each in containers(pod, scene):
        message, path = dig_str(each.waiting, "message"), f"{each.path}.state.waiting.message"
        ended = dig_str(each.ended, "reason")
        if ended in _REASONS and each.reason not in _REASONS:
            message, path = dig_str(each.ended, "message"), f"{each.path} terminated.message"
        elif each.reason == "CreateContainerConfigError":
            if not message or any(word in message for word in _NAMED):
                continue
        elif each.reason in _ELSEWHERE:
            continue
        if each.running and each.ready:
            continue
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=CRITICAL,
            title=f"{each.role} {each.name} cannot be started: "
            f"{quote(message or each.reason or ended, most=200)}",
            evidence=evidence(
                (f"{each.path}.state.waiting.reason", each.reason or ended),
                (path, message),
            ),
            since=created(pod),
            next=f"Check the subPath that {each.name} mounts of the volume {sub_path[1]}: the volume "
            "must hold it, or let it be made."
            if (sub_path := _SUB_PATH.search(message))
            else f"Correct what the runtime rejects in {each.name}: command, mount or hook.",
        )
