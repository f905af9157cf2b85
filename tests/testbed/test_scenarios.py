"""The scenarios of the tree are what their README says."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed import scenario
from testbed.bed import Bed
from testbed.errors import ApplyFailed, BedError

NAMES = [one.name for one in scenario.every()]


def test_there_are_scenarios_for_the_common_failures() -> None:
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_is_stored_exactly_as_it_is_written(bed: Bed, name: str) -> None:
    with bed.scenario(name) as applied:
        written = applied.scenario.objects(applied.namespace, now=applied.now)
        stored = [bed.admin.find(obj).json() for obj in applied.objects]
    assert [obj["kind"] for obj in stored] == [obj["kind"] for obj in written]
    for wanted, found in zip(written, stored, strict=True):
        assert _differences(wanted.get("status", {}), found.get("status", {})) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_expects_only_objects_that_it_has(bed: Bed, name: str) -> None:
    with bed.scenario(name) as applied:
        known = {f"{obj['kind']}/{obj['metadata']['name']}" for obj in applied.objects}
        # Those of another namespace than the scenario's say which.
        known |= {
            f"{obj['kind']}/{namespace}/{obj['metadata']['name']}"
            for obj in applied.objects
            if (namespace := obj["metadata"].get("namespace"))
        }
    known |= {"Node/node-1", "Node/node-2", "Node/node-3"}
    named = [obj for finding in applied.expect.findings for obj in finding.objects]
    assert {*named, *applied.expect.quiet} - known == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_says_in_its_first_line_what_it_shows(name: str) -> None:
    assert len(scenario.find(name).summary.split()) > 5


def test_an_unknown_scenario_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(BedError, match=r"no scenario 'crash-lop'; there is .*crash-loop"):
        scenario.find("crash-lop")


def test_an_owner_gets_the_uid_of_the_object_it_names(bed: Bed) -> None:
    with bed.scenario("crash-loop") as applied:
        by_kind = {obj["kind"]: obj["metadata"] for obj in applied.objects}
        owner = bed.admin.get(
            f"/api/v1/namespaces/{applied.namespace}/pods/{by_kind['Pod']['name']}"
        )["metadata"]["ownerReferences"][0]
    assert owner["uid"] == by_kind["ReplicaSet"]["uid"]


def test_the_log_of_a_scenarios_crashed_container_can_be_read(bed: Bed) -> None:
    with bed.scenario("crash-loop") as applied:
        path = f"/api/v1/namespaces/{applied.namespace}/pods/checkout-6f9c7d5b8-x2kqp/log"
        previous = bed.admin.request("GET", f"{path}?previous=true")
        current = bed.admin.request("GET", path)
    assert "cannot parse configuration" in previous.text
    assert current.text == previous.text


def test_a_scenarios_unreachable_node_gives_no_log(bed: Bed) -> None:
    with bed.scenario("node-not-ready") as applied:
        path = f"/api/v1/namespaces/{applied.namespace}/pods/exporter-9xk2v/log"
        answer = bed.admin.request("GET", path)
    assert answer.status == 500
    assert "502 Bad Gateway" in answer.message


def test_a_scenario_leaves_nothing_behind_outside_its_namespace(bed: Bed) -> None:
    with bed.scenario("node-not-ready"):
        pass
    assert bed.admin.request("GET", "/api/v1/nodes/node-not-ready-1").status == 404
    event = "/api/v1/namespaces/default/events/node-not-ready-1.nodenotready"
    assert bed.admin.request("GET", event).status == 404


def test_a_scenario_that_is_refused_half_way_leaves_nothing_behind(
    bed: Bed, tmp_path: Path
) -> None:
    (tmp_path / "objects.yaml").write_text(
        "# A Node, and a kind that nobody serves.\n"
        "{apiVersion: v1, kind: Node, metadata: {name: half-way-1}}\n---\n"
        "{apiVersion: example.com/v1, kind: Nonsense, metadata: {name: odd}}\n"
    )
    (tmp_path / "expect.yaml").write_text("findings: []\n")
    with pytest.raises(ApplyFailed, match="serves no Nonsense"):
        bed.apply_scenario(str(tmp_path), namespace="half-way")
    assert bed.admin.request("GET", "/api/v1/nodes/half-way-1").status == 404


def _differences(wanted: object, found: object, path: str = "status") -> list[str]:
    """What was written and is not there; what the API server added does not count."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [
            line
            for key, value in wanted.items()
            for line in _differences(value, found.get(key), f"{path}.{key}")
        ]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [
            line
            for index, value in enumerate(wanted)
            for line in _differences(value, found[index], f"{path}[{index}]")
        ]
    # Zero and empty values are left out of what the API server prints.
    same = wanted == found or (found is None and not wanted)
    return [] if same else [f"{path}: {wanted!r} became {found!r}"]
