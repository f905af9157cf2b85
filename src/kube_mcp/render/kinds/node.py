"""Nodes: what they are, what they hold, what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kube_mcp.objects import Obj, dig, dig_list, dig_map, dig_str


def node_lines(obj: Obj, now: datetime) -> Iterator[str]:
    """Versions, addresses, capacity and allocatable, taints."""
    info = dig_map(obj, "status", "nodeInfo")
    yield (
        f"kubelet {dig_str(info, 'kubeletVersion')}, {dig_str(info, 'osImage')}, "
        f"{dig_str(info, 'architecture')}, {dig_str(info, 'containerRuntimeVersion')}"
    )
    addresses = [
        f"{dig_str(each, 'type')} {dig_str(each, 'address')}"
        for each in dig_list(obj, "status", "addresses")
    ]
    if addresses:
        yield f"addresses: {', '.join(addresses)}"
    for key in ("capacity", "allocatable"):
        values = dig_map(obj, "status", key)
        shown = [f"{name}={value}" for name, value in values.items() if value != "0"]
        if shown:
            yield f"{key}: {' '.join(shown)}"
    if dig(obj, "spec", "unschedulable") is True:
        yield "CORDONED: no new pods are scheduled here"
    taints = [
        f"{dig_str(each, 'key')}{'=' + dig_str(each, 'value') if dig_str(each, 'value') else ''}"
        f":{dig_str(each, 'effect')}"
        for each in dig_list(obj, "spec", "taints")
    ]
    if taints:
        yield f"taints: {', '.join(taints)}"
