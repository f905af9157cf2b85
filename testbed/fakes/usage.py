"""How much CPU and memory a pod uses: as declared, otherwise a likely part of what it requests."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from testbed.fakes.content import Content
from testbed.fakes.quantities import cores, parse_bytes

Obj = dict[str, Any]

#: What a container without requests uses: a small idle service.
IDLE = (2_000_000, 24 * 2**20)
#: What a node uses besides its pods: kubelet, runtime, kernel.
SYSTEM = (150_000_000, 700 * 2**20)


@dataclass(frozen=True, slots=True)
class Usage:
    """Nanocores and bytes."""

    cpu_nano: int
    memory_bytes: int

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.cpu_nano + other.cpu_nano, self.memory_bytes + other.memory_bytes)


def of_pod(pod: Obj, content: Content) -> dict[str, Usage] | None:
    """By container; None where a metrics API has nothing: not running, or declared missing."""
    if pod.get("status", {}).get("phase") != "Running":
        return None
    name = pod["metadata"]["name"]
    found = {}
    for container in pod["spec"]["containers"]:
        declared = content.usage_of(name, container["name"])
        if declared is not None and declared.missing:
            return None
        if declared is not None:
            found[container["name"]] = Usage(declared.cpu_nano, declared.memory_bytes)
        else:
            found[container["name"]] = _likely(name, container)
    return found


def total(parts: dict[str, Usage] | None) -> Usage:
    return sum((parts or {}).values(), Usage(0, 0))


def system() -> Usage:
    return Usage(*SYSTEM)


def _likely(pod: str, container: Obj) -> Usage:
    """Between 30 and 80 percent of the requests, always the same for the same container."""
    share = 0.3 + zlib.crc32(f"{pod}/{container['name']}".encode()) % 1000 / 2000
    requests = container.get("resources", {}).get("requests", {})
    cpu = round(cores(requests["cpu"]) * share) if "cpu" in requests else IDLE[0]
    memory = round(parse_bytes(requests["memory"]) * share) if "memory" in requests else IDLE[1]
    return Usage(cpu, memory)
