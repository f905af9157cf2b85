"""kubelet.yaml and log requests, without a cluster."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from testbed.errors import ApplyFailed
from testbed.fakes import content, logs, quantities, usage

NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


def text_of(rule: dict[str, Any], **query: str) -> str:
    known = content.parse({"logs": [rule]}, now=NOW)
    log = known.log("web", "app", previous=False)
    assert log is not None
    return b"".join(logs.render(log, logs.options(query, now=NOW))).decode()


def test_lines_lie_one_step_apart_and_end_now() -> None:
    said = text_of({"every": "500ms", "lines": ["a", "b"]}, timestamps="true")
    assert said == ("2026-03-01T11:59:59.500000000Z a\n2026-03-01T12:00:00.000000000Z b\n")


def test_made_up_lines_come_before_the_listed_ones() -> None:
    rule = {"repeat": {"lines": 3, "text": "n={n}"}, "lines": ["end"]}
    assert text_of(rule) == "n=1\nn=2\nn=3\nend\n"
    assert text_of(rule, tailLines="2") == "n=3\nend\n"
    assert text_of(rule, timestamps="true").startswith("2026-03-01T11:59:57.000000000Z n=1\n")


def test_one_of_the_two_streams_can_be_chosen() -> None:
    rule = {"lines": ["out", {"text": "err", "stream": "stderr"}]}
    assert text_of(rule, stream="Stderr") == "err\n"
    assert text_of(rule, stream="Stdout") == "out\n"
    assert text_of(rule, stream="All") == "out\nerr\n"


def test_the_first_rule_that_fits_wins() -> None:
    rules = [{"pod": "web-1", "lines": ["exact"]}, {"pod": "web-*", "lines": ["pattern"]}]
    known = content.parse({"logs": rules}, now=NOW)
    found = [known.log(pod, "app", previous=False) for pod in ("web-1", "web-2", "db-1")]
    said = [[line.text for line in log.lines()] if log else None for log in found]
    assert said == [[b"exact"], [b"pattern"], None]


def test_a_size_is_met_within_a_percent() -> None:
    known = content.parse({"logs": [{"repeat": {"bytes": "3MB", "text": "row {n}"}}]}, now=NOW)
    log = known.log("web", "app", previous=False)
    assert log is not None
    size = sum(len(line.text) + 1 for line in log.lines())
    assert 0.9 * 3_000_000 < size < 1.1 * 3_000_000


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"log": []}, "'log' is not a key of kubelet.yaml"),
        ({"logs": [{"tail": 3}]}, "'tail' is not a key of a log"),
        ({"logs": [{"lines": [{"txt": "x"}]}]}, "'txt' is not a key of a line"),
        ({"metrics": {"pod": []}}, "'pod' is not a key of metrics"),
    ],
)
def test_a_key_that_is_not_known_is_an_error(document: Any, complaint: str) -> None:
    with pytest.raises(ApplyFailed, match=complaint):
        content.parse(document, now=NOW)


def test_a_number_that_is_none_is_refused_as_a_kubelet_does() -> None:
    with pytest.raises(logs.Refused, match="Unable to decode query"):
        logs.options({"tailLines": "many"}, now=NOW)


def pod(state: dict[str, Any], last: dict[str, Any] | None = None) -> dict[str, Any]:
    status = {"name": "app", "state": state, "lastState": {"terminated": last} if last else {}}
    return {
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "app"}, {"name": "unreported"}]},
        "status": {"containerStatuses": [status]},
    }


@pytest.mark.parametrize(
    ("found", "container", "previous", "status", "message"),
    [
        (None, "app", False, 404, 'pod "web" does not exist'),
        (pod({"running": {}}), "api", False, 404, 'container "api" not found in pod "web"'),
        (
            pod({"running": {}}), "unreported", False, 400,
            'container "unreported" in pod "web" is not available',
        ),
        (
            pod({"running": {}}), "app", True, 400,
            'previous terminated container "app" in pod "web" not found',
        ),
        (
            pod({"terminated": {}}), "app", False, 400,
            'container "app" in pod "web" is terminated',
        ),
        (
            pod({"waiting": {"reason": "ErrImagePull"}}), "app", False, 400,
            'container "app" in pod "web" is waiting to start: image can\'t be pulled',
        ),
        (
            pod({"waiting": {"reason": "ContainerCreating"}}), "app", False, 400,
            'container "app" in pod "web" is waiting to start: ContainerCreating',
        ),
        (pod({}), "app", False, 400, 'container "app" in pod "web" is waiting to start - no logs yet'),
    ],
)  # fmt: skip
def test_a_container_without_a_log_is_refused_in_the_kubelets_words(
    found: Any, container: str, previous: bool, status: int, message: str
) -> None:
    with pytest.raises(logs.Refused) as caught:
        logs.check_container(found, "web", container, previous=previous)
    assert (caught.value.status, caught.value.message) == (status, message)


@pytest.mark.parametrize(
    "found",
    [
        pod({"running": {}}),
        pod({"terminated": {"containerID": "containerd://a"}}),
        pod({"waiting": {"reason": "CrashLoopBackOff"}}, {"containerID": "containerd://a"}),
    ],
)
def test_a_container_that_has_run_has_a_log(found: Any) -> None:
    logs.check_container(found, "web", "app", previous=False)


@pytest.mark.parametrize(
    ("text", "number"),
    [("250m", 0.25), ("2", 2), ("64Mi", 2**26), ("50MB", 5e7), ("1500000n", 0.0015), (3, 3)],
)
def test_quantities_are_read(text: object, number: float) -> None:
    assert quantities.parse(text) == number


def test_what_is_not_a_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'a lot' is not a quantity: write for example 250m"):
        quantities.parse("a lot")


def test_only_running_pods_use_anything() -> None:
    running = {
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "app"}]},
        "status": {"phase": "Running"},
    }
    known = content.Content()
    assert usage.of_pod(running, known) == {"app": usage.Usage(*usage.IDLE)}
    assert usage.of_pod({**running, "status": {"phase": "Pending"}}, known) is None
