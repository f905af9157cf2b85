"""Where clients look for the way to sign in, and what they find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kube_mcp.errors import IdentityProviderError
from kube_mcp.server.public_urls import PublicUrl, PublicUrls
from kube_mcp.server.wellknown import WellKnown, resource_metadata
from tests.support.asgi import call
from tests.support.signin import Recorder

MAIN = "https://api.example.com/mcp/kubernetes"
ALIAS = "https://k8s-mcp.example.com/mcp"
ISSUER = "https://authentik.example.com/application/o/kubernetes-mcp/"
PRM = "/.well-known/oauth-protected-resource"


def served(*urls: str, relay: Any = None, cors: bool = True) -> WellKnown:
    def document(url: PublicUrl) -> Mapping[str, Any]:
        return resource_metadata(
            url,
            issuers=(ISSUER,),
            scopes=("openid", "profile", "email"),
            name="Kubernetes",
        )

    return WellKnown(
        Recorder(), PublicUrls(urls or (MAIN, ALIAS)), document, relay=relay, cors_for_everyone=cors
    )


async def test_the_document_has_the_address_and_the_issuer_exactly_as_configured() -> None:
    reply = await call(served(), "GET", f"{PRM}/mcp/kubernetes")

    assert reply.status == 200
    assert reply.header("Content-Type") == "application/json"
    assert reply.header("Access-Control-Allow-Origin") == "*"
    assert reply.header("Cache-Control") == "public, max-age=300"
    assert reply.json() == {
        "resource": MAIN,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["openid", "profile", "email"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Kubernetes",
    }


@pytest.mark.parametrize(
    ("host", "path", "resource"),
    [
        ("api.example.com", f"{PRM}/mcp/kubernetes", MAIN),
        ("api.example.com", f"{PRM}/mcp/kubernetes/", MAIN),
        # appended to the address, as some clients try, behind a proxy that does not strip
        ("api.example.com", f"/mcp/kubernetes{PRM}", MAIN),
        # the same behind one that does
        ("api.example.com", PRM, MAIN),
        ("api.example.com", f"{PRM}/", MAIN),
        ("k8s-mcp.example.com", f"{PRM}/mcp", ALIAS),
        ("k8s-mcp.example.com", f"{PRM}/mcp/", ALIAS),
        ("k8s-mcp.example.com", PRM, ALIAS),
        ("k8s-mcp.example.com:443", PRM, ALIAS),
        # a health check, or a proxy that rewrites the host
        ("10.0.0.7:8080", f"{PRM}/mcp/kubernetes", MAIN),
        ("10.0.0.7:8080", f"{PRM}/mcp", ALIAS),
    ],
)
async def test_every_form_of_the_question_is_answered_without_a_redirect(
    host: str, path: str, resource: str
) -> None:
    reply = await call(served(), "GET", path, host=host)

    assert (reply.status, reply.json()["resource"]) == (200, resource)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("api.example.com", f"{PRM}/mcp/grafana"),
        ("api.example.com", f"{PRM}/mcp"),
        ("api.example.com", f"{PRM}/mcp/kubernetes-2"),
        ("api.example.com", f"{PRM}x"),
        ("10.0.0.7:8080", PRM),
        ("api.example.com", "/"),
        ("api.example.com", "/.well-known/oauth-authorization-server"),
    ],
)
async def test_other_paths_are_left_to_the_application(host: str, path: str) -> None:
    alone = [MAIN, "https://k8s-mcp.example.com/elsewhere"]

    reply = await call(served(*alone), "GET", path, host=host)

    assert reply.body == b"inside"


async def test_the_bare_form_is_not_ours_where_a_host_has_two_resources() -> None:
    app = served(MAIN, "https://api.example.com/mcp/kubernetes-2")

    assert (await call(app, "GET", PRM)).body == b"inside"


async def test_a_resource_at_the_root_of_its_host_is_found_there() -> None:
    reply = await call(served("https://k8s-mcp.example.com"), "GET", PRM)

    assert reply.json()["resource"] == "https://k8s-mcp.example.com"


@pytest.mark.parametrize("host", ["k8s-mcp.example.com", "10.0.0.7:8080"])
async def test_the_bare_form_is_that_of_the_resource_at_the_root_also_where_there_are_others(
    host: str,
) -> None:
    app = served("https://k8s-mcp.example.com/mcp", "https://k8s-mcp.example.com", MAIN)

    reply = await call(app, "GET", PRM, host=host)

    assert reply.json()["resource"] == "https://k8s-mcp.example.com"


async def test_head_has_the_length_and_no_body() -> None:
    whole = await call(served(), "GET", f"{PRM}/mcp/kubernetes")
    head = await call(served(), "HEAD", f"{PRM}/mcp/kubernetes")

    assert (head.status, head.body) == (200, b"")
    assert head.header("Content-Length") == str(len(whole.body))


async def test_a_browsers_preflight_is_answered() -> None:
    reply = await call(served(), "OPTIONS", f"{PRM}/mcp/kubernetes")

    assert reply.status == 204
    assert reply.header("Access-Control-Allow-Origin") == "*"
    assert reply.header("Access-Control-Allow-Methods") == "GET, HEAD, OPTIONS"
    assert reply.header("Content-Length") is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_other_methods_are_refused(method: str) -> None:
    reply = await call(served(), method, f"{PRM}/mcp/kubernetes")

    assert (reply.status, reply.header("Allow")) == (405, "GET, HEAD, OPTIONS")


async def test_cors_can_be_left_to_the_proxy() -> None:
    for method in ("GET", "OPTIONS"):
        reply = await call(served(cors=False), method, f"{PRM}/mcp/kubernetes")
        assert reply.header("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/oauth-authorization-server/mcp/kubernetes",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration/mcp/kubernetes",
        "/mcp/kubernetes/.well-known/openid-configuration",
    ],
)
async def test_the_providers_metadata_is_relayed_where_that_is_wanted(path: str) -> None:
    async def relay() -> Mapping[str, Any]:
        return {"issuer": ISSUER, "token_endpoint": "https://authentik.example.com/token"}

    reply = await call(served(relay=relay), "GET", path)

    assert reply.json() == {
        "issuer": ISSUER,
        "token_endpoint": "https://authentik.example.com/token",
    }


async def test_a_relay_without_its_source_says_when_to_come_back() -> None:
    async def relay() -> Mapping[str, Any]:
        raise IdentityProviderError("down")

    reply = await call(
        served(relay=relay), "GET", "/.well-known/oauth-authorization-server/mcp/kubernetes"
    )

    assert (reply.status, reply.header("Retry-After")) == (503, "5")
