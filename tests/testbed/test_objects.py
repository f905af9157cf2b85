"""Objects as YAML: placeholders, times, order."""

from __future__ import annotations

import datetime

import pytest

from testbed.errors import ApplyFailed
from testbed.objects import fill, load, parse_span, split_status, with_namespace

NOW = datetime.datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${now}", "2026-03-01T12:00:00Z"),
        ("${now-10m}", "2026-03-01T11:50:00Z"),
        ("${now+1d}", "2026-03-02T12:00:00Z"),
        ("${now-1h30m15s}", "2026-03-01T10:29:45Z"),
        ("${now-10m:micro}", "2026-03-01T11:50:00.250000Z"),
        ("pod ${name} in ${namespace}", "pod web in demo"),
        ("no $placeholder {here}", "no $placeholder {here}"),
    ],
)
def test_placeholders_are_filled(text: str, filled: str) -> None:
    assert fill(text, now=NOW, values={"name": "web", "namespace": "demo"}) == filled


@pytest.mark.parametrize("text", ["${nwo}", "${now-10}", "${now-m}", "${}"])
def test_an_unknown_placeholder_is_an_error_that_shows_the_known_ones(text: str) -> None:
    with pytest.raises(ApplyFailed, match=r"is not known: write \$\{now\}.*\$\{namespace\}"):
        fill(text, now=NOW, values={"namespace": "demo"})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("+10m", 600), ("-1h", -3600), ("1d2h", 93600), ("250ms", 0.25), ("0s", 0)],
)
def test_spans_of_time_are_read(text: str, seconds: float) -> None:
    assert parse_span(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "10", "ten minutes", "5w", "+"])
def test_what_is_not_a_span_is_refused(text: str) -> None:
    with pytest.raises(ApplyFailed, match=r"is not a span of time: write for example \+10m"):
        parse_span(text)


def test_objects_are_ordered_so_that_what_is_needed_comes_first() -> None:
    kinds = ["Event", "Pod", "ResourceQuota", "Deployment", "ConfigMap", "Namespace"]
    text = "\n---\n".join(f"kind: {kind}" for kind in kinds)
    ordered = [obj["kind"] for obj in load(text)]
    assert ordered == ["Namespace", "ConfigMap", "Pod", "Deployment", "ResourceQuota", "Event"]


def test_lists_are_unfolded_and_empty_documents_skipped() -> None:
    text = "---\n---\nkind: List\nitems: [{kind: Pod}, {kind: Service}]\n---\n"
    assert [obj["kind"] for obj in load(text)] == ["Pod", "Service"]


def test_times_stay_the_text_that_they_are_in_json() -> None:
    assert load("{kind: Pod, at: 2026-03-01T12:00:00Z}")[0]["at"] == "2026-03-01T12:00:00Z"


def test_a_document_without_a_kind_is_refused() -> None:
    with pytest.raises(ApplyFailed, match="not an object with a kind"):
        load("metadata: {name: web}")


def test_an_object_keeps_the_namespace_that_it_names() -> None:
    assert with_namespace({"metadata": {"name": "a"}}, "demo")["metadata"]["namespace"] == "demo"
    own = with_namespace({"metadata": {"name": "a", "namespace": "own"}}, "demo")
    assert own["metadata"]["namespace"] == "own"


def test_the_status_is_taken_apart_from_the_rest() -> None:
    assert split_status({"kind": "Pod", "status": {"phase": "Running"}}) == (
        {"kind": "Pod"},
        {"phase": "Running"},
    )
    assert split_status({"kind": "Pod"}) == ({"kind": "Pod"}, None)
