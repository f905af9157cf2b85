"""A diagnosis as text: what a model reads, within its budget."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kube_mcp.diagnosis.finding import (
    CRITICAL,
    INFO,
    LIKELY,
    WARNING,
    Diagnosis,
    Finding,
    Folded,
    Root,
    Skipped,
)
from kube_mcp.objects import Ref
from kube_mcp.render.findings import findings_text
from kube_mcp.scene import refer

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_NONE: frozenset[Ref] = frozenset()


def _folded(finding: Finding, *refs: Ref) -> Folded:
    return Folded(finding, refs or (finding.ref,), _NONE, _NONE, _NONE, finding.since)


def _crash(name: str, namespace: str = "shop") -> Folded:
    pods = tuple(refer("Pod", namespace, f"{name}-5b-{letter}") for letter in "abc")
    finding = Finding(
        ref=pods[0],
        workload=refer("Deployment", namespace, name),
        code="container-keeps-crashing",
        severity=CRITICAL,
        title=f"container {name} keeps ending with exit code 1 (the application reported an error)",
        evidence=(
            ("status.containerStatuses[0].state.waiting.reason", "CrashLoopBackOff"),
            ("previous log", "FATAL: could not connect to postgres:5432"),
        ),
        since=_NOW - timedelta(minutes=5),
        next=f"Read the previous log of {name}.",
    )
    return _folded(finding, *pods)


def _symptom(code: str, ref: Ref) -> Folded:
    return _folded(Finding(ref=ref, code=code, title="is affected", next="Look.", symptom=True))


def _diagnosis(*roots: Root, **more: object) -> Diagnosis:
    parts: dict[str, object] = {
        "now": _NOW,
        "namespace": "shop",
        "roots": roots,
        "notes": (),
        "skipped": (),
        "checked": {"Pod": 12, "Service": 3},
        "checks_run": 104,
    }
    return Diagnosis(**{**parts, **more})  # type: ignore[arg-type]


def test_a_finding_reads_from_the_fact_to_the_next_step() -> None:
    root = Root(
        _crash("web"),
        CRITICAL,
        (
            _symptom("service-has-no-ready-endpoints", refer("Service", "shop", "web")),
            _symptom("ingress-backend-not-ready", refer("Ingress", "edge", "web")),
        ),
        6,
    )
    note = Root(
        _folded(
            Finding(
                ref=refer("CronJob", "shop", "backup"),
                code="cron-job-suspended",
                severity=INFO,
                title="is suspended",
                next="Resume it.",
            )
        ),
        INFO,
    )
    skipped = Skipped("may not list secrets in shop", ("pull-secret-missing",))
    diagnosis = _diagnosis(root, notes=(note,), skipped=(skipped,))
    assert (
        findings_text(diagnosis, max_bytes=7000)
        == """\
1 finding in namespace shop: 1 critical, with 2 consequences folded in. 104 checks ran over 2 kinds (12 Pod, 3 Service).

1. critical container-keeps-crashing Deployment shop/web (3 pods, such as web-5b-a) since 5m
   container web keeps ending with exit code 1 (the application reported an error)
   because status.containerStatuses[0].state.waiting.reason: CrashLoopBackOff
           previous log: FATAL: could not connect to postgres:5432
   so: service-has-no-ready-endpoints Service web; ingress-backend-not-ready Ingress edge/web
   next: Read the previous log of web.

Noted, nothing suffers: cron-job-suspended CronJob shop/backup (is suspended).
Not checked: may not list secrets in shop (pull-secret-missing)."""
    )


def test_nothing_found_says_so_and_what_was_not_looked_at() -> None:
    assert findings_text(_diagnosis(), max_bytes=7000) == (
        "Nothing found wrong in namespace shop. 104 checks ran over 2 kinds (12 Pod, 3 Service)."
    )
    blind = _diagnosis(skipped=(Skipped("may not list pods in shop", ("a", "b")),))
    assert (
        findings_text(blind, max_bytes=7000)
        .splitlines()[0]
        .startswith("Nothing found wrong in namespace shop, as far as it could be read.")
    )


def test_a_guess_says_that_it_is_one() -> None:
    finding = Finding(
        ref=refer("Pod", "shop", "x"),
        code="pod-start-stalled",
        title="has been creating its containers",
        next="Look.",
        confidence=LIKELY,
    )
    text = findings_text(_diagnosis(Root(_folded(finding), WARNING)), max_bytes=7000)
    assert "1. warning pod-start-stalled Pod shop/x [likely]\n" in text


def test_forty_broken_workloads_fit_fourteen_kilobytes_and_none_is_hidden() -> None:
    roots = [Root(_crash(f"application-{n:02}", f"team-{n:02}"), CRITICAL) for n in range(40)]
    text = findings_text(_diagnosis(*roots, namespace=""), max_bytes=14_000)
    assert len(text.encode()) <= 14_000
    for number in range(40):
        assert f"Deployment team-{number:02}/application-{number:02}" in text
    # What room there is goes to the first.
    assert "because status.containerStatuses[0]" in text.split("\n\n")[1]


def test_what_does_not_fit_is_counted_by_code() -> None:
    roots = [Root(_crash(f"application-{n:03}"), CRITICAL) for n in range(300)]
    skipped = tuple(Skipped(f"may not list kind {n} in shop", ("x",)) for n in range(40))
    text = findings_text(_diagnosis(*roots, skipped=skipped), max_bytes=7000)
    assert len(text.encode()) <= 7000
    assert "Left out for size: " in text
    assert "container-keeps-crashing). Ask for one namespace or object." in text
    assert "Not checked: may not list kind 0 in shop (x)." in text


def test_a_tiny_budget_is_kept_too() -> None:
    roots = [Root(_crash("web"), CRITICAL)]
    for most in (80, 200, 400, 900):
        assert len(findings_text(_diagnosis(*roots), max_bytes=most).encode()) <= most
