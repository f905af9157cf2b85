"""The edge's small parts on their own: progress, pages, bounds, doors, exposure, readiness."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from kube_mcp.errors import InputError, Unreachable
from kube_mcp.server.bounds import bounded
from kube_mcp.server.doors import Doors, is_loopback
from kube_mcp.server.exposure import exposure_problem
from kube_mcp.server.instructions import instructions
from kube_mcp.server.paging import page
from kube_mcp.server.progress import Progress
from kube_mcp.server.protocol import MAX_INSTRUCTIONS_BYTES
from kube_mcp.server.readiness import Problem, Readiness


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_progress_passes_on_at_most_five_a_second() -> None:
    told: list[float] = []
    clock = Clock()

    async def send(done: float, total: float | None, message: str | None) -> None:
        told.append(done)

    progress = Progress(send, monotonic=clock)
    for step in range(1, 101):
        await progress(float(step), 100.0, "")
        clock.now += 0.0625
    assert told[:3] == [1.0, 5.0, 9.0]
    assert len(told) == 25


async def test_progress_never_goes_backwards_and_hides_a_total_that_proved_wrong() -> None:
    told: list[tuple[float, float | None]] = []
    clock = Clock()

    async def send(done: float, total: float | None, message: str | None) -> None:
        told.append((done, total))

    progress = Progress(send, monotonic=clock)
    for done, total in ((5.0, 10.0), (5.0, 10.0), (3.0, 10.0), (12.0, 10.0)):
        await progress(done, total, "")
        clock.now += 1
    assert told == [(5.0, 10.0), (12.0, None)]


async def test_a_slow_client_holds_no_read_up_and_nothing_follows_the_answer() -> None:
    told: list[float] = []
    clock = Clock()
    let_go = asyncio.Event()

    async def send(done: float, total: float | None, message: str | None) -> None:
        told.append(done)
        await let_go.wait()

    progress = Progress(send, monotonic=clock)
    first = asyncio.create_task(progress(1.0, None, ""))
    await asyncio.sleep(0)
    clock.now += 1
    await progress(2.0, None, "")  # returns although the first is still being sent
    let_go.set()
    await first
    progress.close()
    clock.now += 1
    await progress(3.0, None, "")
    assert told == [1.0]


def test_pages_follow_each_other_to_the_end() -> None:
    names = [f"n{number}" for number in range(7)]
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        chosen, cursor = page(names, cursor, key=str, size=3)
        seen += chosen
    assert seen == names
    assert cursor is None


@pytest.mark.parametrize("cursor", ["", "%%%", "bm9wZQ", "é", "A" * 5_000])
def test_a_cursor_that_was_never_given_is_refused(cursor: str) -> None:
    with pytest.raises(InputError, match="not one of this list"):
        page(["a", "b"], cursor, key=str)


def test_a_text_that_fits_is_left_alone() -> None:
    assert bounded("é\nb", 4) == "é\nb"


def test_one_endless_line_is_cut_between_characters() -> None:
    cut = bounded("é" * 10_000, 1_001)
    first, note = cut.split("\n")
    assert set(first) == {"é"}
    assert note.startswith("[Cut: ")
    assert len(cut.encode()) <= 1_001


def test_what_cannot_be_encoded_is_replaced_before_it_breaks_an_answer() -> None:
    assert bounded("a\ud800b", 100).encode() == b"a?b"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True),
        ("localhost", True), ("LOCALHOST", True), ("0.0.0.0", False), ("::", False),
        ("10.0.0.1", False), ("kube-mcp", False), ("", False), ("localhost.example.com", False),
    ],
)  # fmt: skip
def test_listening_where_others_reach_it_needs_sign_in_or_a_word(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
    assert exposure_problem(host, authenticated=True, allow=False) == ""
    assert exposure_problem(host, authenticated=False, allow=True) == ""
    said = exposure_problem(host, authenticated=False, allow=False)
    assert ("nobody has to sign in" in said) is not loopback
    assert ("--insecure-no-auth" in said) is not loopback


def test_two_host_headers_are_one_too_many() -> None:
    scope = {"headers": [(b"host", b"localhost"), (b"host", b"localhost")]}
    refused = Doors().refuse(scope)
    assert refused is not None
    assert refused.status == 421


@pytest.mark.parametrize(
    "names", [(), ("one",), tuple(f"cluster-{n}" for n in range(900)), ("x" * 5_000, "y")]
)
def test_the_instructions_are_never_cut(names: Sequence[str]) -> None:
    assert len(instructions(cluster_names=names).encode()) < MAX_INSTRUCTIONS_BYTES


async def test_many_probes_are_one_check() -> None:
    checks = 0
    open_it = asyncio.Event()

    async def check() -> Sequence[Problem]:
        nonlocal checks
        checks += 1
        await open_it.wait()
        return ()

    clock = Clock()
    readiness = Readiness(check, monotonic=clock)
    probes = [asyncio.create_task(readiness.problems()) for _ in range(10)]
    await asyncio.sleep(0)
    probes[0].cancel()  # one that gives up takes nothing away from the others
    open_it.set()
    assert set(await asyncio.gather(*probes[1:])) == {()}
    assert checks == 1
    clock.now += 1.9
    await readiness.problems()
    assert checks == 1
    clock.now += 0.2
    await readiness.problems()
    assert checks == 2


async def test_a_check_that_hangs_or_fails_is_a_problem_and_not_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def hang() -> Sequence[Problem]:
        await asyncio.Event().wait()
        return ()

    async def refuse() -> Sequence[Problem]:
        raise Unreachable("10.0.0.1:6443 cannot be reached.")

    async def crash() -> Sequence[Problem]:
        raise ZeroDivisionError

    heard: list[bool] = []
    for check, code in ((hang, "timed_out"), (refuse, "unreachable"), (crash, "crashed")):
        readiness = Readiness(check, timeout_s=0.01, on_result=heard.append)
        (problem,) = await readiness.problems()
        assert problem.code == code
    assert heard == [False, False, False]
    assert "10.0.0.1:6443 cannot be reached." in caplog.text


async def test_a_check_still_running_at_the_end_is_given_up() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def check() -> Sequence[Problem]:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return ()

    readiness = Readiness(check, timeout_s=60)
    probe = asyncio.create_task(readiness.problems())
    await started.wait()
    probe.cancel()
    await readiness.aclose()
    assert cancelled.is_set()
