"""Logs: one record a line, masked, on one stream."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest

from kube_mcp.redaction.text import mask_text
from kube_mcp.telemetry.logging import configure

LOG = logging.getLogger("kube_mcp.test")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """The root logger belongs to pytest again afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    for name in ("mcp", "uvicorn", "sse_starlette", "asyncio", "aiohttp"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def _configured(*, as_json: bool = True, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    configure(level=level, as_json=as_json, mask=mask_text, stream=stream)  # type: ignore[arg-type]
    return stream


def test_a_record_is_a_json_object_with_its_fields() -> None:
    stream = _configured()
    LOG.info("Listening on %s", "http://127.0.0.1:8080", extra={"port": 8080})

    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "kube_mcp.test",
        "message": "Listening on http://127.0.0.1:8080",
        "port": 8080,
    }


def test_text_keeps_a_record_on_one_line() -> None:
    stream = _configured(as_json=False)
    LOG.warning("first\nsecond: %s", "x", extra={"port": 1})

    (line,) = stream.getvalue().splitlines()
    assert line.endswith("warning kube_mcp.test: first | second: x port=1")


@pytest.mark.parametrize("as_json", [True, False])
def test_credentials_are_masked_in_messages_fields_and_traces(as_json: bool) -> None:
    stream = _configured(as_json=as_json)
    try:
        raise ValueError("https://user:correct-horse-battery@db/")
    except ValueError:
        LOG.exception(
            "password=correct-horse-battery",
            extra={"url": "https://user:correct-horse-battery@db/"},
        )

    assert "correct-horse-battery" not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_a_field_cannot_pose_as_the_message() -> None:
    stream = _configured()
    LOG.info("real", extra={"level": "error", "time": "then", "logger": "nobody"})

    line = json.loads(stream.getvalue())
    assert (line["level"], line["message"], line["logger"]) == ("info", "real", "kube_mcp.test")


def test_less_severe_records_and_chatty_libraries_stay_silent() -> None:
    stream = _configured()
    LOG.debug("too little")
    logging.getLogger("mcp.server").info("chatter")
    logging.getLogger("mcp.server").warning("worth hearing")

    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == [
        "worth hearing"
    ]
    debug = _configured(level="debug")
    LOG.debug("everything")
    logging.getLogger("mcp.server").debug("chatter")
    assert len(debug.getvalue().splitlines()) == 2


def test_warnings_of_libraries_are_records() -> None:
    stream = _configured()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old way", DeprecationWarning, stacklevel=1)
    line = json.loads(stream.getvalue())
    assert line["logger"] == "py.warnings"
    assert "old way" in line["message"]


def test_an_endless_trace_is_cut() -> None:
    stream = _configured()
    try:
        raise ValueError("x" * 100_000)
    except ValueError:
        LOG.exception("failed")
    assert len(stream.getvalue()) < 10_000
    assert "more characters" in stream.getvalue()
