"""Request bodies, read whole before anything looks at them: small, soon, and only once."""

from __future__ import annotations

import asyncio

from kube_mcp.server.asgi import Answer, Message, Receive, Scope, header_values, json_answer

#: Bodies are a few kilobytes; who needs longer than this holds a connection on purpose.
READ_TIMEOUT_S = 20.0


async def read_body(scope: Scope, receive: Receive, *, max_bytes: int) -> bytes | Answer | None:
    """The body; or the answer to one that is too long (413) or too slow (408); or None where the
    client went away first.
    """
    declared = header_values(scope, b"content-length")
    if declared and declared[0].isdigit() and int(declared[0]) > max_bytes:
        return _too_large(max_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                body += message.get("body", b"")
                if len(body) > max_bytes:
                    return _too_large(max_bytes)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return json_answer(
            408,
            {"error": "timeout", "error_description": "The request body did not arrive in time"},
            headers=[("Connection", "close")],
        )


def replayed(body: bytes, receive: Receive) -> Receive:
    """Gives ``body`` once more, and after it whatever the connection says."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _too_large(max_bytes: int) -> Answer:
    return json_answer(
        413,
        {
            "error": "too_large",
            "error_description": f"A request body may have {max_bytes} bytes",
        },
        headers=[("Connection", "close")],
    )
