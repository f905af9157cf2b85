from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import containers, is_going, older_than, phase, unwell_pods
from kube_mcp.graph.owners import controller_of, workload_of
from kube_mcp.objects import Obj, dig, dig_int
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import age, parse_time

_PATIENCE_S = 300


@check("Pod", among=unwell_pods, optional=["Job"])
def job_kept_alive_by_sidecar(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A Job's work is done, but another container of its pod keeps running, so the Job never ends.

    What it detects: a running pod of a Job in which one container ended without an error more than
    five minutes ago while another one runs on.

    Why it matters: the Job is not complete; the next run of a CronJob that forbids overlap never
    starts.

    Where it cannot tell: which of the containers is the work; the one that ended is taken for it.
    """
    owner = controller_of(pod)
    if owner is None or owner.kind != "Job" or phase(pod) != "Running" or is_going(pod):
        return
    main = [each for each in containers(pod, scene) if each.role == "container"]
    done = [
        each
        for each in main
        if each.terminated
        and dig_int(each.terminated, "exitCode") == 0
        and older_than(parse_time(dig(each.terminated, "finishedAt")), _PATIENCE_S, scene.now)
    ]
    running = [each.name for each in main if each.running]
    if not done or len(done) + len(running) < len(main) or not running:
        return
    finished = parse_time(dig(done[0].terminated, "finishedAt"))
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=WARNING,
        confidence=LIKELY,
        title=f"{listed(each.name for each in done)} finished {age(finished, scene.now)} ago, but "
        f"{listed(running)} keeps the Job running",
        evidence=evidence(
            (f"{done[0].path}.state.terminated.exitCode", 0),
            ("still running", listed(running)),
        ),
        since=finished,
        next=f"Make {running[0]} an init container with restartPolicy Always.",
    )
