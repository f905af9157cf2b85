"""Requests that two parsers could read differently: refused on the wire, before anybody is known.

The whole product behind the HTTP server it runs with, spoken to in bytes. Every request carries a
good token, so that only the smuggling can be the reason for a refusal.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.support.issuer import FakeIssuer
from tests.support.raw_http import connection
from tests.support.whole import Whole, whole

BODY = b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}'
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def request(*lines: str, body: bytes = BODY, length: bool = True, close: bool = True) -> bytes:
    head = [
        "POST /mcp HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        "Accept: application/json, text/event-stream",
        "MCP-Protocol-Version: 2025-06-18",
        *lines,
    ]
    if length:
        head.append(f"Content-Length: {len(body)}")
    if close:
        head.append("Connection: close")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


async def statuses(server: Whole, data: bytes) -> list[int]:
    """The status of every answer until the server hangs up."""
    async with connection(server.port) as (reader, writer):
        writer.write(data)
        async with asyncio.timeout(10):
            answers = await reader.read()
    return [int(status) for status in STATUS.findall(answers)]


def crafted(good: str) -> dict[str, tuple[bytes, list[int]]]:
    sign_in = f"Authorization: Bearer {good}"
    inner = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    chunk = b"%x\r\n%s\r\n" % (len(BODY), BODY)
    return {
        "nothing smuggled": (request(sign_in), [200]),
        "a name in other capitals": (request(f"aUTHORIZATION: bEARER {good}"), [200]),
        "a folded credential": (request(f"Authorization: Bearer\r\n {good}"), [400]),
        "a header folded into another": (request(sign_in, "X: a\r\n Impersonate-User: b"), [400]),
        "a blank before the colon": (request(f"Authorization : Bearer {good}"), [400]),
        "a line feed alone": (request(sign_in, "X: a\nImpersonate-User: b"), [400]),
        "a carriage return alone": (request(sign_in, "X: a\rImpersonate-User: b"), [400]),
        "a null byte in a value": (request(sign_in, "X: a\0b"), [400]),
        "impersonation": (request(sign_in, "Impersonate-User: b"), [400]),
        "impersonation with an underscore": (request(sign_in, "impersonate_group: b"), [400]),
        "the credential twice": (request(sign_in, "AUTHORIZATION: Bearer x"), [400]),
        "two credentials in one line": (request(f"{sign_in}, Bearer x"), [400]),
        "a credential for a proxy": (request(f"Proxy-Authorization: Bearer {good}"), [401]),
        "two lengths": (request(sign_in, "Content-Length: 5"), [400]),
        "a length and chunks": (
            request(sign_in, "Transfer-Encoding: chunked", body=b"0\r\n\r\n" + inner), [400],
        ),
        "an unknown encoding": (
            request(sign_in, "Transfer-Encoding: xchunked", length=False), [400],
        ),
        "impersonation behind the body": (
            request(sign_in, "Transfer-Encoding: chunked", "Trailer: Impersonate-User",
                    body=chunk + b"0\r\nImpersonate-User: b\r\n\r\n", length=False), [400],
        ),
        "two hosts": (request(sign_in, "Host: evil.example.com"), [421]),
        "another request behind it, without a token": (
            request(sign_in, close=False) + request(), [200, 401],
        ),
        "another request before it, without a token": (
            request(close=False) + request(sign_in), [401, 200],
        ),
        "another protocol": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]),
        "a tunnel": (b"CONNECT x:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", [400]),
    }  # fmt: skip


async def test_no_request_is_read_in_two_ways(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeIssuer() as issuer, whole(issuer, tmp_path, capsys) as server:
        cases = crafted(issuer.token())
        came = {name: await statuses(server, data) for name, (data, _) in cases.items()}

    assert came == {name: expected for name, (_, expected) in cases.items()}
