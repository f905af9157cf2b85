"""This server's own narrowing of what may be read, on top of what the cluster allows.

RBAC decides what an identity may read; this decides what is shown through this server, per group
of callers where the operator wants that. It can only take away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kube_mcp.errors import NotAllowed
from kube_mcp.objects import ResourceType


@dataclass(frozen=True, slots=True)
class Policy:
    """Patterns use ``*`` as in a shell. Deny wins over allow; an empty allow-list allows all.

    ``kinds_deny`` holds kinds as people write them for kubectl: ``secrets``, ``Deployment``,
    ``certificates.cert-manager.io``, ``*.traefik.io``. Without a group a name means that kind in
    every group, because a denial that matches nothing would show what it was meant to hide.
    ``kinds_allow`` holds lists of them, each of which must name a kind for it to be shown: that of
    everybody, and that of the caller's groups. ``toolsets`` empty means every toolset.
    """

    namespaces_allow: tuple[str, ...] = ()
    namespaces_deny: tuple[str, ...] = ()
    kinds_deny: tuple[str, ...] = ()
    kinds_allow: tuple[tuple[str, ...], ...] = ()
    toolsets: tuple[str, ...] = ()

    def allows_namespace(self, namespace: str) -> bool:
        """Whether objects of this namespace may be shown."""
        if _any(namespace, self.namespaces_deny):
            return False
        return not self.namespaces_allow or _any(namespace, self.namespaces_allow)

    def denies(self, resource: ResourceType) -> bool:
        """Whether objects of this kind are denied."""
        return _names(resource, self.kinds_deny)

    def check_toolset(self, toolset: str) -> None:
        """Raises `NotAllowed` where a toolset is closed to this caller.

        Asked where the data is read, because more than one tool leads to it: a diagnosis quotes
        logs, and whoever may not read logs must not read them there either.
        """
        if self.toolsets and toolset not in self.toolsets:
            raise NotAllowed(
                f"This server does not open the toolset '{toolset}' to this caller.",
                hint="Its operator opens toolsets (policy.toolsets and policy.grants).",
            )

    @property
    def narrows_namespaces(self) -> bool:
        """Whether a list over all namespaces has to be sifted."""
        return bool(self.namespaces_allow or self.namespaces_deny)

    def exact_namespaces(self) -> tuple[str, ...] | None:
        """The allowed namespaces where they are all plain names, so that each can be asked for."""
        if not self.namespaces_allow or any("*" in name for name in self.namespaces_allow):
            return None
        return tuple(name for name in self.namespaces_allow if self.allows_namespace(name))

    def check(self, resource: ResourceType, namespace: str) -> None:
        """Raises `NotAllowed` where this kind, or this namespace, is not to be shown."""
        if self.denies(resource):
            raise NotAllowed(
                f"This server does not show {resource.full_name}.",
                hint="Its operator denies that kind (policy.kinds_deny).",
            )
        if not all(_names(resource, allowed) for allowed in self.kinds_allow):
            raise NotAllowed(
                f"This server does not show {resource.full_name}.",
                hint="Its operator allows certain kinds only (policy.kinds_allow).",
            )
        if namespace and not self.allows_namespace(namespace):
            raise NotAllowed(
                f"This server does not show namespace '{namespace}'.",
                hint="Its operator limits the namespaces (policy.namespaces_allow and "
                "policy.namespaces_deny).",
            )

    def narrowed(self, other: Policy) -> Policy:
        """Both policies at once: what either denies is denied."""
        return Policy(
            namespaces_allow=_both(self.namespaces_allow, other.namespaces_allow),
            namespaces_deny=self.namespaces_deny + other.namespaces_deny,
            kinds_deny=self.kinds_deny + other.kinds_deny,
            kinds_allow=self.kinds_allow + other.kinds_allow,
            toolsets=_both(self.toolsets, other.toolsets),
        )


#: No narrowing: what the cluster allows is shown.
OPEN = Policy()

#: An allow-list that allows nothing: what is left of two lists that have no name in common.
NOTHING = ("!",)


def _names(resource: ResourceType, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns means this kind, in whichever way people write it."""
    wanted = [pattern.lower() for pattern in patterns]
    if not wanted:
        return False
    of_group = f".{resource.group}" if resource.group else ""
    names = {
        f"{name.lower()}{group}"
        for name in (resource.name, resource.kind, resource.singular, *resource.short_names)
        for group in ("", of_group)
        if name
    }
    return any(_any(name, wanted) for name in names)


def _any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _both(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    if not one or not other:
        return one or other
    shared = [name for name in one if _any(name, other)]
    shared += [name for name in other if _any(name, one) and name not in shared]
    return tuple(shared) or NOTHING
