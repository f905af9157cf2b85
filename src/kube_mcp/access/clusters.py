"""Every cluster this server may read, opened for one caller at a time.

Nothing is shared between callers but the connections below: a client, with what it knows of the
API server, is kept per identity, because what discovery and answers show may depend on it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from kube_mcp.access.cluster import Cluster, wall_clock
from kube_mcp.access.policy import OPEN, Policy
from kube_mcp.errors import InputError, suggest
from kube_mcp.kube.client import STRICT, Client, GuardOptions
from kube_mcp.kube.identity import OWN, Identity
from kube_mcp.kube.transport import Transport

if TYPE_CHECKING:
    from kube_mcp.access.modes import Mode
    from kube_mcp.auth.caller import Caller
    from kube_mcp.kube.expiry import End

#: Identities whose clients are kept. Each holds a discovery document (about 100 KB decoded).
MAX_CLIENTS = 128


@dataclass(frozen=True)
class ClusterSource:
    """Where one cluster is and how it is reached.

    ``connect`` makes the connections with the server's own credentials;
    ``connect_bare`` makes them without any, for identities that bring their own token.
    ``clock`` is set where the cluster's present is not ours: a snapshot's.
    ``first_end`` says which of the server's own credentials ends first, where that can be told.
    """

    name: str
    connect: Callable[[], Transport]
    connect_bare: Callable[[], Transport] | None = None
    default_namespace: str = ""
    described: str = ""
    clock: Callable[[], datetime] | None = None
    first_end: Callable[[], End | None] | None = None


@dataclass
class _Open:
    own: Transport | None = None
    bare: Transport | None = None
    clients: OrderedDict[Hashable, Client] = field(default_factory=OrderedDict)


class Clusters:
    """The clusters by name, and the mode that says as whom each caller reads them."""

    def __init__(
        self,
        sources: Sequence[ClusterSource],
        *,
        mode: Mode | None = None,
        policy_for: Callable[[Caller | None], Policy] = lambda caller: OPEN,
        allow: GuardOptions = STRICT,
        timeout_s: float = 30.0,
    ) -> None:
        self._sources: Mapping[str, ClusterSource] = {each.name: each for each in sources}
        self._mode = mode
        self._policy_for = policy_for
        self._allow = allow
        self._timeout_s = timeout_s
        self._open: dict[str, _Open] = {each.name: _Open() for each in sources}

    @property
    def names(self) -> tuple[str, ...]:
        """The names a caller may give, the default one first."""
        return tuple(self._sources)

    async def open(self, name: str, caller: Caller | None) -> Cluster:
        """One cluster as one caller may see it. Raises `InputError` for a name that is not one."""
        source = self._source(name)
        identity = OWN if self._mode is None else await self._mode.identity(caller)
        return Cluster(
            self._client(source, identity),
            name=source.name if len(self._sources) > 1 else "",
            policy=self._policy_for(caller),
            reads_as=_in_words(identity),
            default_namespace=source.default_namespace,
            clock=source.clock or wall_clock,
        )

    async def open_own(self, name: str = "") -> Cluster:
        """One cluster as this server itself: for readiness and for the doctor."""
        source = self._source(name)
        return Cluster(
            self._client(source, OWN),
            name=source.name,
            reads_as=_in_words(OWN),
            default_namespace=source.default_namespace,
            clock=source.clock or wall_clock,
        )

    def described(self, name: str = "") -> str:
        """Where a cluster is, for people: its address or its file."""
        return self._source(name).described

    async def aclose(self) -> None:
        """Close every connection, and what the mode holds."""
        for each in self._open.values():
            for transport in (each.own, each.bare):
                if transport is not None:
                    await transport.aclose()
        if self._mode is not None:
            await self._mode.aclose()

    def _source(self, name: str) -> ClusterSource:
        if not name:
            return next(iter(self._sources.values()))
        if name not in self._sources:
            raise InputError(
                f"There is no cluster '{name}'.",
                hint=suggest(name, self.names) or f"There are: {', '.join(self.names)}.",
            )
        return self._sources[name]

    def _client(self, source: ClusterSource, identity: Identity) -> Client:
        opened = self._open[source.name]
        key = identity.key
        client = opened.clients.get(key)
        if client is None:
            client = Client(
                self._transport(source, opened, identity),
                identity=identity if identity != OWN else None,
                allow=self._allow,
                timeout_s=self._timeout_s,
            )
            opened.clients[key] = client
            while len(opened.clients) > MAX_CLIENTS:
                opened.clients.popitem(last=False)
        opened.clients.move_to_end(key)
        return client

    def _transport(self, source: ClusterSource, opened: _Open, identity: Identity) -> Transport:
        # A client certificate beside a caller's token would win at the API server, so an identity
        # with a token of its own never travels over the server's connections.
        if identity.brings_credentials and source.connect_bare is not None:
            if opened.bare is None:
                opened.bare = source.connect_bare()
            return opened.bare
        if opened.own is None:
            opened.own = source.connect()
        return opened.own


def _in_words(identity: Identity) -> str:
    if identity.brings_credentials:
        return f"the caller's own token ({identity.mode})"
    if identity.impersonates:
        return identity.username
    return "this server's own identity"
