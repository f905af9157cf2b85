"""Credentials that ended, or do not exist: said by name, before the API server's bare 401."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.api_server import FakeApiServer, listening
from tests.support.certificates import Authority

Doctor = Callable[..., Awaitable[Any]]


def kubeconfig(folder: Path, user: dict[str, Any], *, server: str = "https://127.0.0.1:9") -> Path:
    path = folder / "kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": user}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me"}}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def certificate(**lives: timedelta) -> dict[str, str]:
    pair = Authority().issue("me", **lives)
    return {
        "client-certificate-data": base64.b64encode(pair.certificate.encode()).decode(),
        "client-key-data": base64.b64encode(pair.key.encode()).decode(),
    }


def token(expires: datetime) -> str:
    def part(claims: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256'})}.{part({'exp': int(expires.timestamp())})}.c2ln"


async def test_a_certificate_that_ended_is_said_with_its_date(
    tmp_path: Path, doctor: Doctor
) -> None:
    file = kubeconfig(tmp_path, certificate(lives=timedelta(hours=-0.5)))
    probe = (await doctor(kubeconfig=file))["credentials"]

    assert probe.failed
    assert "; the client certificate ended on 20" in probe.detail
    assert "copy the kubeconfig anew" in probe.next


async def test_a_certificate_that_ends_soon_is_said_beforehand(
    tmp_path: Path, doctor: Doctor
) -> None:
    file = kubeconfig(tmp_path, certificate(lives=timedelta(days=3)))
    probe = (await doctor(kubeconfig=file))["credentials"]

    assert probe.outcome == "warning"
    assert "the client certificate ends on 20" in probe.detail


async def test_a_token_that_ended_is_said_and_one_that_lives_is_not(
    tmp_path: Path, doctor: Doctor
) -> None:
    now = datetime.now(UTC)
    old = await doctor(kubeconfig=kubeconfig(tmp_path, {"token": token(now - timedelta(hours=1))}))
    new = await doctor(kubeconfig=kubeconfig(tmp_path, {"token": token(now + timedelta(hours=1))}))

    assert old["credentials"].failed
    assert "the token ended on" in old["credentials"].detail
    assert new["credentials"].outcome == "ok"


@pytest.mark.parametrize("given", ["opaque", "a.b.c", "e30.e30.e30", "e30.W10.e30"])
async def test_a_token_that_does_not_say_when_it_ends_is_left_to_the_api_server(
    tmp_path: Path, doctor: Doctor, given: str
) -> None:
    report = await doctor(kubeconfig=kubeconfig(tmp_path, {"token": given}))

    assert report["credentials"].outcome == "ok"


async def test_no_kubeconfig_is_said_with_what_to_do(
    tmp_path: Path, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    probe = (await doctor())["credentials"]

    assert probe.failed
    assert probe.detail == f"There is no kubeconfig at {tmp_path}/.kube/config."
    assert probe.next.startswith("Name one with KUBECONFIG")


async def test_a_cluster_that_is_down_is_said_and_the_rest_goes_on(
    tmp_path: Path, doctor: Doctor
) -> None:
    report = await doctor(kubeconfig=kubeconfig(tmp_path, {}))

    assert report["API server"].failed
    assert "connection refused" in report["API server"].detail
    assert report["sign-in"].outcome == "skipped"


async def test_clocks_that_differ_are_said_in_seconds(tmp_path: Path, doctor: Doctor) -> None:
    fake = FakeApiServer(now=datetime.now(UTC))
    async with listening(fake) as url:
        file = kubeconfig(tmp_path, {}, server=url)
        report = await doctor(
            kubeconfig=file, now=lambda: datetime.now(UTC) + timedelta(seconds=90)
        )

    assert report["clock"].outcome == "warning"
    assert "s apart from the API server's" in report["clock"].detail
    assert "NTP" in report["clock"].next


async def test_a_metrics_api_that_does_not_answer_is_not_called_missing(
    tmp_path: Path, doctor: Doctor
) -> None:
    fake = FakeApiServer()
    fake.fail_group("metrics.k8s.io/v1beta1")
    async with listening(fake) as url:
        broken = await doctor(kubeconfig=kubeconfig(tmp_path, {}, server=url))
    async with listening(FakeApiServer()) as url:
        missing = await doctor(kubeconfig=kubeconfig(tmp_path, {}, server=url))

    assert "installed, but does not answer" in broken["metrics API"].detail
    assert "describe apiservice v1beta1.metrics.k8s.io" in broken["metrics API"].next
    assert broken["discovery"].outcome == "warning"
    assert missing["metrics API"].next == "Install metrics-server for usage."
