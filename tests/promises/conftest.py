"""One long, hostile conversation with the real server over a real API server; three tests read it."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import mcp_types as types
import pytest

from kube_mcp.parts import Parts, build
from kube_mcp.server.host import Asked
from kube_mcp.settings import ClusterSettings, PolicySettings, Settings
from kube_mcp.tools._tool import discover
from testbed.bed import Bed
from tests.support.canary_shop import GROUP, plant
from tests.support.hostile import Call, Fuzz

NAMESPACE = "promises"
ACCOUNT = "all-powerful"
SEED = 20261124
CALLS = 1_800
AT_ONCE = 6

_CURSOR = re.compile(r"cursor='([^']+)'")


@dataclass
class Answer:
    """What one call brought."""

    call: Call
    text: str
    is_error: bool


@dataclass
class Conversation:
    """Everything that was asked and answered, and everything that was logged meanwhile."""

    user: str
    token: str
    answers: list[Answer] = field(default_factory=list)
    log: str = ""
    metrics: str = ""
    max_bytes: int = 0


@pytest.fixture(scope="session")
def conversation(bed: Bed) -> Iterator[Conversation]:
    """As a ServiceAccount that may do anything: what does not happen is not for want of rights."""
    bed.create_namespace(NAMESPACE)
    plant(bed, NAMESPACE)
    bed.apply(
        [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}},
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": ACCOUNT},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": "cluster-admin",
                },
                "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
            },
        ],
        namespace=NAMESPACE,
    )
    token = bed.token(NAMESPACE, ACCOUNT)
    held = Conversation(f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}", token)
    anyio.run(hold, held, bed.kubeconfig(user=ACCOUNT, token=token))
    yield held
    bed.admin.delete(f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{ACCOUNT}")
    bed.delete_namespace(NAMESPACE)


async def hold(held: Conversation, kubeconfig: Path) -> None:
    """Ask everything, as many at a time as a real client would."""
    stderr = io.StringIO()
    settings = Settings(
        cluster=ClusterSettings(kubeconfig=str(kubeconfig)),
        # Everything that can be opened is open, but the questions about others, which are POSTs.
        policy=PolicySettings(helm_releases=True, node_logs=True),
    )
    handler = logging.StreamHandler(stderr)
    logger = logging.getLogger("kube_mcp")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with redirect_stderr(stderr):
            parts = build(settings, environ={})
        fuzz = Fuzz(SEED, discover(), plausible())
        held.max_bytes = settings.limits.max_answer_bytes
        calls = fuzz.calls(CALLS)

        async def converse() -> None:
            for call in calls:  # shared: whoever is free takes the next one
                answer = await ask(parts, call)
                held.answers.append(answer)
                for cursor in _CURSOR.findall(answer.text):
                    fuzz.learn(cursor)

        async with anyio.create_task_group() as group:
            for _ in range(AT_ONCE):
                group.start_soon(converse)
        await parts.clusters.aclose()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    held.log = stderr.getvalue()
    held.metrics = parts.metrics.page()[0].decode()


async def ask(parts: Parts, call: Call) -> Answer:
    """One call, the way the protocol edge makes it."""
    try:
        if call.operation == "tools/call":
            params = types.CallToolRequestParams(name=call.name, arguments=dict(call.arguments))
            result = await parts.host.call_tool(params, Asked())
            text = "\n".join(part.text for part in result.content)
            return Answer(call, text, bool(result.is_error))
        if call.operation == "resources/read":
            read = await parts.host.read_resource(
                types.ReadResourceRequestParams(uri=call.name), Asked()
            )
            return Answer(call, str(read.model_dump()), is_error=False)
        completed = await parts.host.complete(
            types.CompleteRequestParams(
                ref=types.ResourceTemplateReference(
                    uri="k8s://cluster/namespaces/{namespace}/{kind}/{name}", type="ref/resource"
                ),
                argument=types.CompletionArgument(
                    name=call.name, value=str(call.arguments["value"])
                ),
                context=types.CompletionContext(
                    arguments={"namespace": NAMESPACE, "kind": str(call.arguments["kind"])}
                ),
            ),
            Asked(),
        )
        return Answer(call, str(completed.model_dump()), is_error=False)
    except Exception as error:
        # What is no tool's answer is an exception, which the edge tells by its message.
        return Answer(call, f"{type(error).__name__}: {error}", is_error=True)


def plausible() -> dict[str, list[object]]:
    """Arguments that lead to real objects: past the first check, to where it matters."""
    return {
        "kind": ["Pod", "deploy", "Secret", "cm", "Event", "keeper", f"keepers.{GROUP}", "svc",
                 "Node", "Namespace", "Deployment", "ServiceAccount"],
        "name": ["web-1", "web", "db", "settings", "keeper", "node-1", NAMESPACE, "deploy/web",
                 "pod/web-1", "secret/db", "shop"],
        "pairs": [("Pod", "web-1"), ("deploy", "web"), ("Secret", "db"), ("cm", "settings"),
                  ("keeper", "keeper"), ("svc", "web"), ("Node", "node-1")],
        "namespace": [NAMESPACE, NAMESPACE, NAMESPACE, "", "kube-system"],
        "source_namespace": [NAMESPACE],
        "target_namespace": [NAMESPACE, ""],
        "label_selector": ["app=web", "app in (web)", ""],
        "field_selector": ["metadata.name=web-1", "status.phase=Running", ""],
        "container": ["app", ""],
        "log": ["kubelet", "audit/audit.log", ""],
        "include": ["password", "calling|WARN", "^I", ".", ""],
        "exclude": ["starting", ""],
        "since": ["1h", "", "5d"],
        "since_time": [""],
        "fields": [[".data"], [".spec.containers[*].env"], [".metadata.annotations"], [".spec"],
                   [".status"], [".data['app.ini']"]],
        "columns": [[".data"], [".spec.containers[*].args"], ["annotations"], ["images"],
                    [".spec.note"], []],
        "sort": ["name", "-age", ".spec.note", ""],
        "count_by": ["", "status", ".data", "annotations"],
        "kinds": [["all"], ["cm", "secret"], ["keeper"], []],
        "where": [["content"], ["annotation"], ["name", "label"], ["content", "annotation"]],
        "text": ["web", "password", "Zyx", "calling", "db", "shop"],
        "field": ["spec", "spec.containers", "data"],
        "verb": ["get", "list", "delete", "create"],
        "subject": [""],
        "search": ["keeper", "apps", ""],
        "reason": ["Failed1", ""],
        "source": ["web-1", "*", "outside", "10.0.0.1"],
        "target": ["svc/web", "web-1", "*", "8.8.8.8"],
        "port": ["80", "http", ""],
        "release": ["shop", ""],
        "node": ["node-1", ""],
        "subresource": ["log", "exec", ""],
    }  # fmt: skip
