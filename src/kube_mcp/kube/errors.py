"""The API server's ``Status`` objects as this project's own exceptions."""

from __future__ import annotations

import re

import msgspec

from kube_mcp import errors
from kube_mcp.kube.transport import Request, Response
from kube_mcp.redaction.text import clean_text, mask_text

#: A Status message longer than this is cut: an admission webhook may answer with a page of text.
MAX_MESSAGE_CHARS = 600

#: A body that is not a Status is quoted no further than this. It may come from a proxy, and who
#: knows what a proxy puts in its error pages.
MAX_FOREIGN_CHARS = 160

#: Error bodies are small; anything larger is not one.
MAX_ERROR_BYTES = 256 * 1024


class _Details(msgspec.Struct):
    name: str = ""
    group: str = ""
    kind: str = ""
    retryAfterSeconds: int = 0  # noqa: N815 - the wire's own name


class _Status(msgspec.Struct):
    kind: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: _Details | None = None


_CLASSES: dict[int, type[errors.ClusterError]] = {
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    410: errors.Gone,
    429: errors.Throttled,
    400: errors.Rejected,
    405: errors.Rejected,
    406: errors.Rejected,
    409: errors.Rejected,
    415: errors.Rejected,
    422: errors.Rejected,
    504: errors.TimedOut,
}

_FORBIDDEN = re.compile(
    r'^(?:[a-z0-9.\-]+(?: "[^"]*")? is forbidden: )?User "(?P<user>[^"]*)" cannot (?P<verb>\S+) '
    r'resource "(?P<resource>[^"]*)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)"| at the cluster scope)?',
)


async def raise_for_status(request: Request, response: Response) -> None:
    """Nothing for a 2xx; otherwise the matching `kube_mcp.errors.ClusterError`.

    The body is believed only when it is a ``Status``: anything else is cut short and masked,
    because it did not come from the API server.
    """
    if 200 <= response.status < 300:
        return
    try:
        body = await response.read(MAX_ERROR_BYTES)
    except errors.ClusterError:
        body = b""
    raise error_of(request, response.status, body)


def error_of(request: Request, status: int, body: bytes) -> errors.ClusterError:
    """The exception for an answer with an error status."""
    cls = _CLASSES.get(status, errors.ServerFault if status >= 500 else errors.Rejected)
    if 300 <= status < 400:
        return errors.ServerFault(
            f"The API server answered {request.path} with a redirect ({status}), "
            "which is never followed.",
            hint="Check that the server address in use is an API server, not a web page before it.",
            status=status,
        )
    try:
        parsed = msgspec.json.decode(body, type=_Status)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        parsed = _Status()
    if parsed.kind != "Status":
        text = " ".join(clean_text(body[:2000].decode("utf-8", "replace")).split())
        shown = mask_text(text)[:MAX_FOREIGN_CHARS]
        quoted = f": {shown}" if shown else "."
        return cls(
            f"The API server answered {status} for {request.path}{quoted}",
            hint="It is not an answer of the Kubernetes API: a proxy before it may have given it.",
            status=status,
        )
    message = mask_text(clean_text(parsed.message)).strip()
    if len(message) > MAX_MESSAGE_CHARS:
        message = message[:MAX_MESSAGE_CHARS] + " …(cut)"
    if status == 403:
        return _forbidden(message, parsed.reason)
    if status == 401:
        return errors.Unauthorized(
            "The API server does not accept the credentials (401).",
            hint="They may have expired: sign in again, or renew the token or certificate.",
            status=401,
            reason=parsed.reason,
        )
    return cls(message or f"The API server answered {status}.", status=status, reason=parsed.reason)


def _forbidden(message: str, reason: str) -> errors.Forbidden:
    match = _FORBIDDEN.match(message)
    if not match:
        return errors.Forbidden(f"Not allowed (403): {message}", status=403, reason=reason)
    verb, resource, group = match["verb"], match["resource"], match["group"]
    namespace = match["namespace"]
    where = f"in namespace {namespace}" if namespace else "in the whole cluster"
    named = f"{resource}.{group}" if group else resource
    kind = "Role" if namespace else "ClusterRole"
    return errors.Forbidden(
        f"Not allowed (403): {match['user']} may not {verb} {named} {where}.",
        hint=f'To allow it, a {kind} needs: apiGroups ["{group}"], resources ["{resource}"], '
        f'verbs ["{verb}"].',
        status=403,
        reason=reason,
    )
