"""check_access, by its answers."""

from __future__ import annotations

import orjson
import pytest
from inline_snapshot import snapshot

from kube_mcp.errors import InputError
from kube_mcp.kube.client import GuardOptions
from tests.support.api_server import FakeApiServer
from tests.tools.conftest import Ask

WHO_CAN = GuardOptions(access_reviews=True)


def reviewed(server: FakeApiServer) -> dict[str, object]:
    """The spec of the review that was sent last."""
    spec: dict[str, object] = orjson.loads(server.last.body)["spec"]
    return spec


async def test_one_question_has_one_answer(server: FakeApiServer, ask: Ask) -> None:
    assert await ask("check_access", verb="list", kind="pods") == snapshot(
        "This connection may list pods in all namespaces."
    )
    server.deny("get", "pods/log", namespace="shop")
    answer = await ask(
        "check_access", verb="get", kind="pod", subresource="log", namespace="shop", name="web-1"
    )
    assert answer == snapshot(
        'This connection may NOT get pods/log \'web-1\' in namespace shop. Reason: pods "web-1" is forbidden: User "system:serviceaccount:kube-mcp:kube-mcp" cannot get resource "pods/log" in API group "" in the namespace "shop"'
    )


async def test_a_right_to_write_is_told_not_to_be_used(server: FakeApiServer, ask: Ask) -> None:
    server.respond(
        "*selfsubjectaccessreviews",
        orjson.dumps({"kind": "SelfSubjectAccessReview", "status": {"allowed": True}}),
    )
    assert await ask("check_access", verb="delete", kind="nodes") == snapshot(
        "This connection may delete nodes in the cluster. (This server still cannot: it only reads.)"
    )


async def test_everything_is_listed_for_a_namespace(server: FakeApiServer, ask: Ask) -> None:
    server.respond(
        "*selfsubjectreviews",
        orjson.dumps({"status": {"userInfo": {"username": "jane", "groups": ["dev", "ops"]}}}),
    )
    rules = [
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log"]},
        {"verbs": ["watch"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"],
         "resourceNames": ["settings"]},
        {"verbs": ["delete"], "apiGroups": ["apps"], "resources": ["deployments"]},
        {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"],
         "resources": ["selfsubjectaccessreviews"]},
    ]  # fmt: skip
    server.respond(
        "*selfsubjectrulesreviews",
        orjson.dumps({"status": {"resourceRules": rules, "incomplete": True,
                                 "evaluationError": "webhook does not say"}}),
    )  # fmt: skip
    answer = await ask("check_access", namespace="shop")
    assert answer == snapshot("""\
Read as jane (groups: dev, ops).
In namespace shop, cluster-wide rules included, it may:
RESOURCE                                       VERBS
configmaps (settings)                          get
deployments.apps                               delete
pods                                           get,list,watch
pods/log                                       get,list
selfsubjectaccessreviews.authorization.k8s.io  create
The list may be incomplete. webhook does not say
It may also do more than read (deployments.apps); this server never does.\
""")
    assert reviewed(server) == {"namespace": "shop"}


@pytest.mark.parametrize(
    ("subject", "asked"),
    [
        ("user:jane", {"user": "jane"}),
        ("group:dev", {"user": "someone", "groups": ["dev", "system:authenticated"]}),
        (
            "sa:shop/web",
            {
                "user": "system:serviceaccount:shop:web",
                "groups": [
                    "system:serviceaccounts",
                    "system:serviceaccounts:shop",
                    "system:authenticated",
                ],
            },
        ),
    ],
)
async def test_other_subjects_are_asked_about_where_that_is_switched_on(
    server: FakeApiServer, ask: Ask, subject: str, asked: dict[str, object]
) -> None:
    server.respond(
        "*/subjectaccessreviews", orjson.dumps({"status": {"allowed": True, "reason": "by role"}})
    )
    answer = await ask(
        "check_access", verb="list", kind="pods", namespace="shop", subject=subject, allow=WHO_CAN
    )
    assert answer == f"{subject} may list pods in namespace shop. Reason: by role"
    sent = reviewed(server)
    assert {key: sent[key] for key in asked} == asked


async def test_other_subjects_are_not_asked_about_by_default(
    server: FakeApiServer, ask: Ask
) -> None:
    with pytest.raises(InputError, match=r"does not answer questions .*policy\.who_can"):
        await ask("check_access", verb="list", kind="pods", subject="user:jane")
    assert server.count(method="POST") == 0


@pytest.mark.parametrize("subject", ["jane", "user:", "sa:web", "robot:x", "sa:/x", ":"])
async def test_a_subject_that_is_none_is_refused_with_examples(
    server: FakeApiServer, ask: Ask, subject: str
) -> None:
    with pytest.raises(InputError, match=r"not a subject\. Write user:jane"):
        await ask("check_access", verb="list", kind="pods", subject=subject, allow=WHO_CAN)


async def test_half_a_question_is_refused(server: FakeApiServer, ask: Ask) -> None:
    with pytest.raises(InputError, match="verb and kind together"):
        await ask("check_access", verb="list")
    with pytest.raises(InputError, match="verb and kind to ask about a subject"):
        await ask("check_access", subject="user:jane")
    with pytest.raises(InputError, match="not a kind this cluster serves"):
        await ask("check_access", verb="list", kind="podz")
