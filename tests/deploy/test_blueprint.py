"""The blueprint: what Authentik's schema wants, and the traps that no schema knows."""

from __future__ import annotations

import os
import re
from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.blueprints import Tag, load, problems, schema, schema_file
from tests.support.flux import GITOPS, substitute

FILE = GITOPS / "apps/base/authentik/blueprint-kubernetes-mcp.yaml"
VARIABLES = {"PUBLIC_HOST": "api.example.com"}


@pytest.fixture
def blueprint() -> dict[str, Any]:
    return load(substitute(FILE.read_text(), VARIABLES))


@pytest.fixture(scope="module")
def authentik_schema() -> dict[str, Any]:
    if not schema_file().exists():
        if os.environ.get("CI"):
            pytest.fail(f"{schema_file()} is missing")
        pytest.skip(f"{schema_file()} is missing; KUBE_MCP_BLUEPRINT_SCHEMA names another place")
    return schema()


def entry(blueprint: dict[str, Any], model: str) -> dict[str, Any]:
    (found,) = [e for e in blueprint["entries"] if e["model"] == model]
    attrs: dict[str, Any] = {**found["identifiers"], **found["attrs"]}
    return attrs


def provider(blueprint: dict[str, Any]) -> dict[str, Any]:
    return entry(blueprint, "authentik_providers_oauth2.oauth2provider")


def redirects(blueprint: dict[str, Any], uri: str) -> bool:
    """Whether Authentik would redirect to ``uri``: bytes, or Python's fullmatch."""
    return any(
        each["url"] == uri if each["matching_mode"] == "strict" else re.fullmatch(each["url"], uri)
        for each in provider(blueprint)["redirect_uris"]
    )


def test_authentiks_own_schema_accepts_it(
    blueprint: dict[str, Any], authentik_schema: dict[str, Any]
) -> None:
    assert problems(blueprint, authentik_schema) == []


def test_the_check_sees_a_misspelt_field_and_a_wrong_value(
    blueprint: dict[str, Any], authentik_schema: dict[str, Any]
) -> None:
    wrong = deepcopy(blueprint)
    (attrs,) = [e["attrs"] for e in wrong["entries"] if e["model"].endswith(".oauth2provider")]
    attrs["redirect_url"] = []
    attrs["issuer_mode"] = "per_application"
    attrs["grant_types"] = ["authorisation_code"]

    found = " ".join(problems(wrong, authentik_schema))
    assert "attrs.redirect_url: no such field" in found
    assert "per_application" in found
    assert "authorisation_code" in found


def test_the_flow_is_authorization_code_with_refresh(blueprint: dict[str, Any]) -> None:
    settings = provider(blueprint)

    assert settings["client_id"] == "kubernetes-mcp-server"
    assert settings["grant_types"] == ["authorization_code", "refresh_token"]
    assert settings["access_token_validity"] == "hours=1"
    assert settings["refresh_token_validity"] == "days=7"
    assert settings["issuer_mode"] == "per_provider"
    assert settings["include_claims_in_id_token"] is True
    assert "client_secret" not in settings


def test_without_a_signing_key_there_is_no_provider(blueprint: dict[str, Any]) -> None:
    (found,) = [e for e in blueprint["entries"] if e["model"].endswith(".oauth2provider")]

    assert found["conditions"] == [found["attrs"]["signing_key"]]


@pytest.mark.parametrize(
    "uri",
    [
        "https://claude.ai/api/mcp/auth_callback",
        "https://claude.com/api/mcp/auth_callback",
        "http://localhost:3118/callback",
        "http://127.0.0.1:54321/callback",
        "http://localhost:8787/callback",
        "https://vscode.dev/redirect",
        "http://127.0.0.1:33418/",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "http://localhost:6274/oauth/callback",
        "http://localhost:6274/oauth/callback/debug",
        "http://localhost:9999/oauth/callback",
    ],
)
def test_every_client_gets_its_answer(blueprint: dict[str, Any], uri: str) -> None:
    assert redirects(blueprint, uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://claude.ai.evil.example/api/mcp/auth_callback",
        "https://claude.ai/api/mcp/auth_callback/../../evil",
        "http://localhost.evil.example:80/callback",
        "http://localhost:80@evil.example/callback",
        "http://127a0b0c1:80/callback",
        "https://localhost:3118/callback",
        "http://localhost:3118/callback?next=https://evil.example",
        "http://localhost:3118/callback\n",
        "http://evil.example:80/",
    ],
)
def test_nobody_else_does(blueprint: dict[str, Any], uri: str) -> None:
    assert not redirects(blueprint, uri)


def test_authentik_can_read_every_redirect_as_a_url(blueprint: dict[str, Any]) -> None:
    # It does so for CORS, and answers 500 to every browser where one cannot be read.
    for each in provider(blueprint)["redirect_uris"]:
        assert urlsplit(each["url"]).scheme
        assert "[" not in each["url"]


def test_tokens_can_carry_groups_audience_and_a_refresh(blueprint: dict[str, Any]) -> None:
    mapped = provider(blueprint)["property_mappings"]
    found = {tag.value[1][1].rsplit("-", 1)[1] for tag in mapped if tag.name == "Find"}

    assert found == {"openid", "profile", "email", "offline_access"}
    assert Tag("KeyOf", "audience") in mapped


def test_the_audience_scope_names_client_and_url(blueprint: dict[str, Any]) -> None:
    scope = entry(blueprint, "authentik_providers_oauth2.scopemapping")
    code = "def run(provider):\n" + "".join(f"    {x}\n" for x in scope["expression"].splitlines())
    made: dict[str, Any] = {}
    exec(code, made)

    class Provider:
        client_id = "kubernetes-mcp-server"

    assert scope["scope_name"] == "mcp:kubernetes"
    assert made["run"](Provider) == {
        "aud": ["kubernetes-mcp-server", "https://api.example.com/mcp/kubernetes"]
    }


@pytest.mark.parametrize(
    ("context", "passes"),
    [
        ({}, True),
        ({"oauth_grant_type": "x"}, False),
        ({"oauth_grant_type": "x", "oauth_code_challenge": "c"}, False),
        (
            {
                "oauth_grant_type": "x",
                "oauth_code_challenge": "c",
                "oauth_code_challenge_method": "plain",
            },
            False,
        ),
        (
            {
                "oauth_grant_type": "x",
                "oauth_code_challenge": "c",
                "oauth_code_challenge_method": "S256",
            },
            True,
        ),
    ],
)
def test_only_pkce_with_s256_signs_in(
    blueprint: dict[str, Any], context: dict[str, str], passes: bool
) -> None:
    policy = entry(blueprint, "authentik_policies_expression.expressionpolicy")["expression"]
    code = "def run(context):\n" + "".join(f"    {line}\n" for line in policy.splitlines())
    made: dict[str, Any] = {}
    exec(code, made)

    assert made["run"](context) is passes


def test_only_members_of_the_group_may_sign_in_and_every_policy_counts(
    blueprint: dict[str, Any],
) -> None:
    bindings = [e for e in blueprint["entries"] if e["model"].endswith(".policybinding")]

    assert entry(blueprint, "authentik_core.application")["policy_engine_mode"] == "all"
    assert [b["identifiers"].get("group", b["identifiers"].get("policy")) for b in bindings] == [
        Tag("KeyOf", "users"),
        Tag("KeyOf", "pkce"),
    ]
    assert all(b["attrs"]["enabled"] and not b["attrs"]["negate"] for b in bindings)
