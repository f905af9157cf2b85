"""Which web pages may call, where the proxy does not already decide that."""

from __future__ import annotations

import pytest

from kube_mcp.server.asgi import Answer, json_answer
from kube_mcp.server.cors import Cors
from tests.support.asgi import call

INSPECTOR = "http://localhost:6274"
REFUSED = json_answer(401, {"error": "x"}, headers=[("WWW-Authenticate", "Bearer")])


async def test_a_listed_page_may_read_the_challenge_of_a_refusal() -> None:
    reply = await call(Cors(REFUSED, [INSPECTOR]), headers=[("Origin", INSPECTOR)])

    assert reply.status == 401
    assert reply.header("Access-Control-Allow-Origin") == INSPECTOR
    assert reply.header("Access-Control-Expose-Headers") == (
        "WWW-Authenticate, Mcp-Session-Id, Mcp-Protocol-Version, Retry-After"
    )
    assert reply.header("Vary") == "Origin"
    assert reply.header("Access-Control-Allow-Credentials") is None


async def test_a_preflight_of_a_listed_page_is_answered_before_anything_else() -> None:
    reply = await call(
        Cors(REFUSED, [INSPECTOR]),
        "OPTIONS",
        headers=[("Origin", INSPECTOR), ("Access-Control-Request-Method", "POST")],
    )

    assert reply.status == 204
    assert reply.header("Access-Control-Allow-Methods") == "GET, POST, DELETE, OPTIONS"
    assert "Mcp-Protocol-Version" in (reply.header("Access-Control-Allow-Headers") or "")


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:6275", "https://localhost:6274", "null", "http://localhost:6274.evil"],
)
async def test_other_pages_get_nothing_that_lets_them_read(origin: str) -> None:
    app = Cors(REFUSED, [INSPECTOR])

    plain = await call(app, headers=[("Origin", origin)])
    preflight = await call(
        app, "OPTIONS", headers=[("Origin", origin), ("Access-Control-Request-Method", "POST")]
    )

    assert plain.header("Access-Control-Allow-Origin") is None
    assert preflight.status == 403
    assert preflight.header("Access-Control-Allow-Origin") is None


async def test_requests_that_come_from_no_page_are_left_alone() -> None:
    reply = await call(Cors(REFUSED, [INSPECTOR]))

    assert reply.header("Access-Control-Allow-Origin") is None
    assert reply.header("Vary") is None


async def test_the_answer_has_one_origin_even_where_the_inside_set_one() -> None:
    inside = Answer(200, ((b"access-control-allow-origin", b"*"),))

    reply = await call(Cors(inside, [INSPECTOR]), headers=[("Origin", INSPECTOR)])

    assert reply.header("Access-Control-Allow-Origin") == INSPECTOR


async def test_every_page_can_be_allowed() -> None:
    reply = await call(Cors(REFUSED, ["*"]), headers=[("Origin", "https://any.example.com")])

    assert reply.header("Access-Control-Allow-Origin") == "https://any.example.com"
