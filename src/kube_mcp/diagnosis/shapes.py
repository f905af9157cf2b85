"""The kinds that fill a large cluster, decoded with no more than `slim` keeps of them.

What comes of a page here and what `slim` makes of the same objects is the same; where a page does
not have the form its kind should have, `slim` is what reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict

import msgspec
import orjson
from msgspec import UNSET, Raw

from kube_mcp.diagnosis import fields, slim
from kube_mcp.shapes import Part, Shape

_Split = Callable[[Any], tuple[dict[str, Any], Sequence[Part]]]


def _map(name: str, plain: Iterable[str], **typed: Any) -> Any:
    """A JSON object of which these fields are decoded and all others passed over."""
    make: Any = TypedDict
    return make(name, {**dict.fromkeys(plain, Any), **typed}, total=False)


def _list(name: str, plain: Iterable[str]) -> Any:
    """A list of such objects. The API server writes null for some that are empty."""
    of = _map(name, plain)
    return list[of] | None  # type: ignore[valid-type]


_Meta = _map(
    "Meta",
    fields.META,
    labels=Raw,
    ownerReferences=Raw,
    annotations=_map("Annotations", fields.ANNOTATIONS),
)


def _shape(split: _Split, **top: Any) -> Shape:
    """A shape of objects with metadata and these top-level fields."""
    item = msgspec.defstruct(
        "Item", [("metadata", _Meta), *((name, of, UNSET) for name, of in top.items())]
    )
    decoder = msgspec.json.Decoder(item)

    def shape(text: Raw) -> tuple[dict[str, Any], Sequence[Part]] | None:
        try:
            return split(decoder.decode(text))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    return shape


def _metadata(meta: dict[str, Any], parts: list[Part]) -> dict[str, Any]:
    labels = meta.pop("labels", None)
    if labels is not None:
        parts.append(Part(meta, "labels", bytes(labels), slim.same))
    owners = meta.pop("ownerReferences", None)
    if owners is not None:
        parts.append(Part(meta, "ownerReferences", bytes(owners), slim.owners))
    if not meta.get("annotations", True):
        del meta["annotations"]
    return meta


# Pods

_ContainerStatuses = _list("ContainerStatus", (*fields.CONTAINER_STATUS, *fields.CONTAINER_HISTORY))
_PodStatus = _map(
    "PodStatus",
    fields.POD_STATUS,
    conditions=_list("Condition", fields.CONDITION),
    **dict.fromkeys(fields.STATUS_LISTS, _ContainerStatuses),
)
_PodSpec = _map("PodSpec", fields.POD_SPEC, **dict.fromkeys(slim.SHARED_SPEC, Raw))

# The token that the admission controller gives every pod has a name of its own in each, and is not
# kept. These texts can be nothing else: a quotation mark within a string would be escaped.
_TOKEN_MOUNT = re.compile(
    rb'\{"name":"kube-api-access-[a-z0-9]{1,63}","readOnly":true,'
    rb'"mountPath":"/var/run/secrets/kubernetes\.io/serviceaccount"\}'
)
_TOKEN_VOLUME = re.compile(
    rb'\{"name":"kube-api-access-[a-z0-9]{1,63}",(?="projected":\{"sources":\[\{"serviceAccountToken":)'
)
_TOKEN = b'"kube-api-access-'


def _without_token(name: str, text: bytes) -> bytes:
    if name == "volumes":
        return _TOKEN_VOLUME.sub(b'{"name":"kube-api-access-",', text)
    return _TOKEN_MOUNT.sub(b"{}", text)


def _split_pod(item: Any) -> tuple[dict[str, Any], Sequence[Part]]:
    parts: list[Part] = []
    meta = _metadata(item.metadata, parts)
    given: dict[str, Any] = {} if item.spec is UNSET else item.spec
    spec = slim.own_spec(given)
    for name, build in slim.SHARED_SPEC.items():
        if name in given:
            text = bytes(given[name])
            if _TOKEN in text:
                text = _without_token(name, text)
            parts.append(Part(spec, name, text, build))
    status = {} if item.status is UNSET else slim.pod_status(item.status)
    plain = tuple(slim.plain_statuses(status))
    parts += [Part(status, name, orjson.dumps(status.pop(name)), slim.same) for name in plain]
    return {"metadata": meta, "spec": spec, "status": status}, parts


# Other kinds


def _split_as(key: str) -> _Split:
    """What `slim` makes of the fields that were decoded."""

    def split(item: Any) -> tuple[dict[str, Any], Sequence[Part]]:
        parts: list[Part] = []
        given = {
            name: value
            for name in item.__struct_fields__
            if name != "metadata" and (value := getattr(item, name)) is not UNSET
        }
        return {"metadata": _metadata(item.metadata, parts), **slim.body(key, given)}, parts

    return split


_KEYS = dict.fromkeys(fields.CONFIG, dict[str, Raw])
_PLAIN = (
    "CronJob", "DaemonSet", "Deployment", "Job", "Namespace", "PersistentVolume",
    "PersistentVolumeClaim", "ReplicationController", "ResourceQuota", "Service", "StatefulSet",
)  # fmt: skip

#: By their key in a scene.
SHAPES: Mapping[str, Shape] = {
    "Pod": _shape(_split_pod, spec=_PodSpec, status=_PodStatus),
    "ReplicaSet": _shape(
        _split_as("ReplicaSet"), spec=_map("ReplicaSetSpec", fields.REPLICA_SET_SPEC), status=Any
    ),
    "Node": _shape(
        _split_as("Node"),
        spec=_map("NodeSpec", fields.NODE_SPEC),
        status=_map(
            "NodeStatus",
            ("allocatable",),
            conditions=_list("NodeCondition", fields.NODE_CONDITION),
            nodeInfo=_map("NodeInfo", fields.NODE_INFO),
        ),
    ),
    "Event": _shape(
        _split_as("Event"),
        **dict.fromkeys(fields.EVENT, Any),
        **dict.fromkeys(fields.EVENT_ABOUT, _map("About", fields.ABOUT)),
    ),
    "EndpointSlice": _shape(
        _split_as("EndpointSlice"),
        addressType=Any,
        ports=Any,
        endpoints=_list("Endpoint", fields.ENDPOINT),
    ),
    "ConfigMap": _shape(_split_as("ConfigMap"), **_KEYS, type=Any),
    # These have nothing beside the two; a custom resource may have any field.
    **{key: _shape(_split_as(key), spec=Any, status=Any) for key in _PLAIN},
}
