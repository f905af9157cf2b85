import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from anyio import fail_after

from kube_mcp import __version__
from kube_mcp.errors import CredentialsError, Refused, ServerFault, TimedOut, TooLarge, Unreachable
from kube_mcp.kube.connection import ClientCertificate, ClusterConfig, Impersonation
from kube_mcp.kube.credentials import Credentials, Fixed
from kube_mcp.kube.pool import Pool, open_pool
from kube_mcp.kube.transport import Request
from tests.support.wire import Answer, Wire, serving


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: they word failures differently, and the server runs on uvloop."""
    return "asyncio", {"use_uvloop": request.param}


MEGABYTE = 1024 * 1024


def get(path: str = "/version", **changes: object) -> Request:
    return Request("GET", path, **changes)  # type: ignore[arg-type]


def answering(body: bytes = b"{}", *, status: int = 200, **headers: str) -> Answer:
    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(
            body=body,
            status=status,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    return answer


@asynccontextmanager
async def pool_to(
    answer: Answer, *, credentials: Credentials | None = None, path: str = "", **config: object
) -> AsyncIterator[tuple[Pool, Wire]]:
    async with serving(answer) as wire:
        pool = Pool(
            ClusterConfig(server=wire.url + path, **config),  # type: ignore[arg-type]
            credentials or Fixed(),
        )
        try:
            yield pool, wire
        finally:
            await pool.aclose()


class Renewable:
    """Credentials whose token changes with each refresh, up to a number of times."""

    def __init__(self, *, renewals: int = 1) -> None:
        self.version = 1
        self.refreshed = 0
        self._renewals = renewals

    async def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer v{self.version}"}

    def certificate(self) -> ClientCertificate | None:
        return None

    async def refresh(self) -> bool:
        self.refreshed += 1
        if self.version > self._renewals:
            return False
        self.version += 1
        return True

    async def aclose(self) -> None:
        return


async def test_an_answer_has_a_status_lower_case_headers_and_its_body() -> None:
    async with pool_to(answering(b'{"a":1}', X_Kubernetes_Test="yes")) as (pool, wire):
        response = await pool.send(get())
        assert response.status == 200
        assert response.headers["x-kubernetes-test"] == "yes"
        assert await response.read(1000) == b'{"a":1}'
        await response.aclose()
        await response.aclose()
    assert wire.seen[0].headers["User-Agent"] == f"kube-mcp/{__version__}"
    assert "Accept-Encoding" not in wire.seen[0].headers
    assert "Content-Type" not in wire.seen[0].headers


async def test_headers_that_come_more_than_once_are_joined() -> None:
    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        response = web.Response(body=b"")
        response.headers.add("Warning", '299 - "a is deprecated"')
        response.headers.add("Warning", '299 - "b is deprecated"')
        return response

    async with pool_to(answer) as (pool, _):
        response = await pool.send(get())
        assert await response.read(10) == b""
    assert response.headers["warning"] == '299 - "a is deprecated", 299 - "b is deprecated"'


async def test_headers_and_repeated_headers_go_out_as_their_own_lines() -> None:
    async with pool_to(answering()) as (pool, wire):
        await pool.send(
            get(
                headers={"Accept": "application/json", "Impersonate-User": "ann"},
                repeated_headers=(("Impersonate-Group", "dev"), ("Impersonate-Group", "ops")),
            )
        )
    sent = wire.seen[0].headers
    assert sent["Accept"] == "application/json"
    assert sent.getall("Impersonate-Group") == ["dev", "ops"]


async def test_a_post_carries_its_body() -> None:
    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=request.content_type.encode() + b" " + await request.read())

    async with pool_to(echo) as (pool, _):
        request = Request(
            "POST", "/apis/x", body=b'{"a":1}', headers={"Content-Type": "application/json"}
        )
        response = await pool.send(request)
        assert await response.read(100) == b'application/json {"a":1}'


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/a%2Fb/pods",
        "/api/v1/pods/%2e%2e/x",
        "/api/v1/../v1/pods",
        "/api//v1/pods",
        "/api/v1/pods/a+b;c=d@e:f$g",
        "/api/v1/pods/%C3%A4?labelSelector=a%3Db%2Cc",
        "/x?labelSelector=a+in+%28b%29&limit=5",
        "/x?empty=",
    ],
)
async def test_the_target_arrives_byte_for_byte(path: str) -> None:
    async with pool_to(answering(), path="/k8s/clusters/c-1/") as (pool, wire):
        await pool.send(get(path))
    assert wire.raw_targets == [f"/k8s/clusters/c-1{path}"]


async def test_query_pairs_are_escaped() -> None:
    async with pool_to(answering()) as (pool, wire):
        await pool.send(get("/x", query=(("labelSelector", "a in (b,ü)"), ("limit", "5"))))
    assert wire.raw_targets == ["/x?labelSelector=a+in+%28b%2C%C3%BC%29&limit=5"]


@pytest.mark.parametrize(
    "path", ["/api/v1/pods#x", "/api/v1/pods x", "/ä", "/a\r\nX-Evil: 1", "/a\x00", "api/v1", ""]
)
async def test_a_path_that_is_not_escaped_is_not_sent(path: str) -> None:
    async with pool_to(answering()) as (pool, wire):
        with pytest.raises(Refused, match="not escaped"):
            await pool.send(get(path))
    assert wire.seen == []


async def test_a_header_that_would_start_another_one_is_not_sent() -> None:
    async with pool_to(answering()) as (pool, wire):
        with pytest.raises(Refused, match="cannot be sent safely"):
            await pool.send(get(headers={"Impersonate-User": "ann\r\nImpersonate-Group: x"}))
    assert wire.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    async with pool_to(answering(status=status, Location="/elsewhere")) as (pool, wire):
        response = await pool.send(get())
        assert response.status == status
    assert wire.raw_targets == ["/version"]


async def test_cookies_are_not_kept() -> None:
    async with pool_to(answering(Set_Cookie="session=1")) as (pool, wire):
        for _ in range(2):
            response = await pool.send(get())
            await response.read(10)
    assert "Cookie" not in wire.seen[1].headers


async def test_one_connection_serves_requests_that_follow_each_other() -> None:
    async with pool_to(answering()) as (pool, wire):
        for _ in range(3):
            response = await pool.send(get())
            await response.read(10)
            await response.aclose()
        ports = {request.transport.get_extra_info("peername")[1] for request in wire.seen}  # type: ignore[union-attr]
    assert len(ports) == 1


async def test_gzip_is_asked_for_and_undone_only_where_configured() -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        assert request.headers["Accept-Encoding"] == "gzip"
        return web.Response(body=gzip.compress(b"x" * 1000), headers={"Content-Encoding": "gzip"})

    async with pool_to(answer, compress=True) as (pool, _):
        response = await pool.send(get())
        assert await response.read(1000) == b"x" * 1000


# -- size ---------------------------------------------------------------------------------------


async def test_fifty_megabytes_are_read_whole_and_in_order() -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(50):
            await response.write(bytes([number]) * MEGABYTE)
        return response

    async with pool_to(answer) as (pool, _):
        response = await pool.send(get())
        body = await response.read(50 * MEGABYTE)
    assert body == b"".join(bytes([number]) * MEGABYTE for number in range(50))


async def test_a_body_announced_as_too_large_is_not_read() -> None:
    async with pool_to(answering(b"x" * 1001)) as (pool, _):
        response = await pool.send(get())
        with pytest.raises(TooLarge, match="larger than the 1000 bytes"):
            await response.read(1000)


async def test_an_endless_body_is_given_up_at_the_limit() -> None:
    gone = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        except (ConnectionError, asyncio.CancelledError):
            gone.set()
            raise

    async with pool_to(answer) as (pool, _):
        response = await pool.send(get())
        with fail_after(10):
            with pytest.raises(TooLarge):
                await response.read(MEGABYTE)
            await gone.wait()


async def test_chunks_come_as_they_arrive_and_closing_early_hangs_up() -> None:
    more, gone = asyncio.Event(), asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"one\n")
        await more.wait()
        await response.write(b"two\n")
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        return response

    async with pool_to(answer) as (pool, _):
        with fail_after(5):
            response = await pool.send(get())
            chunks = response.chunks()
            assert await anext(chunks) == b"one\n"
            more.set()
            assert await anext(chunks) == b"two\n"
            await response.aclose()
            await gone.wait()


# -- time ---------------------------------------------------------------------------------------


async def test_headers_that_never_come_end_at_the_deadline() -> None:
    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with pool_to(answer) as (pool, _):
        with fail_after(5), pytest.raises(TimedOut, match=r"not complete after 0.05 seconds"):
            await pool.send(get(timeout_s=0.05))


async def test_a_body_that_stops_ends_at_the_deadline() -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"some")
        await asyncio.Event().wait()
        raise AssertionError

    async with pool_to(answer) as (pool, _):
        with fail_after(5):
            response = await pool.send(get(timeout_s=0.2))
            with pytest.raises(TimedOut):
                await response.read(1000)


async def test_credentials_that_take_too_long_count_against_the_deadline() -> None:
    class Slow(Renewable):
        async def headers(self) -> Mapping[str, str]:
            await asyncio.Event().wait()
            raise AssertionError

    async with pool_to(answering(), credentials=Slow()) as (pool, wire):
        with fail_after(5), pytest.raises(TimedOut):
            await pool.send(get(timeout_s=0.05))
    assert wire.seen == []


async def test_cancelling_a_request_closes_its_connection() -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        arrived.set()
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        raise AssertionError

    async with pool_to(answer) as (pool, _):
        with fail_after(5):
            asking = asyncio.create_task(pool.send(get()))
            await arrived.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await gone.wait()


async def test_cancelling_a_read_closes_its_connection() -> None:
    gone = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"some")
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        return response

    async with pool_to(answer) as (pool, _):
        with fail_after(5):
            response = await pool.send(get())
            reading = asyncio.create_task(response.read(1000))
            await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            await gone.wait()


# -- what breaks --------------------------------------------------------------------------------


async def raw_server(answer: bytes) -> asyncio.Server:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(handle, "127.0.0.1", 0)


@asynccontextmanager
async def pool_to_raw(answer: bytes) -> AsyncIterator[Pool]:
    server = await raw_server(answer)
    pool = Pool(
        ClusterConfig(server=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"), Fixed()
    )
    try:
        yield pool
    finally:
        await pool.aclose()
        server.close()
        await server.wait_closed()


async def test_a_connection_closed_without_an_answer_says_so() -> None:
    async with pool_to_raw(b"") as pool:
        with pytest.raises(Unreachable, match="closed the connection before it answered"):
            await pool.send(get())


async def test_an_answer_that_breaks_off_says_so() -> None:
    async with pool_to_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") as pool:
        response = await pool.send(get())
        with pytest.raises(Unreachable, match="broke off in the middle of its answer"):
            await response.read(1000)


async def test_what_is_not_http_says_so() -> None:
    async with pool_to_raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n") as pool:
        with pytest.raises(ServerFault, match="is not HTTP as an API server speaks it"):
            await pool.send(get())


async def test_a_refused_connection_names_the_server_and_what_to_check() -> None:
    async with serving(answering()) as wire:
        server = wire.url
    pool = Pool(ClusterConfig(server=server), Fixed())
    with pytest.raises(Unreachable) as caught:
        await pool.send(get())
    await pool.aclose()
    assert str(caught.value) == (
        f"The API server {server} cannot be connected to: connection refused. "
        "Nothing listens there: check the address, and that the cluster is running."
    )


async def test_a_name_that_does_not_resolve_says_so() -> None:
    pool = Pool(ClusterConfig(server="https://api.cluster.invalid:6443"), Fixed())
    with fail_after(30), pytest.raises(Unreachable, match=r"'api.cluster.invalid' .* resolved"):
        await pool.send(get())
    await pool.aclose()


async def test_a_closed_pool_sends_nothing() -> None:
    async with pool_to(answering()) as (pool, wire):
        await pool.aclose()
        with pytest.raises(Unreachable, match="have been closed"):
            await pool.send(get())
    assert wire.seen == []


# -- signing in ---------------------------------------------------------------------------------


async def only_v2(request: web.BaseRequest) -> web.StreamResponse:
    known = request.headers.get("Authorization") == "Bearer v2"
    return web.Response(status=200 if known else 401)


async def test_after_a_401_the_credentials_are_refreshed_and_tried_once() -> None:
    credentials = Renewable()
    async with pool_to(only_v2, credentials=credentials) as (pool, wire):
        assert (await pool.send(get())).status == 200
    assert [request.headers["Authorization"] for request in wire.seen] == ["Bearer v1", "Bearer v2"]


async def test_a_401_that_stays_is_the_answer_after_one_retry() -> None:
    credentials = Renewable(renewals=100)
    async with pool_to(answering(status=401), credentials=credentials) as (pool, wire):
        assert (await pool.send(get())).status == 401
    assert len(wire.seen) == 2
    assert credentials.refreshed == 1


async def test_credentials_that_cannot_change_are_not_tried_twice() -> None:
    async with pool_to(answering(status=401)) as (pool, wire):
        response = await pool.send(get())
        assert (response.status, await response.read(10)) == (401, b"{}")
    assert len(wire.seen) == 1


async def test_credentials_that_another_request_renewed_are_not_renewed_again() -> None:
    credentials = Renewable()
    both = asyncio.Barrier(2)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers["Authorization"] == "Bearer v1":
            await both.wait()
        return await only_v2(request)

    async with pool_to(answer, credentials=credentials) as (pool, _):
        with fail_after(5):
            answers = await asyncio.gather(pool.send(get()), pool.send(get()))
    assert [answer.status for answer in answers] == [200, 200]
    assert credentials.refreshed == 1


async def test_a_refresh_that_fails_says_why() -> None:
    class Failing(Renewable):
        async def refresh(self) -> bool:
            raise CredentialsError("The plugin failed.")

    async with pool_to(answering(status=401), credentials=Failing()) as (pool, _):
        with pytest.raises(CredentialsError, match="The plugin failed"):
            await pool.send(get())


@pytest.mark.parametrize("how", ["headers", "repeated_headers"])
async def test_a_request_with_its_own_token_gets_nothing_of_ours(how: str) -> None:
    own = (
        {"headers": {"authorization": "Bearer caller"}}
        if how == "headers"
        else {"repeated_headers": (("Authorization", "Bearer caller"),)}
    )
    credentials = Renewable()
    async with pool_to(
        answering(status=401),
        credentials=credentials,
        impersonation=Impersonation("somebody", groups=("all",)),
    ) as (pool, wire):
        assert (await pool.send(get(**own))).status == 401
    assert len(wire.seen) == 1
    assert wire.seen[0].headers.getall("Authorization") == ["Bearer caller"]
    assert "Impersonate-User" not in wire.seen[0].headers
    assert credentials.refreshed == 0


async def test_a_kubeconfig_that_impersonates_does_so_with_every_field() -> None:
    impersonation = Impersonation(
        "ann", uid="u-1", groups=("dev", "ops"), extra=(("example.com/team", ("a", "b")),)
    )
    async with pool_to(answering(), impersonation=impersonation) as (pool, wire):
        await pool.send(get())
    sent = wire.seen[0].headers
    assert sent["Impersonate-User"] == "ann"
    assert sent["Impersonate-Uid"] == "u-1"
    assert sent.getall("Impersonate-Group") == ["dev", "ops"]
    assert sent.getall("Impersonate-Extra-example.com%2Fteam") == ["a", "b"]


async def test_a_caller_who_is_impersonated_replaces_the_kubeconfigs_whole() -> None:
    async with pool_to(answering(), impersonation=Impersonation("ann", groups=("admins",))) as (
        pool,
        wire,
    ):
        await pool.send(get(repeated_headers=(("Impersonate-User", "bob"),)))
    assert wire.seen[0].headers.getall("Impersonate-User") == ["bob"]
    assert "Impersonate-Group" not in wire.seen[0].headers


async def test_nothing_secret_is_in_a_repr() -> None:
    config = ClusterConfig(
        server="https://127.0.0.1:1",
        proxy_url="http://user:canary@proxy:1",
        client_certificate=ClientCertificate(certificate_pem="canary", key_pem="canary"),
    )
    pool = Pool(config, Fixed({"Authorization": "Bearer canary"}))
    assert "canary" not in repr(pool)
    await pool.aclose()


async def test_opening_a_pool_reads_and_connects_to_nothing() -> None:
    pool = open_pool(
        ClusterConfig(server="https://127.0.0.1:1", ca_file="/nonexistent"), environ={}
    )
    with pytest.raises(CredentialsError, match="/nonexistent"):
        await pool.send(get())
    await pool.aclose()
