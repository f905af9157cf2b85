"""What Flux and Helm delivered: revisions fetched and applied, releases installed and upgraded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from kube_mcp.diagnosis.traces.change import Change
from kube_mcp.graph.flux import HELM_CHART, HELM_RELEASE, KUSTOMIZATION, SOURCES
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.scene import Scene, key_of, labels_of, ref_to
from kube_mcp.words.times import parse_time


def deliveries(scene: Scene) -> Iterator[Change]:
    """Everything Flux and Helm say they did."""
    for obj in scene.seen(KUSTOMIZATION):
        yield from _kustomization(obj)
    for obj in scene.seen(HELM_RELEASE):
        yield from _helm_release(obj)
    for kind in (*SOURCES, HELM_CHART):
        for obj in scene.seen(kind):
            at = parse_time(dig(obj, "status", "artifact", "lastUpdateTime"))
            revision = dig_str(obj, "status", "artifact", "revision")
            if at is not None and revision:
                yield Change(at, ref_to(obj), "gitops", f"fetched {_short(revision)}", by="Flux")
    for kind in ("Secret", "ConfigMap"):
        for obj in scene.seen(kind):
            if is_helm(obj):
                yield from _helm(obj)


def is_helm(obj: Obj) -> bool:
    """Whether the object is where Helm keeps one revision of a release."""
    return (
        key_of(obj) in ("Secret", "ConfigMap")
        and dig_str(labels_of(obj), "owner") == "helm"
        and bool(dig_str(labels_of(obj), "name"))
    )


def _kustomization(obj: Obj) -> Iterator[Change]:
    for each in dig_list(obj, "status", "history"):
        at = parse_time(dig(each, "firstReconciled"))
        revision = dig_str(each, "metadata", "revision") or dig_str(each, "digest")
        status = dig_str(each, "lastReconciledStatus")
        if at is not None:
            what = f"applied {_short(revision)}{f': {status}' if status else ''}"
            yield Change(at, ref_to(obj), "gitops", what, by="Flux", bad="Fail" in status)


def _helm_release(obj: Obj) -> Iterator[Change]:
    found = dig_list(obj, "status", "history")
    for index, each in enumerate(found):
        at = parse_time(dig(each, "lastDeployed")) or parse_time(dig(each, "firstDeployed"))
        if at is None:
            continue
        status = dig_str(each, "status")
        # Newest first; what did not change is not said.
        before = found[index + 1] if index + 1 < len(found) else {}
        news = []
        for field, word in (("chartVersion", "chart"), ("appVersion", "app")):
            new, old = dig_str(each, field), dig_str(before, field)
            if new and old and new != old:
                news.append(f"{word} {old} → {new}")
        one, other = dig_str(each, "configDigest"), dig_str(before, "configDigest")
        if one and other and one != other:
            news.append("other values")
        chart = f"{dig_str(each, 'chartName')} {dig_str(each, 'chartVersion')}".strip()
        told = f" ({', '.join(news)})" if news else ""
        yield Change(
            at,
            ref_to(obj),
            "gitops",
            f"release {dig(each, 'version')} of {chart}{told}: {status}",
            by="Flux",
            bad="fail" in status,
        )


def _helm(secret: Obj) -> Iterator[Change]:
    """Helm's releases, from the labels of what holds them: their content is never read here."""
    labels = labels_of(secret)
    at = parse_time(dig(secret, "metadata", "creationTimestamp"))
    stamp = dig_str(labels, "modifiedAt")
    status = dig_str(labels, "status")
    if at is None and stamp.isascii() and stamp.isdigit() and len(stamp) < 12:
        at = datetime.fromtimestamp(int(stamp), tz=UTC)
    if at is not None:
        yield Change(
            at,
            ref_to(secret),
            "helm",
            f"Helm release {dig_str(labels, 'name')} revision {dig_str(labels, 'version')}: "
            f"{status}",
            by="Helm",
            bad=status.startswith(("fail", "pending")),
        )


def _short(revision: str) -> str:
    """``main@sha1:9f2c41d7e0b3``: as much of a commit as people write."""
    head, colon, digest = revision.rpartition(":")
    return f"{head}:{digest[:12]}" if colon and len(digest) >= 40 else revision
