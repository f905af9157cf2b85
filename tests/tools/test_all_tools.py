"""Rules that every tool keeps, whoever adds one."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kube_mcp.access import rbac
from kube_mcp.errors import InputError
from kube_mcp.server.tool_host import Tools
from kube_mcp.server.toolsets import Toolsets
from kube_mcp.tools._tool import Tool, discover
from scripts.tools import schemas

ALL = discover()
NAMES = {tool.name for tool in ALL}
SCHEMAS = Path(__file__).parent / "schemas"

#: Arguments whose name says everything there is to say.
SELF_EVIDENT = {"kind", "name", "namespace", "limit", "type", "what", "depth", "protocol",
                "source_namespace", "target_namespace"}  # fmt: skip

every_tool = pytest.mark.parametrize("tool", ALL, ids=lambda tool: tool.name)


class _Reads:
    """As much of the server as listing its tools needs."""

    cluster_names = ("",)
    names_cluster = False
    max_bytes = 30_000


def listed() -> list[Mapping[str, Any]]:
    """``tools/list`` as it goes over the wire."""
    host = Tools(ALL, _Reads(), toolsets=Toolsets())  # type: ignore[arg-type]
    return [
        tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in host.listed(None)
    ]


def tokens(text: str) -> int:
    """Tokens of o200k."""
    with warnings.catch_warnings():
        # The package opens its vocabulary in a way that Python 3.11 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai

        return len(bpe_openai.get_encoding("o200k_base").encode(text))


@every_tool
def test_its_schema_is_the_one_that_was_reviewed(tool: Tool) -> None:
    path = SCHEMAS / f"{tool.name}.json"
    assert path.exists(), "there is no reviewed schema: make generate"
    assert path.read_text() == schemas()[tool.name], "the schema changed: make generate, and review"


def test_no_reviewed_schema_is_left_of_a_tool_that_is_gone() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} == NAMES


@every_tool
def test_its_name_is_a_verb_with_its_object_and_short(tool: Tool) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", tool.name)
    assert len(tool.name) <= 40
    assert tool.title
    assert len(tool.title) <= 40


@every_tool
def test_its_description_says_when_to_use_it_and_what_comes_next(tool: Tool) -> None:
    assert 80 <= len(tool.description) < 1_000
    said = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b|\bdiagnose\b|\bsearch\b|\btop\b",
                          tool.description))  # fmt: skip
    schema_words = set(tool.schema.get("properties", {}))
    for tool_like in said - schema_words - NAMES:
        pytest.fail(f"{tool.name} speaks of '{tool_like}', which is no tool and no argument")
    leads_on = (said & NAMES) - {tool.name}
    tells_when = re.search(r"\b(Use it|Use previous|Start here|when|The first look)\b",
                           tool.description)  # fmt: skip
    assert leads_on or tells_when


@every_tool
def test_its_arguments_say_what_they_are(tool: Tool) -> None:
    for name, schema in tool.schema.get("properties", {}).items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
        known = schema.get("description") or name in SELF_EVIDENT or "enum" in schema
        assert known, f"{tool.name}.{name} is not described"
        assert "$ref" not in json.dumps(schema)
        assert "title" not in schema


@every_tool
def test_its_schema_is_plain_enough_for_every_client(tool: Tool) -> None:
    assert tool.schema["type"] == "object"
    assert tool.schema["additionalProperties"] is False
    assert not re.search(r'"(anyOf|oneOf|allOf|\$defs|const|format|pattern)"',
                         json.dumps(tool.schema))  # fmt: skip


@every_tool
def test_an_argument_that_does_not_exist_is_answered_in_words(tool: Tool) -> None:
    with pytest.raises(InputError, match=f"{tool.name} has no argument 'nonsense_argument'"):
        tool.parse({"nonsense_argument": 1})


@every_tool
def test_values_of_a_wrong_type_are_answered_in_words_that_name_the_argument(tool: Tool) -> None:
    required = dict.fromkeys(tool.schema.get("required", ()), "pods")
    for name in tool.schema.get("properties", {}):
        for wrong in ({"a": 1}, [[1]], [None]):
            with pytest.raises(InputError, match=name):
                tool.parse({**required, name: wrong})


@every_tool
def test_what_it_reads_is_in_the_printed_role(tool: Tool) -> None:
    granted = rbac.rules(secrets=True, who_can=True)
    for need in tool.needs:
        if need.resource == "*" or need.resource in rbac.NEVER_GRANTED:
            continue
        for verb in need.verbs:
            assert rbac.covers(granted, group=need.group, resource=need.resource, verb=verb), (
                f"{tool.name} needs {verb} on {need.resource}.{need.group}"
            )


def test_the_list_of_tools_costs_a_conversation_at_most_3000_tokens() -> None:
    # Also with Helm's tool; those that ask kubelets are for a local kubeconfig, and cost extra.
    usual = [tool for tool, each in zip(listed(), ALL, strict=True) if each.toolset != "nodes"]
    text = json.dumps({"tools": usual}, separators=(",", ":"), ensure_ascii=False)
    assert tokens(text) <= 3_000
    assert tokens(json.dumps({"tools": listed()}, separators=(",", ":"))) <= 3_400
    assert len(text.encode()) <= 25_000
    assert len(ALL) <= 18


def test_no_tool_returns_more_than_text() -> None:
    for tool in listed():
        assert "outputSchema" not in tool
        assert tool["annotations"]["readOnlyHint"] is True
