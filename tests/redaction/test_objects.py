"""How masked objects look: what goes, what stays, and that nothing about their shape is trusted."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.redaction.objects import mask_object, mask_tree

RANDOM = "Zq8Rt5wYb2Lm9XvT4KcW"


@pytest.mark.parametrize(
    ("obj", "masked"),
    [
        (
            {"kind": "Pod", "metadata": {"name": "web", "managedFields": [{"manager": "kubectl"}]}},
            {"kind": "Pod", "metadata": {"name": "web"}},
        ),
        (
            {
                "metadata": {
                    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
                }
            },
            {
                "metadata": {
                    "annotations": {
                        "kubectl.kubernetes.io/last-applied-configuration": "<masked: 2 chars>"
                    }
                }
            },
        ),
        (
            {"env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "DB", "value": "shop"}]},
            {
                "env": [
                    {"name": "DB_PASSWORD", "value": "<masked: 7 chars>"},
                    {"name": "DB", "value": "shop"},
                ]
            },
        ),
        (
            {"args": ["--user", "app", "--password", "hunter2", "--token=abc", "--verbose", "x"]},
            {
                "args": [
                    "--user",
                    "app",
                    "--password",
                    "<masked: 7 chars>",
                    "--token=<masked: 3 chars>",
                    "--verbose",
                    "x",
                ]
            },
        ),
        (
            {"command": ["mysql", "-uroot", "-phunter 2", "-h", "db"]},
            {"command": ["mysql", "-uroot", "-p<masked: 8 chars>", "-h", "db"]},
        ),
        (
            {"command": ["--password", {"not": "text"}, "-p", ["x"]]},
            {"command": ["--password", {"not": "text"}, "-p", ["x"]]},
        ),
        (
            {"kind": "ConfigMap", "data": {"a.env": "USER=bob\nTOKEN=abc\n", "token": "abc"}},
            {
                "kind": "ConfigMap",
                "data": {
                    "a.env": "USER=bob\nTOKEN=<masked: 3 chars>\n",
                    "token": "<masked: 3 chars>",
                },
            },
        ),
        (
            {
                "kind": "ConfigMap",
                "data": {"token.json": '"abc"', "session": RANDOM, "tls.key": "none"},
            },
            {
                "kind": "ConfigMap",
                "data": {
                    "token.json": "<masked: 5 chars>",
                    "session": "<masked: 20 chars>",
                    "tls.key": "none",
                },
            },
        ),
        (
            {
                "kind": "Secret",
                "data": {"a": "eA==", "b": None},
                "stringData": {"c": "x"},
                "type": "Opaque",
            },
            {
                "kind": "Secret",
                "data": {"a": "<masked: 4 chars>", "b": None},
                "stringData": {"c": "<masked: 1 chars>"},
                "type": "Opaque",
            },
        ),
        (
            {"spec": {"cacheKey": RANDOM, "auth": "dXNlcjpwYXNz", "partitionKey": "created"}},
            {
                "spec": {
                    "cacheKey": "<masked: 20 chars>",
                    "auth": "<masked: 12 chars>",
                    "partitionKey": "created",
                }
            },
        ),
        (
            {"spec": {"password": {"value": "hunter2", "length": "8", "data": {"x": "y"}}}},
            {
                "spec": {
                    "password": {
                        "value": "<masked: 7 chars>",
                        "length": "8",
                        "data": {"x": "<masked: 1 chars>"},
                    }
                }
            },
        ),
        (
            {"spec": {"tokens": ["abc", "true", ["def"], 5], "secrets": ["a", {"value": "x"}]}},
            {
                "spec": {
                    "tokens": ["<masked: 3 chars>", "true", ["<masked: 3 chars>"], 5],
                    "secrets": ["a", {"value": "<masked: 1 chars>"}],
                }
            },
        ),
        (
            {
                "spec": {
                    "secrets": {"main": "x", "name": "shop", "deep": {"y": "z"}, "enabled": True}
                }
            },
            {
                "spec": {
                    "secrets": {
                        "main": "<masked: 1 chars>",
                        "name": "shop",
                        "deep": {"y": "<masked: 1 chars>"},
                        "enabled": True,
                    }
                }
            },
        ),
        (
            {
                "spec": {
                    "secretKey": "hunter2",
                    "other": {"secretKey": "db-password", "secretName": "db"},
                }
            },
            {
                "spec": {
                    "secretKey": "<masked: 7 chars>",
                    "other": {"secretKey": "db-password", "secretName": "db"},
                }
            },
        ),
        (
            {"spec": {"secretKey": RANDOM, "remoteRef": {"key": "a"}}},
            {"spec": {"secretKey": "<masked: 20 chars>", "remoteRef": {"key": "a"}}},
        ),
        (
            {"spec": {"note\u202e": "x\u200by", "a": "b\x1b[31mc"}},
            {"spec": {"note": "xy", "a": "bc"}},
        ),
        (
            {"spec": {"binaryData": {"a": {"b": "c", "password=x1": 1}, "d": ["e", {"f": "g"}]}}},
            {
                "spec": {
                    "binaryData": {
                        "a": {"b": "<masked: 1 chars>", "password=<masked: 2 chars>": 1},
                        "d": ["<masked: 1 chars>", {"f": "<masked: 1 chars>"}],
                    }
                }
            },
        ),
        (
            {
                "metadata": {"annotations": {"uid": "password=hunter2"}, "uid": "a-1"},
                "status": {
                    "imageID": "docker-pullable://bob:hunter2@r.example/x@sha256:9f86d081",
                    "startTime": "a\x1b[2J\u202e",
                },
            },
            {
                "metadata": {"annotations": {"uid": "password=<masked: 7 chars>"}, "uid": "a-1"},
                "status": {
                    "imageID": "docker-pullable://bob:<masked: 19 chars>@sha256:9f86d081",
                    "startTime": "a",
                },
            },
        ),
        (
            {"spec": {"adminPassword": 4815, "password": 0, "tokens": 512, "passwordTries": 3}},
            {
                "spec": {
                    "adminPassword": "<masked: 4 chars>",
                    "password": "<masked: 1 chars>",
                    "tokens": 512,
                    "passwordTries": 3,
                }
            },
        ),
        (
            {"spec": {"password": {"managedFields": [{"a": "b"}], "uid": "1"}}},
            {"spec": {"password": {"uid": "1"}}},
        ),
    ],
)
def test_an_object_is_masked(obj: dict[str, Any], masked: dict[str, Any]) -> None:
    assert mask_object(obj) == masked


def test_the_object_itself_comes_back_for_nobody_else_holds_it() -> None:
    obj = {"kind": "Pod", "spec": {"token": "abc"}}
    assert mask_object(obj) is obj


def test_the_kind_given_serves_where_items_do_not_carry_theirs() -> None:
    assert mask_object({"data": {"a": "b"}}, kind="Secret") == {"data": {"a": "<masked: 1 chars>"}}
    listed = {"kind": "SecretList", "items": [{"data": {"a": "b"}}, "odd", None]}
    assert mask_object(listed)["items"] == [{"data": {"a": "<masked: 1 chars>"}}, "odd", None]


def test_a_list_of_configmaps_is_masked_by_its_lines_like_one() -> None:
    listed = {"kind": "ConfigMapList", "items": [{"data": {"secrets.yaml": "a: 1\npassword: x\n"}}]}
    data = {"secrets.yaml": "a: 1\npassword: <masked: 1 chars>\n"}
    assert mask_object(listed)["items"] == [{"data": data}]


def test_data_that_is_no_object_is_masked_too() -> None:
    assert mask_tree({"db": {"password": "hunter2"}}) == {"db": {"password": "<masked: 7 chars>"}}
    assert mask_tree(["password=x1", 1]) == ["password=<masked: 2 chars>", 1]
    assert mask_tree("token: abc") == "token: <masked: 3 chars>"
    assert mask_tree(None) is None


def test_any_depth_is_walked() -> None:
    deep: dict[str, Any] = {"password": "hunter2"}
    for _ in range(5_000):
        deep = {"a": [deep]}
    at: Any = mask_object(deep)
    while "a" in at:
        at = at["a"][0]
    assert at == {"password": "<masked: 7 chars>"}


def test_what_was_learnt_is_forgotten_before_it_grows_without_bound() -> None:
    def many(start: int) -> dict[str, Any]:
        fields = {f"field{n}x": f"a value of {n}" for n in range(start, start + 20_000)}
        keys = [{"key": f"a value of {n}"} for n in range(start, start + 20_000)]
        return {"spec": fields, "keys": keys, "token": "abc", "uid": "1", "managedFields": []}

    for start in (0, 20_000):
        masked = mask_object(many(start))
        assert masked["token"] == "<masked: 3 chars>"
        assert masked["spec"] == many(start)["spec"]
        assert "managedFields" not in masked


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.text(max_size=8)
        | st.sampled_from(
            ["kind", "data", "spec", "template", "items", "value", "name", "secrets", "password",
             "stringData", "managedFields", "metadata", "basicAuth", "secret", "uid"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


def test_what_is_read_as_one_word_stays_on_one_line() -> None:
    two = "Failed\n--- end events ---"
    one = "Failed --- end events ---"
    words = ("kind", "name", "reason", "type", "phase", "state", "effect")
    for _ in range(2):  # names and values are remembered from one object to the next
        event = {"involvedObject": {"kind": two, "name": two}, "reason": two, "message": two}
        assert mask_object(event) == {
            "involvedObject": {"kind": one, "name": one}, "reason": one, "message": two,
        }  # fmt: skip
        status = mask_object({"status": dict.fromkeys(words, two)})["status"]
        assert set(status.values()) == {one}


@given(
    st.dictionaries(st.text(max_size=8) | st.sampled_from(["data", "spec", "items", "kind"]), json),
    st.sampled_from(["", "Secret", "ConfigMap", "SealedSecret", "List", "SecretList", "Pod"]),
)
def test_no_shape_is_too_odd(obj: dict[str, Any], kind: str) -> None:
    mask_object(obj, kind=kind)


@given(st.dictionaries(st.sampled_from(["a", "password", "env"]), json, max_size=3))
def test_masking_what_is_masked_changes_nothing(obj: dict[str, Any]) -> None:
    once = mask_object(copy.deepcopy(obj))
    assert mask_object(copy.deepcopy(once)) == once
