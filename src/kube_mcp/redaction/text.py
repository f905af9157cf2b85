"""Text that comes from the cluster: logs, events, error messages, cells of a table, config files."""

from __future__ import annotations

from collections.abc import Sequence

from kube_mcp.redaction.assignments import find_assigned
from kube_mcp.redaction.characters import clean_text
from kube_mcp.redaction.commands import find_command_credentials
from kube_mcp.redaction.patterns import find_credentials, holds_credential
from kube_mcp.redaction.pem import MARKS, find_private_keys
from kube_mcp.redaction.sentences import find_told
from kube_mcp.redaction.spans import Span
from kube_mcp.redaction.values import is_base64, mask

__all__ = ["clean_text", "mask_lines", "mask_text"]


#: No credential and no name of one is shorter, together with its value.
_SHORTEST = 5
#: `a:b@c=1` in base64; what is shorter holds no name with a value.
_SHORTEST_ENCODED = 16
# Marks the lines of a block that was masked as one; `clean_text` lets no such character in.
_SWALLOWED = "\x00"


def mask_text(text: str) -> str:
    """``text`` cleaned, and with ``<masked: 24 chars>`` where a credential was.

    Give it the whole of what belongs together: a private key is recognised by its first and last
    line. Masking what is masked changes nothing.
    """
    return _masked(clean_text(text), keep_lines=False)


def mask_lines(lines: Sequence[str]) -> list[str | None]:
    """`mask_text` for lines that must keep their places, such as those of a log.

    None stands for a line that was masked together with the one before it.
    """
    whole = _masked(
        "\n".join(clean_text(line).replace("\n", " ") for line in lines), keep_lines=True
    )
    return [None if line.startswith(_SWALLOWED) else line for line in whole.split("\n")][
        : len(lines)
    ]


def _masked(text: str, *, keep_lines: bool) -> str:
    if len(text) < _SHORTEST:
        return text
    if (
        len(text) >= _SHORTEST_ENCODED
        and not text.islower()  # names are, and base64 of a text never is
        and is_base64(text)
        and holds_credential(text)
    ):
        return mask(text)
    if MARKS[0] in text or MARKS[1] in text:
        text = _replaced(text, find_private_keys(text), keep_lines=keep_lines)
    text = _replaced(text, find_credentials(text), keep_lines=keep_lines)
    text = _replaced(text, find_assigned(text), keep_lines=keep_lines)
    several = " " in text or "\n" in text or "\t" in text  # a command or a sentence has words
    if several:
        text = _replaced(text, find_command_credentials(text), keep_lines=keep_lines)
    if several or "@" in text or '"' in text:
        text = _replaced(text, find_told(text), keep_lines=keep_lines)
    return text


def _replaced(text: str, spans: list[Span], *, keep_lines: bool) -> str:
    if not spans:
        return text
    pieces: list[str] = []
    done = 0
    for start, end in spans:
        pieces += (text[done:start], mask(text[start:end]))
        if keep_lines:
            pieces.append(f"\n{_SWALLOWED}" * text.count("\n", start, end))
        done = end
    pieces.append(text[done:])
    return "".join(pieces)
