from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kube_mcp.diagnosis.check import ANY_CUSTOM_KIND, check
from kube_mcp.diagnosis.conditions import (
    conditions,
    is_bad,
    is_off,
    is_stale,
    never_came,
    said,
    since,
)
from kube_mcp.diagnosis.events import complaint
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import created, older_than, unwell_pods
from kube_mcp.graph import flux, gateways
from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Obj, Ref, dig, dig_list, dig_map, dig_str
from kube_mcp.scene import BUILT_IN, Scene, key_for, key_of, ref_to, refer
from kube_mcp.words.times import parse_time

_PATIENCE_S = 300
# A cloud takes minutes to make a machine or a database, a slow one a quarter of an hour.
_UNKNOWN_S = 1800
# What ended badly longer ago has been seen by then, or nobody will.
_RECENT_S = 3 * 24 * 3600
# Words that say it failed, where a kind tells its state in one word: Velero, Argo, Cluster API, …
_PASSING = frozenset({"degraded", "unavailable", "unhealthy"})
_FAILED = _PASSING | {"error", "failed", "failedvalidation", "failure", "partiallyfailed"}
# Where a kind writes that word, beside it what it has to say, and since when.
_WORDS = (
    (("health", "status"), ("health", "message"), ("health", "lastTransitionTime")),
    (("operationState", "phase"), ("operationState", "message"), ("operationState", "finishedAt")),
    (("phase",), ("message",), ("finishedAt",)),
    (("state",), ("message",), ("finishedAt",)),
)
# Where kinds without such a message write why it failed: Velero.
_REASONS = ("validationErrors", "failureReason")
_ENDS = ("finishedAt", "completionTimestamp", "completionTime")

_RUNS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "PersistentVolumeClaim")

# Kinds whose conditions have a check that knows what they mean, by their groups or keys.
_KNOWN = (
    *flux.ALL,
    *gateways.ROUTES,
    gateways.GATEWAY,
    ".cert-manager.io",
    ".acme.cert-manager.io",
    "ExternalSecret.external-secrets.io",
    "SecretStore.external-secrets.io",
    "SealedSecret.bitnami.com",
)


@check(ANY_CUSTOM_KIND, optional=["Event", "Pod", *_RUNS])
def custom_resource_not_ready(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A custom resource says in its status that it is not well.

    What it detects: a condition of a well-known type (Ready, Available, Synced, … False; Stalled,
    Degraded, Failed … True), or any that is False with a reason such as SyncFailed, that has stood
    for five minutes, or has not come about (Unknown, or False as Creating or Waiting) in half an
    hour, of any custom kind that has no check of its own; and where a kind has no such
    conditions, a health, phase or last operation that says failed. Where it names no failure of its
    own, what is found about the pods, workloads and claims it owns explains it.

    Why it matters: operators report their trouble here and nowhere else.

    Where it cannot tell: types that are not well known are not judged unless their reason says
    that something failed.
    """
    if key_of(obj).endswith(_KNOWN) or dig(obj, "metadata", "deletionTimestamp"):
        return
    if is_off(obj):
        return
    bad = [
        each
        for _, each in conditions(obj)
        if is_bad(each)
        and not is_stale(obj, each)
        and older_than(since(each) or created(obj), _PATIENCE_S, scene.now)
    ]
    bad = bad or [
        each
        for _, each in conditions(obj)
        if never_came(each)
        and not is_stale(obj, each)
        and older_than(since(each) or created(obj), _UNKNOWN_S, scene.now)
    ]
    if not bad:
        yield from _by_words(obj, scene)
        return
    # Ready sums up; the condition that failed first says why, whatever its type is called.
    bad += [
        each
        for _, each in conditions(obj)
        if each not in bad and each.get("status") != "True" and _failed(each)
    ]
    # A message that says something is worth more than a bare Ready False.
    worst = max(bad, key=lambda each: (_failed(each), len(dig_str(each, "message"))))
    owner = controller_of(obj)
    words = [said(each) for each in bad]
    # Some kinds give the reason in words beside their conditions.
    phase, why = dig_str(obj, "status", "phase"), dig_str(obj, "status", "phaseReason")
    phase = "" if any(phase in each for each in words) else phase
    title = f"{dig_str(worst, 'type')} is {worst.get('status')}: {quote(said(worst), most=200)}"
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        confidence=LIKELY,
        title=f"{title}; its phase is {phase}" if phase else title,
        evidence=evidence(
            *(
                (
                    f"status.conditions[{dig_str(each, 'type')}]",
                    f"{each.get('status')} {said(each)}",
                )
                for each in bad[:3]
            ),
            ("status.phase", phase),
            ("status.phaseReason", why),
            ("status.message", dig_str(obj, "status", "message")),
            complaint(obj, scene, *words, why),
        ),
        since=since(worst),
        explains=(owner,) if owner else (),
        # One that names no failure of its own only sums up what it owns.
        blames=(*_made(obj), *(() if any(map(_failed, bad)) else _owned(obj, scene))),
        next=f"Act on what the controller of {obj.get('kind')} says.",
    )


def _made(obj: Obj) -> Iterator[Ref]:
    """What the object says it is made of, as Crossplane's claims and composites do."""
    spec, own = dig_map(obj, "spec"), dig_str(obj, "metadata", "namespace")
    for part in (spec, dig_map(spec, "crossplane")):
        for each in (dig(part, "resourceRef"), *dig_list(part, "resourceRefs")):
            group, slash, _ = dig_str(each, "apiVersion").partition("/")
            kind, name = dig_str(each, "kind"), dig_str(each, "name")
            if slash and kind and name:
                # Nothing here says whether the kind lives in a namespace, so it may be either.
                yield refer(key_for(kind, group), dig_str(each, "namespace"), name)
                if own:
                    yield refer(key_for(kind, group), own, name)


def _owned(obj: Obj, scene: Scene) -> Sequence[Ref]:
    return scene.derived(_by_owner).get(ref_to(obj), ())


def _by_owner(scene: Scene) -> dict[Ref, list[Ref]]:
    """What runs for a custom resource, or holds its data, by that resource. Its budgets and the
    like do not count: their notes explain nothing."""
    index: dict[Ref, list[Ref]] = {}
    pods = scene.derived(unwell_pods) if scene.can_see("Pod") else ()
    for each in (*pods, *(each for kind in _RUNS for each in scene.seen(kind))):
        owner = controller_of(each)
        if owner is not None and key_for(owner.kind, owner.group) not in BUILT_IN:
            index.setdefault(owner, []).append(ref_to(each))
    return index


def _failed(found: Mapping[str, Any]) -> bool:
    return bool(re.search("fail|error", dig_str(found, "reason"), re.IGNORECASE))


def _by_words(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """What a status says in a word, or in conditions that are only there when something is wrong."""
    ended = next((when for key in _ENDS if (when := parse_time(dig(obj, "status", key)))), None)
    if ended is not None and older_than(ended, _RECENT_S, scene.now):
        return
    found = []
    for path, beside, at in _WORDS:
        word, when = dig_str(obj, "status", *path), parse_time(dig(obj, "status", *at))
        if word.lower() not in _FAILED:
            continue
        # A failure has ended; what is degraded may be on its way up.
        if word.lower() in _PASSING and not older_than(
            when or created(obj), _PATIENCE_S, scene.now
        ):
            continue
        what = ": ".join(filter(None, (word, dig_str(obj, "status", *beside) or _reason(obj))))
        found.append((f"status.{'.'.join(path)}", what, when))
    # Argo CD lists an error as a condition without a status, and takes it away when it is over.
    for _, each in conditions(obj):
        kind = dig_str(each, "type")
        if "status" not in each and kind.endswith("Error"):
            found.append((f"status.conditions[{kind}]", said(each) or kind, since(each)))
    if not found:
        return
    where, what, when = max(found, key=lambda each: len(each[1]))
    owner = controller_of(obj)
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        confidence=LIKELY,
        title=f"its {where.removeprefix('status.')} says {quote(what, most=200)}",
        evidence=evidence(
            *(each[:2] for each in found[:3]),
            complaint(obj, scene, what),
        ),
        since=when or ended,
        explains=(owner,) if owner else (),
        next=f"Act on what the controller of {obj.get('kind')} says.",
    )


def _reason(obj: Obj) -> str:
    for key in _REASONS:
        said = dig(obj, "status", key)
        if isinstance(said, list) and said:
            said = said[0]
        if isinstance(said, str) and said:
            return said
    return ""
