"""The last limit on an answer's size, whatever produced it."""

from __future__ import annotations

#: Clients cut, or write to a file, what is longer than 50,000 characters. A byte is at least a
#: character's share, so this holds in characters too.
HARD_CAP_BYTES = 48_000

_ROOM_FOR_THE_NOTE = 200


def bounded(text: str, max_bytes: int) -> str:
    """``text``, or as many whole lines of it as fit in ``max_bytes``, and a line that says so."""
    limit = min(max_bytes, HARD_CAP_BYTES)
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        # Decoded again, because half a character pair would fail when the answer is sent.
        return raw.decode()
    room = limit - _ROOM_FOR_THE_NOTE
    end = raw.rfind(b"\n", 0, room + 1)
    # One endless line is cut inside, but not inside a character.
    kept = raw[: end if end > room // 2 else room].decode("utf-8", "ignore")
    return (
        f"{kept}\n[Cut: {len(kept.encode()):,} of {len(raw):,} bytes are shown."
        " Ask for less: narrow the request, or set a lower limit.]"
    )
