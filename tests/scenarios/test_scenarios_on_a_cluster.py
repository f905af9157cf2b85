"""Every scenario, stored in a real API server and told by ``diagnose`` as a client reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import bpe_openai
import pytest

from testbed import scenario
from testbed.bed import Bed
from testbed.scenario import ExpectedFinding
from tests.scenarios.conftest import Diagnose

NAMES = [each.name for each in scenario.every()]
TOKENS = bpe_openai.get_encoding("o200k_base")
MOST_TOKENS = 2_000

_LABEL = re.compile(r"^(\d+)\. (?:info|warning|critical) (?P<code>\S+) (?P<rest>.*)$", re.M)
_SUBJECT = re.compile(r"^(\S+ \S+)")
_INSTANCE = re.compile(r"\((?:\d+ \w+, such as (\S+)|(\S+ \S+))\)")


@dataclass(frozen=True)
class Told:
    """A numbered finding as it stands in the answer."""

    code: str
    subject: str
    instance: str

    def answers(self, expected: ExpectedFinding, namespace: str) -> bool:
        """Whether it is the finding, about one of the objects that may carry it."""
        names = {_named(each, namespace) for each in expected.objects}
        short = {each.rpartition("/")[2] for each in expected.objects}
        return self.code == expected.code and (
            self.subject in names or self.instance.rpartition(" ")[2] in short
        )


def told(answer: str) -> list[Told]:
    """The findings of an answer, in its order."""
    found = []
    for label in _LABEL.finditer(answer):
        subject = _SUBJECT.match(label["rest"].rstrip(":"))
        instance = _INSTANCE.search(label["rest"])
        found.append(
            Told(
                label["code"],
                subject[1].rstrip(":") if subject else "",
                (instance[1] or instance[2]) if instance else "",
            )
        )
    return found


def _named(expected: str, namespace: str) -> str:
    """``Kind/name`` and ``Kind/namespace/name`` as an answer writes them."""
    kind, *where = expected.split("/")
    if len(where) == 2:
        return f"{kind} {where[0]}/{where[1]}"
    return f"{kind} {where[0]}" if kind in CLUSTER_SCOPED else f"{kind} {namespace}/{where[0]}"


CLUSTER_SCOPED = {
    "APIService", "ClusterIssuer", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition",
    "IngressClass", "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume",
    "StorageClass", "ValidatingWebhookConfiguration", "VolumeAttachment", "GatewayClass",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_what_was_planted_is_found_first_and_nothing_else_is_blamed(
    stage: Bed, diagnose: Diagnose, name: str
) -> None:
    with stage.scenario(name) as applied:
        answer = await diagnose(clock=applied.expect.clock, namespace=applied.namespace)
    findings = told(answer)
    namespace = applied.namespace

    for expected in applied.expect.findings:
        assert any(each.answers(expected, namespace) for each in findings[:3]), answer
    if not applied.expect.findings:
        assert findings == [], answer
        assert answer.startswith("Nothing found wrong in namespace"), answer
    quiet = {_named(each, namespace) for each in applied.expect.quiet}
    assert quiet.isdisjoint(each.subject for each in findings), answer
    assert "Not checked" not in answer
    assert len(TOKENS.encode(answer)) <= MOST_TOKENS


def test_there_are_scenarios_with_faults_and_healthy_ones_with_odd_objects(stage: Bed) -> None:
    healthy = [each for each in scenario.every() if not each.expect("any").findings]
    assert len(NAMES) - len(healthy) >= 40
    assert len(healthy) >= 10
