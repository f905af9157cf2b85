"""The pool and every way to sign in, against a real API server."""

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest
import yaml

from kube_mcp.errors import Unreachable
from kube_mcp.kube import kubeconfig
from kube_mcp.kube.connection import ClusterConfig
from kube_mcp.kube.incluster import in_cluster
from kube_mcp.kube.pool import open_pool
from kube_mcp.kube.transport import Request, Transport
from testbed.bed import Bed

WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@asynccontextmanager
async def opened(config: ClusterConfig) -> AsyncIterator[Transport]:
    pool = open_pool(config, environ=os.environ)
    try:
        yield pool
    finally:
        await pool.aclose()


async def who(pool: Transport) -> str:
    """Whom the API server takes us for, or the status that says it takes us for nobody."""
    question = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    response = await pool.send(
        Request(
            "POST",
            WHOAMI,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            body=orjson.dumps(question),
        )
    )
    body = orjson.loads(await response.read(100_000))
    await response.aclose()
    if response.status != 201:
        return str(response.status)
    return str(body["status"]["userInfo"]["username"])


def loaded(path: Path) -> ClusterConfig:
    return kubeconfig.load(str(path), environ={})


def edited(source: Path, target: Path, **user: object) -> Path:
    """A copy of a kubeconfig whose user is another one."""
    document = yaml.safe_load(source.read_text())
    document["users"] = [{"name": document["users"][0]["name"], "user": user}]
    target.write_text(yaml.safe_dump(document))
    return target


async def test_a_client_certificate_signs_in(bed: Bed) -> None:
    async with opened(loaded(bed.kubeconfig(user="alice", groups=["dev"]))) as pool:
        assert await who(pool) == "alice"


async def test_a_token_signs_in(bed: Bed, namespace: str) -> None:
    token = bed.token(namespace, "default")
    async with opened(loaded(bed.kubeconfig(user="robot", token=token))) as pool:
        assert await who(pool) == f"system:serviceaccount:{namespace}:default"


async def test_a_pods_mounted_files_sign_in_and_a_rotated_token_is_picked_up(
    bed: Bed, namespace: str, tmp_path: Path
) -> None:
    (tmp_path / "ca.crt").write_bytes(bed.ca_file.read_bytes())
    (tmp_path / "namespace").write_text(namespace)
    (tmp_path / "token").write_text("expired.long.ago")
    host, port = bed.server.removeprefix("https://").rsplit(":", 1)
    config = in_cluster(
        {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}, folder=tmp_path
    )
    assert config.namespace == namespace
    async with opened(config) as pool:
        assert await who(pool) == "401"
        (tmp_path / "token").write_text(bed.token(namespace, "default"))
        assert await who(pool) == f"system:serviceaccount:{namespace}:default"


async def test_an_exec_plugin_signs_in(bed: Bed, namespace: str, tmp_path: Path) -> None:
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": bed.token(namespace, "default")},
    }
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!{sys.executable} -S\nprint({json.dumps(json.dumps(credential))})\n")
    plugin.chmod(0o700)
    path = edited(
        bed.kubeconfig_file,
        tmp_path / "config",
        exec={
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "./plugin",
            "interactiveMode": "Never",
        },
    )
    async with opened(loaded(path)) as pool:
        assert await who(pool) == f"system:serviceaccount:{namespace}:default"


async def test_a_kubeconfig_that_impersonates_acts_as_somebody_else(
    bed: Bed, tmp_path: Path
) -> None:
    admin = yaml.safe_load(bed.kubeconfig_file.read_text())["users"][0]["user"]
    path = edited(
        bed.kubeconfig_file, tmp_path / "config", **admin, **{"as": "bob", "as-groups": ["dev"]}
    )
    async with opened(loaded(path)) as pool:
        assert await who(pool) == "bob"


async def test_a_callers_token_is_not_outdone_by_our_certificate(bed: Bed, namespace: str) -> None:
    """The API server would believe a client certificate before it looks at a token."""
    own: Mapping[str, str] = {"Authorization": f"Bearer {bed.token(namespace, 'default')}"}
    async with opened(loaded(bed.kubeconfig_file)) as pool:

        class AsCaller:
            async def send(self, request: Request) -> object:
                return await pool.send(request.with_headers(own))

        assert await who(AsCaller()) == f"system:serviceaccount:{namespace}:default"  # type: ignore[arg-type]
        assert await who(pool) != f"system:serviceaccount:{namespace}:default"


async def test_without_credentials_we_are_anonymous(bed: Bed) -> None:
    async with opened(loaded(bed.kubeconfig_file).without_credentials()) as pool:
        assert await who(pool) in ("401", "403", "system:anonymous")


async def test_an_authority_that_did_not_sign_the_server_is_told(bed: Bed) -> None:
    config = loaded(bed.kubeconfig_file)
    stranger = ClusterConfig(server=config.server, source=config.source)
    async with opened(stranger) as pool:
        with pytest.raises(Unreachable, match="was not issued by a certificate authority"):
            await who(pool)


@pytest.mark.parametrize("compress", [False, True])
async def test_a_large_list_arrives_whole_with_and_without_gzip(
    bed: Bed, namespace: str, compress: bool
) -> None:
    filler = "x" * 20_000
    bed.apply(
        [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"large-{number}"},
                "data": {"filler": filler},
            }
            for number in range(20)
        ],
        namespace=namespace,
    )
    config = loaded(bed.kubeconfig_file)
    async with opened(
        ClusterConfig(
            server=config.server,
            ca_file=config.ca_file,
            ca_pem=config.ca_pem,
            client_certificate=config.client_certificate,
            compress=compress,
        )
    ) as pool:
        response = await pool.send(Request("GET", f"/api/v1/namespaces/{namespace}/configmaps"))
        assert response.headers.get("content-encoding", "") == ("gzip" if compress else "")
        items = orjson.loads(await response.read(10_000_000))["items"]
    assert sum(item.get("data", {}).get("filler") == filler for item in items) == 20
