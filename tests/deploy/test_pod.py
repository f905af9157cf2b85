"""What a pod says when something outside is missing: alive, not ready, and ready again by itself."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from testbed.bed import Bed
from tests.support.deployed import Pod
from tests.support.helm import one, template
from tests.support.nanoidp import CLIENT_ID, NanoIdp
from tests.support.strict import apply

NEEDS_TOOLS = ("helm4", "kubectl")
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

NAMESPACE = "one-pod"
URL = "https://api.example.com/mcp/kubernetes"
VALUES: dict[str, Any] = {
    "config": {
        "server": {"public_urls": [URL]},
        "auth": {
            "issuers": [
                {"issuer": "https://a.example.com/", "audience": ["x"], "allowed_clients": ["x"]}
            ]
        },
    }
}


@pytest.fixture(scope="module")
def account(stack: Bed) -> Path:
    stack.create_namespace(NAMESPACE)
    apply(stack.kubeconfig_file, [o for o in template(namespace=NAMESPACE) if o["kind"] != "Pod"])
    return stack.kubeconfig(user="pod", token=stack.token(NAMESPACE, "kube-mcp"))


def files(values: dict[str, Any]) -> dict[str, str]:
    data: dict[str, str] = one(template(values, namespace=NAMESPACE), "ConfigMap")["data"]
    return data


def get(port: int, path: str, host: str) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        answer.read()
        return answer.status, dict(answer.getheaders())


@pytest.fixture
def open_pod(account: Path, tmp_path: Path) -> Iterator[Pod]:
    """A release without any value."""
    with Pod("open", files=files({}), override="", kubeconfig=account, folder=tmp_path) as pod:
        pod.wait_until("/readyz", 200)
        yield pod


def test_a_release_without_a_value_serves_and_keeps_probes_apart(open_pod: Pod) -> None:
    assert open_pod.probe("/livez") == (200, {"status": "ok"})
    assert open_pod.probe("/health")[0] == 404
    assert get(open_pod.port, "/health", "localhost")[0] == 200
    assert get(open_pod.port, "/metrics", "localhost")[0] == 404
    metrics = open_pod.probe("/metrics")
    assert metrics[0] == 200
    assert "kube_mcp" in metrics[1]


def test_it_stops_on_sigterm_with_nothing_lost(open_pod: Pod) -> None:
    assert open_pod.stop() == 0


def provider_settings(issuer: str) -> str:
    return f"""
[auth]
allow_http_loopback = true
[[auth.issuers]]
issuer = "{issuer}"
audience = ["{URL}"]
allowed_clients = ["{CLIENT_ID}"]
"""


@asynccontextmanager
async def pod_before_its_provider(
    account: Path, folder: Path, provider: NanoIdp
) -> AsyncIterator[Pod]:
    override = provider_settings(provider.issuer)
    with Pod(
        "waits", files=files(VALUES), override=override, kubeconfig=account, folder=folder
    ) as pod:
        yield pod


async def test_without_its_provider_it_is_alive_says_which_and_recovers_by_itself(
    account: Path, tmp_path: Path
) -> None:
    provider = NanoIdp(tmp_path / "provider")
    async with pod_before_its_provider(account, tmp_path, provider) as pod:
        problems = await asyncio.to_thread(pod.wait_until, "/readyz", 503)
        alive, _ = await asyncio.to_thread(pod.probe, "/livez")
        said = pod.log_file.read_text()
        async with provider:
            ready = await asyncio.to_thread(pod.wait_until, "/readyz", 200, timeout_s=90)

    assert alive == 200
    assert [each["part"] for each in problems["problems"]] == ["identity provider"]
    assert ready == {"status": "ready"}
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [line for line in lines if provider.issuer in json.dumps(line)]


async def test_without_its_client_secret_it_is_alive_says_so_and_takes_it_when_it_appears(
    account: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "sts_client_secret"
    exchange = f"""
[token_exchange]
sts_client_id = "kubernetes-mcp-server"
sts_audience = "kubernetes"
sts_client_secret_file = "{secret}"
"""
    async with NanoIdp(tmp_path / "provider") as provider:
        override = provider_settings(provider.issuer) + exchange
        with Pod(
            "sealed", files=files(VALUES), override=f'identity = "token-exchange"\n{override}',
            kubeconfig=account, folder=tmp_path,
        ) as pod:  # fmt: skip
            problems = await asyncio.to_thread(pod.wait_until, "/readyz", 503)
            alive, _ = await asyncio.to_thread(pod.probe, "/livez")
            secret.write_text("secret\n")
            ready = await asyncio.to_thread(pod.wait_until, "/readyz", 200)
            said = pod.log_file.read_text()

    assert (alive, ready) == (200, {"status": "ready"})
    assert problems["problems"] == [{"part": "client secret", "code": "missing"}]
    assert f"Not ready: client secret: The secret file '{secret}' cannot be read" in said


def test_without_its_cluster_it_is_alive_and_says_so(
    stack: Bed, account: Path, tmp_path: Path
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        gone = tmp_path / "kubeconfig"
        gone.write_text(
            account.read_text().replace(
                stack.server, f"https://127.0.0.1:{nobody.getsockname()[1]}"
            )
        )
        with Pod("lost", files=files({}), override="", kubeconfig=gone, folder=tmp_path) as pod:
            problems = pod.wait_until("/readyz", 503)
            alive, _ = pod.probe("/livez")

    assert alive == 200
    assert [each["part"] for each in problems["problems"]] == ["cluster"]


def test_a_setting_that_does_not_exist_ends_it_with_one_line(account: Path, tmp_path: Path) -> None:
    wrong = {"config.toml": files({})["config.toml"].replace("[policy]", "[polici]")}
    with Pod("wrong", files=wrong, override="", kubeconfig=account, folder=tmp_path) as pod:
        code = pod.process.wait(30)

    said = pod.log_file.read_text().splitlines()
    assert code == 1
    assert said == ["kube-mcp: 'polici' is not a setting. Did you mean 'policy'?"]
