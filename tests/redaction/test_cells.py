"""Cells of tables: told by the path a column prints, or else by its name."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from kube_mcp.redaction.cells import mask_cells

PATH = "Custom resource definition column (in JSONPath format): "
RANDOM = "Zq8Rt5wYb2Lm9XvT4KcW"


@dataclass
class Column:
    name: str = "Note"
    format: str = ""
    description: str = ""


def shown(column: Column, cell: object, kind: str = "Thing") -> object:
    rows = [[cell]]
    mask_cells([column], rows, kind=kind)
    return rows[0][0]


@pytest.mark.parametrize(
    "path",
    [
        ".spec.password",
        ".spec.auth.clientSecret",
        ".spec.password.value",
        '.spec.env[?(@.name=="DB_PASSWORD")].value',
        ".spec.secrets.apiKey",
        ".spec.tokens[0].secret",
    ],
)
def test_a_column_that_prints_a_credential_is_masked(path: str) -> None:
    assert shown(Column(description=PATH + path), "hunter") == "<masked: 6 chars>"


@pytest.mark.parametrize(
    ("path", "cell"),
    [
        (".spec.secretName", "web-tls"),
        (".spec.secretRef.name", "web-tls"),
        (".spec.passwordPolicy", "strict"),
        ('.status.conditions[?(@.type=="Ready")].status', "True"),
        ('.status.conditions[?(@.type=="Ready")].message', "secret db not found"),
        (".spec.url", "https://git.example.com/x.git"),
        (".spec.interval", "10m0s"),
        (".metadata.creationTimestamp", "2026-11-23T10:00:00Z"),
        (".spec.password", "$(DB_PASSWORD)"),
        (".status.tokens", 7),
        (".spec.enabled", True),
        (".spec.note", None),
    ],
)
def test_a_column_that_prints_something_else_stays(path: str, cell: object) -> None:
    assert shown(Column(name="Secret", description=PATH + path), cell) == cell


def test_a_column_with_words_of_its_own_is_told_by_its_name() -> None:
    assert shown(Column("Password", description="How to get in."), "hunter") == "<masked: 6 chars>"
    assert shown(Column("Password"), 8192) == "<masked: 4 chars>"
    assert shown(Column("Secret"), "web-tls") == "web-tls"
    assert shown(Column("Secret"), RANDOM) == "<masked: 20 chars>"
    assert shown(Column("Ready"), "1/1") == "1/1"


def test_values_of_whatever_calls_itself_a_secret_are_masked() -> None:
    column = Column(description=PATH + ".data.a")
    assert shown(column, "hunter", kind="Secret") == "<masked: 6 chars>"
    assert shown(column, "hunter", kind="Thing") == "hunter"


def test_names_are_cleaned_and_never_masked() -> None:
    assert shown(Column("Name", format="name"), "my-token-x") == "my-token-x"
    assert shown(Column("Name", format="name"), "a\x1b[2J\u202eb") == "ab"


def test_what_stands_in_any_cell_is_masked_by_its_shape() -> None:
    image = "https://bob:hunter@registry.example.com/web:1"
    assert shown(Column("Images"), image) == image.replace("hunter", "<masked: 6 chars>")
    assert shown(Column("Status"), "Bad password=hunter") == "Bad password=<masked: 6 chars>"
