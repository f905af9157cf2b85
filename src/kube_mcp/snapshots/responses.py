"""What goes back: bodies, and the ``Status`` objects an API server explains errors with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson

from kube_mcp.errors import TooLarge
from kube_mcp.objects import ResourceType

# The size a network read usually has; consumers must not rely on a body being one piece.
_CHUNK_BYTES = 64 * 1024


class BytesResponse:
    """A response whose whole body is there already."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self._body = body

    async def read(self, max_bytes: int) -> bytes:
        """The whole body. Raises `TooLarge` where it has more than ``max_bytes``."""
        if len(self._body) > max_bytes:
            raise TooLarge(
                f"The answer has {len(self._body)} bytes; the limit for it is {max_bytes}.",
                status=self.status,
            )
        return self._body

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces."""
        for start in range(0, len(self._body), _CHUNK_BYTES):
            yield self._body[start : start + _CHUNK_BYTES]

    async def aclose(self) -> None:
        """Nothing is open."""


def answer(
    body: object, *, status: int = 200, media_type: str = "application/json"
) -> BytesResponse:
    """A JSON body."""
    return BytesResponse(status, {"content-type": media_type}, orjson.dumps(body))


def text(body: str | bytes, *, status: int = 200) -> BytesResponse:
    """A plain text body."""
    data = body.encode() if isinstance(body, str) else body
    return BytesResponse(status, {"content-type": "text/plain; charset=utf-8"}, data)


def no_such_resource() -> Failure:
    """404: the group is served, but nothing of that name in it."""
    message = "the server could not find the requested resource"
    return Failure(404, "NotFound", message, details={})


def no_such_path() -> BytesResponse:
    """404 for a path outside every group: no ``Status``, just words."""
    return text("404 page not found\n", status=404)


class Failure(Exception):
    """An answer with an error status, raised where it is found out and sent by the transport."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata = metadata or {}
        self.headers = headers or {}

    def response(self) -> BytesResponse:
        """The ``Status`` object, as an API server sends it."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        sent = answer(status, status=self.code)
        sent.headers = {**sent.headers, **self.headers}
        return sent


def not_found(resource: ResourceType, name: str) -> Failure:
    """404: the type is served, the object is not there."""
    return Failure(
        404,
        "NotFound",
        f'{resource.full_name} "{name}" not found',
        details=_details(resource, name),
    )


def invalid(kind: str, name: str, causes: Sequence[tuple[str, str, str]]) -> Failure:
    """422: fields that make no sense, as (field, reason, message)."""
    told = [f"{field}: {message}" for field, _, message in causes]
    listed = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    return Failure(
        422,
        "Invalid",
        f'{kind} "{name}" is invalid: {listed}',
        details={
            "name": name,
            "kind": kind,
            "causes": [
                {"reason": reason, "message": message, "field": field}
                for field, reason, message in causes
            ],
        },
    )


def bad_request(message: str) -> Failure:
    """400: a parameter makes no sense."""
    return Failure(400, "BadRequest", message)


def forbidden(
    user: str,
    verb: str,
    resource: ResourceType,
    *,
    namespace: str = "",
    name: str = "",
    subresource: str = "",
    why: str = "",
) -> Failure:
    """403, in the words of the RBAC authorizer."""
    what = f"{resource.name}/{subresource}" if subresource else resource.name
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    subject = f'{resource.full_name} "{name}"' if name else resource.full_name
    return Failure(
        403,
        "Forbidden",
        f'{subject} is forbidden: User "{user}" cannot {verb} resource "{what}" '
        f'in API group "{resource.group}" {where}{f": {why}" if why else ""}',
        details=_details(resource, name),
    )


def method_not_allowed() -> Failure:
    """405: nothing here can be changed."""
    return Failure(
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
        details={},
    )


def continue_expired(token: str) -> Failure:
    """410: the page after this one is gone; ``token`` goes on from there, inconsistently."""
    return Failure(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result. "
        "You can start a new list without the continue parameter, or use the continue token in "
        "this response to retrieve the remainder of the results. Continuing with the provided "
        "token results in an inconsistent list - objects that were created, modified, or deleted "
        "between the time the first chunk was returned and now may show up in the list.",
        metadata={"continue": token},
    )


def _details(resource: ResourceType, name: str) -> dict[str, str]:
    details = {"name": name, "group": resource.group, "kind": resource.name}
    return {key: value for key, value in details.items() if value}
