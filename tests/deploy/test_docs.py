"""The pages about deployment: what they name exists."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from deploy.scripts.generate import values_table
from kube_mcp.cli import _parser
from tests.support.helm import CHART, ROOT
from tests.support.pages import blocks

PAGES = [
    *(
        ROOT / "docs" / f"{name}.md"
        for name in ("deploy", "clients", "troubleshooting", "security")
    ),
    ROOT / "deploy/gitops/README.md",
    CHART / "README.md",
]
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).resolve().exists(), target


@pages
def test_every_block_of_json_yaml_and_toml_can_be_read(page: Path) -> None:
    for text in blocks(page, "json"):
        assert json.loads(text)
    for text in blocks(page, "yaml"):
        assert all(yaml.safe_load_all(text))
    for text in blocks(page, "toml"):
        assert tomllib.loads(text)


@pages
def test_every_value_of_the_chart_that_is_named_exists(page: Path) -> None:
    known = {path for path, _, _ in values_table((CHART / "values.yaml").read_text())}
    top = {path.partition(".")[0] for path in known} - {"config"}
    for name in re.findall(r"`([a-zA-Z]+(?:\.[a-zA-Z_]+)+)`", page.read_text()):
        if name.endswith((".yaml", ".io")):  # a file, an API group
            continue
        if name.partition(".")[0] in top or name.startswith("config."):
            assert name in known, name


@pages
def test_every_command_and_option_of_ours_that_is_named_exists(page: Path) -> None:
    help_text = {}
    parser = _parser()
    (commands,) = [a for a in parser._actions if a.choices and "serve" in a.choices]
    for name, command in dict(commands.choices or {}).items():
        help_text[name] = command.format_help()
    said = re.findall(
        r"(?:^|`|-- |\$ )kube-mcp ([a-z]+)((?: [^`\n|]*)?)", page.read_text(), re.MULTILINE
    )
    for name, rest in said:
        for option in re.findall(r"(?<= )--[a-z-]+", rest):
            assert option in help_text[name], f"kube-mcp {name} {option}"


@pages
def test_every_script_that_is_named_exists(page: Path) -> None:
    for name in re.findall(r"deploy/scripts/[\w.-]+\.(?:sh|py)", page.read_text()):
        assert (ROOT / name).exists(), name
