"""That the identity may do nothing but read: the fence behind the server's own guard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from kube_mcp.doctor.granted import Granted, Rights
from kube_mcp.doctor.probe import Probe
from kube_mcp.render.budget import count, shorten
from kube_mcp.settings import Settings

#: Rules show these where nothing can be written.
_READS = frozenset({"get", "list", "watch"})
#: The same for paths that are no resources.
_PATH_READS = frozenset({"get", "head", "options"})

#: Every authenticated user may create these; they store nothing.
_HARMLESS = frozenset({
    "selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews",
    "subjectaccessreviews", "localsubjectaccessreviews",
})  # fmt: skip

#: A `get` on these is a connection into a container, a Service or a kubelet, not a read.
_CHANNELS = (
    "pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy", "nodes/proxy",
)  # fmt: skip

#: What the impersonating server needs beside reads.
_PERSONS = frozenset({"users", "groups", "uids", "userextras"})

_LESS = (
    "This server never does, but its token could: bind it to the role that `kube-mcp rbac` "
    "prints, and to nothing else."
)
_MAX_SHOWN = 12


def may_not_write(granted: Rights, settings: Settings, at: str) -> Probe:
    """Whether any rule goes beyond reading, and which."""
    impersonates = settings.cluster.identity == "impersonate"
    found = sorted(
        {each for rule in granted.rules for each in _beyond(rule, impersonates=impersonates)}
    )
    if found:
        shown = "; ".join(found[:_MAX_SHOWN])
        more = f"; and {len(found) - _MAX_SHOWN} more" if len(found) > _MAX_SHOWN else ""
        return Probe(
            f"may not write{at}", "warning",
            shorten(f"the identity may do more than read: {shown}{more}", 1500), _LESS,
        )  # fmt: skip
    if granted.incomplete:
        return Probe(
            f"may not write{at}", "warning", f"cannot be told: {granted.incomplete}",
            "Ask an administrator to review the identity's bindings.",
        )  # fmt: skip
    where = count(len(granted.looked), "namespace")
    if not granted.everywhere:
        where = f"the {where} looked at: {shorten(', '.join(granted.looked), 300)}"
    return Probe(
        f"may not write{at}", "ok", f"no verb but get, list and watch on anything, in {where}"
    )


def secrets_stay_closed(granted: Rights, settings: Settings, at: str) -> Probe:
    """Whether the identity's token could be used to read Secrets' values."""
    rules = [
        rule for verb in ("get", "list", "watch") for rule in granted.covering(verb, "", "secrets")
    ]
    if not rules:
        if granted.incomplete:
            return Probe(f"Secrets{at}", "skipped", f"cannot be told: {granted.incomplete}")
        return Probe(f"Secrets{at}", "ok", "cannot be read")
    if settings.policy.helm_releases:
        return Probe(
            f"Secrets{at}", "ok",
            "can be read, because policy.helm_releases is on; values are masked before they leave",
        )  # fmt: skip
    return Probe(
        f"Secrets{at}", "warning",
        "the identity's token can read their values, and this server needs none of them",
        "Take secrets, or the *, out of its role. RBAC cannot say 'metadata only'.",
    )  # fmt: skip


def _beyond(rule: Granted, *, impersonates: bool) -> Iterator[str]:
    if rule.paths:
        if extra := rule.verbs - _PATH_READS - _as_a_person(_PATH_READS, impersonates=impersonates):
            yield f"{_listed(extra)} on {', '.join(rule.paths[:3])}"
        return
    where = f" in {shorten(', '.join(rule.namespaces), 60)}" if rule.namespaces else ""
    for name in rule.resources:
        allowed = _READS | ({"create"} if name in _HARMLESS else set())
        extra = rule.verbs - allowed - _as_a_person(allowed, impersonates=impersonates)
        if impersonates and name.split("/")[0] in _PERSONS:
            extra -= {"impersonate", "impersonate:user-info"}
        if extra:
            yield f"{_listed(extra)} on {name}{where}"
        elif opened := [
            each for each in _CHANNELS if replace(rule, resources=(name,)).covers("get", "", each)
        ]:
            yield f"get on {name}{where}, which opens {', '.join(opened)}"


def _as_a_person(verbs: Iterable[str], *, impersonates: bool) -> frozenset[str]:
    """What constrained impersonation calls these verbs when they are done as somebody."""
    return frozenset(f"impersonate-on:user-info:{verb}" for verb in verbs if impersonates)


def _listed(verbs: Iterable[str]) -> str:
    return ",".join(sorted(verbs))
