"""What values say about themselves."""

from __future__ import annotations

import base64
import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.redaction.values import (
    decoded_text,
    is_basic_login,
    is_innocent,
    is_reference,
    looks_random,
    mask,
)


@pytest.mark.parametrize(
    "value",
    [
        "Zq8Rt5wYb2Lm9XvT4KcW",
        "9f86d081884c7d659a2feaa0c55ad015",
        "9F86D081884C7D659A2FEAA0C55AD015",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY1",
        "k3j5h2g8f9d1s4a6p0o7",
        "Zq8Rt5wYb2Lm9XvT4KcW" * 50,
    ],
)
def test_these_were_generated(value: str) -> None:
    assert looks_random(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "short1A2b3",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "node-pool-2026-11-23-blue",
        "ip-10-0-12-34.eu-west-1.compute",
        "web-frontend-7d9c8b6f5-x2k8p",
        "MyServiceAccountRoleBinding1",
        "KubernetesIngressController22",
        "12345678901234567890",
        "--------------------11",
        "aaaaaaaaaaaaaaaa11A1",
        "has blanks in it 123 ABC",
        "example.com/topology-zone-1",
    ],
)
def test_these_were_written(value: str) -> None:
    assert not looks_random(value)


def test_nearly_every_generated_token_looks_random() -> None:
    alphabet = string.ascii_letters + string.digits
    tokens = ["".join(secrets.choice(alphabet) for _ in range(32)) for _ in range(500)]
    assert sum(map(looks_random, tokens)) > 470


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "true", "None", "DISABLED", "$(DB_PASSWORD)", "${DB_PASSWORD}", "$DB_PASSWORD",
        "$(A):$(B)", "{{ .Values.password }}", "%(password)s", "<password>", "<masked: 12 chars>",
        "******", "[REDACTED]", "/run/secrets/db", "./key.pem", "~/.ssh/id", "C:\\keys\\a.pem",
        "vault:secret/data/shop#password", "file:/run/key", "op://shop/db/password", "$__file{/a/b}",
        "$(cat /run/secrets/pw)",
    ],
)  # fmt: skip
def test_these_are_readable_behind_any_name(value: str) -> None:
    assert is_innocent(value)


@pytest.mark.parametrize(
    "value",
    [
        "hunter2", "password", "12345678", "${PW:-hunter2}", "$ecret", "$Pa$$word", "$(A)hunter2",
        '{{ .x | default "hunter2" }}', "/Zq8Rt5wYb2Lm9XvT4KcW", "/aB3d/x", "a/b", "x:y",
        "vault:Zq8Rt5wYb2Lm9XvT4KcW", "$apr1$q7Rz2LmX$abc", "x" * 600, "<masked: 3 chars>tail",
        "file:with blank", "$(cat pw)",
    ],
)  # fmt: skip
def test_these_are_not(value: str) -> None:
    assert not is_innocent(value)


def test_a_reference_that_is_too_long_to_be_one_is_none() -> None:
    assert not is_reference("$(A)" * 300)


@given(st.text())
def test_a_mask_tells_the_length_and_is_itself_readable(value: str) -> None:
    assert mask(value) == f"<masked: {len(value)} chars>"
    assert is_innocent(mask(value))


def test_base64_is_looked_into() -> None:
    assert decoded_text(base64.b64encode(b"hello there").decode()) == "hello there"
    assert decoded_text(base64.urlsafe_b64encode(b"??>>~~~~").decode()) == "??>>~~~~"
    assert decoded_text("aGVsbG8gdGhlcmU") == "hello there"
    assert decoded_text("/////////") == ""
    assert decoded_text("AAAAAAAAA") == ""
    assert decoded_text("no base64!") == ""
    assert decoded_text("A" * 1_000_001) == ""


def test_a_login_in_base64_is_recognised() -> None:
    assert is_basic_login(base64.b64encode(b"bob:hunter2").decode())
    assert not is_basic_login(base64.b64encode(b"no colon here").decode())
    assert not is_basic_login(base64.b64encode(b"bob:     "[:4] + b"\x00\xff").decode())
