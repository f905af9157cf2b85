"""The first promise: whatever is asked, the API server's audit log shows reads and nothing else."""

from __future__ import annotations

import pytest

from testbed.audit import describe
from testbed.bed import Bed
from tests.promises.conftest import CALLS, Conversation

# The conversation is held while the first of these tests is set up.
pytestmark = pytest.mark.timeout(240)


def test_the_audit_log_shows_nothing_but_reads(bed: Bed, conversation: Conversation) -> None:
    requests = bed.audit.requests(conversation.user)
    assert len(requests) > CALLS, "the conversation did not reach the API server"
    writes = bed.audit.non_reads(conversation.user)
    assert writes == [], describe(writes)


def test_no_request_reached_into_a_container_or_a_machine(
    bed: Bed, conversation: Conversation
) -> None:
    reached = {
        (event.get("objectRef") or {}).get("subresource", "")
        for event in bed.audit.requests(conversation.user)
    }
    assert reached <= {"", "log"}


def test_secrets_were_only_ever_read_as_metadata_or_as_helm_releases(
    bed: Bed, conversation: Conversation
) -> None:
    # The audit log does not show headers, but it shows what was asked for by name.
    for event in bed.audit.requests(conversation.user):
        reference = event.get("objectRef") or {}
        if reference.get("resource") == "secrets":
            assert event["verb"] in {"get", "list"}


def test_the_cluster_is_as_it_was(bed: Bed, conversation: Conversation) -> None:
    found = bed.admin.get("/api/v1/namespaces/promises/pods")["items"]
    assert [pod["metadata"]["name"] for pod in found] == ["web-1"]
    assert all(pod["metadata"].get("deletionTimestamp") is None for pod in found)
    for kind in ("deployments", "replicasets"):
        items = bed.admin.get(f"/apis/apps/v1/namespaces/promises/{kind}")["items"]
        assert len(items) == (kind == "deployments")
