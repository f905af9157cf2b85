import base64
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from kube_mcp.errors import CredentialsError, Unreachable
from kube_mcp.kube.connection import ClientCertificate, ClusterConfig
from kube_mcp.kube.credentials import Fixed
from kube_mcp.kube.pool import Pool
from kube_mcp.kube.tls import Tls
from kube_mcp.kube.transport import Request
from tests.support.certificates import Authority, Pair, server_context
from tests.support.wire import serving


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: they word TLS failures differently, and the server runs on uvloop."""
    return "asyncio", {"use_uvloop": request.param}


AUTHORITY = Authority()
HERE = AUTHORITY.issue("api", hosts=("127.0.0.1", "kubernetes.default.svc"))
CLIENT = AUTHORITY.issue("ann", organisation="dev")
VERSION = Request("GET", "/version", timeout_s=10)


async def who(request: web.BaseRequest) -> web.StreamResponse:
    """Answers with the common name of the client's certificate."""
    assert request.transport is not None
    shown = request.transport.get_extra_info("peercert") or {}
    names = {key: value for part in shown.get("subject", ()) for key, value in part}
    return web.json_response({"user": names.get("commonName", "")})


@asynccontextmanager
async def pool_to(
    pair: Pair,
    folder: Path,
    *,
    clients_from: Authority | None = None,
    clock: object = None,
    **config: object,
) -> AsyncIterator[Pool]:
    tls = server_context(pair, folder, clients_from=clients_from)
    async with serving(who, tls=tls) as wire:
        settings = ClusterConfig(**{"server": wire.url, "ca_pem": AUTHORITY.pem} | config)  # type: ignore[arg-type]
        pool = Pool(
            settings,
            Fixed(certificate=settings.client_certificate),
            tls=Tls(settings, clock=clock) if clock else None,  # type: ignore[arg-type]
        )
        try:
            yield pool
        finally:
            await pool.aclose()


async def user(pool: Pool) -> str:
    response = await pool.send(VERSION)
    return (await response.read(1000)).decode()


async def problem(pool: Pool) -> str:
    with pytest.raises(Unreachable) as caught:
        await pool.send(VERSION)
    return str(caught.value)


async def test_a_server_of_the_clusters_own_authority_is_trusted(tmp_path: Path) -> None:
    async with pool_to(HERE, tmp_path) as pool:
        assert await user(pool) == '{"user": ""}'


async def test_an_authority_in_a_file_is_trusted_too(tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    ca.write_text(AUTHORITY.pem)
    async with pool_to(HERE, tmp_path, ca_file=str(ca), ca_pem="") as pool:
        assert await user(pool) == '{"user": ""}'


async def test_an_authority_without_modern_extensions_is_trusted(tmp_path: Path) -> None:
    old = Authority("kubernetes", bare=True)
    pair = old.issue("api", hosts=("127.0.0.1",))
    async with pool_to(pair, tmp_path, ca_pem=old.pem) as pool:
        assert await user(pool) == '{"user": ""}'


async def test_the_servers_own_certificate_can_be_the_anchor(tmp_path: Path) -> None:
    async with pool_to(HERE, tmp_path, ca_pem=HERE.certificate) as pool:
        assert await user(pool) == '{"user": ""}'


async def test_an_expired_certificate_says_so(tmp_path: Path) -> None:
    pair = AUTHORITY.issue(
        "api", hosts=("127.0.0.1",), starts=timedelta(hours=-2), lives=timedelta(hours=-1)
    )
    async with pool_to(pair, tmp_path) as pool:
        said = await problem(pool)
    assert "has expired. Renew it on the server" in said
    assert said.startswith("The certificate of the API server https://127.0.0.1:")


async def test_a_certificate_of_the_future_points_to_the_clocks(tmp_path: Path) -> None:
    pair = AUTHORITY.issue(
        "api", hosts=("127.0.0.1",), starts=timedelta(hours=1), lives=timedelta(hours=2)
    )
    async with pool_to(pair, tmp_path) as pool:
        assert "is not valid yet. Compare the clocks" in await problem(pool)


async def test_a_certificate_for_another_host_names_the_host_expected(tmp_path: Path) -> None:
    pair = AUTHORITY.issue("api", hosts=("api.example.com",))
    async with pool_to(pair, tmp_path) as pool:
        assert "was not made out to '127.0.0.1'. Use a name" in await problem(pool)


async def test_the_common_name_does_not_count_as_a_host(tmp_path: Path) -> None:
    pair = AUTHORITY.issue("kubernetes.default.svc")
    async with pool_to(pair, tmp_path, tls_server_name="kubernetes.default.svc") as pool:
        assert "was not made out to 'kubernetes.default.svc'" in await problem(pool)


async def test_tls_server_name_is_what_the_certificate_is_compared_with(tmp_path: Path) -> None:
    pair = AUTHORITY.issue("api", hosts=("kubernetes.default.svc",))
    async with pool_to(pair, tmp_path, tls_server_name="kubernetes.default.svc") as pool:
        assert await user(pool) == '{"user": ""}'
    async with pool_to(pair, tmp_path, tls_server_name="other.svc") as pool:
        assert "was not made out to 'other.svc'" in await problem(pool)


async def test_an_unknown_authority_says_which_one_was_looked_for(tmp_path: Path) -> None:
    stranger = Authority("stranger").issue("api", hosts=("127.0.0.1",))
    async with pool_to(stranger, tmp_path) as pool:
        said = await problem(pool)
    assert "was not issued by a certificate authority that is configured" in said
    assert "Set certificate-authority to the cluster's own" in said
    async with pool_to(HERE, tmp_path, ca_pem="") as pool:
        assert "a certificate authority this machine knows" in await problem(pool)


async def test_insecure_skip_tls_verify_trusts_anybody(tmp_path: Path) -> None:
    stranger = Authority("stranger").issue("api", hosts=("elsewhere",))
    async with pool_to(stranger, tmp_path, ca_pem="", insecure_skip_tls_verify=True) as pool:
        assert await user(pool) == '{"user": ""}'


async def test_https_to_a_port_that_speaks_http_says_so() -> None:
    async with serving(who) as wire:
        config = ClusterConfig(server=wire.url.replace("http:", "https:"), ca_pem=AUTHORITY.pem)
        pool = Pool(config, Fixed())
        assert "does not speak TLS on that port. Check the port" in await problem(pool)
        await pool.aclose()


# -- client certificates ------------------------------------------------------------------------


async def test_a_client_certificate_in_memory_signs_in(tmp_path: Path) -> None:
    certificate = ClientCertificate(certificate_pem=CLIENT.certificate, key_pem=CLIENT.key)
    async with pool_to(
        HERE, tmp_path, clients_from=AUTHORITY, client_certificate=certificate
    ) as pool:
        assert await user(pool) == '{"user": "ann"}'


async def test_where_no_file_can_be_in_memory_one_on_disk_is_private_and_gone_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    certificate = ClientCertificate(certificate_pem=CLIENT.certificate, key_pem=CLIENT.key)
    async with pool_to(
        HERE, tmp_path, clients_from=AUTHORITY, client_certificate=certificate
    ) as pool:
        assert await user(pool) == '{"user": "ann"}'
    assert list(folder.iterdir()) == []


async def test_a_client_certificate_in_files_signs_in(tmp_path: Path) -> None:
    crt, key = CLIENT.write(tmp_path, "client")
    certificate = ClientCertificate(certificate_file=str(crt), key_file=str(key))
    async with pool_to(
        HERE, tmp_path, clients_from=AUTHORITY, client_certificate=certificate
    ) as pool:
        assert await user(pool) == '{"user": "ann"}'


async def test_a_server_that_demands_a_client_certificate_is_told_of(tmp_path: Path) -> None:
    async with pool_to(HERE, tmp_path, clients_from=AUTHORITY) as pool:
        assert "client certificate" in await problem(pool)


async def test_a_client_certificate_of_another_authority_is_not_accepted(tmp_path: Path) -> None:
    stranger = Authority("stranger").issue("eve")
    certificate = ClientCertificate(certificate_pem=stranger.certificate, key_pem=stranger.key)
    async with pool_to(
        HERE, tmp_path, clients_from=AUTHORITY, client_certificate=certificate
    ) as pool:
        await problem(pool)


async def test_a_request_with_its_own_token_does_not_show_our_certificate(tmp_path: Path) -> None:
    certificate = ClientCertificate(certificate_pem=CLIENT.certificate, key_pem=CLIENT.key)
    tls = server_context(HERE, tmp_path)
    tls.verify_mode = ssl.CERT_OPTIONAL
    tls.load_verify_locations(cadata=AUTHORITY.pem)
    async with serving(who, tls=tls) as wire:
        pool = Pool(
            ClusterConfig(server=wire.url, ca_pem=AUTHORITY.pem), Fixed(certificate=certificate)
        )
        assert await user(pool) == '{"user": "ann"}'
        response = await pool.send(VERSION.with_headers({"Authorization": "Bearer caller"}))
        assert await response.read(100) == b'{"user": ""}'
        await pool.aclose()


def encrypted(pair: Pair) -> str:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pair.key.encode(), None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    ).decode()


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        (ClientCertificate(certificate_pem="no", key_pem=CLIENT.key), "pem"),
        (ClientCertificate(certificate_pem=CLIENT.certificate, key_pem=HERE.key), "mismatch"),
        (ClientCertificate(certificate_file="/no.crt", key_file="/no.key"), "no such file"),
        (
            ClientCertificate(certificate_pem=CLIENT.certificate, key_pem=encrypted(CLIENT)),
            "encrypted with a password",
        ),
    ],
)
async def test_a_client_certificate_that_cannot_be_used_says_why(
    tmp_path: Path, certificate: ClientCertificate, why: str
) -> None:
    async with pool_to(HERE, tmp_path, client_certificate=certificate) as pool:
        with pytest.raises(CredentialsError, match="cannot be used with its key") as caught:
            await pool.send(VERSION)
    assert why in str(caught.value).lower()
    assert "PRIVATE KEY" not in str(caught.value)


@pytest.mark.parametrize("ca", [{"ca_pem": "nonsense"}, {"ca_pem": "", "ca_file": "/no/ca.crt"}])
async def test_an_authority_that_cannot_be_used_says_so(tmp_path: Path, ca: dict[str, str]) -> None:
    async with pool_to(HERE, tmp_path, **ca) as pool:
        with pytest.raises(
            CredentialsError, match=r"The certificate authority in .* cannot be used"
        ):
            await pool.send(VERSION)


# -- rotation -----------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_an_authority_that_is_replaced_is_read_again_within_a_minute(tmp_path: Path) -> None:
    ca, clock = tmp_path / "ca.crt", Clock()
    ca.write_text(Authority("previous").pem)
    async with pool_to(HERE, tmp_path, ca_pem="", ca_file=str(ca), clock=clock) as pool:
        assert "was not issued" in await problem(pool)
        ca.write_text(AUTHORITY.pem)
        assert "was not issued" in await problem(pool)
        clock.now += 61
        assert await user(pool) == '{"user": ""}'


async def test_a_client_certificate_that_is_replaced_is_shown_within_a_minute(
    tmp_path: Path,
) -> None:
    crt, key = CLIENT.write(tmp_path, "client")
    clock = Clock()
    async with pool_to(
        HERE,
        tmp_path,
        clients_from=AUTHORITY,
        client_certificate=ClientCertificate(certificate_file=str(crt), key_file=str(key)),
        clock=clock,
    ) as pool:
        assert await user(pool) == '{"user": "ann"}'
        AUTHORITY.issue("bob").write(tmp_path, "client")
        assert await user(pool) == '{"user": "ann"}'
        clock.now += 61
        assert await user(pool) == '{"user": "bob"}'


async def test_as_long_as_no_file_changes_the_context_stays(tmp_path: Path) -> None:
    crt, key = CLIENT.write(tmp_path, "client")
    clock = Clock()
    certificate = ClientCertificate(certificate_file=str(crt), key_file=str(key))
    tls = Tls(ClusterConfig(server="https://x", ca_pem=AUTHORITY.pem), clock=clock)
    first = await tls.context(certificate)
    clock.now += 61
    assert await tls.context(certificate) is first
    assert await tls.context(None) is not first


# -- proxies ------------------------------------------------------------------------------------


async def test_a_proxy_is_asked_to_connect_with_its_password() -> None:
    asked = []

    async def proxy(request: web.BaseRequest) -> web.StreamResponse:
        asked.append((request.method, request.path_qs, request.headers["Proxy-Authorization"]))
        return web.Response(status=403)

    async with serving(proxy) as wire:
        config = ClusterConfig(
            server="https://api.example.com:6443",
            proxy_url=f"http://ann:canary@127.0.0.1:{wire.port}",
            proxy_origin="HTTPS_PROXY",
        )
        pool = Pool(config, Fixed({"Authorization": "Bearer t"}))
        said = await problem(pool)
        await pool.aclose()
    assert asked[0][0] == "CONNECT"
    assert asked[0][2] == f"Basic {base64.b64encode(b'ann:canary').decode()}"
    assert "(from HTTPS_PROXY) answered 403" in said
    assert "canary" not in said


async def test_a_proxy_that_is_not_there_is_named_with_where_it_was_set() -> None:
    async with serving(who) as wire:
        gone = f"http://u:canary@127.0.0.1:{wire.port}"
    config = ClusterConfig(
        server="https://api.example.com:6443", proxy_url=gone, proxy_origin="proxy-url"
    )
    pool = Pool(config, Fixed())
    said = await problem(pool)
    await pool.aclose()
    assert "(from proxy-url) cannot be connected to: connection refused." in said
    assert "canary" not in said
