"""Running checks: skipping with a reason, folding under causes, ranking, narrowing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from kube_mcp.diagnosis.check import Check, all_checks, check, needs
from kube_mcp.diagnosis.crashes import telling, wants_logs
from kube_mcp.diagnosis.engine import run
from kube_mcp.diagnosis.finding import CRITICAL, INFO, LIKELY, Finding
from kube_mcp.diagnosis.focus import about
from kube_mcp.objects import Obj
from kube_mcp.scene import Scene, Unreadable, ref_to, refer

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _obj(kind: str, name: str, namespace: str = "shop", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, **more}


def _found(obj: Obj, **more: Any) -> Finding:
    return Finding(ref=ref_to(obj), title="is wrong", next="Mend it.", **more)


def _named(kind: str, code: str, **more: Any) -> Check:
    def look(obj: Obj, scene: Scene) -> Iterator[Finding]:
        yield _found(obj, **more)

    look.__name__ = code
    return check(kind)(look)


def _codes(scene: Scene, *checks: Check) -> list[tuple[str, list[str]]]:
    return [
        (root.finding.code, [each.code for each in root.consequences])
        for root in run(checks, scene).roots
    ]


def test_a_kind_that_may_not_be_read_skips_its_checks_with_the_reason() -> None:
    scene = Scene.of([], now=_NOW, unreadable={"Pod": "may not list pods in shop"})
    diagnosis = run(all_checks(), scene)
    reasons = {each.reason: each.codes for each in diagnosis.skipped}
    assert "container-keeps-crashing" in reasons["may not list pods in shop"]
    assert "service-selects-nothing" in reasons["may not list pods in shop"]
    assert "Node was not read" in reasons


def test_a_kind_that_the_cluster_does_not_serve_is_no_gap() -> None:
    scene = Scene.of([], now=_NOW, absent=needs(all_checks()))
    assert run(all_checks(), scene).skipped == ()


def test_a_kind_that_was_read_in_part_is_told() -> None:
    scene = Scene(
        now=_NOW,
        kinds={"Pod": [], "Service": []},
        partial={"Pod": "pods were read to the 10,000th"},
    )
    diagnosis = run([_named("Pod", "odd")], scene)
    assert [(each.reason, each.codes) for each in diagnosis.skipped] == [
        ("pods were read to the 10,000th", ("odd",))
    ]


def test_a_check_that_fails_on_one_object_is_told_and_does_not_hide_the_others() -> None:
    @check("Pod")
    def fragile(obj: Obj, scene: Scene) -> Iterator[Finding]:
        """Breaks."""
        if obj["metadata"]["name"] == "odd":
            raise TypeError("secret text")
        yield _found(obj)

    scene = Scene.of([_obj("Pod", "odd"), _obj("Pod", "even")], now=_NOW)
    diagnosis = run([fragile], scene)
    assert [root.finding.subject.name for root in diagnosis.roots] == ["even"]
    assert [each.reason for each in diagnosis.skipped] == [
        "the check failed on Pod shop/odd (TypeError)"
    ]


def test_a_check_that_meets_a_gap_is_skipped_with_its_reason() -> None:
    @check("Pod")
    def curious(obj: Obj, scene: Scene) -> Iterator[Finding]:
        """Looks where it may not."""
        scene.get("Secret", "shop", "x")
        yield _found(obj)

    scene = Scene.of([_obj("Pod", "a")], now=_NOW, unreadable={"Secret": "may not list secrets"})
    diagnosis = run([curious], scene)
    assert diagnosis.roots == ()
    assert [each.reason for each in diagnosis.skipped] == ["may not list secrets"]


def test_pods_of_one_workload_with_the_same_trouble_are_one_finding() -> None:
    owner = refer("Deployment", "shop", "web")

    @check("Pod")
    def crash(obj: Obj, scene: Scene) -> Iterator[Finding]:
        """Crashes."""
        yield _found(obj, workload=owner, part="web")

    scene = Scene.of([_obj("Pod", f"web-{number}") for number in range(10)], now=_NOW)
    (root,) = run([crash], scene).roots
    assert (root.finding.subject, len(root.finding.refs)) == (owner, 10)
    assert root.reach == 11


def test_consequences_hang_under_the_cause_across_several_steps() -> None:
    node, pod, service = _obj("Node", "n", ""), _obj("Pod", "p"), _obj("Service", "s")
    scene = Scene.of([node, pod, service], now=_NOW)
    checks = [
        _named("Service", "silent", blames=(ref_to(pod),), symptom=True, severity=CRITICAL),
        _named("Pod", "lost", blames=(ref_to(node),)),
        _named("Node", "dead"),
    ]
    assert _codes(scene, *checks) == [("dead", ["lost", "silent"])]
    assert run(checks, scene).roots[0].severity == CRITICAL


def test_findings_that_blame_each_other_do_not_vanish_in_a_circle() -> None:
    one, two = _obj("Pod", "a"), _obj("Service", "b")
    checks = [
        _named("Pod", "first", blames=(ref_to(two),)),
        _named("Service", "second", blames=(ref_to(one),)),
    ]
    assert _codes(Scene.of([one, two], now=_NOW), *checks) in (
        [("first", ["second"])],
        [("second", ["first"])],
    )


def test_a_cause_reaches_over_an_object_that_has_no_finding() -> None:
    # The SealedSecret explains the Secret that is not there; the pod blames that Secret.
    secret = refer("Secret", "shop", "db")
    checks = [
        _named("Pod", "reference_missing", blames=(secret,)),
        _named("ConfigMap", "not_unsealed", explains=(secret,)),
    ]
    scene = Scene.of([_obj("Pod", "p"), _obj("ConfigMap", "c")], now=_NOW)
    assert _codes(scene, *checks) == [("not-unsealed", ["reference-missing"])]


def test_a_choice_is_a_note_until_something_suffers_from_it() -> None:
    node, pod = _obj("Node", "n", ""), _obj("Pod", "p")
    cordoned = _named("Node", "cordoned", severity=INFO)
    alone = run([cordoned], Scene.of([node], now=_NOW))
    assert (alone.roots, [root.finding.code for root in alone.notes]) == ((), ["cordoned"])

    waiting = _named("Pod", "waiting", blames=(ref_to(node),))
    together = run([cordoned, waiting], Scene.of([node, pod], now=_NOW))
    assert ([root.finding.code for root in together.roots], together.notes) == (["cordoned"], ())


def test_worst_comes_first_then_what_hurts_most_then_the_surest() -> None:
    kinds = ("Pod", "Service", "ConfigMap", "Node")
    scene = Scene.of(
        [_obj(kind, "x", "" if kind == "Node" else "shop") for kind in kinds], now=_NOW
    )
    hurt = tuple(refer("Pod", "shop", f"p{number}") for number in range(5))
    checks = [
        _named("Pod", "guess", severity=CRITICAL, confidence=LIKELY),
        _named("Service", "certain", severity=CRITICAL),
        _named("ConfigMap", "wide", severity=CRITICAL, victims=hurt),
        _named("Node", "mild", victims=hurt),
    ]
    assert [code for code, _ in _codes(scene, *checks)] == ["wide", "certain", "guess", "mild"]


def test_the_order_of_checks_and_objects_does_not_change_the_answer() -> None:
    objects = [_obj("Pod", f"p{number}") for number in range(6)] + [_obj("Service", "s")]
    checks = [
        _named("Pod", "one", part="x"),
        _named("Service", "two", blames=tuple(ref_to(obj) for obj in objects[:6])),
    ]
    forwards = run(checks, Scene.of(objects, now=_NOW)).roots
    backwards = run(checks[::-1], Scene.of(objects[::-1], now=_NOW)).roots
    assert forwards == backwards


def test_a_diagnosis_can_be_narrowed_to_what_concerns_one_object() -> None:
    node, pod, other = _obj("Node", "n", ""), _obj("Pod", "p"), _obj("ConfigMap", "c")
    checks = [
        _named("Node", "dead"),
        _named("Pod", "lost", blames=(ref_to(node),)),
        _named("ConfigMap", "unrelated"),
    ]
    scene = Scene.of([node, pod, other], now=_NOW)
    narrowed = about(run(checks, scene), scene, pod)
    assert [root.finding.code for root in narrowed.roots] == ["dead"]
    assert narrowed.about == ref_to(pod)


def test_what_is_wrong_with_an_owners_owner_concerns_the_object() -> None:
    owned = [("StatefulSet", "a", ""), ("Deployment", "b", "a"), ("Pod", "c", "b")]
    kinds = {name: kind for kind, name, _ in owned}
    objects = [_obj(kind, name) for kind, name, _ in owned]
    for obj, (_, _, owner) in zip(objects, owned, strict=True):
        if owner:
            obj["metadata"]["ownerReferences"] = [
                {"kind": kinds[owner], "name": owner, "apiVersion": "apps/v1", "controller": True}
            ]
    scene = Scene.of(objects, now=_NOW)
    narrowed = about(run([_named("StatefulSet", "wrong")], scene), scene, objects[-1])
    assert [root.finding.code for root in narrowed.roots] == ["wrong"]


def _crashing(name: str, owner: str, finished: str) -> dict[str, Any]:
    pod = _obj("Pod", name)
    pod["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": owner, "controller": True}
    ]
    pod["status"] = {
        "phase": "Running",
        "containerStatuses": [
            {
                "name": "c",
                "restartCount": 5,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 1, "finishedAt": finished}},
            }
        ],
    }
    return pod


def test_logs_are_wanted_of_one_pod_a_workload_and_of_the_latest_crashes() -> None:
    pods = [
        _crashing("a-0", "a", "2026-03-01T11:00:00Z"),
        _crashing("a-1", "a", "2026-03-01T11:30:00Z"),
        *(_crashing(f"s{n}-0", f"s{n}", f"2026-03-01T10:{n:02}:00Z") for n in range(20)),
    ]
    wanted = wants_logs(Scene.of(pods, now=_NOW))
    assert wanted[0] == ("shop", "a-1", "c", True)
    assert len(wanted) == 8
    assert ("shop", "a-0", "c", True) not in wanted


def test_the_telling_lines_of_a_log_are_the_last_that_name_an_error() -> None:
    lines = ["start", "ERROR: no such table", "retrying", "retrying", "shutting down"]
    assert telling(lines) == ["ERROR: no such table"]
    assert telling(["a", "b", "c", "d"]) == ["b", "c", "d"]
    assert telling(["unable to retrieve container logs for containerd://x"]) == []


def test_a_namespace_scene_does_not_answer_for_other_namespaces() -> None:
    scene = Scene.of([_obj("Service", "a")], now=_NOW, namespace="shop")
    assert scene.get("Service", "shop", "b") is None
    assert scene.lacks("Service", "shop", "b")
    assert not scene.lacks("Service", "elsewhere", "b")
    with pytest.raises(Unreadable, match="Service was read in namespace shop only"):
        scene.get("Service", "elsewhere", "b")
    with pytest.raises(Unreadable, match="Service was read in namespace shop only"):
        scene.inside("Service", "elsewhere")
