"""What one call took from the cluster, counted where it happens and read where the call ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

#: Kinds and namespaces remembered by name. A call over a whole cluster names none or a few; more
#: than this is a loop over namespaces, whose length says enough.
MAX_NAMES = 50


@dataclass(slots=True)
class Meter:
    """Counters of one call. Tasks that the call starts share them.

    ``bytes_read`` are body bytes as decoded by the connection; ``namespaces`` holds ``*`` where
    a list went over all of them.
    """

    requests: int = 0
    bytes_read: int = 0
    objects: int = 0
    kinds: set[str] = field(default_factory=set)
    namespaces: set[str] = field(default_factory=set)

    def asked(self, kind: str, namespace: str) -> None:
        """One request for ``kind`` (plural, with its group) left for ``namespace``."""
        self.requests += 1
        if kind and len(self.kinds) < MAX_NAMES:
            self.kinds.add(kind)
        if namespace and len(self.namespaces) < MAX_NAMES:
            self.namespaces.add(namespace)


_current: ContextVar[Meter | None] = ContextVar("kube_mcp_meter", default=None)


def current_meter() -> Meter:
    """The running call's meter; outside of any call one that nobody reads."""
    return _current.get() or Meter()


@contextmanager
def metered() -> Iterator[Meter]:
    """Counts everything until the block ends into the meter it yields."""
    meter = Meter()
    token = _current.set(meter)
    try:
        yield meter
    finally:
        _current.reset(token)
