"""Settings that contradict one another stop the start, all of them at once and in a sentence each."""

from __future__ import annotations

from pathlib import Path

import pytest

from kube_mcp.contradictions import check, loaded
from kube_mcp.errors import SettingsError
from kube_mcp.settings import Settings, load
from kube_mcp.sources import shared_names

SIGN_IN = """
[server]
public_urls = ["https://api.example.com/mcp/kubernetes"]
[[auth.issuers]]
issuer = "https://auth.example.com/application/o/kubernetes-mcp/"
audience = ["kubernetes-mcp-server"]
allowed_clients = ["kubernetes-mcp-server"]
"""


def settings(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return loaded(lambda: load(file=str(file), environ={}), listens=True)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        check(settings(tmp_path, text), listens=True)
    return list(caught.value.problems)


def test_the_defaults_and_an_ordinary_sign_in_do_not_contradict_themselves(tmp_path: Path) -> None:
    check(settings(tmp_path, ""), listens=True)
    check(settings(tmp_path, SIGN_IN), listens=True)


GRANT = "[[policy.grants]]\n"
GROUP = '[[policy.groups]]\ngroup = "dev"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # What was meant to close something and would have closed nothing
        (f'{GRANT}toolsets = ["log"]\ngroups = ["ops"]\n',
         "policy.grants, entry 1: toolsets holds 'log', which is no toolset. Did you mean 'logs'?"),
        (f'{GRANT}toolsets = []\ngroups = ["ops"]\n', "nothing is opened, and nothing closed"),
        (f'{GRANT}toolsets = ["logs"]\n', "neither scopes nor groups are named"),
        (f'{GRANT}toolsets = ["logs"]\nscopes = ["a b"]\n', "'a b' is no scope"),
        (f'{GRANT}toolsets = ["logs"]\ngroups = [""]\n', "groups holds an empty entry"),
        ('[policy]\ntoolsets = ["everything"]\n',
         "policy.toolsets holds 'everything', which is no toolset. There are: core, helm, logs, nodes."),
        ('[policy]\nnamespaces_deny = ["Kube-System"]\n',
         "policy.namespaces_deny holds 'Kube-System', which no namespace is called"),
        ('[policy]\nkinds_deny = [""]\n', "policy.kinds_deny holds '', which no kind is called"),
        ('[policy]\nkinds_deny = ["apps/v1 Deployment"]\n', "which no kind is called"),
        (GROUP, "policy.groups, entry 1 (dev): nothing is narrowed"),
        (f'{GROUP}namespaces_allow = ["team a"]\n',
         "policy.groups, entry 1 (dev): namespaces_allow holds 'team a'"),
        ('[auth.introspection]\nclient_id = "c"\n', "auth.introspection is filled in and not used"),
        # As whom the cluster is read
        ('[cluster]\nidentity = "impersonate"\n[impersonate]\nuser_prefix = ""\n',
         "impersonate.user_prefix is empty"),
        ('[cluster]\nidentity = "impersonate"\n[impersonate]\ngroup_prefix = "system:"\n',
         "impersonate.group_prefix 'system:' begins with 'system:'"),
        ('[cluster]\nidentity = "impersonate"\n[impersonate]\ngroups = ["system:masters"]\n',
         "impersonate.groups holds 'system:masters'"),
        ('[cluster]\nidentity = "impersonate"\n[impersonate]\ngroup_pattern = "("\n',
         "impersonate.group_pattern '(' is not a regular expression"),
        ('[cluster]\nidentity = "token-exchange"\n',
         "token_exchange.sts_client_secret_file is empty"),
        ('[cluster]\nidentity = "token-exchange"\n[token_exchange]\ntoken_url = "http://x/"\n',
         "token_exchange.token_url: 'http://x/' is not https"),
        ('[cluster]\nidentity = "passthrough"\n', "accept_passthrough_risk = true"),
        ('[cluster]\nidentity = "impersonate"\nsnapshot = "demo"\n',
         "'impersonate' cannot be used with a snapshot"),
    ],
)  # fmt: skip
def test_a_contradiction_beside_a_sign_in_is_said(tmp_path: Path, text: str, said: str) -> None:
    found = problems(tmp_path, SIGN_IN + text)
    assert [problem for problem in found if said in problem], found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[auth]\nrequired_groups = ["admins"]\n', "auth.required_groups is set, but nobody signs in"),
        ('[auth]\nrequired_scopes = ["mcp"]\n', "auth.required_scopes is set, but nobody signs in"),
        ("[auth.introspection]\nenabled = true\n", "auth.introspection.enabled is set, but nobody"),
        (f'{GRANT}toolsets = ["logs"]\ngroups = ["ops"]\n', "policy.grants is set, but nobody"),
        (f'{GROUP}namespaces_deny = ["vault"]\n', "policy.groups is set, but nobody signs in"),
        ('[cluster]\nidentity = "impersonate"\n', "nobody signs in: set auth.issuers"),
        ('[server]\nhost = "0.0.0.0"\n', "server.host is '0.0.0.0', which other machines can reach"),
        ('[server]\nallowed_origins = ["claude.ai"]\n', "server.allowed_origins: 'claude.ai'"),
        ('[server]\nallowed_hosts = ["https://x"]\n', "server.allowed_hosts holds 'https://x'"),
        ('[server]\npublic_urls = ["api.example.com/mcp"]\n', "is not an absolute URL"),
    ],
)  # fmt: skip
def test_a_contradiction_without_a_sign_in_is_said(tmp_path: Path, text: str, said: str) -> None:
    [problem] = problems(tmp_path, text)
    assert said in problem


def test_mistakes_and_contradictions_are_listed_together(tmp_path: Path) -> None:
    text = SIGN_IN.replace('audience = ["kubernetes-mcp-server"]', "audience = 3") + (
        "[auth]\nleeway_s = 60\n"
        '[policy]\ntoolsets = ["cor"]\n'
        '[server.nothing]\n'
    )  # fmt: skip
    found = problems(tmp_path, text)
    assert len(found) == len(set(found))
    said = "\n".join(found)
    for part in ("leeway_s", "audience", "'cor'", "server.nothing"):
        assert part in said
    assert "stand-in" not in said


def test_what_is_missing_causes_no_complaint_about_what_stands_in_for_it(tmp_path: Path) -> None:
    text = '[server]\npublic_urls = ["https://x.example.com/mcp"]\n[[auth.issuers]]\n'
    assert problems(tmp_path, text) == [
        f"auth.issuers, entry 1: {name} is missing."
        for name in ("issuer", "audience", "allowed_clients")
    ]


def test_over_a_pipe_it_does_not_matter_where_the_server_would_listen(tmp_path: Path) -> None:
    check(load(environ={}, flags={"server.host": "0.0.0.0"}))


def test_people_of_two_providers_who_would_be_taken_for_one_another_are_warned_of(
    tmp_path: Path,
) -> None:
    second = SIGN_IN.partition("[[auth.issuers]]")[2]
    more = f"[[auth.issuers]]{second.replace('auth.example.com', 'login.example.org')}"
    same = f"[[auth.issuers]]{second.replace('kubernetes-mcp/', 'kubernetes-mcp-cli/')}"
    as_callers = '[cluster]\nidentity = "impersonate"\n'

    said = shared_names(settings(tmp_path, SIGN_IN + more + as_callers))

    assert "(auth.example.com, login.example.org)" in said
    assert shared_names(settings(tmp_path, SIGN_IN + more)) == ""
    assert shared_names(settings(tmp_path, SIGN_IN + same + as_callers)) == ""
