"""The guard: the last thing a request passes before the wire, and it lets only reads through.

In Kubernetes "GET only" is not read-only (a WebSocket ``exec`` is a GET), and not every POST
writes (an access review is one). So this is an allow-list of what is asked for, not of methods:
path, query, headers and body must each be what a read consists of. Whatever is not understood is
refused. The server's RBAC role is the second fence, independent of this one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kube_mcp.errors import Refused, ServerFault
from kube_mcp.kube.paths import ApiPath, parse, shown
from kube_mcp.kube.transport import Request, Response, Transport

#: Helm 3 keeps each revision of a release in a Secret of this type.
HELM_RELEASE_SELECTOR = "type=helm.sh/release.v1"

# A review is a few hundred bytes; a megabyte of one is not a question but a load.
_MAX_REVIEW_BYTES = 64 * 1024

_COMMON_QUERY = frozenset({"timeout"})
_DISCOVERY_QUERY = _COMMON_QUERY | {"hash"}
_PROBE_QUERY = _COMMON_QUERY | {"verbose", "exclude"}
_GET_QUERY = _COMMON_QUERY | {"resourceVersion", "includeObject"}
_LIST_QUERY = _GET_QUERY | {
    "labelSelector",
    "fieldSelector",
    "limit",
    "continue",
    "resourceVersionMatch",
    "timeoutSeconds",
    "watch",
    "allowWatchBookmarks",
    "sendInitialEvents",
}
_LOG_QUERY = _COMMON_QUERY | {
    "container",
    "follow",
    "previous",
    "sinceSeconds",
    "sinceTime",
    "timestamps",
    "tailLines",
    "limitBytes",
    "stream",
}
_KUBELET_QUERY = {
    "stats": frozenset({"only_cpu_and_memory"}),
    "logs": frozenset({"query", "boot", "pattern", "sinceTime", "untilTime", "tailLines"}),
}
_NO_QUERY: frozenset[str] = frozenset()

_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "audit-id",
        "authorization",
        "cache-control",
        "content-type",
        "if-none-match",
        "impersonate-group",
        "impersonate-uid",
        "impersonate-user",
        "traceparent",
        "tracestate",
        "user-agent",
    }
)
_EXTRA_PREFIX = "impersonate-extra-"
_EXTRA_NAME = re.compile(r"impersonate-extra-[a-z0-9!#$%&'*+.^_`|~-]+")
_UPGRADES = frozenset({"connection", "upgrade", "http2-settings", "x-stream-protocol-version"})
_SYSTEM_VALUE = re.compile(r"(?:^|[,;\s])system:", re.IGNORECASE)
# Header values are visible ASCII and blanks; anything else could end the line early.
_HEADER_VALUE = re.compile(r"[ -~]*")

_NODE_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?")
_SELF_REVIEWS = {
    ("authorization.k8s.io", "v1"): {"selfsubjectaccessreviews", "selfsubjectrulesreviews"},
    ("authentication.k8s.io", "v1"): {"selfsubjectreviews"},
    ("authentication.k8s.io", "v1beta1"): {"selfsubjectreviews"},
    ("authentication.k8s.io", "v1alpha1"): {"selfsubjectreviews"},
}
_ANY_SUBJECT_REVIEWS = {"subjectaccessreviews": False, "localsubjectaccessreviews": True}

_METADATA_KINDS = frozenset({"PartialObjectMetadata", "PartialObjectMetadataList", "Table"})
_METADATA_ENCODINGS = frozenset({"application/json", "application/vnd.kubernetes.protobuf"})


@dataclass(frozen=True, slots=True)
class Allowances:
    """What the guard lets through beyond plain reads; everything is off unless it is switched on.

    ``access_reviews``: ask what another subject may do. ``node_logs``: the kubelet's statistics
    and log files through the node proxy. ``helm_release_secrets``: the Secrets Helm keeps its
    releases in, by their type and with their values.
    """

    access_reviews: bool = False
    node_logs: bool = False
    helm_release_secrets: bool = False


NOTHING_EXTRA = Allowances()


class Guard:
    """A transport that raises `Refused` for everything `decide` gives a reason against."""

    def __init__(
        self,
        inner: Transport,
        *,
        allow_access_reviews: bool = False,
        allow_node_logs: bool = False,
        allow_helm_release_secrets: bool = False,
    ) -> None:
        self._inner = inner
        self._allowances = Allowances(
            access_reviews=allow_access_reviews,
            node_logs=allow_node_logs,
            helm_release_secrets=allow_helm_release_secrets,
        )

    async def send(self, request: Request) -> Response:
        """The inner transport's response; a redirect is a `ServerFault`, for it is never followed."""
        if reason := decide(request, self._allowances):
            raise Refused(reason)
        response = await self._inner.send(request)
        if response.status in {301, 302, 303, 307, 308}:
            await response.aclose()
            raise ServerFault(
                f"The API server answered GET {shown(request.path)} with a redirect "
                f"({response.status}), which is never followed.",
                hint="Point the kubeconfig's server at the API server itself, not at a login page.",
                status=response.status,
            )
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def decide(request: Request, allowances: Allowances = NOTHING_EXTRA) -> str | None:
    """Why ``request`` may not leave, as a sentence; None where it is provably a read."""
    if reason := _refuse_headers(request):
        return reason
    path = parse(request.path)
    if path is None:
        return f"The path '{shown(request.path)}' is not one this server reads."
    if request.method == "GET":
        if request.body:
            return "A read has no body, and this GET request has one."
        allowed = _query_of_read(path, allowances)
    elif request.method == "POST":
        allowed = _query_of_review(path, request, allowances)
    else:
        return f"The method '{shown(request.method)}' is not a read."
    if isinstance(allowed, str):
        return allowed
    if reason := _refuse_query(request, allowed):
        return reason
    if path.resource == "secrets" and not path.group:
        return _refuse_secret_values(path, request, allowances)
    return None


def _query_of_read(path: ApiPath, allowances: Allowances) -> frozenset[str] | str:
    """The query parameters a GET of ``path`` may have, or why it may not be sent at all."""
    if path.fixed:
        return _PROBE_QUERY if path.fixed.startswith(("/livez", "/readyz")) else _DISCOVERY_QUERY
    if not path.name:
        return _LIST_QUERY
    if path.subresource in {"", "status", "scale"}:
        return _GET_QUERY
    on_core = path.resource if not path.group else ""
    if path.subresource == "log" and on_core == "pods":
        return _LOG_QUERY
    if path.subresource == "proxy" and on_core == "nodes" and not path.namespace:
        return _query_of_kubelet(path, allowances)
    return (
        f"The subresource '{shown(path.subresource)}' of {path.resource} is not a read: "
        "only log, status and scale are."
    )


def _query_of_kubelet(path: ApiPath, allowances: Allowances) -> frozenset[str] | str:
    if not allowances.node_logs:
        return "The node proxy is switched off, so a kubelet's statistics and logs cannot be read."
    # `https:worker-1:8443` as a name would be another port of the machine, not its kubelet.
    if not _NODE_NAME.fullmatch(path.name):
        return f"'{shown(path.name)}' is not the name of a node the proxy may be asked for."
    if path.rest == "/stats/summary":
        return _KUBELET_QUERY["stats"]
    if path.rest.startswith("/logs/"):
        return _KUBELET_QUERY["logs"]
    return f"'{shown(path.rest)}' of a kubelet is not read: only /stats/summary and /logs/ are."


def _query_of_review(
    path: ApiPath, request: Request, allowances: Allowances
) -> frozenset[str] | str:
    """No parameters, if ``path`` is a review that only asks; else why the POST may not be sent."""
    about_self = path.resource in _SELF_REVIEWS.get((path.group, path.version), ())
    about_any = (path.group, path.version) == ("authorization.k8s.io", "v1") and (
        _ANY_SUBJECT_REVIEWS.get(path.resource) is bool(path.namespace)
    )
    if path.name or not (about_any or (about_self and not path.namespace)):
        return f"A POST to '{shown(request.path)}' is not a read: only access reviews are."
    if about_any and not allowances.access_reviews:
        return "Asking what another subject may do is switched off, so no such review is sent."
    if not 0 < len(request.body) <= _MAX_REVIEW_BYTES:
        return f"An access review has a body of 1 to {_MAX_REVIEW_BYTES} bytes, not {len(request.body)}."
    return _NO_QUERY


def _refuse_query(request: Request, allowed: frozenset[str]) -> str | None:
    seen: set[str] = set()
    for name, value in request.query:
        if name not in allowed:
            return f"The query parameter '{shown(name)}' does not belong to this read."
        if name in seen and name != "exclude":
            return f"The query parameter '{name}' is given twice, which could be read two ways."
        if not value.isprintable():
            return f"The query parameter '{name}' contains a control character."
        seen.add(name)
    return None


def _refuse_headers(request: Request) -> str | None:
    for name, value in (*request.headers.items(), *request.repeated_headers):
        lower = name.lower()
        if lower in _UPGRADES or lower.startswith("sec-websocket"):
            return f"The header '{shown(name)}' would turn the read into a two-way stream."
        if lower not in _HEADERS and not _EXTRA_NAME.fullmatch(lower):
            return f"The header '{shown(name)}' is not one a read is sent with."
        if not _HEADER_VALUE.fullmatch(value):
            return f"The value of the header '{name}' contains a character that cannot be sent."
        if lower.startswith("impersonate-") and _SYSTEM_VALUE.search(value):
            return f"The header '{name}' names a 'system:' identity, which is never impersonated."
    return None


def _refuse_secret_values(path: ApiPath, request: Request, allowances: Allowances) -> str | None:
    if path.subresource:
        return "Secrets have no subresource that is read."
    query = dict(request.query)
    if allowances.helm_release_secrets and not path.name and _only_helm_releases(query):
        return None
    kinds = _accepted_kinds(request)
    if kinds and ("Table" not in kinds or query.get("includeObject") in {"Metadata", "None"}):
        return None
    return (
        "Secrets are read as metadata only: the request must accept nothing but "
        "PartialObjectMetadata, or a Table with includeObject=Metadata or None."
    )


def _only_helm_releases(query: dict[str, str]) -> bool:
    # All requirements must hold at once, so each one more only narrows; a backslash could hide a
    # comma in a value, and a watch would also deliver Secrets whose type is no longer shown.
    selector = query.get("fieldSelector", "")
    others = [term for term in selector.split(",") if term != HELM_RELEASE_SELECTOR]
    return (
        "watch" not in query
        and "\\" not in selector
        and HELM_RELEASE_SELECTOR in selector.split(",")
        and all(term.startswith(("metadata.name=", "metadata.namespace=")) for term in others)
    )


def _accepted_kinds(request: Request) -> set[str]:
    """The ``as=`` kinds of all alternatives in Accept; empty if one of them could hold content."""
    headers = [value for name, value in request.headers.items() if name.lower() == "accept"]
    if len(headers) != 1:
        return set()
    kinds: set[str] = set()
    for alternative in headers[0].split(","):
        encoding, *parameters = (part.strip() for part in alternative.split(";"))
        pairs = [parameter.partition("=")[::2] for parameter in parameters]
        given = dict(pairs)
        kind = given.get("as", "")
        if (
            encoding not in _METADATA_ENCODINGS
            or len(given) != len(pairs)
            or not given.keys() <= {"as", "g", "v", "q"}
            or given.get("g") != "meta.k8s.io"
            or given.get("v") not in {"v1", "v1beta1"}
            or kind not in _METADATA_KINDS
        ):
            return set()
        kinds.add(kind)
    return kinds
