"""Which shape of an object a client asked for in its ``Accept`` header."""

from __future__ import annotations

from enum import Enum

from kube_mcp.snapshots.responses import Failure

_JSON = frozenset({"application/json", "application/*", "*/*"})


class Shape(Enum):
    """The representations an API server offers for the same objects."""

    WHOLE = ""
    METADATA = "PartialObjectMetadata"
    METADATA_LIST = "PartialObjectMetadataList"
    TABLE = "Table"
    DISCOVERY = "APIGroupDiscoveryList"


_VERSIONS = {
    Shape.METADATA: ("meta.k8s.io", "v1"),
    Shape.METADATA_LIST: ("meta.k8s.io", "v1"),
    Shape.TABLE: ("meta.k8s.io", "v1"),
    Shape.DISCOVERY: ("apidiscovery.k8s.io", "v2"),
}


def negotiate(accept: str, *offered: Shape) -> Shape:
    """The first shape in ``accept`` that is offered; ``WHOLE`` always is, as JSON.

    Raises `Failure` (406) where nothing in it can be served.
    """
    if not accept.strip():
        return Shape.WHOLE
    for wanted in accept.split(","):
        media_type, *parameters = (part.strip() for part in wanted.split(";"))
        if media_type.lower() not in _JSON:
            continue
        given = {
            key.strip(): value.strip()
            for key, _, value in (parameter.partition("=") for parameter in parameters)
        }
        if "as" not in given:
            return Shape.WHOLE
        for shape in offered:
            if shape.value == given["as"] and (given.get("g"), given.get("v")) == _VERSIONS[shape]:
                return shape
    raise Failure(
        406,
        "NotAcceptable",
        "only the following media types are accepted: application/json",
    )
