"""Logs as bounded streams: of any size, with endless lines, and broken off."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator, Callable

import pytest

from kube_mcp.errors import NotFound, TimedOut, Unreachable
from kube_mcp.kube.client import Client
from kube_mcp.kube.logs import MAX_LINE_BYTES, LogQuery, read_log
from kube_mcp.kube.transport import Request, Response
from kube_mcp.snapshots.responses import BytesResponse

QUERY = LogQuery("shop", "web-1", "app")
STAMP = "2026-11-24T11:00:00.000000000Z "

Chunks = Callable[[], AsyncIterator[bytes]]


class Stream:
    """A transport whose every answer is a log that arrives in the given pieces."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self.requests: list[Request] = []
        self.closed = 0

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        return _Streamed(self)

    async def aclose(self) -> None:
        """Nothing is open."""


class _Streamed:
    status = 200
    headers: dict[str, str] = {}  # noqa: RUF012 - the protocol's own shape

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int) -> bytes:
        raise AssertionError("a log is never read whole")

    def chunks(self) -> AsyncIterator[bytes]:
        return self._stream._chunks()

    async def aclose(self) -> None:
        self._stream.closed += 1


def of(*pieces: bytes, then: Exception | None = None) -> Stream:
    """A log in these pieces, which may then break off."""

    async def chunks() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
        if then is not None:
            raise then

    return Stream(chunks)


async def test_lines_are_put_together_across_pieces_and_lose_their_stamp() -> None:
    stream = of(STAMP.encode() + b"one\n2026-11-24T11:", b"00:01Z two\nno stamp\n\n", b"last")
    read = await read_log(Client(stream), QUERY, keep=10)
    assert read.lines == [
        ("2026-11-24T11:00:00.000000000Z", "one"),
        ("2026-11-24T11:00:01Z", "two"),
        ("", "no stamp"),
        ("", ""),
        ("", "last"),
    ]
    assert (read.seen, read.matched, read.cut) == (5, 5, "")
    assert stream.closed == 1


async def test_only_the_newest_lines_are_kept_and_all_are_counted() -> None:
    stream = of(*(f"line {number}\n".encode() for number in range(1000)))
    read = await read_log(
        Client(stream), QUERY, keep=3,
        sift=lambda lines: [line.upper() if "9" in line else None for line in lines],
    )  # fmt: skip
    assert [text for _, text in read.lines] == ["LINE 997", "LINE 998", "LINE 999"]
    assert (read.seen, read.matched) == (1000, 271)


async def test_fifty_megabytes_pass_through_little_memory() -> None:
    chunk = (STAMP + "GET /items 200 " + "x" * 4000 + "\n").encode() * 16

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50 * 1024 * 1024 // len(chunk)):
            yield chunk

    tracemalloc.start()
    try:
        read = await read_log(Client(Stream(chunks)), QUERY, keep=500, max_kept_bytes=100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read.bytes_read > 49 * 1024 * 1024
    assert len(read.lines) <= 500
    assert peak < 4 * 1024 * 1024


async def test_a_line_without_an_end_is_cut_and_its_rest_is_not_held() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield b"x" * 65_536
        yield b"\nnext\n"

    tracemalloc.start()
    try:
        read = await read_log(Client(Stream(chunks)), QUERY, keep=10)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    first, second = (text for _, text in read.lines)
    assert first == "x" * MAX_LINE_BYTES + " …(cut: longer than 16 KiB)"
    assert second == "next"
    assert peak < 4 * 1024 * 1024


async def test_a_line_is_cut_between_words_so_that_no_half_of_a_token_is_left() -> None:
    token = "ghp_" + "q7Rz2LmX9vTb4KcW8nYd3HsJ6gPf1AeU5oQi"
    start = "word " * (MAX_LINE_BYTES // 5 - 2)
    read = await read_log(Client(of(f"{start}{token} end\n".encode())), QUERY, keep=10)
    ((_, text),) = read.lines
    assert text == start + " …(cut: longer than 16 KiB)"


async def test_more_than_the_limit_is_not_read_and_said() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b"line\n" * 10_000

    stream = Stream(chunks)
    read = await read_log(Client(stream), QUERY, keep=10, max_read_bytes=1024 * 1024)
    assert "only the oldest 1 MiB" in read.cut
    assert stream.closed == 1


@pytest.mark.parametrize(
    "broken", [Unreachable("The connection broke."), TimedOut("No more came in 30 s.")]
)
async def test_a_stream_that_breaks_off_gives_what_came_and_says_so(broken: Exception) -> None:
    stream = of(b"one\ntwo\nthr", then=broken)
    read = await read_log(Client(stream), QUERY, keep=10)
    assert [text for _, text in read.lines] == ["one", "two"]
    assert read.cut.startswith("reading stopped after 2 lines: ")
    assert stream.closed == 1


async def test_a_log_that_cannot_be_opened_is_an_error() -> None:
    class Missing(Stream):
        async def send(self, request: Request) -> Response:
            body = b'{"kind":"Status","reason":"NotFound","message":"pods \\"web-1\\" not found"}'
            return BytesResponse(404, {}, body)

    with pytest.raises(NotFound, match='"web-1" not found'):
        await read_log(Client(Missing(of()._chunks)), QUERY, keep=10)


async def test_what_is_asked_for_is_asked_of_the_server() -> None:
    stream = of()
    query = LogQuery("shop", "web-1", "app", tail=5, since_s=60, previous=True)
    await read_log(Client(stream), query, keep=5)
    assert stream.requests[0].target == (
        "/api/v1/namespaces/shop/pods/web-1/log?container=app&tailLines=5&sinceSeconds=60"
        "&previous=true&timestamps=true"
    )


async def test_bytes_that_are_no_text_do_not_end_the_reading() -> None:
    read = await read_log(Client(of(b"\xff\xfe\x00ok\nnext\r\n")), QUERY, keep=5)
    assert [text for _, text in read.lines] == ["\ufffd\ufffd\x00ok", "next"]
