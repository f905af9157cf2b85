"""The second promise: of all credentials planted, none is in an answer, an error, a log or a metric."""

from __future__ import annotations

import pytest

from testbed.bed import Bed
from tests.promises.conftest import Conversation
from tests.support.canary_shop import leaked

# The conversation is held while the first of these tests is set up.
pytestmark = pytest.mark.timeout(240)


def test_the_canaries_are_where_they_were_planted(bed: Bed, conversation: Conversation) -> None:
    where = "/api/v1/namespaces/promises"
    raw = "".join(
        bed.admin.request("GET", f"{where}/{path}").text
        for path in ("configmaps/settings", "pods/web-1", "events", "pods/web-1/log", "secrets")
    )
    found = leaked(raw)
    assert {"env", "flag", "applied", "config-file", "log-line", "event", "secret-data", "jwt",
            "url-password", "aws-id"} <= set(found)  # fmt: skip


def test_no_credential_is_in_any_answer_or_error(conversation: Conversation) -> None:
    found = [
        (answer.call, names)
        for answer in conversation.answers
        if (names := leaked(answer.text, also=[conversation.token]))
    ]
    assert found == []


def test_what_stood_beside_them_was_read(conversation: Conversation) -> None:
    # Or the promise would be kept by reading nothing.
    text = "\n".join(answer.text for answer in conversation.answers)
    for beside in ("DB_PASSWORD", "calling with", "could not use", "app.ini", "<masked: ",
                   "secretKeyRef", "--client-secret", "clientSecret"):  # fmt: skip
        assert beside in text


def test_no_credential_is_in_the_log_the_audit_trail_or_the_metrics(
    conversation: Conversation,
) -> None:
    assert '"get_logs"' in conversation.log, "nothing was recorded"
    assert leaked(conversation.log, also=[conversation.token]) == []
    assert leaked(conversation.metrics, also=[conversation.token]) == []
