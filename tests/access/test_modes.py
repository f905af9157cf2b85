"""As whom a caller reads, mode by mode."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kube_mcp.access.admission import admission
from kube_mcp.access.modes.impersonate import ImpersonateConfig, ImpersonateMode
from kube_mcp.access.modes.passthrough import PassthroughMode
from kube_mcp.access.modes.service_account import ServiceAccountMode
from kube_mcp.auth.caller import BearerToken, Caller
from kube_mcp.errors import NotAllowed, SettingsError
from kube_mcp.kube.identity import OWN, identity_headers

ALICE = Caller(
    issuer="https://authentik.example.com/application/o/kubernetes-mcp/",
    subject="0b3f7c9e",
    username="alice",
    groups=("platform", "kubernetes-mcp-users"),
    scopes=frozenset({"openid"}),
    client_id="kubernetes-mcp-server",
    session_id="5f1c",
    expires_at=2_000_000_000.0,
    token=BearerToken("eyJ.alice.token"),
)
CONFIG = ImpersonateConfig(
    username_prefix="authentik:",
    groups_prefix="authentik:",
    allowed_groups=("platform", "kubernetes-mcp-users"),
)


def impersonating(**changes: object) -> ImpersonateMode:
    config = replace(CONFIG, **changes)  # type: ignore[arg-type]
    assert config.problems() == []
    return ImpersonateMode(config)


async def test_with_the_service_account_everybody_is_the_server() -> None:
    mode = ServiceAccountMode()

    assert await mode.identity(ALICE) is await mode.identity(None) is OWN
    assert identity_headers(OWN) == ()


async def test_impersonation_sends_prefixed_names_and_says_which_client_it_was() -> None:
    identity = await impersonating().identity(ALICE)

    assert identity_headers(identity) == (
        ("Impersonate-User", "authentik:alice"),
        ("Impersonate-Group", "authentik:platform"),
        ("Impersonate-Group", "authentik:kubernetes-mcp-users"),
        ("Impersonate-Uid", "0b3f7c9e"),
        ("Impersonate-Extra-mcp.kube-mcp.dev%2fclient", "kubernetes-mcp-server"),
        ("Impersonate-Extra-mcp.kube-mcp.dev%2fsession", "5f1c"),
    )


async def test_the_same_person_with_other_groups_or_another_client_is_another_identity() -> None:
    mode = impersonating(allowed_groups=("platform", "kubernetes-mcp-users"))
    others = [
        ALICE,
        replace(ALICE, groups=("platform",)),
        replace(ALICE, groups=()),
        replace(ALICE, client_id="another"),
        replace(ALICE, session_id="another"),
        replace(ALICE, username="another"),
        replace(ALICE, subject="another"),
    ]

    for _ in range(2):
        keys = {(await mode.identity(each)).key for each in others}
        assert len(keys) == len(others)


async def test_extra_fields_and_uid_are_sent_as_configured() -> None:
    neither = impersonating(send_extra=False, send_uid=False)
    uid_only = impersonating(send_extra=False)

    assert identity_headers(await neither.identity(ALICE))[-1][0] == "Impersonate-Group"
    assert identity_headers(await uid_only.identity(ALICE))[-1] == ("Impersonate-Uid", "0b3f7c9e")


async def test_a_session_that_cannot_be_sent_is_left_out_of_the_audit_fields() -> None:
    identity = await impersonating().identity(replace(ALICE, session_id="sitzung-ü"))

    assert [key for key, _ in identity.extra] == ["mcp.kube-mcp.dev/client"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("authentik:platform", "authentik:kubernetes-mcp-users")),
        ({"allowed_groups": ("platform",)}, ("authentik:platform",)),
        (
            {"allowed_groups": (), "allowed_groups_pattern": "kubernetes-.*"},
            ("authentik:kubernetes-mcp-users",),
        ),
        ({"allowed_groups": (), "allowed_groups_pattern": "plat"}, ()),
        ({"allowed_groups": ()}, ()),
        (
            {"allowed_groups": ("platform",), "allowed_groups_pattern": "kubernetes-.*"},
            ("authentik:platform", "authentik:kubernetes-mcp-users"),
        ),
        ({"allowed_groups": ("nobody",)}, ()),
    ],
)
async def test_only_allowed_groups_are_mapped(
    changes: dict[str, object], expected: tuple[str, ...]
) -> None:
    assert (await impersonating(**changes).identity(ALICE)).groups == expected


async def test_a_group_no_header_can_carry_grants_nothing() -> None:
    caller = replace(ALICE, groups=("küche", "platform"))

    assert (await impersonating(allowed_groups_pattern=".*").identity(caller)).groups == (
        "authentik:platform",
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"groups": ("system:masters",)}, "reserved-group"),
        ({"groups": ("platform", "System:Masters")}, "reserved-group"),
        ({"groups": (" system:masters",)}, "reserved-group"),
        ({"username": "system:serviceaccount:kube-system:default"}, "reserved-name"),
        ({"username": "alice\r\nImpersonate-Group: x"}, "unsafe-name"),
        ({"username": "alice "}, "unsafe-name"),
        ({"username": ""}, "unsafe-name"),
        ({"username": "jürgen"}, "unsafe-name"),
        ({"groups": ("a\nb",)}, "unsafe-name"),
        ({"groups": ("platform", "kubernetes-mcp-users")}, "too-many-groups"),
    ],
)
async def test_a_caller_who_cannot_be_mapped_is_refused_at_the_door(
    changes: dict[str, object], code: str
) -> None:
    caller = replace(ALICE, **changes)  # type: ignore[arg-type]
    mode = impersonating(max_groups=1, allowed_groups_pattern=".*|.*\n.*")

    with pytest.raises(NotAllowed) as caught:
        await mode.identity(caller)
    denied = await admission(mode)(caller)

    assert caught.value.code == code
    assert denied is not None
    assert (denied.code, denied.status) == (code, 403)
    assert denied.claimed["sub"] == ALICE.subject


async def test_groups_that_are_not_mapped_do_not_count_against_the_limit() -> None:
    crowd = replace(ALICE, groups=(*(f"g{number}" for number in range(400)), "platform"))

    identity = await impersonating(allowed_groups=("platform",)).identity(crowd)

    assert identity.groups == ("authentik:platform",)


async def test_a_reserved_group_is_refused_even_where_it_would_not_be_mapped() -> None:
    caller = replace(ALICE, groups=("system:masters", "platform"))

    with pytest.raises(NotAllowed, match="keeps for itself"):
        await impersonating(allowed_groups=("platform",)).identity(caller)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"username_prefix": ""}, "impersonate.user_prefix is empty"),
        ({"groups_prefix": ""}, "impersonate.group_prefix is empty"),
        ({"groups_prefix": "system:"}, "begins with 'system:'"),
        ({"groups_prefix": "a\n"}, "cannot be sent"),
        ({"allowed_groups": ("system:masters",)}, "never mapped"),
        ({"allowed_groups": ("",)}, "empty entry"),
        ({"allowed_groups_pattern": "("}, "not a regular expression"),
        ({"max_groups": -1}, "expected 0 to 500"),
        ({"client_key": "client"}, "qualified by a domain"),
    ],
)
def test_a_dangerous_setting_is_said_before_the_start(
    changes: dict[str, object], said: str
) -> None:
    [problem] = replace(CONFIG, **changes).problems()  # type: ignore[arg-type]

    assert said in problem


async def test_passthrough_sends_the_callers_own_token() -> None:
    identity = await PassthroughMode(accept_risk=True).identity(ALICE)

    assert identity_headers(identity) == (("Authorization", "Bearer eyJ.alice.token"),)
    assert identity.brings_credentials
    assert "eyJ.alice.token" not in repr(identity)


def test_passthrough_needs_a_decision() -> None:
    with pytest.raises(SettingsError, match="which the MCP specification forbids"):
        PassthroughMode(accept_risk=False)


@pytest.mark.parametrize("mode", [impersonating(), PassthroughMode(accept_risk=True)])
async def test_without_a_caller_a_personal_mode_says_so(
    mode: ImpersonateMode | PassthroughMode,
) -> None:
    with pytest.raises(NotAllowed, match="nobody is signed in") as caught:
        await mode.identity(None)

    assert caught.value.code == "no-caller"
