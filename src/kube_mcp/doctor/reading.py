"""What the enabled tools need against what the identity may read, with what to add."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from kube_mcp.access.cluster import Cluster
from kube_mcp.access.policy import Policy
from kube_mcp.access.rbac import Rule, rule_yaml, rules
from kube_mcp.doctor.granted import AT_ONCE
from kube_mcp.doctor.probe import Probe
from kube_mcp.errors import KubeMcpError
from kube_mcp.objects import ResourceType
from kube_mcp.render.budget import count, shorten
from kube_mcp.settings import Settings

_SERVICE_ACCOUNT = "system:serviceaccount:"
_ROLE = "kube-mcp-viewer"


async def may_read(
    cluster: Cluster, settings: Settings, served: Sequence[ResourceType], me: str, at: str
) -> Probe:
    """Asks for every resource the tools read: in the whole cluster, or in the only namespaces that
    are shown. ``me`` is what the API server calls the identity."""
    wanted = rules(
        settings.policy.toolsets,
        secrets=settings.policy.helm_releases,
        who_can=settings.policy.who_can,
    )
    shown = Policy(namespaces_allow=settings.policy.namespaces_allow).exact_namespaces()
    by_name = {(each.group, each.name): each for each in served}
    gate = asyncio.Semaphore(AT_ONCE)

    async def allowed(verb: str, resource: ResourceType, namespace: str, subresource: str) -> bool:
        async with gate:
            answer, _ = await cluster.may_i(
                verb, resource, namespace=namespace, subresource=subresource
            )
            return answer

    async def is_missing(rule: Rule, name: str) -> bool:
        plural, _, subresource = name.partition("/")
        resource = by_name[rule.group, plural]
        places = (shown or ("",)) if resource.namespaced else ("",)
        for namespace in places:
            for verb in rule.verbs:
                if verb != "watch" and not await allowed(verb, resource, namespace, subresource):
                    return True
        return False

    asked = [
        (rule, name)
        for rule in wanted
        for name in rule.resources
        if (rule.group, name.split("/")[0]) in by_name
    ]
    try:
        answers = await asyncio.gather(*(is_missing(rule, name) for rule, name in asked))
    except KubeMcpError as error:
        return Probe(f"may read{at}", "warning", error.message, error.hint)
    missing = [each for each, lacks in zip(asked, answers, strict=True) if lacks]
    where = f"in {shorten(', '.join(shown), 200)}" if shown else "in the whole cluster"
    if not missing:
        return Probe(f"may read{at}", "ok", f"all of {count(len(asked), 'kind')} the tools use")
    if len(missing) == len(asked):
        return Probe(
            f"may read{at}", "failed", f"nothing that the tools use can be read {where}",
            f"Give it the role:\n{_bind(me)}",
        )  # fmt: skip
    lacking: dict[Rule, list[str]] = {}
    for rule, name in missing:
        lacking.setdefault(rule, []).append(name)
    add = "\n".join(
        rule_yaml(Rule(rule.group, tuple(found), rule.why, rule.verbs)).rstrip()
        for rule, found in lacking.items()
    )
    return Probe(
        f"may read{at}", "warning",
        f"{count(len(missing), 'kind')} of {len(asked)} cannot be read {where}; answers will say so",
        f"To allow it, add to the ClusterRole:\n{add}",
    )  # fmt: skip


def _bind(me: str) -> str:
    """The commands that make the role and bind it."""
    subject = f"--user={me or 'NAME'}"
    if me.startswith(_SERVICE_ACCOUNT):
        subject = f"--serviceaccount={me.removeprefix(_SERVICE_ACCOUNT)}"
    return (
        f"kube-mcp rbac --name {_ROLE} | kubectl apply -f -\n"
        f"kubectl create clusterrolebinding {_ROLE} --clusterrole={_ROLE} {subject}"
    )
