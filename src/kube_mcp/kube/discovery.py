"""Which resources the API server serves, and which one a person means by "deploy".

Discovery is asked for in its aggregated form (two requests for everything) and in the old one
where that is not offered. It is kept for some minutes and read again on a miss, so that a custom
resource installed a moment ago is found.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kube_mcp.errors import ClusterError, InputError, NotFound, suggest
from kube_mcp.objects import ResourceType, dig, dig_list, dig_str

AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
    "application/json"
)

#: Kinds come and go with deployments of operators: minutes, not seconds.
KEEP_S = 180.0

#: A group that could not be read may be back at any moment.
KEEP_FAILED_S = 15.0

#: A miss reads discovery again, but not for every typo in a row.
MISS_COOLDOWN_S = 2.0

#: Old-style discovery asks once a group version; more at a time would crowd out real reads.
GROUPS_AT_ONCE = 8

_VERSION = re.compile(r"^v\d+((alpha|beta)\d+)?$")

#: kubectl knows these without asking; a server older than aggregated discovery may not say them.
_EXTRA_SHORT_NAMES = {"hr": "helmreleases", "ks": "kustomizations"}

#: Where one name lives in several groups, the one people mean stands first.
_PREFERRED_GROUPS = ("", "apps", "batch", "networking.k8s.io", "policy", "autoscaling")


class GetJson(Protocol):
    """Reads one path as decoded JSON."""

    async def __call__(self, path: str, *, accept: str) -> Any:
        """Raises `ClusterError`."""
        ...


@dataclass(frozen=True)
class Discovered:
    """Everything the server said it serves.

    ``types`` holds each resource once, in its preferred version, core first. ``every`` also holds
    the other versions. ``failed`` maps a group version to why it could not be read: an aggregated
    API whose backend is down hides its kinds.
    """

    types: tuple[ResourceType, ...]
    every: tuple[ResourceType, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    _names: dict[str, list[ResourceType]] = field(default_factory=dict, repr=False)

    def named(self, word: str) -> Sequence[ResourceType]:
        """The types that answer to a plural, singular, short name or kind, in any case."""
        if not self._names:
            for each in self.types:
                for name in {each.name, each.singular, each.kind.lower(), *each.short_names}:
                    if name:
                        self._names.setdefault(name.lower(), []).append(each)
        return self._names.get(word.lower(), ())

    def words(self) -> list[str]:
        """All words `named` knows, for suggestions: kinds in their own spelling first."""
        kinds = [each.kind for each in self.types]
        return [*kinds, *(each.name for each in self.types)]


class Discovery:
    """Discovery of one API server as one identity, kept and refreshed."""

    def __init__(
        self,
        get_json: GetJson,
        *,
        keep_s: float = KEEP_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._get_json = get_json
        self._keep_s = keep_s
        self._clock = clock
        self._known: Discovered | None = None
        self._read_at = 0.0
        self._lock = asyncio.Lock()

    async def all(self, *, not_older_than_s: float | None = None) -> Discovered:
        """What is served. Raises `ClusterError` where not even the core API can be read."""
        if self._known is not None and self._is_fresh(self._known, not_older_than_s):
            return self._known
        async with self._lock:  # one reading at a time; the others wait for it and share it
            if self._known is None or not self._is_fresh(self._known, not_older_than_s):
                self._known = await read(self._get_json)
                self._read_at = self._clock()
            return self._known

    def _is_fresh(self, known: Discovered, not_older_than_s: float | None) -> bool:
        keep_s = min(self._keep_s, KEEP_FAILED_S) if known.failed else self._keep_s
        if not_older_than_s is not None:
            keep_s = min(keep_s, not_older_than_s)
        return self._clock() - self._read_at < keep_s

    async def resolve(self, text: str) -> ResourceType:
        """The resource a person means.

        Takes a kind, plural, singular or short name, alone or with a group or version:
        ``deploy``, ``Deployment``, ``deployments.apps``, ``apps/v1 Deployment``.
        Raises `InputError` with the nearest names for one that is not served.
        """
        known = await self.all()
        found = resolve(text, known)
        if found is None:
            found = resolve(text, await self.all(not_older_than_s=MISS_COOLDOWN_S))
        if found is not None:
            return found
        known = await self.all()
        failed = ""
        if known.failed:
            failed = f" These API groups could not be read: {', '.join(sorted(known.failed))}."
        raise InputError(
            f"'{text}' is not a kind this cluster serves.{failed}",
            hint=suggest(re.split(r"[\s/]+", text.strip("/ "))[-1].split(".")[0], known.words())
            or "Use api_resources to see what there is.",
        )


def resolve(text: str, known: Discovered) -> ResourceType | None:
    """`Discovery.resolve` on what is known, or None. Raises `InputError` where it is ambiguous."""
    words = text.strip().replace(",", " ").split()
    if not words or len(words) > 2 or len(text) > 300:
        raise InputError(
            f"'{text[:60]}' is not a kind.",
            hint="Give one kind, such as Pod, deploy, ingresses.networking.k8s.io or apps/v1 "
            "Deployment.",
        )
    group: str | None = None
    version = ""
    word = words[-1]
    prefix = words[0] if len(words) == 2 else ""
    if not prefix and "/" in word:
        prefix, _, word = word.rpartition("/")
    if prefix:
        group, version = _group_version(prefix)
    if group is None and "." in word:
        word, _, rest = word.partition(".")
        first, _, tail = rest.partition(".")
        group, version = (tail, first) if _VERSION.match(first) else (rest, "")
    word = _EXTRA_SHORT_NAMES.get(word.lower(), word) if not known.named(word) else word
    found = [each for each in known.named(word) if group is None or each.group == group]
    if not found and group:  # "deployments.app": a group given in part
        found = [each for each in known.named(word) if each.group.startswith(group)]
    if version:
        wanted = {(each.group, each.name) for each in found}
        found = [
            each
            for each in known.every or known.types
            if (each.group, each.name) in wanted and each.version == version
        ]
    if len(found) <= 1:
        return found[0] if found else None
    return _one_of(text, found)


def _group_version(prefix: str) -> tuple[str, str]:
    group, _, version = prefix.rpartition("/")
    if not group and not _VERSION.match(version):
        return version, ""  # "apps/Deployment"
    return group, version


def _one_of(text: str, found: Sequence[ResourceType]) -> ResourceType:
    for group in _PREFERRED_GROUPS:
        for each in found:
            if each.group == group:
                return each
    built_in = [each for each in found if each.group.endswith(".k8s.io")]
    if built_in:
        return built_in[0]
    raise InputError(
        f"'{text}' is served by several API groups.",
        hint=f"Say which: {', '.join(each.full_name for each in found)}.",
    )


async def read(get_json: GetJson) -> Discovered:
    """Ask the server. The core API must answer; any other group may fail and is then named."""
    core, groups = await asyncio.gather(
        get_json("/api", accept=AGGREGATED), get_json("/apis", accept=AGGREGATED)
    )
    failed: dict[str, str] = {}
    every: list[ResourceType] = []
    for answer, path in ((core, "/api"), (groups, "/apis")):
        if dig_str(answer, "kind") == "APIGroupDiscoveryList":
            every += _from_aggregated(answer, failed)
        else:
            every += await _from_lists(get_json, answer, path, failed)
    seen: set[tuple[str, str]] = set()
    types = []
    for each in every:
        if (each.group, each.name) not in seen:
            seen.add((each.group, each.name))
            types.append(each)
    return Discovered(types=tuple(types), every=tuple(every), failed=failed)


def _from_aggregated(answer: Any, failed: dict[str, str]) -> Iterable[ResourceType]:
    for item in dig_list(answer, "items"):
        group = dig_str(item, "metadata", "name")
        for at in dig_list(item, "versions"):
            version = dig_str(at, "version")
            if dig_str(at, "freshness") == "Stale":
                failed[f"{group}/{version}"] = "its API service does not answer"
            for each in dig_list(at, "resources"):
                kind = dig_str(each, "responseKind", "kind")
                if dig_str(each, "resource") and kind:
                    yield ResourceType(
                        group=group,
                        version=version,
                        name=dig_str(each, "resource"),
                        kind=kind,
                        namespaced=dig_str(each, "scope") == "Namespaced",
                        verbs=frozenset(map(str, dig_list(each, "verbs"))),
                        singular=dig_str(each, "singularResource"),
                        short_names=tuple(map(str, dig_list(each, "shortNames"))),
                        categories=tuple(map(str, dig_list(each, "categories"))),
                    )


async def _from_lists(
    get_json: GetJson, answer: Any, path: str, failed: dict[str, str]
) -> list[ResourceType]:
    if path == "/api":
        versions = [("", str(version)) for version in dig_list(answer, "versions")]
    else:
        versions = []
        for group in dig_list(answer, "groups"):
            name = dig_str(group, "name")
            preferred = dig_str(group, "preferredVersion", "version")
            offered = [dig_str(each, "version") for each in dig_list(group, "versions")]
            offered.sort(key=preferred.__ne__)
            versions += [(name, version) for version in offered if version]
    gate = asyncio.Semaphore(GROUPS_AT_ONCE)

    async def one(group: str, version: str) -> list[ResourceType]:
        where = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            async with gate:
                listed = await get_json(where, accept="application/json")
        except NotFound:
            return []  # the group went away between the two requests
        except ClusterError as error:
            if not group:
                raise
            failed[f"{group}/{version}"] = error.message
            return []
        return [
            ResourceType(
                group=group,
                version=version,
                name=dig_str(each, "name"),
                kind=dig_str(each, "kind"),
                namespaced=dig(each, "namespaced") is True,
                verbs=frozenset(map(str, dig_list(each, "verbs"))),
                singular=dig_str(each, "singularName"),
                short_names=tuple(map(str, dig_list(each, "shortNames"))),
                categories=tuple(map(str, dig_list(each, "categories"))),
            )
            for each in dig_list(listed, "resources")
            if "/" not in dig_str(each, "name") and dig_str(each, "name")
        ]

    lists = await asyncio.gather(*(one(group, version) for group, version in versions))
    return [each for listed in lists for each in listed]
