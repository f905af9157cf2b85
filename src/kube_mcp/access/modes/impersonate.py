"""The server's account impersonates the caller, so RBAC and the audit log are per person."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from kube_mcp.access.modes import refusal, signed_in
from kube_mcp.auth.caller import Caller
from kube_mcp.errors import Refused
from kube_mcp.kube.identity import Identity, extra_header, unsafe_reason

#: Keys of the extra fields; the audit log shows them with every request.
CLIENT_KEY = "mcp.kube-mcp.dev/client"
SESSION_KEY = "mcp.kube-mcp.dev/session"


# More people than one server has; each entry is a few names.
_MAX_REMEMBERED = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpersonateConfig:
    """How a caller's names become Kubernetes names.

    The prefixes keep a provider's ``admin`` apart from the cluster's. ``allowed_groups`` and
    ``allowed_groups_pattern`` choose the groups that are mapped, by the provider's name before
    the prefix; with neither, none is. A caller with more than ``max_groups`` mapped groups is
    refused. ``send_uid`` (the token's subject) and ``send_extra`` (client and session, for the
    audit log) need RBAC for ``uids`` and ``userextras``.
    """

    username_prefix: str
    groups_prefix: str
    allowed_groups: tuple[str, ...] = ()
    allowed_groups_pattern: str = ""
    max_groups: int = 50
    send_uid: bool = True
    send_extra: bool = True
    client_key: str = CLIENT_KEY
    session_key: str = SESSION_KEY

    def problems(self) -> list[str]:
        """Everything that must not be configured, one sentence each, in the names of the settings."""
        return list(self._problems())

    def _problems(self) -> Iterator[str]:
        for name, prefix in (
            ("impersonate.user_prefix", self.username_prefix),
            ("impersonate.group_prefix", self.groups_prefix),
        ):
            if not prefix:
                yield (
                    f"{name} is empty: a name in the provider could then be one that the cluster"
                    " already trusts; set something like 'authentik:'."
                )
            elif reason := unsafe_reason(prefix):
                yield f"{name} {prefix!r} {reason}."
        if "" in self.allowed_groups:
            yield "impersonate.groups holds an empty entry."
        for group in self.allowed_groups:
            if group.lower().startswith("system:"):
                yield f"impersonate.groups holds {group!r}; 'system:' groups are never mapped."
        try:
            re.compile(self.allowed_groups_pattern)
        except re.error as problem:
            yield (
                f"impersonate.group_pattern {self.allowed_groups_pattern!r} is not a regular"
                f" expression ({problem})."
            )
        if not 0 <= self.max_groups <= 500:
            yield f"impersonate.max_groups is {self.max_groups}; expected 0 to 500."
        if self.send_extra:
            for key in (self.client_key, self.session_key):
                try:
                    extra_header(key)
                except Refused as problem:
                    yield str(problem)


class ImpersonateMode:
    """Maps callers by ``config``, whose `problems` the owner has found empty.

    On Kubernetes 1.36 and later the account can be given constrained impersonation
    (``impersonate-on:user-info:get``, ``list``, ``watch``), which keeps even an administrator
    read-only here; the headers are the same either way.
    """

    name = "impersonate"

    def __init__(self, config: ImpersonateConfig) -> None:
        self._config = config
        self._allowed = frozenset(config.allowed_groups)
        self._pattern = re.compile(config.allowed_groups_pattern)
        self._known: OrderedDict[Hashable, Identity] = OrderedDict()

    async def identity(self, caller: Caller | None) -> Identity:
        """The caller under the configured prefixes. Refuses names that Kubernetes reserves."""
        who = signed_in(caller, self.name)
        # Asked twice a call, and some people are in a hundred groups.
        key = (who.username, who.subject, who.groups, who.client_id, who.session_id)
        identity = self._known.get(key)
        if identity is None:
            identity = self._known[key] = self.map(who)
            if len(self._known) > _MAX_REMEMBERED:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return identity

    def map(self, caller: Caller) -> Identity:
        """The same for a caller who is certainly there."""
        config = self._config
        username = f"{config.username_prefix}{self._usable(caller.username, 'user name')}"
        groups = tuple(f"{config.groups_prefix}{name}" for name in self._mapped(caller.groups))
        if len(groups) > config.max_groups:
            raise refusal(
                "too-many-groups",
                f"{len(groups)} of the caller's groups would be mapped,"
                f" at most {config.max_groups} may be.",
                hint="Narrow them with impersonate.groups or impersonate.group_pattern.",
            )
        for name in (username, *groups):
            self._usable(name, "mapped name")
        return Identity(
            self.name,
            username,
            groups,
            uid=self._usable(caller.subject, "subject") if config.send_uid else "",
            extra=self._extra(caller) if config.send_extra else (),
        )

    async def aclose(self) -> None:
        """Nothing is held."""

    def _mapped(self, groups: tuple[str, ...]) -> Iterator[str]:
        for group in groups:
            # Checked before the allow-list: a group of this name in the provider is an attempt,
            # or a mistake somebody should hear of, not one more group to leave out.
            if group.strip().lower().startswith("system:"):
                raise refusal(
                    "reserved-group",
                    f"The caller's group {group!r} begins with 'system:', which Kubernetes keeps"
                    " for itself.",
                    hint="Rename the group in the identity provider.",
                )
            # A readable name that no header can carry grants nothing; an unreadable one is refused.
            if group.isprintable() and not group.isascii():
                continue
            if self._is_allowed(group):
                yield self._usable(group, "group")

    def _is_allowed(self, group: str) -> bool:
        if group in self._allowed:
            return True
        pattern = self._config.allowed_groups_pattern
        return bool(pattern) and self._pattern.fullmatch(group) is not None

    def _usable(self, value: str, what: str) -> str:
        if reason := unsafe_reason(value):
            code = "reserved-name" if value.lower().startswith("system:") else "unsafe-name"
            raise refusal(code, f"The caller's {what} {value!r} {reason}.")
        return value

    def _extra(self, caller: Caller) -> tuple[tuple[str, tuple[str, ...]], ...]:
        pairs = (
            (self._config.client_key, caller.client_id),
            (self._config.session_key, caller.session_id),
        )
        # For the audit log only, so a value that cannot be sent is left out, not refused.
        return tuple((key, (value,)) for key, value in pairs if not unsafe_reason(value))
