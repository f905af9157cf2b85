import asyncio
from pathlib import Path

import pytest

from kube_mcp.errors import CredentialsError
from kube_mcp.kube.connection import (
    Anonymous,
    BasicAuth,
    BearerToken,
    BearerTokenFile,
    ClientCertificate,
    ClusterConfig,
    CredentialSource,
    ExecPlugin,
)
from kube_mcp.kube.credentials import Fixed, TokenFile, credentials_for


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def token(credentials: TokenFile) -> str:
    return (await credentials.headers())["Authorization"].removeprefix("Bearer ")


async def test_a_token_file_is_read_again_once_a_minute(tmp_path: Path) -> None:
    file, clock = tmp_path / "token", Clock()
    credentials = TokenFile(file, clock=clock)
    file.write_text("one\n")
    assert await token(credentials) == "one"
    file.write_text("two\n")
    clock.now += 59
    assert await token(credentials) == "one"
    clock.now += 1
    assert await token(credentials) == "two"


async def test_after_a_401_the_file_is_read_at_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one")
    credentials = TokenFile(file, clock=Clock())
    assert await token(credentials) == "one"
    assert await credentials.refresh() is False
    file.write_text("two")
    assert await credentials.refresh() is True
    assert await token(credentials) == "two"


async def test_a_file_that_vanishes_leaves_the_last_token_in_use(tmp_path: Path) -> None:
    file, clock = tmp_path / "token", Clock()
    file.write_text("one")
    credentials = TokenFile(file, clock=clock)
    assert await token(credentials) == "one"
    file.unlink()
    clock.now += 60
    assert await token(credentials) == "one"
    file.write_bytes(b"\xff")
    clock.now += 60
    assert await token(credentials) == "one"


async def test_a_file_that_was_never_there_says_so(tmp_path: Path) -> None:
    file = tmp_path / "token"
    credentials = TokenFile(file)
    with pytest.raises(CredentialsError, match="cannot be read: No such file"):
        await credentials.headers()
    file.write_text(" \n")
    with pytest.raises(CredentialsError, match="is empty"):
        await credentials.headers()
    file.write_text("late")
    assert await token(credentials) == "late"


async def test_a_fallback_serves_until_the_file_can_be_read(tmp_path: Path) -> None:
    file, clock = tmp_path / "token", Clock()
    credentials = TokenFile(file, fallback="given", clock=clock)
    assert await token(credentials) == "given"
    file.write_text("read")
    clock.now += 60
    assert await token(credentials) == "read"


async def test_many_requests_at_once_read_the_file_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one")
    credentials = TokenFile(file, clock=Clock())
    assert set(await asyncio.gather(*(token(credentials) for _ in range(50)))) == {"one"}


@pytest.mark.parametrize(
    ("source", "headers"),
    [
        (Anonymous(), {}),
        (BearerToken("t\n"), {"Authorization": "Bearer t"}),
        (BasicAuth("ann", "pä:ss"), {"Authorization": "Basic YW5uOnDDpDpzcw=="}),
    ],
)
async def test_fixed_proof_is_sent_and_cannot_be_refreshed(
    source: CredentialSource, headers: dict[str, str]
) -> None:
    certificate = ClientCertificate(certificate_file="c", key_file="k")
    config = ClusterConfig("https://h", source=source, client_certificate=certificate)
    credentials = credentials_for(config, environ={})
    assert isinstance(credentials, Fixed)
    assert await credentials.headers() == headers
    assert credentials.certificate() == certificate
    assert await credentials.refresh() is False
    await credentials.aclose()


async def test_each_source_becomes_its_kind_of_credentials_with_a_masked_repr() -> None:
    def shown(source: CredentialSource) -> str:
        return repr(credentials_for(ClusterConfig("https://h", source=source), environ={}))

    assert shown(BearerToken("canary")) == "Fixed(<Authorization, masked>)"
    assert shown(Anonymous()) == "Fixed(<no headers, masked>)"
    assert shown(BearerTokenFile("/t", fallback="canary")) == "TokenFile('/t', <token masked>)"
    assert shown(ExecPlugin("aws", args=("canary",))) == "PluginCredentials('aws', <token masked>)"
