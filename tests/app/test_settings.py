"""Settings: every source, in order, and every mistake in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.errors import SettingsError
from kube_mcp.settings import Settings, env_name, keys, load


def test_defaults_need_no_file() -> None:
    settings = load(environ={})
    assert settings.server.host == "127.0.0.1"
    assert settings.cluster.identity == "service-account"


def test_each_source_overrides_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[server]\nport = 1001\nhost = "127.0.0.2"\n[log]\nlevel = "debug"\n')
    drop_ins = tmp_path / "conf.d"
    drop_ins.mkdir()
    (drop_ins / "20-later.toml").write_text("[server]\nport = 1003\n")
    (drop_ins / "10-first.toml").write_text('[server]\nport = 1002\nhost = "127.0.0.3"\n')
    environ = {"KUBE_MCP_SERVER_MAX_BODY_BYTES": "4096", "KUBE_MCP_LOG_LEVEL": "error"}
    settings = load(
        file=str(file), directory=str(drop_ins), environ=environ, flags={"log.level": "warning"}
    )
    assert (settings.server.port, settings.server.host) == (1003, "127.0.0.3")
    assert settings.server.max_body_bytes == 4096
    assert settings.log.level == "warning"


def test_a_flag_that_was_not_given_overrides_nothing(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[server]\nport = 1001\n")
    assert load(file=str(file), environ={}, flags={"server.port": None}).server.port == 1001


def test_a_misspelt_key_is_answered_with_the_nearest_one(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[policy]\nnamespace_allow = ['shop']\n")
    with pytest.raises(SettingsError) as caught:
        load(file=str(file), environ={})
    assert caught.value.problems == (
        "'policy.namespace_allow' is not a setting. Did you mean 'namespaces_allow', "
        "'namespaces_deny' or 'kinds_allow'?",
    )


def test_a_misspelt_key_inside_a_list_of_tables_is_found_too(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[[auth.issuers]]\nissuer = "https://idp/"\naudiences = ["x"]\nallowed_clients = ["x"]\n'
    )
    with pytest.raises(SettingsError) as caught:
        load(file=str(file), environ={})
    assert "auth.issuers, entry 1: audience is missing." in caught.value.problems
    assert any("Did you mean 'audience'?" in problem for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[server]\npublic_urls = "https://x/mcp"\n',
         'server.public_urls: expected a list, such as ["a", "b"] (it is \'https://x/mcp\').'),
        ('[server]\npublic_urls = [1]\n',
         "server.public_urls, entry 1: expected a text (it is 1)."),
        ('[server]\nmetrics = "on off"\n',
         "server.metrics: expected true or false (it is 'on off')."),
        ('[server]\nport = "http"\n', "server.port: expected a whole number (it is 'http')."),
        ('[server]\npath = "mcp"\n',
         "server.path: expected a text that matches ^/[A-Za-z0-9._~/-]*$ (it is 'mcp')."),
        ('[auth]\nleeway_s = 60\n', "auth.leeway_s: expected at most 30 (it is 60)."),
        ('[limits]\ncall_timeout_s = 0\n',
         "limits.call_timeout_s: expected more than 0 (it is 0)."),
        ('auth = "x"\n', "auth: expected a table, headed [auth] (it is 'x')."),
        ('[auth]\nissuers = ["https://a/"]\n',
         "auth.issuers, entry 1: expected tables, headed [[auth.issuers]] (it is 'https://a/')."),
        ('[auth.issuers]\nissuer = "https://a/"\n',
         "auth.issuers: expected tables, headed [[auth.issuers]]."),
        ('[auth]\nissuer = "https://a/"\n',
         "'auth.issuer' is not a setting. It is a key of [[auth.issuers]]."),
        ('[policy]\nport = 1\n', "'policy.port' is not a setting. It is a key of [server]."),
        ('[[policy.grants]]\ntoolset = ["logs"]\n',
         "policy.grants, entry 1: 'toolset' is not a setting. Did you mean 'toolsets'?"),
        ('[policy]\ntool = 1\n', "'policy.tool' is not a setting. Did you mean 'toolsets'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_in_the_words_of_the_file(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file=str(file), environ={})
    assert said in caught.value.problems
    assert not [problem for problem in caught.value.problems if "nput should" in problem]


def test_a_mistake_does_not_hide_the_one_below_it(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[auth.issuers]\nissuer = "https://a/"\naudience = "b"\n')
    with pytest.raises(SettingsError) as caught:
        load(file=str(file), environ={})
    assert caught.value.problems == (
        "auth.issuers: expected tables, headed [[auth.issuers]].",
        'auth.issuers, entry 1: audience: expected a list, such as ["a", "b"] (it is \'b\').',
        "auth.issuers, entry 1: allowed_clients is missing.",
    )


_WORDS = st.sampled_from(["", "x", "issuer", "audience", "https://a.example.com/"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 10**6) | _WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_WORDS, inner, max_size=2),
    max_leaves=4,
)
_KEYS = st.sampled_from([*(key for key, _ in keys()), *Settings.model_fields])


@given(st.lists(st.tuples(_KEYS, _VALUES), max_size=3))
def test_whatever_is_written_is_taken_or_refused_in_sentences(
    given: list[tuple[str, object]],
) -> None:
    refused: tuple[str, ...] = ()
    try:
        load(environ={}, flags=dict(given))
    except SettingsError as error:
        refused = error.problems
    assert all(problem.endswith((".", "?")) for problem in refused)


@pytest.mark.parametrize(
    "name", ["KUBE_MCP_AUTH_ISSUER", "KUBE_MCP_AUTH_AUDIENCE", "KUBE_MCP_AUTH_ISSUERS_AUDIENCE"]
)
def test_a_variable_for_what_only_a_file_can_hold_says_so(name: str) -> None:
    with pytest.raises(SettingsError, match=r"\[\[auth\.issuers\]\] can only be set in a file"):
        load(environ={name: "x"})


def test_every_problem_is_listed_not_the_first_one(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[server]\nport = 70000\n[cluster]\nidentity = "root"\n')
    with pytest.raises(SettingsError) as caught:
        load(file=str(file), directory=str(tmp_path / "none"), environ={"KUBE_MCP_LOG_LEVL": "x"})
    said = "\n".join(caught.value.problems)
    for part in ("server.port", "cluster.identity", "KUBE_MCP_LOG_LEVL", "none does not exist"):
        assert part in said
    assert "Did you mean 'KUBE_MCP_LOG_LEVEL'" in said


def test_a_file_that_is_not_toml_names_the_place(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[server\n")
    with pytest.raises(SettingsError, match=r"config\.toml is not TOML: .*line 1"):
        load(file=str(file), environ={})


def test_what_kubernetes_puts_into_the_environment_of_a_service_called_kube_mcp_is_ignored() -> (
    None
):
    environ = {
        "KUBE_MCP_SERVICE_HOST": "10.0.0.1",
        "KUBE_MCP_SERVICE_PORT_HTTP": "8080",
        "KUBE_MCP_PORT": "tcp://10.0.0.1:8080",
        "KUBE_MCP_PORT_8080_TCP_ADDR": "10.0.0.1",
    }
    assert load(environ=environ).server.port == 8080


def test_lists_in_the_environment_are_separated_by_commas() -> None:
    environ = {"KUBE_MCP_POLICY_NAMESPACES_DENY": "vault, kube-system ,"}
    assert load(environ=environ).policy.namespaces_deny == ("vault", "kube-system")


def test_a_list_of_tables_cannot_come_from_the_environment() -> None:
    with pytest.raises(SettingsError, match="can only be set in a file"):
        load(environ={"KUBE_MCP_AUTH_ISSUERS": "https://idp/"})


def test_no_two_settings_share_an_environment_variable() -> None:
    names = [env_name(key) for key, _ in keys()]
    assert len(names) == len(set(names))


def test_every_setting_says_what_it_is_in_a_sentence() -> None:
    for key, field in keys():
        assert field.description, key
        assert field.description.endswith("."), key
