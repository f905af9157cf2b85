"""api_resources, by its answers."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.support import build
from tests.support.api_server import FakeApiServer
from tests.tools.conftest import Ask


async def test_kinds_are_found_by_part_of_their_name_or_a_short_name(
    server: FakeApiServer, ask: Ask
) -> None:
    assert await ask("api_resources", search="deploy") == snapshot("""\
1 of 70 kinds:
KIND        NAME              SHORT   VERSION  SCOPE
Deployment  deployments.apps  deploy  apps/v1  namespaced\
""")
    assert "PersistentVolumeClaim" in await ask("api_resources", search="PVC")


async def test_custom_kinds_stand_alone_where_asked_for(server: FakeApiServer, ask: Ask) -> None:
    server.add(build.crd("example.com", "Widget"), build.crd("policy.example.com", "Rule"))
    assert await ask("api_resources", custom_only=True) == snapshot("""\
2 of 72 kinds:
KIND    NAME                      SHORT  VERSION                SCOPE
Widget  widgets.example.com       -      example.com/v1         namespaced
Rule    rules.policy.example.com  -      policy.example.com/v1  namespaced\
""")


async def test_there_is_a_sentence_where_nothing_matches(server: FakeApiServer, ask: Ask) -> None:
    assert await ask("api_resources", search="deploymnt") == snapshot(
        "No kind matches 'deploymnt'. Did you mean 'Deployment' or 'deployments'?"
    )
    assert await ask("api_resources", custom_only=True) == snapshot(
        "No kind outside Kubernetes' own groups."
    )


async def test_a_group_that_cannot_be_read_is_named(server: FakeApiServer, ask: Ask) -> None:
    server.add(build.node_metrics())
    server.fail_group("metrics.k8s.io/v1beta1")
    answer = await ask("api_resources", search="metrics")
    assert answer.endswith(
        "The API group metrics.k8s.io/v1beta1 could not be read: its API service does not answer."
    )


async def test_kinds_that_cannot_be_listed_say_so(server: FakeApiServer, ask: Ask) -> None:
    assert "cannot be listed" in await ask("api_resources", search="subjectaccessreview")


async def test_the_answer_keeps_to_its_budget(server: FakeApiServer, ask: Ask) -> None:
    server.add(*(build.crd("example.com", f"Widget{'x' * 30}{n}") for n in range(150)))
    answer = await ask("api_resources", max_bytes=6_000)
    assert len(answer.encode()) <= 6_000
    assert "more: narrow with search" in answer
