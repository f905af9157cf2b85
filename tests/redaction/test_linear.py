"""No input makes masking slower than its length: every repeat is bounded or gives nothing back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import pytest

from kube_mcp.redaction import (
    assignments,
    cells,
    characters,
    commands,
    forms,
    kinds,
    names,
    objects,
    patterns,
    pem,
    sentences,
    text,
    values,
)

MODULES = [
    assignments,
    cells,
    characters,
    commands,
    forms,
    kinds,
    names,
    objects,
    patterns,
    pem,
    sentences,
    text,
    values,
]
#: Above this a bounded repeat costs like an unbounded one.
MOST_REPEATS = 2_048


def expressions() -> Iterator[tuple[str, re.Pattern[str]]]:
    def inside(value: Any) -> Iterator[re.Pattern[str]]:
        if isinstance(value, re.Pattern):
            yield value
        elif isinstance(value, tuple | list):
            for item in value:
                yield from inside(item)

    for module in MODULES:
        for name, value in vars(module).items():
            for at, pattern in enumerate(inside(value)):
                yield f"{short(module)}.{name}[{at}]", pattern


def short(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def repeats(tree: Any) -> Iterator[tuple[Any, int, Any]]:
    """Every repeat in a parsed expression: its operator, its most, and what it repeats."""
    for operator, argument in tree:
        if operator in {constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT}:
            yield operator, argument[1], argument[2]
            yield from repeats(argument[2])
        elif operator is constants.SUBPATTERN:
            yield from repeats(argument[3])
        elif operator in {constants.ASSERT, constants.ASSERT_NOT}:
            yield from repeats(argument[1])
        elif operator is constants.BRANCH:
            for branch in argument[1]:
                yield from repeats(branch)
        elif operator is constants.ATOMIC_GROUP:
            yield from repeats(argument)


def is_one_character(body: Any) -> bool:
    return len(body) == 1 and body[0][0] in {constants.IN, constants.LITERAL, constants.ANY}


EXPRESSIONS = dict(expressions())
# Only ever applied to one whole value or one word, which they match from its first character.
WHOLE_VALUES = {
    name for name in EXPRESSIONS if name.startswith(("values.", "names.", "pem._KEY", "pem._SHORT"))
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_no_expression_can_try_again_without_bound(name: str) -> None:
    tree = parser.parse(EXPRESSIONS[name].pattern, EXPRESSIONS[name].flags)
    for operator, most, body in repeats(tree):
        if operator is constants.POSSESSIVE_REPEAT:
            continue
        if name in WHOLE_VALUES:
            assert is_one_character(body) or most <= MOST_REPEATS
        else:
            assert most <= MOST_REPEATS or (is_one_character(body) and name in SINGLE_RUNS)


# One run of one class of characters, matched at one place and followed by nothing.
SINGLE_RUNS = {"assignments._NAME_LEFT[0]", "assignments._ITEM[0]", "assignments._LINE_LEAD[0]"}

UNITS = [
    "a", "=", ":", " ", "\n", '"', "\\", "{", "[", "<", "$(", "{{", "${", "-", "/", "@", ".", "\x1b", "\u200b",
    "eyJ", "eyJa.", "://", "://a:", "://a:b@", "AKIA", "ghp_", "-----BEGIN PRIVATE KEY-----", "SK", "\x1b[",
    "-----END PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", "\x1b]",
    "password", "password=", "password: ", "password: |\n ", "password=[", "tokens=[a", "token ", "--token ",
    "password:\n- ", "password=\"", "password=\\\"", "<password>", "key ", "key=", "auth:", "Authorization: ",
    "Cookie: ", "?sig=", "name: password value: ", "mysql ", "mysql -p", "login ", "IDENTIFIED BY '", "curl -u ",
    "SG.aaaaaaaaaaaaaaaaaaaa.", "MTk4NjIyNDgzNDcxOTI1MjQ4.", "Bearer ", "Basic ", "H4sI", "hvs.", "s.", "xox",
    "machine a login b password ", "İpassword=", "AAAAAAAAAAAAAAAAAAAA\n", "$2y$", "$argon2",
    "password is ", "password:\n", "Password a", "a:b@tcp(", "a:", '"kty" "d":"', "echo a|", "echo ", "user a >", "AUTH PLAIN ",
    "<a:password ", "<password a=", "password = <<E\n", "('password', '", "password%22%3A%22", "/token: ", "password: a[", "mc alias set a ",
    "htpasswd -b ", "openssl -k ", "secret_", "{SHA}", 'password: {"value": "', "password:\n  value: x\n", 'token = """', "snmp", "<masked: 1",
]  # fmt: skip


@pytest.mark.timeout(15)
@pytest.mark.parametrize("unit", UNITS)
def test_much_of_anything_is_masked(unit: str) -> None:
    much = unit * (300_000 // len(unit))
    assert len(text.mask_text(f"{much} password=hunter2x ")) <= 12 * len(much)
