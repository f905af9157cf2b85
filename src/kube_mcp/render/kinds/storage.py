"""Claims, volumes, ConfigMaps and Secrets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kube_mcp.objects import Obj, dig_list, dig_map, dig_str
from kube_mcp.render.budget import shorten


def claim_lines(obj: Obj, now: datetime) -> Iterator[str]:
    """Phase, class, what was asked for and what was bound."""
    spec, status = dig_map(obj, "spec"), dig_map(obj, "status")
    modes = ", ".join(map(str, dig_list(spec, "accessModes")))
    yield (
        f"phase {dig_str(status, 'phase') or 'unknown'}, "
        f"storage class {dig_str(spec, 'storageClassName') or 'default'}, asks for "
        f"{dig_str(spec, 'resources', 'requests', 'storage') or '?'} {modes}"
    )
    volume = dig_str(spec, "volumeName")
    capacity = dig_str(status, "capacity", "storage")
    yield f"volume {volume or 'none'}" + (f" of {capacity}" if capacity else "")


def volume_lines(obj: Obj, now: datetime) -> Iterator[str]:
    """Phase, size, class, reclaim policy and the claim it is bound to."""
    spec = dig_map(obj, "spec")
    claim = dig_map(spec, "claimRef")
    bound = f"{dig_str(claim, 'namespace')}/{dig_str(claim, 'name')}" if claim else "no claim"
    yield (
        f"phase {dig_str(obj, 'status', 'phase') or 'unknown'}, "
        f"{dig_str(spec, 'capacity', 'storage')}, "
        f"storage class {dig_str(spec, 'storageClassName') or 'none'}, "
        f"reclaim {dig_str(spec, 'persistentVolumeReclaimPolicy')}, bound to {bound}"
    )


def config_map_lines(obj: Obj, now: datetime) -> Iterator[str]:
    """Each key with the start of its value."""
    for key, value in dig_map(obj, "data").items():
        text = str(value)
        lines = text.count("\n") + 1
        size = f" ({len(text):,} characters, {lines:,} lines)" if len(text) > 200 else ""
        yield f"{key}{size}: {shorten(text, 200)}"
    for key in dig_map(obj, "binaryData"):
        yield f"{key}: binary"


def secret_lines(obj: Obj, now: datetime) -> Iterator[str]:
    """That the values were never read."""
    yield "its values are never read: this server asks for the metadata of Secrets only"
