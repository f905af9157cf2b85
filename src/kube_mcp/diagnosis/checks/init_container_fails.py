from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.crashes import last_words, out_of_memory
from kube_mcp.diagnosis.exits import exit_meaning
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import Container, containers, is_going, is_over, unwell_pods
from kube_mcp.diagnosis.starving import starved, starved_by
from kube_mcp.diagnosis.telltales import advice, bindings_meant
from kube_mcp.diagnosis.unreached import unreached
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_int, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import parse_time


@check(
    "Pod",
    among=unwell_pods,
    optional=["Event", "ReplicaSet", "Job", "Service", "RoleBinding", "ClusterRoleBinding"],
)
def init_container_fails(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """An init container fails again and again, so the pod's containers never start.

    What it detects: an init container that ended with an error, or waits in CrashLoopBackOff, with
    its exit code's meaning and the last lines of its log.

    Why it matters: nothing after it is started: the application has not even been tried.

    Where it cannot tell: the exit code is the program's; only its log says what it missed.
    """
    if is_over(pod) or is_going(pod):
        return
    steps = [each for each in containers(pod, scene) if each.role == "init container"]
    for number, each in enumerate(steps, start=1):
        if not _fails(each) or out_of_memory(each):
            continue
        words = last_words(pod, each, scene)
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=CRITICAL,
            title=f"init container {each.name} ({number} of {len(steps)}) keeps ending with "
            f"{exit_meaning(each.ended)}; {each.restarts} restarts",
            evidence=evidence(
                (f"{each.path}.state.waiting.reason", each.reason),
                (f"{each.path} terminated.exitCode", dig(each.ended, "exitCode")),
                (f"{each.path} terminated.message", dig_str(each.ended, "message")),
                starved_by(pod, each, scene),
                *words,
            ),
            since=parse_time(dig(each.ended, "finishedAt")),
            blames=(
                *unreached(pod, words, scene),
                *bindings_meant(words, scene),
                *starved(pod, each, scene),
            ),
            next=advice(words, each.name)
            or f"Read the log of the init container {each.name} for the error it ends with.",
        )


def _fails(each: Container) -> bool:
    if each.reason == "CrashLoopBackOff":
        return True
    if each.terminated:
        return dig_int(each.terminated, "exitCode") != 0
    return each.restarts > 0 and dig_int(each.last, "exitCode") != 0 and not each.ready
