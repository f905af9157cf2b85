"""The audit trail: complete, bounded, masked, and never in the way."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from kube_mcp.redaction.text import mask_text
from kube_mcp.telemetry.audit import AuditLog, CallRecord, to_stream

MOMENT = 1_795_521_600.25  # 2026-11-24T12:00:00.250Z


def _line(record: CallRecord) -> dict[str, Any]:
    lines: list[str] = []
    AuditLog(lines.append, mask=mask_text, now_s=lambda: MOMENT).call(record)
    (line,) = lines
    found: dict[str, Any] = json.loads(line)
    return found


def _record(**more: Any) -> CallRecord:
    return CallRecord(operation="tools/call", name="get_logs", caller={}, **more)


def test_a_record_is_one_line_of_json_without_what_is_empty() -> None:
    record = CallRecord(
        operation="resources/read",
        name="namespaced_object",
        caller={"issuer": "https://id.example.com/", "subject": "alice", "client": ""},
        identity="oidc:alice",
        arguments={"namespace": "shop"},
        kinds={"pods", "events"},
        namespaces={"shop"},
        requests=2,
        bytes_read=1_000,
        bytes_answered=500,
        ms=12.345,
    )
    assert _line(record) == {
        "audit": "call",
        "time": "2026-11-24T12:00:00.250Z",
        "operation": "resources/read",
        "name": "namespaced_object",
        "caller": {"issuer": "https://id.example.com/", "subject": "alice"},
        "identity": "oidc:alice",
        "arguments": {"namespace": "shop"},
        "kinds": ["events", "pods"],
        "namespaces": ["shop"],
        "requests": 2,
        "objects": 0,
        "bytesRead": 1_000,
        "bytesAnswered": 500,
        "outcome": "ok",
        "ms": 12.3,
    }


@pytest.mark.parametrize(
    "arguments",
    [
        {"password": "correct-horse-battery"},
        {"include": "password=correct-horse-battery"},
        {"deep": {"list": [{"password": "correct-horse-battery"}]}},
        {"include": ["Authorization: Bearer correct-horse-battery-0123456789"]},
        {"url": "https://user:correct-horse-battery@db.example.com/"},
    ],
)
def test_a_credential_among_the_arguments_is_masked(arguments: dict[str, Any]) -> None:
    assert "correct-horse-battery" not in json.dumps(_line(_record(arguments=arguments)))


def test_a_novel_among_the_arguments_is_cut() -> None:
    arguments = {"words": "x " * 50_000, "list": list(range(500)), "deep": [[[[[[["far"]]]]]]]}
    line = _line(_record(arguments=arguments))

    assert line["arguments"]["words"].endswith("... (100000 characters)")
    assert len(line["arguments"]["list"]) == 20
    assert len(json.dumps(line)) < 2_000


def test_a_line_cannot_be_broken_by_what_a_caller_sends() -> None:
    lines = io.StringIO()
    log = AuditLog(to_stream(lines), mask=mask_text)
    log.call(_record(arguments={"words": 'a\n{"audit":"call"}\r\n\x00\u2028'}))

    assert len(lines.getvalue().splitlines()) == 1
    json.loads(lines.getvalue())


def test_more_names_than_anybody_reads_are_counted() -> None:
    line = _line(_record(namespaces={f"ns-{number:03}" for number in range(50)}))

    assert line["namespaces"][:2] == ["ns-000", "ns-001"]
    assert line["namespaces"][-1] == "and 30 more"


def test_a_full_disk_is_told_to_the_log_and_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def write(line: str) -> None:
        raise OSError(28, "No space left on device")

    AuditLog(write, mask=mask_text).call(_record())
    assert "No space left on device" in caplog.text
    assert caplog.records[0].levelno == logging.WARNING


def test_other_events_stand_in_the_same_trail() -> None:
    lines: list[str] = []
    log = AuditLog(lines.append, mask=mask_text, now_s=lambda: MOMENT)
    log.event("denied", {"code": "expired", "claimed": {"sub": "alice"}, "address": ""})

    assert json.loads(lines[0]) == {
        "audit": "denied",
        "time": "2026-11-24T12:00:00.250Z",
        "code": "expired",
        "claimed": {"sub": "alice"},
    }
