"""Tables as API servers send them, and what some send instead."""

from __future__ import annotations

import orjson
import pytest

from kube_mcp.errors import ServerFault
from kube_mcp.kube.tables import decode_page


def test_rows_keep_their_cells_name_and_namespace() -> None:
    body = orjson.dumps(
        {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": {"continue": "abc", "remainingItemCount": 7, "resourceVersion": "12"},
            "columnDefinitions": [
                {"name": "Name", "type": "string", "priority": 0},
                {"name": "Node", "type": "string", "priority": 1},
            ],
            "rows": [
                {"cells": ["web-1", None],
                 "object": {"kind": "PartialObjectMetadata", "metadata": {
                     "name": "web-1", "namespace": "shop", "labels": {"app": "web"},
                     "creationTimestamp": "2026-11-24T12:00:00Z", "managedFields": [{"a": 1}]}}},
                {"cells": ["web-2", 3]},
            ],
        }
    )  # fmt: skip
    table, meta = decode_page(body, path="/api/v1/pods")
    assert (meta.continue_, meta.remainingItemCount) == ("abc", 7)
    assert [column.priority for column in table.columns] == [0, 1]
    assert table.rows[0].cells == ["web-1", None]
    assert table.rows[0].meta.namespace == "shop"
    assert table.rows[1].meta.name == ""
    assert table.index("NODE") == 1
    assert table.index("nothing") is None


def test_an_empty_table_has_columns_and_no_rows() -> None:
    body = b'{"kind":"Table","columnDefinitions":[{"name":"Name"}],"rows":null,"metadata":{}}'
    table, _ = decode_page(body, path="/x")
    assert (len(table.columns), table.rows) == (1, [])


def test_a_plain_list_becomes_name_and_age() -> None:
    body = orjson.dumps(
        {"kind": "PodMetricsList", "metadata": {}, "items": [
            {"metadata": {"name": "a", "creationTimestamp": "2026-11-24T12:00:00Z"}}]}
    )  # fmt: skip
    table, _ = decode_page(body, path="/x")
    assert [column.name for column in table.columns] == ["Name", "Age"]
    assert table.rows[0].cells == ["a", "2026-11-24T12:00:00Z"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"null", b"[]", b'"x"', b'{"kind":"Pod"}', b'{"kind":"Table","rows":5}',
        b'{"kind":"Table","rows":[{"cells":"x"}]}', b'{"kind":"Table","rows":[{"cel',
        b'{"items":[{"metadata":{"name":5}}]}', b"\xff\xfe",
    ],
)  # fmt: skip
def test_anything_else_is_a_fault_of_the_server_and_named(body: bytes) -> None:
    with pytest.raises(ServerFault, match="/apis/x/v1/things"):
        decode_page(body, path="/apis/x/v1/things")
