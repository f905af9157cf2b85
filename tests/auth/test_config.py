"""Every contradiction is found before anything starts, and said in a sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kube_mcp.auth.claims import ClaimNames
from kube_mcp.auth.config import AuthConfig, CorsConfig, IntrospectionConfig, TrustedIssuer

GOOD = TrustedIssuer(
    issuer="https://authentik.example.com/application/o/kubernetes-mcp/",
    audience=("kubernetes-mcp-server", "https://api.example.com/mcp/kubernetes"),
    allowed_clients=("kubernetes-mcp-server",),
)
CONFIG = AuthConfig(
    public_urls=(
        "https://api.example.com/mcp/kubernetes",
        "https://k8s-mcp.example.com/mcp",
    ),
    issuers=(GOOD,),
)


def test_the_configuration_of_the_documentation_has_no_problems() -> None:
    assert CONFIG.problems() == []


def test_an_empty_configuration_lists_everything_that_is_missing() -> None:
    assert AuthConfig(public_urls=(), issuers=()).problems() == [
        "server.public_urls is empty; expected the URLs that clients type, path included.",
        "auth.issuers is empty; expected the issuer URL exactly as the provider writes it,"
        " trailing slash included.",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"public_urls": ("http://api.example.com/mcp",)}, "is not https"),
        ({"public_urls": ("https://api.example.com/mcp/",)}, "ends with a slash"),
        ({"public_urls": ("https://API.example.com/mcp",)}, "capitals in the host"),
        ({"public_urls": ("https://api.example.com/mcp?x=1",)}, "has a query"),
        ({"public_urls": ("https://api.example.com/mcp#x",)}, "has a fragment"),
        ({"public_urls": ("https://me:pw@api.example.com/mcp",)}, "user name or a password"),
        ({"public_urls": ("https://api.example.com//mcp",)}, "plain segments"),
        ({"public_urls": ("https://api.example.com/../mcp",)}, "plain segments"),
        ({"public_urls": ("https://a.example.com/m", "https://a.example.com/m")}, "stands twice"),
        ({"public_urls": ("api.example.com/mcp",)}, "is not an absolute URL"),
        ({"issuers": (GOOD, GOOD)}, "stands twice"),
        (
            {"required_scopes": ("openid", "mcp:kubernetes")},
            "which auth.scopes_supported does not name",
        ),
        ({"required_scopes": ('open"id',)}, "a scope is one word"),
        ({"challenge_scopes": ("openid", "a b")}, "a scope is one word"),
        ({"required_groups": ("",)}, "required_groups holds an empty entry"),
        ({"leeway_s": 31}, "leeway_s is 31; expected 0 to 30"),
        ({"max_token_bytes": 10**9}, "max_token_bytes"),
        ({"token_cache_s": 3600.0}, "token_cache_s"),
        ({"token_cache_entries": 0}, "token_cache_entries"),
        ({"cors": CorsConfig(allowed_origins=("http://localhost:6274/",))}, "is not an origin"),
    ],
)
def test_a_contradiction_is_said(changes: dict[str, Any], said: str) -> None:
    [problem] = [text for text in replace(CONFIG, **changes).problems() if said in text]

    assert problem.endswith(".")


INTROSPECTION = IntrospectionConfig(client_id="c", client_secret_file="/run/secret")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": "http://authentik.example.com/"}, "is not https"),
        ({"issuer": ""}, "is not an absolute URL"),
        ({"issuer": "https://a.example.com/?x"}, "has a query"),
        ({"audience": ()}, "audience is empty"),
        ({"audience": (" ",)}, "audience is empty"),
        ({"audience": ("a", "")}, "audience holds an empty entry"),
        ({"allowed_clients": ()}, "allowed_clients is empty"),
        ({"allowed_clients": ("a", "")}, "allowed_clients holds an empty entry"),
        ({"jwks_uri": "http://authentik.example.com/jwks"}, "jwks_uri"),
        ({"algorithms": ("HS256",)}, "Shared-secret and unsigned tokens are never accepted"),
        ({"algorithms": ("none",)}, "auth.algorithms holds 'none'"),
        ({"algorithms": ()}, "algorithms is empty"),
        ({"client_claims": ()}, "client_claims is empty"),
        ({"claims": ClaimNames(username="email")}, "username_claim is 'email'"),
        ({"claims": ClaimNames(username="user.mail")}, "username_claim is 'user.mail'"),
        ({"claims": ClaimNames(username="")}, "username_claim is empty"),
        ({"claims": ClaimNames(groups="")}, "groups_claim is empty"),
        ({"claims": ClaimNames(scopes=())}, "no claim is named for scopes"),
    ],
)
def test_a_contradiction_in_an_issuer_names_the_issuer(changes: dict[str, Any], said: str) -> None:
    broken = replace(CONFIG, issuers=(replace(GOOD, **changes),))

    [problem] = [text for text in broken.problems() if said in text]

    assert problem.startswith(("auth.issuers, entry 1", "auth.algorithms"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_id": ""}, "client_id is empty"),
        ({"client_secret_file": ""}, "client_secret_file is empty"),
        ({"when": "often"}, "'opaque', 'always' or 'only'"),
        ({"client_auth": "none"}, "'basic' or 'post'"),
        ({"cache_s": 600.0}, "at most 60"),
        ({"url": "http://x.example.com"}, "is not https"),
    ],
)
def test_a_contradiction_in_introspection_is_said_once_for_all_issuers(
    changes: dict[str, Any], said: str
) -> None:
    broken = replace(INTROSPECTION, **changes)
    both = (
        replace(GOOD, introspection=broken),
        replace(GOOD, issuer="https://other.example.com/", introspection=broken),
    )

    [problem] = replace(CONFIG, issuers=both).problems()

    assert problem.startswith("auth.introspection.")
    assert said in problem


def test_plain_http_is_for_this_machine_and_only_where_it_is_allowed() -> None:
    local = replace(GOOD, issuer="http://127.0.0.1:9000/", allow_http_loopback=True)
    elsewhere = replace(GOOD, issuer="http://10.0.0.1:9000/", allow_http_loopback=True)

    assert replace(CONFIG, issuers=(local,)).problems() == []
    assert replace(CONFIG, issuers=(replace(local, allow_http_loopback=False),)).problems() != []
    assert replace(CONFIG, issuers=(elsewhere,)).problems() != []


def test_offline_access_is_asked_for_only_where_it_is_switched_on() -> None:
    listed = replace(CONFIG, challenge_scopes=("openid", "offline_access", "email"))

    assert listed.sign_in_scopes == ("openid", "email")
    assert replace(listed, advertise_offline_access=True).sign_in_scopes == (
        "openid",
        "email",
        "offline_access",
    )
