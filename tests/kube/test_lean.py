"""Pages read without managedFields hold everything else, and odd pages are read as they are."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from kube_mcp.kube.lean import can_be_lean, decode
from kube_mcp.objects import ResourceType

POD: dict[str, Any] = {
    "metadata": {
        "name": "web-1",
        "namespace": "shop",
        "labels": {"app": "web"},
        "annotations": {"note": "x"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "web"}],
        "finalizers": ["example.com/hold"],
        "deletionTimestamp": None,
    },
    "spec": {"containers": [{"name": "app"}]},
    "status": {"phase": "Running"},
}


def page(*items: Any) -> bytes:
    return orjson.dumps({"kind": "PodList", "metadata": {"continue": "more"}, "items": [*items]})


def test_a_page_without_managed_fields_is_otherwise_the_same() -> None:
    managed = {**POD, "metadata": {**POD["metadata"], "managedFields": [{"manager": "kubectl"}]}}
    assert decode(page(managed)) == {"metadata": {"continue": "more"}, "items": [POD]}


def test_an_object_without_spec_or_status_stays_without() -> None:
    bare = {"metadata": {"name": "web-1"}}
    assert decode(page(bare)) == {"metadata": {"continue": "more"}, "items": [bare]}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"items": null}', b'{"items": [{"spec": 1}]}'])
def test_a_page_of_another_shape_is_left_to_the_ordinary_decoder(body: bytes) -> None:
    assert decode(body) is None


def test_a_custom_resource_may_have_fields_of_any_name() -> None:
    assert can_be_lean(ResourceType("", "v1", "pods", "Pod", namespaced=True))
    assert not can_be_lean(ResourceType("example.com", "v1", "pods", "Pod", namespaced=True))
    assert not can_be_lean(ResourceType("", "v1", "events", "Event", namespaced=True))
