"""Jobs that ran, and autoscalers that scaled."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.conditions import condition, said
from kube_mcp.diagnosis.phrases import quote
from kube_mcp.diagnosis.traces.change import Change
from kube_mcp.diagnosis.traces.roots import root_of
from kube_mcp.graph.scaling import target_of
from kube_mcp.objects import Obj, dig, dig_int, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import parse_time


def runs(scene: Scene) -> Iterator[Change]:
    """How each Job started or ended, and each autoscaler's last act."""
    for job in scene.seen("Job"):
        yield from _job(job, scene)
    for each in scene.seen("HorizontalPodAutoscaler"):
        at = parse_time(dig(each, "status", "lastScaleTime"))
        if at is not None:
            wanted = dig_int(each, "status", "desiredReplicas")
            what = f"scaled {target_of(each)} last; it wants {wanted} now"
            yield Change(at, ref_to(each), "scaling", what)


def _job(job: Obj, scene: Scene) -> Iterator[Change]:
    ref = ref_to(job)
    fold = f"job {root_of(ref, scene)}" if root_of(ref, scene) != ref else ""
    failed, done = condition(job, "Failed"), condition(job, "Complete")
    if failed.get("status") == "True":
        at = parse_time(dig(failed, "lastTransitionTime"))
        if at is not None:
            what = f"failed: {quote(said(failed), most=160)}"
            yield Change(at, ref, "job", what, bad=True, fold=fold and f"{fold} failed")
        return
    if done.get("status") == "True":
        at = parse_time(dig(job, "status", "completionTime"))
        at = at or parse_time(dig(done, "lastTransitionTime"))
        what = "completed"
    else:
        at = parse_time(dig(job, "status", "startTime"))
        at = at or parse_time(dig(job, "metadata", "creationTimestamp"))
        what = (
            "suspended" if dig_str(condition(job, "Suspended"), "status") == "True" else "started"
        )
    if at is not None:
        yield Change(at, ref, "job", what, fold=fold and f"{fold} {what}")
