"""Reads from one API server as one identity: get, list, table, logs, reviews.

The guard is put around the transport here, in the constructor, so no client exists without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import orjson

from kube_mcp.errors import Gone, NotFound, ServerFault
from kube_mcp.kube.discovery import Discovery
from kube_mcp.kube.errors import raise_for_status
from kube_mcp.kube.guard import HELM_RELEASE_SELECTOR, Guard
from kube_mcp.kube.helm import MAX_SECRET_BYTES, Release, decode
from kube_mcp.kube.identity import Identity, IdentityTransport
from kube_mcp.kube.paths import resource_path
from kube_mcp.kube.retry import Retry
from kube_mcp.kube.tables import ACCEPT, ACCEPT_TABLE_ONLY, Table, decode_page
from kube_mcp.kube.transport import Request, Response, Transport
from kube_mcp.objects import ResourceType, dig, dig_list, dig_str
from kube_mcp.telemetry.meter import current_meter
from kube_mcp.words.selectors import field_equals

#: Objects a page. The API server sends this many from its cache in one go; more would hold two
#: pages' worth of decoded objects in memory for no gain.
PAGE_OBJECTS = 500

#: Objects a page where they are not decoded at once: fewer pages to wait for, one after the other.
PAGE_TEXTS = 1000

#: Objects that are masked before other work has its turn: some milliseconds' worth.
AT_A_TIME = 100

#: Rows a page. Each page costs the server a walk through the whole list: 5,000 pods in one page take
#: three quarters of the time that they take in two, for ten megabytes more.
PAGE_ROWS = 5000

#: No page is larger than this, or something is wrong with the server.
MAX_PAGE_BYTES = 128 * 1024 * 1024

# A list's kind and metadata, with the longest token there is: it names an object's key in etcd.
_MAX_HEAD_BYTES = 4096

#: One object. etcd refuses more than about 1.5 MiB; aggregated APIs may not.
MAX_OBJECT_BYTES = 16 * 1024 * 1024

#: OpenAPI documents and discovery of large clusters.
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024

METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class GuardOptions:
    """What the guard lets through beyond plain reads; everything is off unless switched on."""

    access_reviews: bool = False
    node_logs: bool = False
    helm_release_secrets: bool = False


#: The guard as it is by default: plain reads and questions about oneself.
STRICT = GuardOptions()


@dataclass
class Listing:
    """Objects of one kind, from all pages.

    ``note`` is a sentence where the list is not what it seems: read again after the server forgot
    its continue token.
    """

    items: list[Any]
    resource_version: str = ""
    note: str = ""
    metadata_only: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)


def is_secret(resource: ResourceType) -> bool:
    """Whether objects of this type hold secret values: core Secrets do, whatever the version."""
    return resource.group == "" and resource.name == "secrets"


class Client:
    """One API server, read-only, as one identity.

    Cheap to make: clients of several callers share the pool below and nothing else.
    Every method raises the errors of `kube_mcp.errors.ClusterError`; ``timeout_s`` bounds each
    request, not a whole list of pages.
    """

    def __init__(
        self,
        pool: Transport,
        *,
        identity: Identity | None = None,
        allow: GuardOptions = STRICT,
        discovery: Discovery | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        guarded: Transport = Guard(
            pool,
            allow_access_reviews=allow.access_reviews,
            allow_node_logs=allow.node_logs,
            allow_helm_release_secrets=allow.helm_release_secrets,
        )
        if identity is not None:
            guarded = IdentityTransport(guarded, identity)
        self._transport: Transport = Retry(guarded)
        self._timeout_s = timeout_s
        self.allow = allow
        self.discovery = discovery or Discovery(self.get_json)

    async def send(self, request: Request) -> Response:
        """The response to a request of our own making, with error statuses raised."""
        response = await self._transport.send(request)
        if not 200 <= response.status < 300:
            try:
                await raise_for_status(request, response)
            finally:
                await response.aclose()
        return response

    async def read(
        self,
        path: str,
        *,
        query: tuple[tuple[str, str], ...] = (),
        accept: str = "application/json",
        max_bytes: int = MAX_DOCUMENT_BYTES,
        timeout_s: float | None = None,
    ) -> bytes:
        """The body at ``path``, whole."""
        request = Request(
            method="GET",
            path=path,
            query=query,
            headers={"Accept": accept},
            timeout_s=timeout_s or self._timeout_s,
        )
        response = await self.send(request)
        try:
            return await response.read(max_bytes)
        finally:
            await response.aclose()

    async def clock(self) -> datetime | None:
        """The API server's ``Date`` header, or None where it sends none."""
        response = await self.send(
            Request("GET", "/version", headers={"Accept": "*/*"}, timeout_s=self._timeout_s)
        )
        try:
            return parsedate_to_datetime(response.headers["date"])
        except (KeyError, ValueError):
            return None
        finally:
            await response.aclose()

    async def get_json(
        self, path: str, *, accept: str = "application/json", max_bytes: int = MAX_DOCUMENT_BYTES
    ) -> Any:
        """The document at ``path``, decoded."""
        return _decode(await self.read(path, accept=accept, max_bytes=max_bytes), path)

    async def get(self, resource: ResourceType, name: str, *, namespace: str = "") -> Any:
        """One object; a Secret comes as its metadata only."""
        path = resource_path(resource, namespace=namespace, name=name)
        accept = METADATA if is_secret(resource) else "application/json"
        found = await self.get_json(path, accept=accept, max_bytes=MAX_OBJECT_BYTES)
        current_meter().objects += 1
        return as_kind(found, resource)

    async def pages(
        self,
        resource: ResourceType,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        page_size: int = PAGE_OBJECTS,
        metadata_only: bool = False,
        as_text: bool = False,
    ) -> AsyncGenerator[Any, None]:
        """The decoded pages of a list, one at a time; the next one is fetched while one is used.

        Leave it through `contextlib.aclosing`, so that a page nobody wants any more is given up.
        A 410 in the middle is raised as `Gone`: only the caller knows whether to start again.
        """
        path = resource_path(resource, namespace=namespace)
        metadata_only = metadata_only or is_secret(resource)
        accept = METADATA_LIST if metadata_only else "application/json"

        def fetch(token: str) -> asyncio.Task[bytes]:
            query = _query(label_selector, field_selector, page_size, token)
            return asyncio.create_task(
                self.read(path, query=query, accept=accept, max_bytes=MAX_PAGE_BYTES)
            )

        coming: asyncio.Task[bytes] | None = fetch("")
        try:
            while coming is not None:
                body = await coming
                coming = None
                # The API server prepares the next page while this one is decoded and masked.
                token = _token(body)
                if token:
                    coming = fetch(token)
                    await asyncio.sleep(0)
                page = (_decode_list(body) if as_text else None) or _decode(body, path)
                del body  # a page's bytes and its objects need not be in memory together
                if token is None and (token := dig_str(page, "metadata", "continue")):
                    coming = fetch(token)
                    await asyncio.sleep(0)
                yield page
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)

    async def list(
        self,
        resource: ResourceType,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        keep: Callable[[Any], Any] | None = None,
        metadata_only: bool = False,
        as_text: bool = False,
        progress: Progress | None = None,
    ) -> Listing:
        """Every object, from all pages; ``keep`` shrinks each one as its page arrives.

        ``as_text`` leaves every item as it came, as `msgspec.Raw`, for ``keep`` to decode; but a
        body that is no list is decoded whole.

        Where the server forgets its continue token half way (410), the whole list is read once
        more in one request, and the note says so.
        """
        note = ""
        page_size = PAGE_TEXTS if as_text else PAGE_OBJECTS
        while True:
            items: list[Any] = []
            version = ""
            try:
                pages = self.pages(
                    resource,
                    namespace=namespace,
                    label_selector=label_selector,
                    field_selector=field_selector,
                    page_size=page_size,
                    metadata_only=metadata_only,
                    as_text=as_text,
                )
                async with aclosing(pages):
                    async for page in pages:
                        version = dig_str(page, "metadata", "resourceVersion")
                        found = dig_list(page, "items")
                        for number, item in enumerate(found, start=1):
                            # Items of a list do not carry their type, so put it back:
                            # everything above tells objects apart by it.
                            whole = as_kind(item, resource)
                            items.append(keep(whole) if keep else whole)
                            if number % AT_A_TIME == 0:
                                # Neither other callers nor the next page should wait for it.
                                await asyncio.sleep(0)
                        current_meter().objects += len(found)
                        if progress:
                            rest = dig(page, "metadata", "remainingItemCount")
                            known = len(items) + rest if isinstance(rest, int) else None
                            progress(len(items), known)
                return Listing(items, version, note, metadata_only or is_secret(resource))
            except Gone:
                if not page_size:
                    raise
                page_size = 0
                note = "The list changed while it was read, so it was read again in one piece."

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
        """Every row of the server's own table, from all pages.

        Without ``with_metadata`` rows carry cells only, which is a tenth of the bytes, and no
        namespace, labels or creation time.
        """
        path = resource_path(resource, namespace=namespace)
        accept = ACCEPT_TABLE_ONLY if is_secret(resource) else ACCEPT
        include = "Metadata" if with_metadata else "None"
        page_size = PAGE_ROWS
        while True:
            whole: Table | None = None
            token = ""
            try:
                while True:
                    query = (
                        *_query(label_selector, field_selector, page_size, token),
                        ("includeObject", include),
                    )
                    body = await self.read(
                        path, query=query, accept=accept, max_bytes=MAX_PAGE_BYTES
                    )
                    page, meta = decode_page(body, path=path)
                    del body
                    current_meter().objects += len(page.rows)
                    if whole is None:
                        whole = page
                    else:
                        whole.rows += page.rows
                    token = meta.continue_
                    if progress:
                        rest = meta.remainingItemCount
                        progress(len(whole.rows), None if rest is None else len(whole.rows) + rest)
                    if not token:
                        return whole
            except Gone:
                if not page_size or not token:
                    raise
                page_size = 0

    async def open_log(
        self, namespace: str, pod: str, *, query: tuple[tuple[str, str], ...], timeout_s: float
    ) -> Response:
        """The log of a container as it streams; the caller closes it."""
        path = resource_path(PODS, namespace=namespace, name=pod, subresource="log")
        # The kubelet answers with text; asking for JSON alone would be refused (406).
        return await self.send(
            Request(
                method="GET",
                path=path,
                query=query,
                headers={"Accept": "*/*"},
                timeout_s=timeout_s,
            )
        )

    async def helm_release(self, namespace: str, secret: str) -> Release:
        """The release in one of Helm's Secrets, by the Secret's name.

        The only read of a Secret's values there is. The guard lets it pass only where Helm
        releases are switched on, and only for Secrets of Helm's own type. Nothing is masked yet.
        """
        path = resource_path(SECRETS, namespace=namespace)
        selector = f"{HELM_RELEASE_SELECTOR},{field_equals({'metadata.name': secret})}"
        body = await self.read(
            path,
            query=(("fieldSelector", selector), ("limit", "1")),
            max_bytes=MAX_SECRET_BYTES,
        )
        data = dig_str(_decode(body, path), "items", 0, "data", "release")
        if not data:
            raise NotFound(f"The Helm release Secret '{secret}' is gone.", status=404)
        return decode(data)

    async def review(self, group: str, resource: str, body: Mapping[str, Any]) -> Any:
        """Ask the API server about permissions: the only requests that are not a GET."""
        kinds = {
            "selfsubjectaccessreviews": "SelfSubjectAccessReview",
            "selfsubjectrulesreviews": "SelfSubjectRulesReview",
            "selfsubjectreviews": "SelfSubjectReview",
            "subjectaccessreviews": "SubjectAccessReview",
        }
        path = f"/apis/{group}/v1/{resource}"
        sent = {"apiVersion": f"{group}/v1", "kind": kinds[resource], **body}
        response = await self.send(
            Request(
                method="POST",
                path=path,
                headers={"Accept": "application/json", "Content-Type": "application/json"},
                body=orjson.dumps(sent),
                timeout_s=self._timeout_s,
            )
        )
        try:
            return _decode(await response.read(MAX_OBJECT_BYTES), path)
        finally:
            await response.aclose()


PODS = ResourceType(group="", version="v1", name="pods", kind="Pod", namespaced=True)
SECRETS = ResourceType(group="", version="v1", name="secrets", kind="Secret", namespaced=True)


def _query(
    label_selector: str, field_selector: str, limit: int, token: str
) -> tuple[tuple[str, str], ...]:
    pairs = (
        ("labelSelector", label_selector),
        ("fieldSelector", field_selector),
        ("limit", str(limit) if limit else ""),
        ("continue", token),
    )
    return tuple((key, value) for key, value in pairs if value)


class _Texts(msgspec.Struct):
    metadata: dict[str, Any]
    items: list[msgspec.Raw]


_texts = msgspec.json.Decoder(_Texts)


def _decode_list(body: bytes) -> dict[str, Any] | None:
    """The page of a list with its items undecoded; None for any other document."""
    try:
        page = _texts.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return {"metadata": page.metadata, "items": page.items}


def _token(body: bytes) -> str | None:
    """A list's continue token, from what stands in front of its items; None where nothing does."""
    head, items, _ = body[:_MAX_HEAD_BYTES].partition(b'"items":')
    if not items:
        return None
    try:
        return dig_str(orjson.loads(head.rstrip(b", \n") + b"}"), "metadata", "continue")
    except orjson.JSONDecodeError:
        return None


def _decode(body: bytes, path: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ServerFault(f"{path} did not answer with JSON: {error}.") from error


def as_kind(item: Any, resource: ResourceType) -> Any:
    """The object under its own type: lists leave it out, metadata-only answers rename it."""
    if isinstance(item, dict):
        item["kind"] = resource.kind
        item["apiVersion"] = resource.api_version
    return item
