"""Logs as a bounded stream of lines, newest kept: of containers, and of nodes (`kubelet`).

A log can be any size. It is read as it arrives and only the newest lines that fit are held, so the
memory used is the limit given and never the size of the log.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from kube_mcp.errors import TimedOut, Unreachable
from kube_mcp.kube.client import Client
from kube_mcp.kube.transport import Response

#: A line longer than this is cut where it arrives: some programs print a document on one line.
MAX_LINE_BYTES = 16 * 1024

#: Read no more than this of one container's log for one answer. 64 MiB is some 400,000 lines; the
#: answer says when it was not enough.
MAX_READ_BYTES = 64 * 1024 * 1024


#: A word longer than this is cut too: a document in base64, and no token.
_LONGEST_WORD = 4096
_BETWEEN_WORDS = re.compile(rb"[\s\"',;&]([^\s\"',;&]*)\Z")
_CUT = f" …(cut: longer than {MAX_LINE_BYTES // 1024} KiB)".encode()


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which part of which log. ``tail`` counts lines; ``since_s`` and ``since_time`` exclude each
    other (the kubelet refuses both); ``previous`` is the container's run before the last restart.
    """

    namespace: str
    pod: str
    container: str
    tail: int | None = None
    since_s: int | None = None
    since_time: str = ""
    previous: bool = False

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The query as the API server wants it; timestamps always, to merge and to sort by."""
        pairs = (
            ("container", self.container),
            ("tailLines", "" if self.tail is None else str(self.tail)),
            ("sinceSeconds", "" if self.since_s is None else str(self.since_s)),
            ("sinceTime", self.since_time),
            ("previous", "true" if self.previous else ""),
            ("timestamps", "true"),
        )
        return tuple((key, value) for key, value in pairs if value)


@dataclass
class LogRead:
    """What came of reading one log.

    ``lines`` are (timestamp, text), oldest first: the newest ``keep`` of those that ``sift``
    let pass. ``seen`` counts all lines read, ``matched`` those that passed. ``cut`` says, as half
    a sentence, why the log was not read to its end; empty where it was.
    """

    lines: list[tuple[str, str]] = field(default_factory=list)
    seen: int = 0
    matched: int = 0
    bytes_read: int = 0
    cut: str = ""

    def leave_out(self, oldest: int, *, masked: Sequence[str | None], unasked: bool) -> None:
        """Put the ``masked`` texts in place, None for a line to drop, and forget the oldest lines.

        ``unasked`` says that those were read beyond what was asked for, so they do not count.
        """
        first = max(0, oldest)
        self.lines = [
            (stamp, text)
            for (stamp, _), text in zip(self.lines[first:], masked[first:], strict=True)
            if text is not None
        ]
        if unasked:
            self.seen -= first
            self.matched -= first


async def read_log(
    client: Client,
    query: LogQuery,
    *,
    keep: int,
    sift: Callable[[Sequence[str]], Sequence[str | None]] | None = None,
    skips: Callable[[str], bool] | None = None,
    max_kept_bytes: int = 1024 * 1024,
    max_read_bytes: int = MAX_READ_BYTES,
    timeout_s: float = 30.0,
) -> LogRead:
    """The newest ``keep`` lines that ``sift`` lets pass, within ``max_kept_bytes``.

    ``sift`` is given the lines as they arrive, many at a time and all in order, and says of each
    what is kept of it, or None. ``skips`` is asked before of the same lines as one text, with
    their timestamps, and says whether none of them can be wanted: looking at a million lines one
    by one takes far longer than looking for a word in them.
    Raises `ClusterError` where the log cannot be opened; where it breaks off half way, what was
    read is returned and ``cut`` says so.
    """
    response = await client.open_log(
        query.namespace, query.pod, query=query.pairs(), timeout_s=timeout_s
    )
    return await collect(
        response, keep=keep, sift=sift, skips=skips, max_kept_bytes=max_kept_bytes,
        max_read_bytes=max_read_bytes,
    )  # fmt: skip


async def collect(
    response: Response,
    *,
    keep: int,
    sift: Callable[[Sequence[str]], Sequence[str | None]] | None = None,
    skips: Callable[[str], bool] | None = None,
    max_kept_bytes: int = 1024 * 1024,
    max_read_bytes: int = MAX_READ_BYTES,
) -> LogRead:
    """What ``read_log`` returns, from a response that is already open; it is closed here."""
    kept: deque[tuple[str, str]] = deque()
    kept_bytes = 0
    read = LogRead()
    try:
        async for block in _blocks(response.chunks(), read, max_read_bytes):
            if skips is not None and skips(block.decode("utf-8", "replace")):
                read.seen += block.count(b"\n") + (not block.endswith(b"\n"))
                continue
            lines = [
                _split(_within_limit(raw).decode("utf-8", "replace"))
                for raw in block.removesuffix(b"\n").split(b"\n")
            ]
            read.seen += len(lines)
            if sift is not None:
                passed = sift([text for _, text in lines])
                lines = [
                    (stamp, text)
                    for (stamp, _), text in zip(lines, passed, strict=True)
                    if text is not None
                ]
                # A fast stream never waits, and sifting is slow: others have their turn here.
                await asyncio.sleep(0)
            for stamp, text in lines:
                read.matched += 1
                kept.append((stamp, text))
                kept_bytes += len(text)
                while kept and (len(kept) > keep or kept_bytes > max_kept_bytes):
                    kept_bytes -= len(kept.popleft()[1])
    except (TimedOut, Unreachable) as error:
        read.cut = f"reading stopped after {read.seen} lines: {error.message.rstrip('.').lower()}"
    finally:
        await response.aclose()
    read.lines = list(kept)
    return read


async def _blocks(
    chunks: AsyncIterator[bytes], read: LogRead, max_read_bytes: int
) -> AsyncIterator[bytes]:
    """Whole lines as they arrive, many at a time; the last one may lack its line break."""
    rest = b""
    async for chunk in chunks:
        read.bytes_read += len(chunk)
        whole, broken, after = (rest + chunk).rpartition(b"\n")
        if broken:
            yield whole + broken
        # Hold the start of an endless line, not all of it.
        rest = after[: MAX_LINE_BYTES + 1]
        if read.bytes_read >= max_read_bytes:
            read.cut = (
                f"only the oldest {max_read_bytes // 1024**2} MiB of what was asked for were "
                "read; a shorter time (since) reaches the newer lines"
            )
            return
    if rest:
        yield rest


def _within_limit(raw: bytes) -> bytes:
    """The start of a line that is too long, up to the end of a word: half a token in it could no
    longer be told for one, and would not be masked.
    """
    if len(raw) <= MAX_LINE_BYTES:
        return raw
    kept = raw[:MAX_LINE_BYTES]
    end = _BETWEEN_WORDS.search(kept, MAX_LINE_BYTES - _LONGEST_WORD)
    return (kept[: end.start(1)] if end else kept) + _CUT


def _split(line: str) -> tuple[str, str]:
    """``2026-11-23T10:00:00.000000000Z text`` as its two parts; a line without a stamp keeps all."""
    stamp, space, text = line.partition(" ")
    if space and len(stamp) >= 20 and stamp[4:5] == "-" and stamp[10:11] == "T":
        return stamp, text.rstrip("\r")
    return "", line.rstrip("\r")
