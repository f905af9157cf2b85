"""That the server may act as the people who sign in, and as nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kube_mcp.access.modes.impersonate import CLIENT_KEY, SESSION_KEY
from kube_mcp.doctor.granted import Rights
from kube_mcp.doctor.probe import Probe
from kube_mcp.settings import Settings

#: The first version whose API server knows constrained impersonation without a feature gate.
_CONSTRAINED_SINCE = 36
_GROUP = "authentication.k8s.io"


@dataclass(frozen=True, slots=True)
class _Need:
    resource: str
    names: tuple[str, ...] = ()


def may_impersonate(granted: Rights, settings: Settings, minor: int, at: str) -> Probe:
    """Holds what identity = "impersonate" needs against the identity's rules.

    ``minor`` is the API server's. Where it knows constrained impersonation that is looked for
    first; the unconstrained verb works there too.
    """
    name = f"may act as people{at}"
    if granted.incomplete:
        return Probe(name, "skipped", f"cannot be told: {granted.incomplete}")
    missing: dict[str, list[_Need]] = {}
    styles = ("constrained", "legacy") if minor >= _CONSTRAINED_SINCE else ("legacy",)
    for style in styles:
        missing[style] = [need for need in _needs(settings) if not _has(granted, need, style=style)]
        if missing[style]:
            continue
        if style == "legacy":
            return _legacy(granted, name)
        if not granted.covering("impersonate-on:user-info:list", "", "pods"):
            return Probe(
                name, "failed", "may act as people, but not read as them",
                'Add to its ClusterRole: {apiGroups: [""], resources: [pods], verbs: '
                '["impersonate-on:user-info:get", "impersonate-on:user-info:list", '
                '"impersonate-on:user-info:watch"]}, and the same for every other resource.',
            )  # fmt: skip
        return Probe(name, "ok", "read-only, whatever they may do themselves")
    lacking = missing[styles[0]]
    return Probe(
        name, "failed",
        "may not act as " + ", ".join(_in_words(need) for need in lacking)
        + ": every call would be refused",
        "Add to its ClusterRole:\n" + "\n".join(_rule(need, styles[0]) for need in lacking),
    )  # fmt: skip


def _needs(settings: Settings) -> Iterator[_Need]:
    asked = settings.impersonate
    yield _Need("users")
    if asked.groups:
        yield _Need("groups", tuple(f"{asked.group_prefix}{group}" for group in asked.groups))
    elif asked.group_pattern:
        yield _Need("groups")
    if asked.send_uid:
        yield _Need("uids")
    if asked.send_extra:
        yield _Need(f"userextras/{CLIENT_KEY}")
        yield _Need(f"userextras/{SESSION_KEY}")


def _where(resource: str, style: str) -> tuple[str, str]:
    """Verb and API group; only users and groups were in the core group before."""
    if style == "constrained":
        return "impersonate:user-info", _GROUP
    return "impersonate", "" if resource in ("users", "groups") else _GROUP


def _has(granted: Rights, need: _Need, *, style: str) -> bool:
    verb, group = _where(need.resource, style)
    found = granted.covering(verb, group, need.resource)
    if any(not rule.names for rule in found):
        return True
    named = {name for rule in found for name in rule.names}
    # Which users may sign in is not known here: any names listed will be theirs.
    return bool(named) and set(need.names) <= named


def _legacy(granted: Rights, name: str) -> Probe:
    for rule in granted.covering("impersonate", "", "groups"):
        if not rule.names or "system:masters" in rule.names:
            return Probe(
                name, "warning", "may act as system:masters too: its token is a cluster-admin's",
                "List the groups in resourceNames of its ClusterRole.",
            )  # fmt: skip
    for rule in granted.covering("impersonate", "", "users"):
        if not rule.names:
            return Probe(
                name, "warning", "may act as any user, the control plane's own included",
                "List the users in resourceNames, or use Kubernetes 1.36, which can say read-only.",
            )  # fmt: skip
    return Probe(name, "ok", "as those its role lists, with all they may do themselves")


def _in_words(need: _Need) -> str:
    return f"{need.resource} {', '.join(need.names)}".strip()


def _rule(need: _Need, style: str) -> str:
    verb, group = _where(need.resource, style)
    names = f", resourceNames: [{', '.join(f'{each!r}' for each in need.names)}]"
    return (
        f'- {{apiGroups: ["{group}"], resources: [{need.resource}], verbs: ["{verb}"]'
        f"{names if need.names else ''}}}"
    )
