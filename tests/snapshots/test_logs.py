"""Logs are cut as a kubelet cuts them, and missing ones explained in its words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import build
from tests.support.api_server import FakeApiServer

PATH = "/api/v1/namespaces/shop/pods/web-1/log"
LINES = "".join(
    f"{build.ago(minutes=minutes)} line {minutes}\n" for minutes in (50, 40, 30, 20, 10)
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "line 50\nline 40\nline 30\nline 20\nline 10\n"),
        ({"tailLines": "2"}, "line 20\nline 10\n"),
        ({"tailLines": "0"}, ""),
        ({"sinceSeconds": "1500"}, "line 20\nline 10\n"),
        ({"sinceTime": build.ago(minutes=15)}, "line 10\n"),
        # The tail is counted first: three lines, of which one is young enough.
        ({"tailLines": "3", "sinceSeconds": "900"}, "line 10\n"),
        ({"limitBytes": "10"}, "line 50\nli"),
        ({"tailLines": "1", "timestamps": "true"}, f"{build.ago(minutes=10)} line 10\n"),
    ],
)
async def test_a_log_is_cut_to_what_was_asked(
    ask: Any, query: dict[str, str], expected: str
) -> None:
    server = FakeApiServer(build.pod("web-1"))
    server.add_log("web-1", LINES)
    answer = await ask(server, PATH, query)
    assert (answer.status, answer.body.decode()) == (200, expected)
    assert answer.headers["content-type"].startswith("text/plain")


async def test_the_run_before_has_its_own_log(ask: Any) -> None:
    server = FakeApiServer(build.crash_looping("web-1"))
    server.add_log("web-1", "now\n")
    server.add_log("web-1", "then\n", previous=True)
    assert (await ask(server, PATH)).body == b"now\n"
    assert (await ask(server, PATH, {"previous": "true"})).body == b"then\n"


async def test_lines_without_the_kubelets_time_are_left_as_they_are(ask: Any) -> None:
    server = FakeApiServer(build.pod("web-1"))
    server.add_log("web-1", "plain\n2026-01-01 not a stamp\n")
    answer = await ask(server, PATH, {"sinceSeconds": "1", "timestamps": "true"})
    assert answer.body == b"plain\n2026-01-01 not a stamp\n"


def _waiting(reason: str) -> dict[str, Any]:
    return build.pod(
        "web-1",
        phase="Pending",
        statuses=[build.container_status(state=build.waiting(reason), ready=False)],
    )


@pytest.mark.parametrize(
    ("pod", "query", "message"),
    [
        (
            build.pod("web-1"),
            {"previous": "true"},
            'previous terminated container "app" in pod "web-1" not found',
        ),
        (
            _waiting("ImagePullBackOff"),
            {},
            'container "app" in pod "web-1" is waiting to start: trying and failing to pull image',
        ),
        (
            _waiting("ErrImagePull"),
            {},
            'container "app" in pod "web-1" is waiting to start: image can\'t be pulled',
        ),
        (
            _waiting("CreateContainerConfigError"),
            {},
            'container "app" in pod "web-1" is waiting to start: CreateContainerConfigError',
        ),
        (
            build.pod("web-1", statuses=[]),
            {},
            'container "app" in pod "web-1" is not available',
        ),
        (
            build.pod("web-1"),
            {"container": "sidecar"},
            "container sidecar is not valid for pod web-1",
        ),
        (
            build.pod("web-1", containers=[build.container("a"), build.container("b")]),
            {},
            "a container name must be specified for pod web-1, choose one of: [a b]",
        ),
    ],
)
async def test_a_log_that_is_not_there_is_a_400_that_says_why(
    ask: Any, pod: dict[str, Any], query: dict[str, str], message: str
) -> None:
    answer = await ask(FakeApiServer(pod), PATH, query)
    assert (answer.status, answer.json["message"]) == (400, message)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            {"tailLines": "-1"},
            'PodLogOptions "web-1" is invalid: tailLines: Invalid value: -1: '
            "must be greater than or equal to 0",
        ),
        (
            {"limitBytes": "0"},
            'PodLogOptions "web-1" is invalid: limitBytes: Invalid value: 0: '
            "must be greater than 0",
        ),
        (
            {"sinceSeconds": "0"},
            'PodLogOptions "web-1" is invalid: sinceSeconds: Invalid value: 0: '
            "must be greater than 0",
        ),
    ],
)
async def test_options_that_make_no_sense_are_a_422(
    ask: Any, query: dict[str, str], message: str
) -> None:
    answer = await ask(FakeApiServer(build.pod("web-1")), PATH, query)
    assert (answer.status, answer.json["reason"]) == (422, "Invalid")
    assert answer.json["message"] == message


async def test_since_a_moment_and_since_a_span_exclude_each_other(ask: Any) -> None:
    query = {"sinceSeconds": "5", "sinceTime": build.ago(minutes=1)}
    answer = await ask(FakeApiServer(build.pod("web-1")), PATH, query)
    assert answer.status == 422
    assert "at most one of `sinceTime` or `sinceSeconds`" in answer.json["message"]


async def test_a_pod_on_no_node_has_no_content(ask: Any) -> None:
    server = FakeApiServer(build.pod("web-1", phase="Pending", node=None))
    answer = await ask(server, PATH)
    assert (answer.status, answer.body) == (204, b"")


async def test_a_pod_that_is_not_there_is_a_404_of_pods(ask: Any) -> None:
    answer = await ask(FakeApiServer(), PATH)
    assert (answer.status, answer.json["message"]) == (404, 'pods "web-1" not found')


async def test_a_running_container_that_said_nothing_has_an_empty_log(ask: Any) -> None:
    answer = await ask(FakeApiServer(build.pod("web-1")), PATH)
    assert (answer.status, answer.body) == (200, b"")
