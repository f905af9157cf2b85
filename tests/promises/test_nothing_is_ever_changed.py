"""The first promise: whatever is asked, the API server's audit log shows reads and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from testbed.audit import describe
from testbed.bed import Bed
from tests.promises.conftest import CALLS, Conversation

#: Statistics, the folder of logs, or a file in it that is no container's; never ``..``.
_KUBELET_READ = re.compile(
    r"/api/v1/nodes/[a-z0-9.-]+/proxy/"
    r"(stats/summary|logs/(?!pods/|containers/)([\w@-][\w.@-]*/)*([\w@-][\w.@-]*)?(\?[^/]*)?)"
)

# The conversation is held while the first of these tests is set up.
pytestmark = pytest.mark.timeout(240)


def test_the_audit_log_shows_nothing_but_reads(bed: Bed, conversation: Conversation) -> None:
    requests = bed.audit.requests(conversation.user)
    assert len(requests) > CALLS, "the conversation did not reach the API server"
    writes = [each for each in bed.audit.non_reads(conversation.user) if not is_kubelet_read(each)]
    assert writes == [], describe(writes)


def test_no_request_reached_into_a_container_or_into_more_of_a_machine_than_its_logs(
    bed: Bed, conversation: Conversation
) -> None:
    requests = bed.audit.requests(conversation.user)
    asked_kubelets = [each for each in requests if is_kubelet_read(each)]
    assert asked_kubelets, "the conversation did not reach a kubelet"
    reached = {
        (event.get("objectRef") or {}).get("subresource", "")
        for event in requests
        if event not in asked_kubelets
    }
    assert reached <= {"", "log"}


def is_kubelet_read(event: Mapping[str, Any]) -> bool:
    """Whether it asked a kubelet for its statistics or for a log, and for nothing else."""
    reference = event.get("objectRef") or {}
    return (
        event["verb"] == "get"
        and (reference.get("resource"), reference.get("subresource")) == ("nodes", "proxy")
        and _KUBELET_READ.fullmatch(event["requestURI"]) is not None
    )


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
