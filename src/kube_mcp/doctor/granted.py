"""The API server's own list of what an identity may do, and questions to it.

The list is asked for namespace by namespace, because that is how a RoleBinding grants.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kube_mcp.access.cluster import Cluster
from kube_mcp.errors import KubeMcpError
from kube_mcp.objects import ResourceType, dig_list, dig_str

#: Reviews asked at a time; each is a small request.
AT_ONCE = 8

#: A namespace takes one review of a few milliseconds; beyond this many, the rest is named unseen.
MAX_NAMESPACES = 300

#: Asked where the namespaces cannot be listed.
_USUAL = ("default", "kube-system")

NAMESPACES = ResourceType("", "v1", "namespaces", "Namespace", namespaced=False)


@dataclass(frozen=True, slots=True)
class Granted:
    """One rule the identity has, in ``namespaces``; empty: in the whole cluster."""

    groups: frozenset[str]
    resources: tuple[str, ...]
    verbs: frozenset[str]
    names: frozenset[str]
    paths: tuple[str, ...]
    namespaces: tuple[str, ...] = ()

    def covers(self, verb: str, group: str, resource: str) -> bool:
        """Whether it grants ``verb`` on ``resource`` (with its subresource), some names at least."""
        return (
            bool({verb, "*"} & self.verbs)
            and bool({group, "*"} & self.groups)
            and any(_matches(name, resource) for name in self.resources)
        )


@dataclass(frozen=True, slots=True)
class Rights:
    """Everything granted; ``looked`` are the namespaces it was asked for.

    ``everywhere`` says whether those are all there are. ``incomplete`` is the API server's reason
    why its list may lack something, or empty.
    """

    rules: tuple[Granted, ...]
    looked: tuple[str, ...]
    everywhere: bool
    incomplete: str

    def covering(self, verb: str, group: str, resource: str) -> list[Granted]:
        """The rules that grant this."""
        return [rule for rule in self.rules if rule.covers(verb, group, resource)]


async def rights(cluster: Cluster, *, more: Iterable[str] = ()) -> Rights:
    """What the identity in use may do, in every namespace it can see, and in ``more``.

    Raises what the API server answers to the review itself.
    """
    seen, everywhere = await _namespaces(cluster)
    looked = tuple(dict.fromkeys((*more, *seen)))[:MAX_NAMESPACES]
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(namespace: str) -> Any:
        async with gate:
            return await cluster.my_rules(namespace)

    answers = await asyncio.gather(*(ask(namespace) for namespace in looked))
    seen_in: dict[Granted, list[str]] = {}
    incomplete = ""
    for namespace, status in zip(looked, answers, strict=True):
        if status.get("incomplete") is True:
            incomplete = dig_str(status, "evaluationError") or "the list of rules is incomplete"
        for raw in (*dig_list(status, "resourceRules"), *dig_list(status, "nonResourceRules")):
            seen_in.setdefault(_granted(raw), []).append(namespace)
    return Rights(
        # What comes back for every namespace is granted in the whole cluster.
        tuple(
            replace(rule, namespaces=() if len(where) >= len(looked) else tuple(where))
            for rule, where in seen_in.items()
        ),
        looked,
        everywhere=everywhere and len(looked) == len({*more, *seen}),
        incomplete=incomplete,
    )


async def _namespaces(cluster: Cluster) -> tuple[Sequence[str], bool]:
    try:
        listing = await cluster.list(NAMESPACES, metadata_only=True)
    except KubeMcpError:
        return _USUAL, False
    names = [dig_str(item, "metadata", "name") for item in listing.items]
    return (names, True) if names else (_USUAL, False)  # not to look anywhere proves nothing


def _granted(rule: Any) -> Granted:
    def strings(field: str) -> list[str]:
        return [str(each) for each in dig_list(rule, field)]

    return Granted(
        groups=frozenset(strings("apiGroups")),
        resources=tuple(strings("resources")),
        verbs=frozenset(strings("verbs")),
        names=frozenset(strings("resourceNames")),
        paths=tuple(strings("nonResourceURLs")),
    )


def _matches(granted: str, asked: str) -> bool:
    # As RBAC compares: a star alone is every resource and every subresource.
    if granted in ("*", asked):
        return True
    _, _, subresource = asked.partition("/")
    return bool(subresource) and granted == f"*/{subresource}"
