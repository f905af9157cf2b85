"""One cluster as one caller may see it: everything a tool reads comes through here, masked.

The policy is asked before a request is made and again of what came back; secrets are masked here,
once, so that nothing above can leak one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from msgspec import Raw

from kube_mcp.access import helm
from kube_mcp.access.helm import Change, HelmRelease, Revision
from kube_mcp.access.policy import OPEN, Policy
from kube_mcp.access.shaped import read_shaped
from kube_mcp.access.sift import LINES_BEFORE, LineFilter, Sift
from kube_mcp.errors import ClusterError, Forbidden, NotAllowed
from kube_mcp.kube.client import PODS, SECRETS, Client, Listing, Progress, is_secret
from kube_mcp.kube.discovery import Discovered
from kube_mcp.kube.kubelet import NODES, NodeLogQuery, list_logs, read_node_log, read_stats
from kube_mcp.kube.logs import LogQuery, LogRead, read_log
from kube_mcp.kube.tables import Table
from kube_mcp.objects import ResourceType, dig, dig_list, dig_map, dig_str
from kube_mcp.redaction.cells import mask_cells
from kube_mcp.redaction.objects import mask_object, mask_tree
from kube_mcp.redaction.text import clean_text, mask_lines, mask_text
from kube_mcp.shapes import Shape

T = TypeVar("T")
Query = TypeVar("Query", LogQuery, NodeLogQuery)

#: Reads of several namespaces side by side.
AT_ONCE = 8


@dataclass(frozen=True)
class Gap:
    """Something that belongs to an answer and could not be read."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


def wall_clock() -> datetime:
    """The present."""
    return datetime.now(UTC)


class Cluster:
    """What a tool may touch. Reads raise the errors of `kube_mcp.errors`.

    ``name`` is the context's name, empty where there is only one cluster; ``reads_as`` says in
    words as whom the cluster is read.
    """

    def __init__(
        self,
        client: Client,
        *,
        name: str = "",
        policy: Policy = OPEN,
        reads_as: str = "",
        default_namespace: str = "",
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._client = client
        self._clock = clock
        self.name = name
        self.policy = policy
        self.reads_as = reads_as
        self.default_namespace = default_namespace

    @property
    def everywhere(self) -> str:
        """What a reading without a namespace covers, in words."""
        if self.policy.narrows_namespaces:
            return "the namespaces this server shows"
        return "all namespaces"

    def now(self) -> datetime:
        """The moment the cluster is at: the present, or when a snapshot was taken."""
        return self._clock()

    async def resolve(self, kind: str) -> ResourceType:
        """The resource a person means by a kind, plural or short name. Raises `InputError`."""
        return await self._client.discovery.resolve(kind)

    async def resources(self) -> Discovered:
        """Every resource the API server serves, and the groups that could not be read."""
        return await self._client.discovery.all()

    async def get(
        self, resource: ResourceType, name: str, *, namespace: str = ""
    ) -> dict[str, Any]:
        """One object, masked. A Secret comes without values."""
        self.policy.check(resource, name if _is_namespace(resource) else namespace)
        found = await self._client.get(resource, name, namespace=namespace)
        masked: dict[str, Any] = mask_object(found, kind=resource.kind)
        return masked

    async def list(
        self,
        resource: ResourceType,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        keep: Callable[[Any], Any] | None = None,
        then: Callable[[Any], Any] | None = None,
        metadata_only: bool = False,
        shape: Shape | None = None,
        progress: Progress | None = None,
    ) -> Listing:
        """Every object, from all pages, masked.

        ``keep`` slims each object before it is masked, and must keep what stands beside a value;
        ``then`` turns the masked object into what the listing holds. A policy that hides
        namespaces is asked before ``then``, so it always sees the object.

        ``shape`` decodes no more than ``keep`` would keep, and must come to the same. What it gives
        is shared with later readings, so nobody may change it.
        """
        sift = self._sifts(resource, namespace)
        named = "name" if _is_namespace(resource) else "namespace"

        def shown(item: Any) -> bool:
            return not sift or self.policy.allows_namespace(dig_str(item, "metadata", named))

        def slim(item: Any) -> Any:
            if shape is not None and type(item) is Raw:
                masked = read_shaped(item, resource, shape=shape, keep=keep)
                if not shown(masked):
                    return None
            elif not shown(item):
                return None
            else:
                masked = mask_object(keep(item) if keep else item, kind=resource.kind)
            return then(masked) if then else masked

        async def one(where: str) -> Listing:
            return await self._client.list(
                resource,
                namespace=where,
                label_selector=label_selector,
                field_selector=field_selector,
                keep=slim,
                metadata_only=metadata_only,
                as_text=shape is not None,
                progress=progress,
            )

        self.policy.check(resource, namespace)
        spread = self._spread(resource, namespace)
        if spread is not None:
            parts = await _at_once([one(where) for where in spread])
            merged = Listing([], note=" ".join(part.note for part in parts if part.note))
            for part in parts:
                merged.items += part.items
            return merged
        listing = await one(namespace)
        if sift:
            listing.items = [item for item in listing.items if item is not None]
        return listing

    async def table(
        self,
        resource: ResourceType,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        with_metadata: bool = True,
        progress: Progress | None = None,
    ) -> Table:
        """Every row of the server's own table. ``with_metadata`` adds namespace and labels."""

        async def one(where: str) -> Table:
            return await self._client.table(
                resource,
                namespace=where,
                label_selector=label_selector,
                field_selector=field_selector,
                with_metadata=with_metadata or self._sifts(resource, where),
                progress=progress,
            )

        self.policy.check(resource, namespace)
        spread = self._spread(resource, namespace)
        if spread is not None:
            parts = await _at_once([one(where) for where in spread])
            table = parts[0]
            for part in parts[1:]:
                table.rows += part.rows
        else:
            table = await one(namespace)
            if self._sifts(resource, namespace):
                own_name = _is_namespace(resource)
                table.rows = [
                    row
                    for row in table.rows
                    if self.policy.allows_namespace(
                        row.meta.name if own_name else row.meta.namespace
                    )
                ]
        mask_cells(table.columns, [row.cells for row in table.rows], kind=resource.kind)
        return table

    async def log(
        self,
        query: LogQuery,
        *,
        keep: int,
        include: LineFilter | None = None,
        exclude: LineFilter | None = None,
        max_kept_bytes: int = 1024 * 1024,
        timeout_s: float = 30.0,
    ) -> LogRead:
        """The newest lines of one container's log that pass the filters, masked.

        The filters see what the answer shows and nothing else: matching raw lines, if only
        besides, would let a pattern find out a secret letter by letter.
        """
        self.policy.check_toolset("logs")
        self.policy.check(PODS, query.namespace)

        if include is not None or exclude is not None:
            sift = Sift(include, exclude)
            return await read_log(
                self._client, query, keep=keep, sift=sift, skips=sift.skips,
                max_kept_bytes=max_kept_bytes, timeout_s=timeout_s,
            )  # fmt: skip
        read = await read_log(
            self._client,
            _wider(query),
            keep=keep + LINES_BEFORE,
            max_kept_bytes=max_kept_bytes,
            timeout_s=timeout_s,
        )
        return _masked(read, keep=keep, unasked=query.tail is not None)

    async def helm_revisions(self, *, namespace: str = "", name: str = "") -> Sequence[Revision]:
        """Every revision of every Helm release, or of one, from metadata alone; newest first.

        Raises `NotAllowed` where Helm releases are not switched on.
        """
        self._check_helm(namespace)
        found: Sequence[Revision] = []
        for where in self._spread(SECRETS, namespace) or (namespace,):
            found = [*found, *await helm.revisions(self._client, namespace=where, name=name)]
        return [each for each in found if self.policy.allows_namespace(each.namespace)]

    async def helm_releases(self, wanted: Sequence[Revision]) -> Sequence[HelmRelease]:
        """What these revisions say, masked."""
        for each in wanted:
            self._check_helm(each.namespace)
        return await helm.read(self._client, wanted)

    async def helm_changes(self, before: Revision, after: Revision) -> Sequence[Change]:
        """How the values of one revision differ from another's, masked."""
        self._check_helm(before.namespace)
        return await helm.changes(self._client, before, after)

    def _check_helm(self, namespace: str) -> None:
        self.policy.check_toolset("helm")
        self.policy.check(SECRETS, namespace)
        if not self._client.allow.helm_release_secrets:
            raise NotAllowed(
                "This server does not read Helm's releases, which are stored in Secrets.",
                hint="Its operator can switch that on (policy.helm_releases).",
            )

    async def node_stats(self, node: str) -> Mapping[str, Any]:
        """What a kubelet measures of its node, and of those pods there that may be shown."""
        self._check_kubelet()
        stats = dig_map(await read_stats(self._client, node))
        pods = [
            pod
            for pod in dig_list(stats, "pods")
            if self.policy.allows_namespace(dig_str(pod, "podRef", "namespace"))
        ]
        return {**stats, "pods": pods}

    async def node_log_files(self, node: str) -> Sequence[str]:
        """The files and folders in a node's /var/log."""
        self._check_kubelet(all_namespaces=True)
        return [mask_text(name) for name in await list_logs(self._client, node)]

    async def node_log(
        self, query: NodeLogQuery, *, keep: int, max_kept_bytes: int, timeout_s: float
    ) -> LogRead | None:
        """The newest lines of a node's log, masked; None where its kubelet takes no queries."""
        self._check_kubelet(all_namespaces=True)
        read = await read_node_log(
            self._client,
            _wider(query),
            keep=keep + LINES_BEFORE,
            max_kept_bytes=max_kept_bytes,
            timeout_s=timeout_s,
        )
        if read is None:
            return None
        # Only a service's log is cut to its tail by the kubelet.
        return _masked(read, keep=keep, unasked=bool(query.service) and query.tail is not None)

    def _check_kubelet(self, *, all_namespaces: bool = False) -> None:
        self.policy.check_toolset("nodes")
        self.policy.check(NODES, "")
        if not self._client.allow.node_logs:
            raise NotAllowed(
                "This server does not ask kubelets for logs and statistics.",
                hint="Its operator can switch that on (policy.node_logs).",
            )
        if all_namespaces and self.policy.narrows_namespaces:
            raise NotAllowed(
                "A node's log tells of the pods of every namespace, and this server does not "
                "show you all of them."
            )

    async def version(self) -> Mapping[str, Any]:
        """What ``/version`` says."""
        return dig_map(await self._client.get_json("/version"))

    async def clock(self) -> datetime | None:
        """What time the API server thinks it is, from its ``Date`` header; to the second."""
        return await self._client.clock()

    async def document(self, path: str) -> Any:
        """An OpenAPI document, by the path its index gives."""
        return await self._client.get_json(path)

    async def text(self, path: str) -> str:
        """A plain answer of the API server itself, such as ``/readyz``."""
        body = await self._client.read(path, accept="*/*", max_bytes=1024 * 1024)
        return clean_text(body.decode("utf-8", "replace"))

    async def may_i(
        self,
        verb: str,
        resource: ResourceType,
        *,
        namespace: str = "",
        name: str = "",
        subresource: str = "",
    ) -> tuple[bool, str]:
        """Whether the identity in use may do this, and the API server's reason if it gives one."""
        attributes = _attributes(verb, resource, namespace, name, subresource)
        return await self._allowed("selfsubjectaccessreviews", {"resourceAttributes": attributes})

    async def may_they(
        self,
        subject: Mapping[str, Any],
        verb: str,
        resource: ResourceType,
        *,
        namespace: str = "",
        name: str = "",
        subresource: str = "",
    ) -> tuple[bool, str]:
        """Whether another subject may do this. Refused by the guard unless it is switched on."""
        attributes = _attributes(verb, resource, namespace, name, subresource)
        spec = {**subject, "resourceAttributes": attributes}
        return await self._allowed("subjectaccessreviews", spec)

    async def _allowed(self, review: str, spec: Mapping[str, Any]) -> tuple[bool, str]:
        answer = await self._client.review("authorization.k8s.io", review, {"spec": spec})
        reason = mask_text(dig_str(answer, "status", "reason"))
        return dig(answer, "status", "allowed") is True, reason

    async def my_rules(self, namespace: str) -> Any:
        """What the identity in use may do in a namespace, as the API server's rules."""
        answer = await self._client.review(
            "authorization.k8s.io", "selfsubjectrulesreviews", {"spec": {"namespace": namespace}}
        )
        return mask_tree(dig_map(answer, "status"))

    async def who_am_i(self) -> Mapping[str, Any]:
        """The user the API server takes this identity for."""
        answer = await self._client.review("authentication.k8s.io", "selfsubjectreviews", {})
        user: Mapping[str, Any] = mask_tree(dig_map(answer, "status", "userInfo"))
        return user

    def _sifts(self, resource: ResourceType, namespace: str) -> bool:
        """Whether a list holds objects that the policy may hide."""
        across = (resource.namespaced and not namespace) or _is_namespace(resource)
        return across and self.policy.narrows_namespaces

    def _spread(self, resource: ResourceType, namespace: str) -> tuple[str, ...] | None:
        """The namespaces to ask one by one, where the operator allows only certain ones.

        An identity that may read just those would be refused the list of all.
        """
        if namespace or not resource.namespaced:
            return None
        exact = self.policy.exact_namespaces()
        if exact == ():
            raise NotAllowed("This server shows no namespace to this caller.")
        return exact


def _wider(query: Query) -> Query:
    """A few lines more: a credential may stand below a name that a tail would leave out."""
    return query if query.tail is None else replace(query, tail=query.tail + LINES_BEFORE)


def _masked(read: LogRead, *, keep: int, unasked: bool) -> LogRead:
    """The log with its newest lines as they are shown, told together with those before them."""
    masked = mask_lines([text for _, text in read.lines])
    read.leave_out(len(read.lines) - keep, masked=masked, unasked=unasked)
    return read


def _is_namespace(resource: ResourceType) -> bool:
    return resource.name == "namespaces" and not resource.group


def _attributes(
    verb: str, resource: ResourceType, namespace: str, name: str, subresource: str
) -> dict[str, str]:
    pairs = {
        "verb": verb,
        "group": resource.group,
        "version": resource.version,
        "resource": resource.name,
        "subresource": subresource,
        "namespace": namespace,
        "name": name,
    }
    return {key: value for key, value in pairs.items() if value}


async def _at_once(reads: list[Awaitable[T]]) -> list[T]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(read: Awaitable[T]) -> T:
        async with gate:
            return await read

    return list(await asyncio.gather(*(one(read) for read in reads)))


def why_unreadable(
    error: ClusterError | NotAllowed, *, resource: ResourceType, namespace: str
) -> str:
    """Half a sentence for an answer's list of gaps: ``may not list pods in shop``."""
    where = f" in {namespace}" if namespace else ""
    if isinstance(error, Forbidden):
        return f"may not list {resource.full_name}{where}"
    return f"{resource.full_name}{where}: {error.message.removesuffix('.')}"


__all__ = ["Cluster", "Gap", "is_secret", "why_unreadable"]
