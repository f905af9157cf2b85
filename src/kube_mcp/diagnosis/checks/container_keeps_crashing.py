from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.crashes import failed_hook, is_crashing, last_words, ran_for_s
from kube_mcp.diagnosis.exits import exit_meaning
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import containers, unwell_pods
from kube_mcp.diagnosis.starving import starved, starved_by
from kube_mcp.diagnosis.telltales import advice, bindings_meant
from kube_mcp.diagnosis.unreached import unreached, unresolved
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import human, parse_time


@check(
    "Pod",
    among=unwell_pods,
    optional=["Event", "ReplicaSet", "Job", "Service", "RoleBinding", "ClusterRoleBinding"],
)
def container_keeps_crashing(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A container starts, ends and is started again, over and over.

    What it detects: a container (a sidecar too) in CrashLoopBackOff, or between two of its crashes,
    with the exit code's meaning, how long the last run lasted, and the last lines of its log.

    Why it matters: the pod serves nothing, or only between crashes, and the kubelet waits longer
    and longer between attempts.

    Where it cannot tell: the exit code is the application's; only its log says what it missed.
    Where its log says that a Service could not be reached or a name did not resolve, the trouble of
    that Service, or of the cluster's DNS, explains it; where it says that its service account was
    refused, the trouble of a binding meant for that account does; that the node ran out of memory when it ended
    explains an exit code 137. Kills for memory and by probes, and what the runtime could not start,
    are findings of their own.
    """
    for each in containers(pod, scene):
        if each.role in ("init container", "ephemeral container"):
            continue
        if not is_crashing(each, pod, scene):
            continue
        ended = each.ended
        lasted = ran_for_s(ended)
        after = f", {human(lasted)} after it started" if lasted is not None else ""
        words = last_words(pod, each, scene)
        asked = unreached(pod, words, scene)
        gone = [ref for ref in asked if scene.lacks("Service", ref.namespace, ref.name)]
        nameless = unresolved(line for _, line in words)
        hook = failed_hook(pod, each, scene)
        if hook:
            after += ", killed because its postStart hook failed"
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=CRITICAL,
            title=f"{each.role} {each.name} keeps ending with {exit_meaning(ended)}{after}; "
            f"{each.restarts} restarts",
            evidence=evidence(
                (f"{each.path}.state.waiting.reason", each.reason),
                (f"{each.path}.lastState.terminated.exitCode", dig(ended, "exitCode")),
                (f"{each.path}.lastState.terminated.message", dig_str(ended, "message")),
                (f"event {hook.reason} (x{hook.count})", hook.message) if hook else ("", ""),
                starved_by(pod, each, scene),
                *words,
                *((str(ref.full), "does not exist") for ref in gone),
                ("spec.dnsPolicy", dig_str(pod, "spec", "dnsPolicy")) if nameless else ("", ""),
            ),
            since=parse_time(dig(ended, "finishedAt")),
            blames=(
                *asked,
                *bindings_meant(words, scene),
                *starved(pod, each, scene),
            ),
            next=f"Correct the postStart hook of {each.name}."
            if hook
            else f"Create the {gone[0].full}, or correct the host name that the container asks for."
            if gone
            else "Check the name that did not resolve, then the cluster's DNS."
            if nameless
            else advice(words, each.name) or _advice(dig(ended, "exitCode"), pod, each.name),
        )


def _advice(code: object, pod: Obj, name: str) -> str:
    match code:
        case 0:
            return (
                f"Give {name} a command that keeps running, or run it as a Job: it ends "
                "without an error and is restarted each time."
            )
        case 126 | 127:
            return f"Correct the command of {name}: the image does not have it, or not executable."
        case _:
            where = f"{dig_str(pod, 'metadata', 'namespace')}/{dig_str(pod, 'metadata', 'name')}"
            return f"Read the previous log of {name} in {where} for the error it ends with."
