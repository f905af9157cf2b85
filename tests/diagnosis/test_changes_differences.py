"""Differences of pod templates, told by path."""

from __future__ import annotations

from typing import Any

import pytest

from kube_mcp.diagnosis.differences import differences, marks


def _containers(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(containers)}}


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ({}, {}, []),
        ({"a": [{"name": "x"}, {"name": "y"}]}, {"a": [{"name": "y"}, {"name": "x"}]}, []),
        ({"args": ["-a", "-b"]}, {"args": ["-a", "-c"]}, ["args: -a -b → -a -c"]),
        ({"a": True}, {"a": False}, ["a: true → false"]),
        ({"a": {"b": 1}}, {}, ["- a.b: 1"]),
        (None, {"a": 1}, ["+ a: 1"]),
        (
            {"metadata": {"labels": {"pod-template-hash": "1"}}},
            {"metadata": {"labels": {"pod-template-hash": "2"}}},
            [],
        ),
    ],
)
def test_a_difference_is_told_by_path(old: Any, new: Any, lines: list[str]) -> None:
    assert differences(old, new) == lines


def test_a_whole_container_volume_or_variable_is_one_line() -> None:
    old = _containers({"name": "web", "image": "a/web:1"})
    new = _containers(
        {"name": "web", "image": "a/web:1", "env": [
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
            {"name": "MODE", "value": "fast"}]},
        {"name": "proxy", "image": "a/proxy:2", "args": ["--x"], "ports": [{"containerPort": 1}]},
    )  # fmt: skip
    new["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    assert differences(old, new) == [
        "+ containers[proxy]: image a/proxy:2",
        "+ containers[web].env[KEY]: valueFrom.secretKeyRef.name db, "
        "valueFrom.secretKeyRef.key password",
        "+ containers[web].env[MODE]: fast",
        "+ volumes[data]: persistentVolumeClaim.claimName data",
    ]
    assert differences(new, old)[0] == "- containers[proxy]: image a/proxy:2"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("r.example.com/shop/web:1.0", "r.example.com/shop/web:1.1", "r.example.com/shop/web:1.0 → :1.1"),
        ("r.example.com:5000/web", "r.example.com:5000/api", "r.example.com:5000/web → r.example.com:5000/api"),
        ("a/web:1", "b/web:1", "a/web:1 → b/web:1"),
    ],
)  # fmt: skip
def test_of_the_same_image_only_the_new_tag_is_said(old: str, new: str, line: str) -> None:
    found = differences(
        _containers({"name": "w", "image": old}), _containers({"name": "w", "image": new})
    )
    assert found == [f"containers[w].image: {line}"]


@pytest.mark.parametrize("before", [None, "2026-01-01T00:00:00Z"])
def test_a_restart_is_called_one(before: str | None) -> None:
    def template(at: str | None) -> dict[str, Any]:
        annotations = {"kubectl.kubernetes.io/restartedAt": at} if at else {}
        return {"metadata": {"annotations": annotations}}

    assert differences(template(before), template("2026-03-01T11:00:00Z")) == [
        "restarted by kubectl rollout restart at 2026-03-01T11:00:00Z"
    ]


def test_marks_tell_of_a_change_behind_a_mask_and_hold_no_text() -> None:
    def template(value: str) -> dict[str, Any]:
        return _containers({"name": "w", "env": [{"name": "P", "value": value}], "args": ["-x"]})

    masked = template("<masked: 3 chars>")
    one, two = marks(template("one")), marks(template("two"))
    assert differences(masked, masked, old_marks=one, new_marks=two) == [
        "containers[w].env[P]: <masked: 3 chars> → another value, masked too"
    ]
    assert differences(masked, masked, old_marks=one, new_marks=one) == []
    assert all(isinstance(each, int) for pair in one.items() for each in pair)
