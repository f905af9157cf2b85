"""Which audit events could have changed something. Without a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from testbed.audit import Audit, describe


def event(verb: str, resource: str = "pods", subresource: str = "", **more: Any) -> dict[str, Any]:
    reference = {"resource": resource, **({"subresource": subresource} if subresource else {})}
    return {
        "auditID": f"{verb}-{resource}-{subresource}",
        "stage": "ResponseComplete",
        "verb": verb,
        "requestURI": f"/api/v1/{resource}",
        "user": {"username": "alice"},
        "objectRef": reference,
        "responseStatus": {"code": 200},
        **more,
    }


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


def audit(log: Path, *events: dict[str, Any]) -> Audit:
    log.write_text("".join(json.dumps(one) + "\n" for one in events))
    return Audit(log, settle=lambda: None)


def test_reads_are_not_listed(log: Path) -> None:
    reads = [event(verb) for verb in ("get", "list", "watch")]
    assert audit(log, *reads, event("get", subresource="log")).non_reads("alice") == []


@pytest.mark.parametrize("verb", ["create", "update", "patch", "delete", "deletecollection"])
def test_writes_are_listed(log: Path, verb: str) -> None:
    assert len(audit(log, event(verb)).non_reads("alice")) == 1


@pytest.mark.parametrize("subresource", ["exec", "attach", "portforward", "proxy"])
def test_connecting_is_listed_even_as_a_get(log: Path, subresource: str) -> None:
    assert len(audit(log, event("get", subresource=subresource)).non_reads("alice")) == 1


def test_asking_about_oneself_is_listed_apart(log: Path) -> None:
    review = event("create", "selfsubjectaccessreviews")
    found = audit(log, review)
    assert found.non_reads("alice") == []
    assert found.self_reviews("alice") == [review]


def test_asking_about_others_is_not_a_self_review(log: Path) -> None:
    assert len(audit(log, event("create", "subjectaccessreviews")).non_reads("alice")) == 1


def test_impersonated_requests_belong_to_both(log: Path) -> None:
    request = event("delete", impersonatedUser={"username": "bob"})
    found = audit(log, request)
    assert found.non_reads("alice") == found.non_reads("bob") == [request]
    assert found.non_reads("carol") == []


def test_a_watch_that_started_and_ended_is_one_request(log: Path) -> None:
    started = event("watch", stage="ResponseStarted")
    assert len(audit(log, started, event("watch")).requests("alice")) == 1


def test_a_line_that_is_still_being_written_is_left_out(log: Path) -> None:
    found = audit(log, event("get"))
    with log.open("a") as half:
        half.write('{"auditID": "hal')
    assert len(found.events()) == 1


def test_events_are_described_one_a_line() -> None:
    assert describe([event("delete")]) == "delete /api/v1/pods -> 200"
