"""The third promise: every answer fits, no error is a crash, and unreadable is never empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
import pytest

from kube_mcp.parts import Parts, build
from kube_mcp.server.host import Asked
from kube_mcp.settings import ClusterSettings, Settings
from testbed.bed import Bed
from tests.promises.conftest import CALLS, NAMESPACE, Conversation
from tests.support.canary_shop import plant

# The conversation is held while the first of these tests is set up.
pytestmark = pytest.mark.timeout(240)


def test_every_answer_is_within_its_budget(conversation: Conversation) -> None:
    for answer in conversation.answers:
        size = len(answer.text.encode("utf-8", "replace"))
        if answer.call.operation == "tools/call":
            assert size <= conversation.max_bytes, answer.call
        assert size <= 50_000, answer.call


def test_no_call_ended_in_a_fault_of_the_server(conversation: Conversation) -> None:
    assert len(conversation.answers) == CALLS
    faults = [
        (answer.call, answer.text)
        for answer in conversation.answers
        if "fault in this server" in answer.text or "Traceback" in answer.text
    ]
    assert faults == []
    assert "Traceback" not in conversation.log


def test_errors_are_short_sentences(conversation: Conversation) -> None:
    for answer in conversation.answers:
        if answer.is_error:
            assert answer.text.strip()
            assert len(answer.text) <= 4_100, answer.call


def test_both_good_and_bad_calls_were_made(conversation: Conversation) -> None:
    outcomes = Counter(
        (answer.call.name, answer.is_error)
        for answer in conversation.answers
        if answer.call.operation == "tools/call"
    )
    tools = {name for name, _ in outcomes}
    assert [name for name in tools if not outcomes[name, False]] == []
    assert sum(count for (_, bad), count in outcomes.items() if bad) > CALLS // 10


def test_resources_were_read_and_words_completed(conversation: Conversation) -> None:
    led = {
        each.call.operation
        for each in conversation.answers
        if not each.is_error and (NAMESPACE in each.text or "web" in each.text)
    }
    assert led == {"tools/call", "resources/read", "completion/complete"}


def test_nothing_of_the_invisible_kind_is_in_an_answer(conversation: Conversation) -> None:
    for answer in conversation.answers:
        if answer.call.operation == "tools/call" and not answer.is_error:
            hidden = [char for char in answer.text if char in "\x00\x1b\u202e\u200b\ufeff\r"]
            assert hidden == [], answer.call


READER = "reads-little"


@pytest.fixture(scope="module")
def limited(bed: Bed) -> Iterator[tuple[Bed, str]]:
    """A namespace full of objects, and an account that may read hardly any of them."""
    namespace = "promises-limited"
    bed.create_namespace(namespace)
    plant(bed, namespace)
    rules = [
        {"apiGroups": [""], "resources": ["configmaps", "services"], "verbs": ["get", "list"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
    ]
    account: dict[str, Any] = {"kind": "ServiceAccount", "name": READER, "namespace": namespace}
    group = "rbac.authorization.k8s.io"
    bed.apply(
        [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": READER}},
            {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": {"name": READER},
             "rules": rules},
            {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"name": READER},
             "roleRef": {"apiGroup": group, "kind": "Role", "name": READER},
             "subjects": [account]},
        ],
        namespace=namespace,
    )  # fmt: skip
    yield bed, namespace
    bed.delete_namespace(namespace)


@asynccontextmanager
async def reading(bed: Bed, namespace: str) -> AsyncIterator[Parts]:
    """The server as that account."""
    token = bed.token(namespace, READER)
    settings = Settings(
        cluster=ClusterSettings(kubeconfig=str(bed.kubeconfig(user=READER, token=token)))
    )
    parts = build(settings, environ={})
    try:
        yield parts
    finally:
        await parts.clusters.aclose()


async def call(parts: Parts, tool: str, **arguments: Any) -> tuple[str, bool]:
    params = types.CallToolRequestParams(name=tool, arguments=arguments)
    result = await parts.host.call_tool(params, Asked())
    (content,) = result.content
    return content.text, bool(result.is_error)


@pytest.mark.parametrize("kind", ["pods", "events", "secrets", "statefulsets", "keepers"])
async def test_a_403_on_what_was_asked_for_is_an_error_that_says_what_to_grant(
    limited: tuple[Bed, str], kind: str
) -> None:
    bed, here = limited
    async with reading(bed, here) as parts:
        text, is_error = await call(parts, "list_resources", kind=kind, namespace=here)
        assert is_error
        assert f"may not list {kind}" in text
        assert f"in namespace {here}" in text
        assert "a Role needs: apiGroups" in text
        text, is_error = await call(parts, "list_resources", kind=kind)
        assert is_error
        assert "in the whole cluster" in text


async def test_a_403_beside_what_was_asked_for_is_named_in_the_answer(
    limited: tuple[Bed, str],
) -> None:
    bed, here = limited
    async with reading(bed, here) as parts:
        text, is_error = await call(
            parts, "get_resource", kind="deploy", name="web", namespace=here
        )
        assert not is_error
        assert f"Its pods were not read: may not list pods in {here}." in text
        assert f"Its events were not read: may not list events in {here}." in text
        assert "no events" not in text
        text, is_error = await call(parts, "search", text="web", namespace=here)
        assert not is_error
        assert f"Not searched: may not list pods in {here}." in text
        assert f"Service {here}/web" in text


async def test_logs_events_usage_and_secrets_that_may_not_be_read_are_errors(
    limited: tuple[Bed, str],
) -> None:
    bed, here = limited
    async with reading(bed, here) as parts:
        for tool, arguments in (
            ("get_logs", {"name": "web-1", "namespace": here}),
            ("get_logs", {"label_selector": "app=web", "namespace": here}),
            ("get_events", {"namespace": here}),
            ("top", {"namespace": here}),
            ("top", {"what": "nodes"}),
            ("get_resource", {"kind": "secret", "name": "db", "namespace": here}),
        ):
            text, is_error = await call(parts, tool, **arguments)
            assert is_error, (tool, text)
            assert "Not allowed (403)" in text


async def test_an_overview_and_a_diagnosis_name_everything_they_could_not_read(
    limited: tuple[Bed, str],
) -> None:
    bed, here = limited
    async with reading(bed, here) as parts:
        text, is_error = await call(parts, "cluster_overview")
        assert not is_error
        for kind in ("pods", "nodes", "events", "deployments.apps"):
            assert f"Not read: may not list {kind}." in text
        assert "Pods: 0" not in text
        text, is_error = await call(parts, "diagnose", namespace=here)
        assert not is_error
        assert "pods" in text
        assert "may not list" in text
        assert "as far as it could be read" in text


async def test_the_account_can_ask_what_it_may_do(limited: tuple[Bed, str]) -> None:
    bed, here = limited
    async with reading(bed, here) as parts:
        text, _ = await call(parts, "check_access", namespace=here)
        assert f"Read as system:serviceaccount:{here}:{READER}" in text
        assert "configmaps" in text
        text, _ = await call(parts, "check_access", verb="list", kind="pods", namespace=here)
        assert f"may NOT list pods in namespace {here}." in text
