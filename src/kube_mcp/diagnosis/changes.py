"""What changed, and when: one timeline of everything that leaves a trace with a time.

Traces are rollouts, edits (managed fields), conditions, restarts, Flux and Helm revisions, events,
and objects made or being deleted. A change that was overwritten by a later one of the same writer
has left none: that is what the API server keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kube_mcp.diagnosis.conditions import conditions, is_bad, said
from kube_mcp.diagnosis.differences import differences
from kube_mcp.diagnosis.edits import edits_of
from kube_mcp.diagnosis.events import every_event
from kube_mcp.diagnosis.exits import exit_meaning
from kube_mcp.diagnosis.history import Revision, revisions
from kube_mcp.diagnosis.phrases import listed, quote
from kube_mcp.diagnosis.pods import containers
from kube_mcp.graph.flux import HELM_CHART, HELM_RELEASE, KUSTOMIZATION, SOURCES, applied, source_of
from kube_mcp.graph.owners import children, controller_of, pods_of, workload_of
from kube_mcp.graph.references import references
from kube_mcp.objects import Obj, Ref, dig, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, key_of, labels_of, ref_to, refer
from kube_mcp.words.times import parse_time

#: What a timeline reads. Secrets come without content; a Helm release's labels are enough.
KINDS = (
    "Pod",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "ControllerRevision",
    "Job",
    "CronJob",
    "Service",
    "ConfigMap",
    "Secret",
    "Ingress",
    "NetworkPolicy",
    "HorizontalPodAutoscaler",
    "PersistentVolumeClaim",
    "ResourceQuota",
    "LimitRange",
    "Event",
    "Node",
    KUSTOMIZATION,
    HELM_RELEASE,
    HELM_CHART,
    *SOURCES,
)

# Normal events that tell of something that was done; the others tell that all is well.
_TELLING = frozenset(
    {
        "ArtifactUpdateSucceeded",
        "DeadlineExceeded",
        "DeletingAllPods",
        "DeletingNode",
        "Drain",
        "Evicted",
        "InstallSucceeded",
        "Killing",
        "NewArtifact",
        "NodeNotReady",
        "NodeNotSchedulable",
        "NodeSchedulable",
        "Preempted",
        "Rebooted",
        "ReconciliationSucceeded",
        "RegisteredNode",
        "RemovingNode",
        "RollbackSucceeded",
        "ScaleDown",
        "ScalingReplicaSet",
        "Starting",
        "SuccessfulRescale",
        "TaintManagerEviction",
        "TriggeredScaleUp",
        "UninstallSucceeded",
        "UpgradeSucceeded",
    }
)
# Writers that only follow: what they write is a consequence, and shows as such elsewhere.
_FOLLOWERS = (
    "kube-controller-manager",
    "kubelet",
    "kube-scheduler",
    "cloud-controller-manager",
    "coredns",
)
# Objects whose making says nothing by itself: their owners' rollouts do.
_MADE_BY_OTHERS = ("Pod", "ReplicaSet", "ControllerRevision", "EndpointSlice", "Event", "Job")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one object. ``by`` is the writer, where one is known.

    ``sort`` is ``rollout``, ``edit``, ``gitops``, ``helm``, ``condition``, ``restart``, ``event``,
    ``made`` or ``deleted``; ``bad`` marks what is trouble rather than a change.
    """

    at: datetime
    ref: Ref
    sort: str
    what: str
    by: str = ""
    details: tuple[str, ...] = ()
    bad: bool = False
    count: int = 1


def changes(scene: Scene, *, since: timedelta, about: Obj | None = None) -> list[Change]:
    """Everything since so long ago, newest first; about one object and what surrounds it, if given.

    The scene must have been read with `history.keep_history` for edits and differences to be in it.
    """
    start = scene.now - since
    near = frozenset(_near(about, scene)) if about is not None else None
    found = [
        change
        for change in _all(scene)
        if start <= change.at <= scene.now + timedelta(minutes=5)
        and (near is None or change.ref in near)
    ]
    # Trouble comes after what was done at the same second.
    return sorted(found, key=lambda each: (each.at, each.bad, each.ref, each.what), reverse=True)


def _all(scene: Scene) -> Iterator[Change]:
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        for obj in scene.seen(kind):
            yield from _rollouts(revisions(ref_to(obj), scene), ref_to(obj))
    for kind, objects in scene.kinds.items():
        if kind == "Event":
            continue
        for obj in objects:
            if isinstance(obj, dict):
                yield from _edits(obj)
                yield from _conditions(obj)
                yield from _made(obj, kind)
    for pod in scene.seen("Pod"):
        yield from _restarts(pod, scene)
    yield from _flux(scene)
    yield from _helm(scene)
    yield from _events(scene)


def _rollouts(found: Sequence[Revision], workload: Ref) -> Iterator[Change]:
    """One change a revision, with the difference to the one before it."""
    for index, each in enumerate(found):
        if each.at is None:
            continue
        before = found[index + 1] if index + 1 < len(found) else None
        lines = differences(before.template, each.template) if before else []
        if before is None:
            what = f"revision {each.number} rolled out: {listed(each.images)}"
        elif lines:
            what = f"revision {each.number} rolled out: {lines[0]}"
        else:
            what = f"revision {each.number} rolled out, with the same template as the one before"
        again = before is not None and before.at is not None and before.at > each.at
        yield Change(
            each.at,
            workload,
            "rollout",
            f"{what} (this revision is older than the one before it: rolled back to since)"
            if again
            else what,
            details=(
                *((f"change-cause: {quote(each.cause)}",) if each.cause else ()),
                *lines[1:],
            ),
        )


def _edits(obj: Obj) -> Iterator[Change]:
    made = parse_time(dig(obj, "metadata", "creationTimestamp"))
    for each in edits_of(obj):
        if each.through == "status" or each.by.startswith(_FOLLOWERS):
            continue
        if made is not None and abs((each.at - made).total_seconds()) < 2:
            continue  # how it was made
        fields = [path for path in each.fields if not path.startswith("status")]
        if not fields:
            continue
        through = f" through {each.through}" if each.through else ""
        yield Change(
            each.at,
            ref_to(obj),
            "edit",
            f"written{through}; the writer's fields: {listed(_short(fields), most=4)}",
            by=each.by,
        )


def _short(paths: Iterable[str]) -> list[str]:
    """Paths with their common ends folded: ten fields of one container are its container."""
    found: dict[str, None] = {}
    for path in paths:
        head, bracket, _ = path.partition("]")
        found[f"{head}]" if bracket else ".".join(path.split(".")[:3])] = None
    return list(found)


def _conditions(obj: Obj) -> Iterator[Change]:
    for _, each in conditions(obj):
        moment = parse_time(dig(each, "lastTransitionTime"))
        status = dig_str(each, "status")
        if moment is None or status not in ("True", "False", "Unknown"):
            continue
        kind = dig_str(each, "type")
        bad = is_bad(each) or (kind in ("Ready", "Available", "Progressing") and status != "True")
        bad = bad or (kind.endswith("Pressure") and status == "True")
        if not bad and key_of(obj) not in ("Node", KUSTOMIZATION, HELM_RELEASE):
            continue
        text = said(each)
        yield Change(
            moment,
            ref_to(obj),
            "condition",
            f"{kind} became {status}{f': {quote(text, most=160)}' if text else ''}",
            bad=bad,
        )


def _made(obj: Obj, kind: str) -> Iterator[Change]:
    ref = ref_to(obj)
    made = parse_time(dig(obj, "metadata", "creationTimestamp"))
    gone = parse_time(dig(obj, "metadata", "deletionTimestamp"))
    if gone is not None:
        yield Change(gone, ref, "deleted", "deleted, and still going")
    if made is not None and kind not in _MADE_BY_OTHERS and not _is_helm(obj):
        writers = {each.by for each in edits_of(obj) if abs((each.at - made).total_seconds()) < 2}
        yield Change(made, ref, "made", "made", by=", ".join(sorted(writers)))


def _restarts(pod: Obj, scene: Scene) -> Iterator[Change]:
    for each in containers(pod, scene):
        moment = parse_time(dig(each.ended, "finishedAt"))
        if moment is None or (each.role == "init container" and dig(each.ended, "exitCode") == 0):
            continue
        again = f"; {each.restarts} restarts in all" if each.restarts else ""
        yield Change(
            moment,
            ref_to(pod),
            "restart",
            f"{each.role} {each.name} ended with {exit_meaning(each.ended)}{again}",
            bad=dig(each.ended, "exitCode") != 0,
        )


def _flux(scene: Scene) -> Iterator[Change]:
    for obj in scene.seen(KUSTOMIZATION):
        for each in dig_list(obj, "status", "history"):
            moment = parse_time(dig(each, "firstReconciled"))
            revision = dig_str(each, "metadata", "revision") or dig_str(each, "digest")
            status = dig_str(each, "lastReconciledStatus")
            if moment is not None:
                yield Change(
                    moment,
                    ref_to(obj),
                    "gitops",
                    f"applied {revision}{f': {status}' if status else ''}",
                    by="Flux",
                    bad="Fail" in status,
                )
    for obj in scene.seen(HELM_RELEASE):
        for each in dig_list(obj, "status", "history"):
            moment = parse_time(dig(each, "lastDeployed")) or parse_time(dig(each, "firstDeployed"))
            status = dig_str(each, "status")
            chart = f"{dig_str(each, 'chartName')} {dig_str(each, 'chartVersion')}".strip()
            if moment is not None:
                yield Change(
                    moment,
                    ref_to(obj),
                    "gitops",
                    f"release {dig(each, 'version')} of {chart}: {status}",
                    by="Flux",
                    bad="fail" in status,
                )
    for kind in (*SOURCES, HELM_CHART):
        for obj in scene.seen(kind):
            moment = parse_time(dig(obj, "status", "artifact", "lastUpdateTime"))
            revision = dig_str(obj, "status", "artifact", "revision")
            if moment is not None and revision:
                yield Change(moment, ref_to(obj), "gitops", f"fetched {revision}", by="Flux")


def _is_helm(obj: Obj) -> bool:
    return key_of(obj) == "Secret" and dig_str(labels_of(obj), "owner") == "helm"


def _helm(scene: Scene) -> Iterator[Change]:
    """Helm's releases, from the labels of the Secrets that hold them."""
    for secret in scene.seen("Secret"):
        labels = labels_of(secret)
        if not _is_helm(secret):
            continue
        stamp = dig_str(labels, "modifiedAt")
        short = stamp.isascii() and stamp.isdigit() and len(stamp) < 12
        moment = (
            datetime.fromtimestamp(int(stamp), tz=UTC)
            if short
            else parse_time(dig(secret, "metadata", "creationTimestamp"))
        )
        status = dig_str(labels, "status")
        if moment is not None:
            yield Change(
                moment,
                ref_to(secret),
                "helm",
                f"Helm release {dig_str(labels, 'name')} revision {dig_str(labels, 'version')}: "
                f"{status}",
                by="Helm",
                bad=status.startswith(("fail", "pending")),
            )


def _events(scene: Scene) -> Iterator[Change]:
    """Events, those of one reason about the pods of one workload as one."""
    for events in every_event(scene).values():
        newest: dict[str, Change] = {}
        for each in events:
            if each.last is None or not (each.is_warning or each.reason in _TELLING):
                continue
            known = newest.get(each.reason)
            if known is not None:
                newest[each.reason] = _more(known, each.count)
                continue
            newest[each.reason] = Change(
                each.last,
                each.about,
                "event",
                f"{each.reason}: {quote(each.message, most=160)}",
                by=each.source,
                bad=each.is_warning,
                count=each.count,
            )
        yield from newest.values()


def _more(change: Change, count: int) -> Change:
    return Change(
        change.at,
        change.ref,
        change.sort,
        change.what,
        change.by,
        change.details,
        change.bad,
        change.count + count,
    )


def _near(obj: Obj, scene: Scene) -> Iterator[Ref]:
    """The object, its owners, what it made, what its pods refer to, and what applies it."""
    ref = ref_to(obj)
    namespace = ref.namespace
    yield ref
    workload = workload_of(obj, scene)
    for owner in (controller_of(obj), workload):
        if owner is not None:
            yield owner
    for each in (*children(ref, scene), *pods_of(ref, scene)):
        yield ref_to(each)
    template = obj if key_of(obj) == "Pod" else dig_map(obj, "spec", "template")
    for each_ref in references(template):
        yield refer(each_ref.kind, namespace, each_ref.name)
    if node := dig_str(obj, "spec", "nodeName"):
        yield refer("Node", "", node)
    for kind in (KUSTOMIZATION, HELM_RELEASE):
        for flux in scene.seen(kind):
            if ref_to(flux) == ref or {ref, workload} & set(applied(flux, scene)):
                yield ref_to(flux)
                if (source := source_of(flux)) is not None:
                    yield source[1]
    release = dig_str(obj, "metadata", "annotations", "meta.helm.sh/release-name")
    for secret in scene.seen("Secret") if release else ():
        if _is_helm(secret) and dig_str(labels_of(secret), "name") == release:
            yield ref_to(secret)
