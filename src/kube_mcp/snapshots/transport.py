"""A transport that answers from a `Store` what an API server would answer from etcd.

The same paths, shapes, orders, error texts and oddities, so that whatever works here works on a
cluster; the tests use it as their API server for that reason. Nothing can be changed through it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from kube_mcp.kube import paths
from kube_mcp.kube.paths import ApiPath
from kube_mcp.kube.transport import Request, Response
from kube_mcp.objects import Obj, ResourceType, dig, dig_int, dig_map, dig_str
from kube_mcp.snapshots import discovery, events, kinds, listing, logs, tables
from kube_mcp.snapshots.negotiation import Shape, negotiate
from kube_mcp.snapshots.query import Query
from kube_mcp.snapshots.responses import (
    BytesResponse,
    Failure,
    answer,
    bad_request,
    forbidden,
    method_not_allowed,
    no_such_path,
    no_such_resource,
    not_found,
    text,
)
from kube_mcp.snapshots.reviews import READS, review
from kube_mcp.snapshots.store import Store
from kube_mcp.words.selectors import text_of

#: Who a reader of a snapshot is told to be.
USER = "snapshot"

_REVIEW_GROUPS = frozenset({"authentication.k8s.io", "authorization.k8s.io"})


class SnapshotTransport:
    """Answers requests from a store. ``clock`` is the moment ages are counted to.

    Without a clock that is the store's own moment: a snapshot's pods do not grow older on disk.
    """

    def __init__(self, store: Store, *, clock: Callable[[], datetime] | None = None) -> None:
        self.store = store
        self._clock = clock or (lambda: store.captured_at)

    async def send(self, request: Request) -> Response:
        """The answer; errors are answers too, as an API server words them."""
        try:
            response = self._answer(request)
        except Failure as failure:
            response = failure.response()
        # Clients tell the API server's time by this; here it is the moment of the snapshot.
        date = format_datetime(self._clock().astimezone(UTC), usegmt=True)
        response.headers = {**response.headers, "date": date}
        if warning := self._warning():
            response.headers = {**response.headers, "warning": warning}
        return response

    async def aclose(self) -> None:
        """Nothing is open."""

    # --- what a subclass may decide otherwise ---------------------------------------------------

    def check_access(
        self, verb: str, resource: ResourceType, *, namespace: str, name: str, subresource: str
    ) -> None:
        """Raise `Failure` for what may not be read: here, what the snapshot could not read."""
        unread = self.store.why_unread(resource, namespace)
        if unread is not None:
            raise Failure(unread.code, unread.reason, unread.message)
        looked_at = self.store.namespaces
        if resource.namespaced and namespace and looked_at and namespace not in looked_at:
            raise forbidden(
                USER,
                verb,
                resource,
                namespace=namespace,
                name=name,
                subresource=subresource,
                why=f"the snapshot holds only the namespaces {', '.join(sorted(looked_at))}",
            )

    def user(self, request: Request) -> str:
        """The name the reader goes by."""
        return request.headers.get("Impersonate-User", USER)

    def groups(self, request: Request) -> list[str]:
        """The groups the reader claims to be in."""
        lines = (*request.headers.items(), *request.repeated_headers)
        return [value for name, value in lines if name == "Impersonate-Group"]

    def continue_expired(self) -> bool:
        """Whether a continue token has aged out; in a snapshot nothing does."""
        return False

    def stale_versions(self) -> frozenset[str]:
        """Group versions whose server does not answer."""
        return frozenset(self.store.failed)

    def offers_aggregated_discovery(self) -> bool:
        """Whether discovery comes in one document for who asks for it (Kubernetes 1.26 on)."""
        return True

    # --- routes -----------------------------------------------------------------------------

    def _answer(self, request: Request) -> BytesResponse:
        document = self.store.documents.get(request.path)
        if document is not None and request.method == "GET":
            return BytesResponse(200, {"content-type": "application/json"}, document)
        path = paths.parse(request.path)
        if path is None or not self._serves_group(path):
            if request.path.startswith("/api/"):
                raise no_such_resource()
            return no_such_path()
        if not path.resource:
            return self._fixed(request, path)
        if path.group in _REVIEW_GROUPS:
            return self._review(request, path)
        return self._resource(request, path)

    def _serves_group(self, path: ApiPath) -> bool:
        if not path.group:
            return True
        served = any(resource.group == path.group for resource in self.store.types)
        return served or any(one.startswith(f"{path.group}/") for one in self.stale_versions())

    def _unserved(self, path: ApiPath) -> BytesResponse:
        """404 within a group: who serves custom resources knows only those, and has no words."""
        builtin = any(one.group == path.group for one in kinds.builtin_types())
        if not builtin and (path.group, path.version) != ("metrics.k8s.io", "v1beta1"):
            return no_such_path()
        raise no_such_resource()

    def _fixed(self, request: Request, path: ApiPath) -> BytesResponse:
        if request.method != "GET":
            raise method_not_allowed()
        first = path.fixed.split("/")[1]
        match first:
            case "version":
                return answer(self.store.version)
            case "livez" | "readyz":
                return text("ok")
            case "api" | "apis":
                return self._discovery(request, path)
        return no_such_path()

    def _discovery(self, request: Request, path: ApiPath) -> BytesResponse:
        accept = request.headers.get("Accept", "")
        stale = self.stale_versions()
        if path.fixed in ("/api", "/apis"):
            core = path.fixed == "/api"
            offered = (Shape.DISCOVERY,) if self.offers_aggregated_discovery() else ()
            if negotiate(accept, *offered) is Shape.DISCOVERY:
                document = discovery.aggregated(self.store, core=core, stale=stale)
                return answer(document, media_type=discovery.AGGREGATED_MEDIA_TYPE)
            return answer(
                discovery.core_versions() if core else discovery.group_list(self.store, stale=stale)
            )
        negotiate(accept)
        group_version = f"{path.group}/{path.version}" if path.group else path.version
        if group_version in stale:
            # The aggregator's words for a server behind it that is gone: no Status, just text.
            return text("service unavailable\n", status=503)
        if path.version:
            found = discovery.resource_list(self.store, path.group, path.version)
        else:
            found = discovery.group(self.store, path.group, stale=stale)
        return self._unserved(path) if found is None else answer(found)

    def _resource(self, request: Request, path: ApiPath) -> BytesResponse:
        if f"{path.group}/{path.version}" in self.stale_versions():
            return text("service unavailable\n", status=503)
        resource = self.store.type_of(path.group, path.version, path.resource)
        if resource is None or not _fits(resource, path):
            return self._unserved(path)
        if request.method != "GET":
            raise method_not_allowed()
        query = Query(request)
        if query.flag("watch"):
            raise bad_request("a snapshot cannot be watched: nothing in it changes")
        self.check_access(
            "get" if path.name else "list",
            resource,
            namespace=path.name if path.resource == "namespaces" else path.namespace,
            name=path.name,
            subresource=path.subresource,
        )
        if not resource.verbs & {"get", "list"}:
            raise method_not_allowed()
        accept = request.headers.get("Accept", "")
        if path.name:
            return self._get(resource, path, query, accept)
        return self._list(resource, path.namespace, query, accept)

    # --- objects ----------------------------------------------------------------------------

    def _get(
        self, resource: ResourceType, path: ApiPath, query: Query, accept: str
    ) -> BytesResponse:
        known = kinds.subresources(resource, self.store.crd_of(resource))
        if path.subresource and path.subresource not in known:
            raise (
                no_such_resource()
                if self.store.is_builtin(resource)
                else not_found(resource, path.name)
            )
        obj = self._find(resource, path.namespace, path.name)
        if obj is None:
            raise not_found(resource, path.name)
        match path.subresource:
            case "log":
                return logs.answer(self.store, obj, query, self._clock())
            case "scale":
                return answer(_scale(obj))
            case "" | "status" | "ephemeralcontainers":
                return self._object(resource, obj, query, accept)
        # A proxy: what the kubelet or the service would say was not captured for this path.
        raise no_such_resource()

    def _find(self, resource: ResourceType, namespace: str, name: str) -> Obj | None:
        stored = self._stored(resource)
        return self.store.get(stored, namespace, name)

    def _stored(self, resource: ResourceType) -> ResourceType:
        if (resource.group, resource.name) == (events.GROUP, "events"):
            return self.store.type_of("", "v1", "events") or resource
        return resource

    def _object(self, resource: ResourceType, obj: Obj, query: Query, accept: str) -> BytesResponse:
        shape = negotiate(accept, Shape.TABLE, Shape.METADATA, Shape.METADATA_LIST)
        match shape:
            case Shape.TABLE:
                version = dig_str(obj, "metadata", "resourceVersion")
                metadata = {"resourceVersion": version}
                return answer(self._table(resource, [obj], metadata, query))
            case Shape.METADATA:
                return answer(tables.partial(obj))
            case Shape.METADATA_LIST:
                raise _not_acceptable(
                    "you requested PartialObjectMetadataList, but the requested object is not a list"
                )
        return answer(self._shown(resource, obj))

    def _list(
        self, resource: ResourceType, namespace: str, query: Query, accept: str
    ) -> BytesResponse:
        shape = negotiate(accept, Shape.TABLE, Shape.METADATA, Shape.METADATA_LIST)
        if shape is Shape.METADATA:
            raise _not_acceptable(
                "you requested PartialObjectMetadata, but the requested object is a list"
            )
        page = listing.page(
            self.store,
            self._stored(resource),
            namespace,
            query,
            expired=self.continue_expired,
        )
        if shape is Shape.TABLE:
            return answer(self._table(resource, page.items, page.metadata, query))
        if shape is Shape.METADATA_LIST:
            return answer(
                {
                    "kind": "PartialObjectMetadataList",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": page.metadata,
                    "items": [tables.partial(item) for item in page.items],
                }
            )
        items = [self._shown(resource, item) for item in page.items]
        metadata = page.metadata
        if self.store.is_builtin(resource):
            # Kubernetes' own types leave kind and version out of a list's items.
            items = [
                {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}
                for item in items
            ]
        else:
            metadata = {"continue": "", **metadata}
        return answer(
            {
                "kind": f"{resource.kind}List",
                "apiVersion": resource.api_version,
                "metadata": metadata,
                "items": items,
            }
        )

    def _shown(self, resource: ResourceType, obj: Obj) -> Obj:
        """The object as the version asked for shows it."""
        if resource.group == events.GROUP:
            return events.from_core(obj)
        if dig_str(obj, "apiVersion") == resource.api_version:
            return obj
        return {**obj, "apiVersion": resource.api_version}

    def _table(
        self, resource: ResourceType, items: list[Obj], metadata: Obj, query: Query
    ) -> dict[str, Any]:
        include = query.text("includeObject") or "Metadata"
        if include not in ("None", "Metadata", "Object"):
            raise bad_request(
                "Unable to convert to Table as requested: includeObject: "
                f"Invalid value: \"{include}\": must be 'Metadata', 'Object', 'None', or empty"
            )
        return tables.table(
            resource,
            items,
            now=self._clock(),
            metadata=metadata,
            include=include,
            crd=self.store.crd_of(resource),
        )

    # --- reviews ----------------------------------------------------------------------------

    def _review(self, request: Request, path: ApiPath) -> BytesResponse:
        if self.store.type_of(path.group, path.version, path.resource) is None or path.name:
            raise no_such_resource()
        if request.method != "POST":
            raise method_not_allowed()
        answered = review(
            path.resource,
            request.body,
            user=self.user(request),
            groups=self.groups(request),
            verdict=self._verdict,
        )
        if answered is None:
            raise no_such_resource()
        return answer(answered, status=201)

    def _verdict(self, verb: str, attributes: Mapping[str, Any]) -> str:
        if verb not in READS:
            return "nothing in a snapshot can be changed"
        group, plural = dig_str(attributes, "group"), dig_str(attributes, "resource")
        resource = next(
            (one for one in self.store.types if (one.group, one.name) == (group, plural)), None
        )
        if resource is None:
            return ""
        try:
            self.check_access(
                verb,
                resource,
                namespace=dig_str(attributes, "namespace"),
                name=dig_str(attributes, "name"),
                subresource=dig_str(attributes, "subresource"),
            )
        except Failure as failure:
            return failure.message
        return ""

    def _warning(self) -> str:
        looked_at = self.store.namespaces
        if not looked_at:
            return ""
        return f'299 - "this snapshot holds only the namespaces {", ".join(sorted(looked_at))}"'


def _fits(resource: ResourceType, path: ApiPath) -> bool:
    """Whether the path has a namespace where, and only where, the type has one."""
    if path.namespace and not resource.namespaced:
        return False
    return not (path.name and resource.namespaced and not path.namespace)


def _not_acceptable(message: str) -> Failure:
    return Failure(406, "NotAcceptable", message)


def _scale(obj: Obj) -> dict[str, Any]:
    metadata = {
        key: value
        for key, value in dig_map(obj, "metadata").items()
        if key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    }
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": dig_int(obj, "spec", "replicas")},
        "status": {
            "replicas": dig_int(obj, "status", "replicas"),
            "selector": text_of(dig(obj, "spec", "selector")),
        },
    }
