"""How a call that went wrong is told: to the model in a sentence, to operators in a code."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import mcp_types as types
from mcp import MCPError

from kube_mcp.errors import InputError, KubeMcpError, NotFound, suggest
from kube_mcp.kube.paths import shown

logger = logging.getLogger(__name__)

#: Some clients show the model only this much of an error.
MAX_ERROR_CHARS = 4_000


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong: ``code`` for metrics and the audit trail, ``sentence`` for the model.

    ``error_id`` is set where the sentence says nothing and the log everything.
    """

    code: str
    sentence: str
    error_id: str = ""


def failure(error: Exception, *, doing: str) -> Failure:
    """The failure that ``error`` is. One that nobody foresaw is logged here, under an id."""
    if isinstance(error, KubeMcpError):
        sentence = str(error)
        if len(sentence) > MAX_ERROR_CHARS:
            sentence = f"{sentence[:MAX_ERROR_CHARS]}... (cut)"
        return Failure(error.code, sentence)
    error_id = secrets.token_hex(4)
    logger.error(
        "%s failed unexpectedly (error id %s)", doing, error_id, exc_info=error,
        extra={"errorId": error_id},
    )  # fmt: skip
    return Failure(
        "crashed",
        f"{doing} failed because of a fault in this server, not in the request (error id"
        f" {error_id}). The server's log has the details under that id.",
        error_id,
    )


def protocol_error(error: KubeMcpError, *, data: Mapping[str, str] | None = None) -> MCPError:
    """The JSON-RPC error for what is not a tool's answer.

    What the request itself is to blame for, an address that leads nowhere included, is -32602;
    the rest -32603. ``data`` repeats what was asked for, where the protocol wants that.
    """
    wrong_request = error.code in (InputError.code, NotFound.code)
    code = types.INVALID_PARAMS if wrong_request else types.INTERNAL_ERROR
    return MCPError(code, str(error)[:MAX_ERROR_CHARS], dict(data) if data else None)


def unknown_name(what: str, name: str, known: tuple[str, ...]) -> MCPError:
    """-32602 for a tool or prompt that does not exist, with the nearest names."""
    hint = suggest(name[:200], known)
    return MCPError(types.INVALID_PARAMS, f"There is no {what} '{shown(name)}'. {hint}".rstrip())
