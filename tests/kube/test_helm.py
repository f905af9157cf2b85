"""Helm's releases, unpacked within limits."""

from __future__ import annotations

import base64
import gzip
import tracemalloc

import pytest

from kube_mcp.errors import ServerFault, TooLarge
from kube_mcp.kube.helm import decode, secret_name
from tests.support.canary_shop import helm_release


def packed(content: bytes) -> str:
    """What stands in a Secret's data for such a content."""
    return base64.b64encode(base64.b64encode(content)).decode()


def test_a_release_is_read_without_its_manifest_and_templates() -> None:
    secret = helm_release("shop", namespace="shop", revision=3, values={"replicas": 2})
    release = decode(secret["data"]["release"])
    assert (release.name, release.version, release.info.status) == ("shop", 3, "deployed")
    assert release.chart.metadata.version == "1.3.0"
    assert release.config == {"replicas": 2}
    assert not hasattr(release, "manifest")
    assert secret["metadata"]["name"] == secret_name("shop", 3)


def test_one_that_was_never_gzipped_is_read_too() -> None:
    assert decode(packed(b'{"name":"old"}')).name == "old"


def test_a_bomb_is_not_unpacked() -> None:
    bomb = packed(gzip.compress(b'{"name":"' + b"x" * (200 * 1024 * 1024) + b'"}'))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="more than 1 MiB"):
            decode(bomb, max_unpacked_bytes=1024 * 1024)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize(
    "data",
    ["", "x", "%%%", packed(b""), packed(b"\x1f\x8bnonsense"), packed(gzip.compress(b"{")),
     packed(gzip.compress(b'{"version":"one"}')), packed(gzip.compress(b'{"config":[1]}')),
     packed(gzip.compress(b'{"config":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}")),
     packed(gzip.compress(b'{"name":"x"}')[:-12]), "ä"],
)  # fmt: skip
def test_what_helm_did_not_write_is_said_to_be_none(data: str) -> None:
    with pytest.raises(ServerFault, match="does not hold what Helm writes"):
        decode(data)
