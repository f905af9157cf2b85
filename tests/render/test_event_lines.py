"""Events of the old and the new API, folded and newest first."""

from __future__ import annotations

from typing import Any

import pytest

from kube_mcp.render.events import event_line, event_lines, fold, slim_event
from tests.support import build

POD = build.pod("web-1")


def test_both_apis_say_when_how_often_and_about_what() -> None:
    old = build.event(POD, "BackOff", "x", count=3, last=build.ago(minutes=2))
    new = {
        "metadata": {"namespace": "shop", "name": "e"},
        "eventTime": build.ago(minutes=30).replace("Z", ".123456Z"),
        "series": {"count": 9, "lastObservedTime": build.ago(minutes=1)},
        "regarding": {"kind": "Pod", "name": "web-1", "namespace": "shop"},
        "type": "Warning", "reason": "BackOff", "note": "x",
    }  # fmt: skip
    for event in (old, new):
        assert event_line(slim_event(event)) == event_line(event)
    assert (event_line(old).count, event_line(new).count) == (3, 9)
    (folded,) = fold([event_line(old), event_line(new)])
    assert (folded.count, folded.names) == (12, ("web-1",))
    assert event_lines([folded], now=build.NOW, with_namespace=True) == [
        "60s Warning BackOff Pod shop/web-1 (x12 over 29m): x"
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("pod a_shop(0f3c2a7e-1111-4222-8333-944455566677)",
         "pod a_shop(ffffffff-2222-4222-8333-944455566677)", True),
        ("probe failed: 503", "probe failed: 504", True),
        ("Created pod: web-7d9c4b5f6d-x7k2p", "Created pod: web-7d9c4b5f6d-q9z8w", True),
        ("image a not found", "image b not found", False),
    ],
)  # fmt: skip
def test_messages_that_differ_in_ids_and_numbers_fold(one: str, other: str, same: bool) -> None:
    lines = [event_line(build.event(POD, "X", text)) for text in (one, other)]
    assert (len(fold(lines)) == 1) is same


@pytest.mark.parametrize(
    "event", [{}, {"involvedObject": None}, {"series": 5, "count": "x", "metadata": []},
              {"involvedObject": {"name": 5}, "lastTimestamp": "never", "message": None}],
)  # fmt: skip
def test_an_event_of_any_shape_is_survived(event: dict[str, Any]) -> None:
    event_lines(fold([event_line(event)]), now=build.NOW, with_namespace=True)
    slim_event(event)
