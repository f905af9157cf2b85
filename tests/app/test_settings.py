"""Settings: every source, in order, and every mistake in words."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from kube_mcp.errors import SettingsError
from kube_mcp.settings import Toolset, env_name, keys, load
from kube_mcp.tools._tool import discover


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
        "'policy.namespace_allow' is not a setting. Did you mean 'namespaces_allow' or "
        "'namespaces_deny'?",
    )


def test_a_misspelt_key_inside_a_list_of_tables_is_found_too(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[[auth.issuers]]\nissuer = "https://idp/"\naudiences = ["x"]\nallowed_clients = ["x"]\n'
    )
    with pytest.raises(SettingsError) as caught:
        load(file=str(file), environ={})
    assert "auth.issuers.0.audience is missing." in caught.value.problems
    assert any("Did you mean 'audience'?" in problem for problem in caught.value.problems)


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


def test_the_toolsets_that_can_be_named_are_those_of_the_tools() -> None:
    assert set(get_args(Toolset)) == {tool.toolset for tool in discover()}


def test_a_misspelt_toolset_in_a_grant_does_not_leave_it_open(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[[policy.grants]]\ntoolsets = ["lgos"]\ngroups = ["admins"]\n')

    with pytest.raises(SettingsError, match="input should be 'core', 'logs' or 'helm'"):
        load(file=str(file), environ={})
