"""What is remembered, for how long, and what it is kept apart by."""

from __future__ import annotations

from typing import Any

import orjson
from msgspec import Raw

from kube_mcp.access.memory import Memory
from kube_mcp.access.shaped import read_shaped
from kube_mcp.diagnosis.shapes import SHAPES
from kube_mcp.diagnosis.slim import slim
from kube_mcp.kube.client import PODS
from kube_mcp.objects import ResourceType


def test_what_is_asked_for_is_remembered_and_the_rest_is_forgotten() -> None:
    memory = Memory(most_bytes=8)
    for key in "abcdefgh":
        memory.keep(key, key.upper(), 1)
        assert memory.get("a") == "A"
    assert memory.get("b", "gone") == "gone"


def test_no_more_is_held_than_was_allowed() -> None:
    memory = Memory(most_bytes=100)
    for number in range(1000):
        memory.keep(number, number, 5)
    kept = [number for number in range(1000) if memory.get(number) is not None]
    assert 10 <= len(kept) <= 20
    assert kept[-1] == 999


def test_a_value_that_is_nothing_is_remembered_too() -> None:
    memory = Memory(most_bytes=100)
    memory.keep("a", None, 1)
    assert memory.get("a", "unknown") is None
    assert memory.get("b", "unknown") == "unknown"


def _pod(**more: Any) -> Raw:
    return Raw(
        orjson.dumps({"metadata": {"name": "web-1", **more}, "status": {"phase": "Running"}})
    )


def test_an_object_that_did_not_change_is_decoded_once() -> None:
    first = read_shaped(_pod(), PODS, shape=SHAPES["Pod"], keep=None)
    assert read_shaped(_pod(), PODS, shape=SHAPES["Pod"], keep=None) is first
    changed = read_shaped(_pod(generation=2), PODS, shape=SHAPES["Pod"], keep=None)
    assert changed["metadata"] == {"name": "web-1", "generation": 2}


def test_the_same_text_of_another_kind_or_version_is_another_object() -> None:
    jobs = ResourceType("batch", "v1", "jobs", "Job", namespaced=True)
    older = ResourceType("", "v1beta1", "pods", "Pod", namespaced=True)
    found = [
        read_shaped(_pod(), kind, shape=SHAPES[kind.kind], keep=None)
        for kind in (PODS, jobs, older)
    ]
    assert [(each["apiVersion"], each["kind"]) for each in found] == [
        ("v1", "Pod"), ("batch/v1", "Job"), ("v1beta1", "Pod"),
    ]  # fmt: skip


def test_an_object_without_the_form_of_its_kind_is_decoded_whole_and_masked() -> None:
    token = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    odd = Raw(orjson.dumps({"metadata": {"name": token}, "spec": "none"}))
    found = read_shaped(odd, PODS, shape=SHAPES["Pod"], keep=lambda obj: slim("Pod", obj))
    assert found["metadata"] == {"name": f"<masked: {len(token)} chars>"}
    assert (found["kind"], found["spec"]) == ("Pod", {})
