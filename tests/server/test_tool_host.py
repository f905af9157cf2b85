"""What becomes of a call: its errors as sentences, its limits, its line in the audit trail."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from mcp import MCPError
from mcp_types import CallToolRequestParams

from kube_mcp.auth.caller import BearerToken, Caller
from kube_mcp.server.host import Asked
from kube_mcp.server.recorder import Recorder
from kube_mcp.telemetry.audit import AuditLog
from kube_mcp.telemetry.metrics import Metrics
from tests.server import toys

ALICE = Caller(
    issuer="https://id.example.com/",
    subject="alice-1",
    username="alice",
    groups=("sre",),
    scopes=frozenset({"openid"}),
    client_id="claude",
    session_id="s-1",
    expires_at=0.0,
    token=BearerToken("secret-token"),
)


class Watched:
    """A host with its audit lines and metrics."""

    def __init__(self, *servers: Any, **options: Any) -> None:
        self.lines: list[str] = []
        self.metrics = Metrics(version="1", names=[tool.name for tool in toys.ALL])
        audit = AuditLog(self.lines.append, mask=lambda text: text.replace("hunter2", "<masked>"))
        recorder = Recorder(metrics=self.metrics, audit=audit)
        self.host = toys.host(*servers, recorder=recorder, **options)

    async def call(
        self, tool: str, arguments: Mapping[str, Any] | None = None, caller: Caller | None = None
    ) -> tuple[bool, str]:
        params = CallToolRequestParams(name=tool, arguments=dict(arguments or {}))
        answer = await self.host.call_tool(params, Asked(caller=caller, client="tests 1"))
        (content,) = answer.content
        return answer.is_error, content.text  # type: ignore[union-attr]

    @property
    def audit(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def metric(self, line: str) -> bool:
        return line in self.metrics.page()[0].decode()


async def test_a_call_leaves_one_line_with_who_what_and_how_much() -> None:
    watched = Watched()
    await watched.call("count_pods", {"namespace": "shop"}, ALICE)

    (line,) = watched.audit
    assert line.pop("ms") >= 0
    assert line.pop("time").endswith("Z")
    assert line.pop("bytesRead") > 500
    # Discovery and the list itself.
    assert line.pop("requests") >= 2
    assert line == {
        "audit": "call",
        "operation": "tools/call",
        "tool": "count_pods",
        "caller": {
            "issuer": "https://id.example.com/",
            "subject": "alice-1",
            "username": "alice",
            "client": "claude",
            "session": "s-1",
            "program": "tests 1",
        },
        "identity": "alice",
        "cluster": "one",
        "arguments": {"namespace": "shop"},
        "kinds": ["pods"],
        "namespaces": ["shop"],
        "bytesAnswered": 6,
        "objects": 2,
        "outcome": "ok",
    }


async def test_a_call_is_counted_by_tool_and_outcome() -> None:
    cluster = toys.small_cluster()
    cluster.deny("list", "pods")
    watched = Watched(cluster)
    await watched.call("echo", {"words": "x"})
    await watched.call("count_pods", {"namespace": "shop"})
    await watched.call("echo", {"word": "x"})

    of = 'kube_mcp_calls_total{name="%s",operation="tools/call",outcome="%s"} 1.0'
    assert watched.metric(of % ("echo", "ok"))
    assert watched.metric(of % ("count_pods", "forbidden"))
    assert watched.metric(of % ("echo", "input"))
    assert watched.metric("kube_mcp_calls_in_flight 0.0")


async def test_a_fault_is_told_by_a_number_and_logged_with_its_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watched = Watched()
    is_error, said = await watched.call("crash")

    error_id = watched.audit[0]["errorId"]
    assert is_error
    assert said == (
        "crash failed because of a fault in this server, not in the request (error id"
        f" {error_id}). The server's log has the details under that id."
    )
    assert watched.audit[0]["outcome"] == "crashed"
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert error_id in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


async def test_a_call_that_takes_too_long_is_stopped_and_says_what_would_be_quicker() -> None:
    latch = toys.latches["slow"] = toys.Latch()
    watched = Watched(timeout_s=0.05)
    is_error, said = await watched.call("wait", {"latch": "slow"})

    assert is_error
    assert said == (
        "wait took longer than the 0.05 s a call may take and was stopped."
        " Ask for less: one namespace, a selector, or a shorter time."
    )
    assert latch.cancelled.is_set()
    assert watched.audit[0]["outcome"] == "timed_out"


async def test_an_answer_over_the_limit_is_cut_at_a_line_and_says_so() -> None:
    watched = Watched(max_bytes=2_000)
    is_error, said = await watched.call("long_answer", {"lines": 1_000})

    *lines, note = said.split("\n")
    assert not is_error
    assert len(said.encode()) <= 2_000
    assert lines == [f"line {number} of many" for number in range(len(lines))]
    assert note.startswith("[Cut: ")
    whole = "\n".join(f"line {number} of many" for number in range(1_000))
    assert f"of {len(whole):,} bytes are shown" in note


async def test_no_setting_lets_an_answer_pass_what_clients_take() -> None:
    watched = Watched(max_bytes=10_000_000)
    _, said = await watched.call("long_answer", {"lines": 100_000})

    assert len(said) < 50_000


async def test_a_cancelled_call_is_recorded_and_stays_cancelled() -> None:
    latch = toys.latches["going"] = toys.Latch()
    watched = Watched()
    call = asyncio.create_task(watched.call("wait", {"latch": "going"}))
    await latch.started.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert watched.audit[0]["outcome"] == "cancelled"


async def test_a_toolset_closed_to_a_caller_is_neither_shown_nor_known() -> None:
    def may_use(caller: Caller | None, toolset: str) -> bool:
        return toolset != "toys" or caller is ALICE

    watched = Watched(may_use=may_use)
    seen = [tool.name for tool in await watched.host.list_tools(Asked())]
    alices = [tool.name for tool in await watched.host.list_tools(Asked(caller=ALICE))]

    assert "echo" not in seen
    assert "echo" in alices
    with pytest.raises(MCPError, match="There is no tool 'echo'"):
        await watched.call("echo", {"words": "x"})
    assert await watched.call("echo", {"words": "x"}, ALICE) == (False, "x")


async def test_a_toolset_that_can_be_opened_is_shown_but_not_run() -> None:
    watched = Watched(
        may_use=lambda caller, toolset: toolset != "toys", may_see=lambda caller, toolset: True
    )
    is_error, said = await watched.call("echo", {"words": "x"})

    assert is_error
    assert said.startswith("You may not use echo: it belongs to the toolset 'toys'")
    assert watched.audit[0]["outcome"] == "not_allowed"


@pytest.mark.parametrize("arguments", [{"cluster": 3}, {"cluster": ["one"]}, {"cluster": {}}])
async def test_a_cluster_that_is_no_text_is_an_input_error(arguments: dict[str, Any]) -> None:
    watched = Watched(toys.small_cluster(), toys.small_cluster())
    assert await watched.call("count_pods", arguments) == (
        True,
        "count_pods: cluster: expected a name as text.",
    )


async def test_the_audit_line_holds_no_secret_of_the_arguments() -> None:
    watched = Watched()
    await watched.call("echo", {"words": "the password is hunter2"})

    assert "hunter2" not in watched.lines[0]
    assert watched.audit[0]["arguments"] == {"words": "the password is <masked>"}


async def test_the_schema_is_looked_up_by_name_for_everybody() -> None:
    host = toys.host()
    assert host.tool_schema("echo") == {
        "type": "object",
        "properties": {"words": {"type": "string", "description": "What to say"}},
        "required": ["words"],
        "additionalProperties": False,
    }
    assert host.tool_schema("ech") is None
    assert host.toolset("tools/call", "echo") == "toys"
    assert host.toolset("tools/call", "ech") == ""
    assert host.toolset("prompts/get", "echo") == ""
