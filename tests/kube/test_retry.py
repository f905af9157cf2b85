from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest

from kube_mcp.errors import TimedOut, Unreachable
from kube_mcp.kube.retry import Retry
from kube_mcp.kube.transport import Request, Response

GET = Request("GET", "/api/v1/pods", timeout_s=30)
POST = Request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", timeout_s=30)


class Canned:
    """An answer that remembers whether it was let go of."""

    def __init__(self, status: int, **headers: str) -> None:
        self.status = status
        self.headers: Mapping[str, str] = {k.replace("_", "-"): v for k, v in headers.items()}
        self.closed = False

    async def read(self, max_bytes: int) -> bytes:
        return b""

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b""

    async def aclose(self) -> None:
        self.closed = True


class Scripted:
    """A wire that gives one answer after the other, and a clock that only waits move."""

    def __init__(self, *answers: Canned | Exception, takes_s: float = 0.0) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []
        self.waits: list[float] = []
        self.now = 0.0
        self.takes_s = takes_s
        self.open = True

    async def send(self, request: Request) -> Response:
        self.asked.append(request)
        self.now += self.takes_s
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def aclose(self) -> None:
        self.open = False

    async def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.now += seconds

    def retrying(self, *, jitter: float = 0.0) -> Retry:
        return Retry(
            self,
            jitter=lambda: jitter,
            sleep=self.sleep,
            clock=lambda: self.now,
            wall_clock=lambda: 1_800_000_000.0,
        )


def broken(cause: Exception | None = None) -> Unreachable:
    error = Unreachable("It broke.")
    error.__cause__ = cause
    return error


async def test_an_answer_is_passed_on() -> None:
    wire = Scripted(Canned(200))
    assert (await wire.retrying().send(GET)).status == 200
    assert wire.waits == []


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500, 503])
async def test_other_statuses_are_answers(status: int) -> None:
    wire = Scripted(Canned(status, retry_after="1"))
    assert (await wire.retrying().send(GET)).status == status


@pytest.mark.parametrize("request_", [GET, POST], ids=["GET", "POST"])
async def test_after_a_429_it_waits_as_long_as_it_was_told(request_: Request) -> None:
    refused = Canned(429, retry_after="2")
    wire = Scripted(refused, Canned(200))
    assert (await wire.retrying().send(request_)).status == 200
    assert wire.waits == [2.0]
    assert refused.closed


async def test_retry_after_may_be_a_date() -> None:
    at = format_datetime(datetime.fromtimestamp(1_800_000_000, UTC) + timedelta(seconds=3))
    wire = Scripted(Canned(429, retry_after=at), Canned(200))
    await wire.retrying().send(GET)
    assert wire.waits == [3.0]


@pytest.mark.parametrize("after", ["", "soon", "-1", "1.5"])
async def test_without_a_usable_retry_after_the_waits_double(after: str) -> None:
    wire = Scripted(*(Canned(429, retry_after=after) for _ in range(3)), Canned(200))
    assert (await wire.retrying().send(GET)).status == 200
    assert wire.waits == [0.2, 0.4, 0.8]


async def test_the_fourth_429_is_the_answer() -> None:
    wire = Scripted(*(Canned(429, retry_after="1") for _ in range(4)))
    last = await wire.retrying().send(GET)
    assert isinstance(last, Canned)
    assert (last.status, last.closed) == (429, False)
    assert len(wire.asked) == 4


async def test_waits_are_stretched_so_that_not_all_come_back_together() -> None:
    wire = Scripted(Canned(429, retry_after="2"), Canned(200))
    await wire.retrying(jitter=0.5).send(GET)
    assert wire.waits == [2.5]


async def test_where_the_deadline_comes_first_the_429_is_the_answer() -> None:
    wire = Scripted(Canned(429, retry_after="30"))
    answer = await wire.retrying().send(GET)
    assert isinstance(answer, Canned)
    assert (answer.status, answer.closed) == (429, False)
    assert wire.waits == []


async def test_all_tries_share_one_deadline() -> None:
    wire = Scripted(
        Canned(429, retry_after="2"), Canned(429, retry_after="3"), Canned(200), takes_s=1
    )
    await wire.retrying().send(GET)
    assert [request.timeout_s for request in wire.asked] == [30, 27, 23]


async def test_a_read_that_met_a_broken_connection_is_tried_again() -> None:
    wire = Scripted(broken(), broken(aiohttp.ServerDisconnectedError()), Canned(200))
    assert (await wire.retrying().send(GET)).status == 200
    assert wire.waits == [0.2, 0.4]


async def test_a_post_that_met_a_broken_connection_is_not() -> None:
    wire = Scripted(broken())
    with pytest.raises(Unreachable):
        await wire.retrying().send(POST)


async def test_the_fourth_broken_connection_is_the_answer() -> None:
    wire = Scripted(*(broken() for _ in range(4)))
    with pytest.raises(Unreachable):
        await wire.retrying().send(GET)
    assert len(wire.asked) == 4


async def test_a_broken_connection_close_to_the_deadline_is_the_answer() -> None:
    wire = Scripted(broken(), takes_s=29.9)
    with pytest.raises(Unreachable):
        await wire.retrying().send(GET)


async def test_what_will_fail_again_is_not_tried_again() -> None:
    key = aiohttp.client_reqrep.ConnectionKey("h", 443, True, True, None, None, None)
    for cause in (
        aiohttp.ClientConnectorCertificateError(key, ValueError("unknown authority")),
        aiohttp.ClientConnectorDNSError(key, OSError(-2, "unknown")),
    ):
        wire = Scripted(broken(cause))
        with pytest.raises(Unreachable):
            await wire.retrying().send(GET)


async def test_a_deadline_that_passed_is_not_tried_again() -> None:
    wire = Scripted(TimedOut("Too late."))
    with pytest.raises(TimedOut):
        await wire.retrying().send(GET)


async def test_closing_closes_the_wire() -> None:
    wire = Scripted()
    await wire.retrying().aclose()
    assert not wire.open
