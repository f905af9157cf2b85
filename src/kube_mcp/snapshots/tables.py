"""Server-side tables: rows as ``kubectl get`` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import orjson

from kube_mcp.objects import Obj, ResourceType, dig, dig_list, dig_str
from kube_mcp.snapshots import jsonpath, kinds
from kube_mcp.snapshots.printers import cluster, extensions, network, storage, workloads
from kube_mcp.snapshots.printers.cells import (
    AGE,
    NAME,
    Cell,
    Column,
    Printer,
    name,
    name_and_age,
    since,
)
from kube_mcp.words.times import parse_time

# A pod that has ended is marked, so that kubectl can leave it out.
_ENDED = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def table(
    resource: ResourceType,
    items: Sequence[Obj],
    *,
    now: datetime,
    metadata: Obj,
    include: str = "Metadata",
    crd: Obj | None = None,
) -> dict[str, Any]:
    """The ``Table`` of some objects of one type.

    ``include`` is what each row carries: ``None``, ``Metadata`` or the whole ``Object``. ``crd``
    is the type's definition, whose columns are used where Kubernetes has no printer of its own.
    """
    printer = _printer(resource, crd)
    rows = []
    for item in items:
        row: dict[str, Any] = {"cells": printer.cells(item, now), "object": _carried(item, include)}
        phase = dig_str(item, "status", "phase")
        if resource.full_name == "pods" and phase in _ENDED:
            row["conditions"] = [
                {"type": "Completed", "status": "True", "reason": phase, "message": _ENDED[phase]}
            ]
        rows.append(row)
    if resource.full_name == "storageclasses.storage.k8s.io":
        _mark_default(items, rows)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [_definition(column) for column in printer.columns],
        "rows": rows,
    }


def partial(item: Obj) -> dict[str, Any]:
    """An object's metadata alone."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": dig(item, "metadata", default={}),
    }


def _carried(item: Obj, include: str) -> Obj | None:
    if include == "None":
        return None
    return item if include == "Object" else partial(item)


def _definition(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


@cache
def _printers() -> dict[str, Printer]:
    found: dict[str, Printer] = {}
    for module in (workloads, network, storage, cluster, extensions):
        found |= module.PRINTERS
    return found


def _printer(resource: ResourceType, crd: Obj | None) -> Printer:
    known = _printers().get(resource.full_name)
    if known is not None:
        return known
    if crd is not None:
        return _custom(
            dig_list(kinds.crd_version(crd, resource.version), "additionalPrinterColumns")
        )
    return Printer((NAME, AGE), name_and_age)


def _custom(definitions: Sequence[Any]) -> Printer:
    """The columns a CustomResourceDefinition asks for; without any, name and age."""
    if not definitions:
        return Printer((NAME, Column("Age", "date")), name_and_age)
    paths = [(dig_str(one, "type"), dig_str(one, "jsonPath")) for one in definitions]
    columns = (
        NAME,
        *(
            Column(
                dig_str(one, "name"),
                dig_str(one, "type"),
                dig_str(one, "format"),
                dig(one, "priority", default=0),
                # As an API server has it; masking reads the path in it.
                dig_str(one, "description")
                or f"Custom resource definition column (in JSONPath format): {dig_str(one, 'jsonPath')}",
            )
            for one in definitions
        ),
    )

    def cells(obj: Obj, now: datetime) -> list[Cell]:
        values = (_cell(kind, jsonpath.first(path, obj), now) for kind, path in paths)
        return [name(obj), *values]

    return Printer(columns, cells)


def _cell(kind: str, value: Any, now: datetime) -> Cell:
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "string":
            if isinstance(value, bool):
                return str(value).lower()
            return value if isinstance(value, str) else orjson.dumps(value).decode()
        case "integer":
            return int(value) if number else None
        case "number":
            return float(value) if number else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "date":
            if not isinstance(value, str):
                return None
            return since(value, now) if parse_time(value) else "<invalid>"
    return None


def _mark_default(items: Sequence[Obj], rows: list[dict[str, Any]]) -> None:
    """The newest StorageClass that calls itself the default is; only in a list can that be told."""
    defaults = [
        (dig_str(item, "metadata", "creationTimestamp"), -index)
        for index, item in enumerate(items)
        if dig(item, "metadata", "annotations", _DEFAULT_CLASS) == "true"
    ]
    if defaults:
        row = rows[-max(defaults)[1]]
        row["cells"] = [f"{row['cells'][0]} (default)", *row["cells"][1:]]
