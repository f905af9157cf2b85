"""Prompts: found by their file, described for people, and naming only tools that exist."""

from __future__ import annotations

import re

import pytest
from inline_snapshot import snapshot

from kube_mcp.errors import InputError
from kube_mcp.prompts._prompt import Prompt, discover
from kube_mcp.tools._tool import discover as discover_tools

PROMPTS = {prompt.name: prompt for prompt in discover()}


def test_every_file_is_a_prompt() -> None:
    assert list(PROMPTS) == ["incident_note", "triage_namespace"]


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_a_prompt_says_what_it_is_for_and_what_it_needs(prompt: Prompt) -> None:
    assert prompt.title
    assert prompt.description.endswith(".")
    assert all(argument.description for argument in prompt.arguments)
    assert any(argument.required for argument in prompt.arguments)


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_a_prompt_calls_no_tool_that_is_not_there(prompt: Prompt) -> None:
    tools = {tool.name for tool in discover_tools()}
    given = {argument.name: "x" for argument in prompt.arguments}
    named = set(
        re.findall(r"\b(?:get|list|check|diagnose|search|cluster)_\w+\b", prompt.fill_in(given))
    )
    assert named - tools - {"get_changes"} == set()


def test_a_prompt_is_filled_in() -> None:
    text = PROMPTS["triage_namespace"].fill_in({"namespace": " shop ", "symptom": ""})
    assert text.splitlines()[0] == (
        'Find out what is broken in the Kubernetes namespace "shop", and why.'
    )
    assert "What was noticed" not in text
    noticed = PROMPTS["triage_namespace"].fill_in({"namespace": "shop", "symptom": "503s"})
    assert 'What was noticed: "503s"' in noticed
    about = PROMPTS["incident_note"].fill_in({"namespace": "shop", "kind": "Pod", "name": "web"})
    assert about.splitlines()[0] == (
        'Write an incident note about Pod web in the namespace "shop" in Kubernetes, over the'
        " last 6h."
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, snapshot("The prompt triage_namespace needs the argument 'namespace'.")),
        (
            {"namespace": "  "},
            snapshot("The prompt triage_namespace needs the argument 'namespace'."),
        ),
        (
            {"namspace": "shop"},
            snapshot(
                "The prompt triage_namespace has no argument 'namspace'. Did you mean 'namespace'?"
            ),
        ),
        (
            {"namespace": "x" * 300},
            snapshot("triage_namespace: namespace: Expected `str` of length <= 200."),
        ),
    ],
)
def test_a_wrong_argument_is_told_in_a_sentence(given: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        PROMPTS["triage_namespace"].fill_in(given)
    assert str(caught.value) == said
