"""Ordered probes that replace a page of troubleshooting: each says what it proved, or what to do.

The same command runs on a laptop, in an init container and by ``kubectl exec``. It changes nothing,
and prints no secret.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import orjson

from kube_mcp.access.cluster import Cluster
from kube_mcp.access.clusters import Clusters
from kube_mcp.access.rbac import Rule, rule_yaml, rules
from kube_mcp.errors import KubeMcpError, SettingsError
from kube_mcp.objects import ResourceType, dig_list, dig_str
from kube_mcp.render.budget import count, shorten
from kube_mcp.settings import Settings
from kube_mcp.sources import auth_config, check, cluster_sources, guard_options

#: Reviews asked at a time; each is a small request.
AT_ONCE = 8

#: Clocks further apart than this break token times; OIDC libraries forgive at most this much.
MAX_SKEW_S = 30.0

#: Rules show these where nothing can be written.
_READS = frozenset({"get", "list", "watch"})

#: Every authenticated user may create these; they store nothing.
_HARMLESS = frozenset({
    "selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews",
    "subjectaccessreviews", "localsubjectaccessreviews",
})  # fmt: skip

Outcome = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Probe:
    """What one probe found. ``detail`` may have several lines; ``next`` is what to do."""

    name: str
    outcome: Outcome
    detail: str
    next: str = ""

    @property
    def failed(self) -> bool:
        """Whether the server would not work like this."""
        return self.outcome == "failed"


async def examine(
    load: Callable[[], Settings],
    *,
    outside: bool = False,
    environ: Mapping[str, str] = os.environ,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[Probe]:
    """Every probe in order. A probe whose ground is missing is skipped, with the reason."""
    probes: list[Probe] = []
    try:
        settings = load()
        check(settings)
    except SettingsError as error:
        detail = "\n".join(error.problems)
        return [Probe("settings", "failed", detail, error.hint or "Correct the settings named.")]
    probes.append(Probe("settings", "ok", _settings_in_words(settings)))
    probes += [probe async for probe in _clusters(settings, environ, now)]
    probes += [probe async for probe in _sign_in(settings)]
    if outside and settings.server.public_urls and settings.auth.issuers:
        from kube_mcp.auth.outside import look

        for url in settings.server.public_urls:
            probes += [Probe(*each) for each in await look(url, settings.auth.issuers[0].issuer)]
    elif settings.server.public_urls:
        probes.append(
            Probe("public URL", "skipped", "not looked at from here", "Run doctor with --outside.")
        )
    return probes


def _settings_in_words(settings: Settings) -> str:
    sign_in = "sign-in on" if settings.auth.issuers else "no sign-in"
    return f"identity {settings.cluster.identity}, {sign_in}, port {settings.server.port}"


async def _clusters(
    settings: Settings, environ: Mapping[str, str], now: Callable[[], datetime]
) -> AsyncIterator[Probe]:
    try:
        sources = cluster_sources(settings, environ=environ)
    except KubeMcpError as error:
        yield Probe("credentials", "failed", error.message, error.hint)
        return
    clusters = Clusters(
        sources, allow=guard_options(settings), timeout_s=min(settings.cluster.timeout_s, 10.0)
    )
    try:
        for source in sources:
            at = f" ({source.name})" if len(sources) > 1 else ""
            yield Probe(f"credentials{at}", "ok", f"loaded for {source.described}")
            cluster = await clusters.open_own(source.name)
            async for probe in _cluster(cluster, settings, at, now):
                yield probe
    finally:
        await clusters.aclose()


async def _cluster(
    cluster: Cluster, settings: Settings, at: str, now: Callable[[], datetime]
) -> AsyncIterator[Probe]:
    try:
        version = dig_str(await cluster.version(), "gitVersion")
    except KubeMcpError as error:
        yield Probe(f"API server{at}", "failed", error.message, error.hint)
        return
    yield Probe(f"API server{at}", "ok", f"answers, Kubernetes {version}")
    if not settings.cluster.snapshot:
        yield await _skew(cluster, at, now)
    try:
        served = await cluster.resources()
    except KubeMcpError as error:
        yield Probe(f"discovery{at}", "failed", error.message, error.hint)
        return
    if served.failed:
        broken = "; ".join(f"{group}: {why}" for group, why in sorted(served.failed.items()))
        yield Probe(
            f"discovery{at}", "warning", f"{len(served.types)} kinds; not read: {broken}",
            "Look at the APIService of each group named.",
        )  # fmt: skip
    else:
        yield Probe(f"discovery{at}", "ok", f"{len(served.types)} kinds")
    if settings.cluster.snapshot:
        return
    yield await _identity(cluster, at)
    wanted = rules(
        settings.policy.toolsets,
        secrets=settings.policy.helm_releases,
        who_can=settings.policy.who_can,
    )
    if settings.cluster.identity == "service-account":
        yield await _may_read(cluster, wanted, served.types, at)
    else:
        yield Probe(
            f"may read{at}", "skipped",
            f"identity mode '{settings.cluster.identity}' reads as the caller, whose rights count",
        )  # fmt: skip
    yield await _may_not_write(cluster, settings, at)
    yield _metrics(served.types, at)


async def _skew(cluster: Cluster, at: str, now: Callable[[], datetime]) -> Probe:
    try:
        there = await cluster.clock()
    except KubeMcpError as error:
        return Probe(f"clock{at}", "skipped", error.message)
    if there is None:
        return Probe(f"clock{at}", "skipped", "the API server does not say what time it is")
    apart = abs((now() - there).total_seconds())
    if apart > MAX_SKEW_S:
        return Probe(
            f"clock{at}", "warning", f"{apart:.0f} s apart from the API server's",
            "Synchronise the clocks (NTP): tokens are refused, and ages are wrong.",
        )  # fmt: skip
    return Probe(f"clock{at}", "ok", "agrees with the API server's")


async def _identity(cluster: Cluster, at: str) -> Probe:
    try:
        me = await cluster.who_am_i()
    except KubeMcpError as error:
        return Probe(f"identity{at}", "warning", f"not known: {error.message}", error.hint)
    return Probe(f"identity{at}", "ok", f"the API server calls this {dig_str(me, 'username')}")


async def _may_read(
    cluster: Cluster, wanted: Sequence[Rule], served: Sequence[ResourceType], at: str
) -> Probe:
    """What the enabled tools need against what is allowed, with the exact rules to add."""
    by_name = {(each.group, each.name): each for each in served}
    gate = asyncio.Semaphore(AT_ONCE)

    async def missing(rule: Rule, name: str) -> tuple[Rule, str] | None:
        plural, _, subresource = name.partition("/")
        resource = by_name.get((rule.group, plural))
        if resource is None:
            return None  # this cluster does not serve it
        for verb in rule.verbs:
            if verb == "watch":
                continue
            async with gate:
                allowed, _ = await cluster.may_i(verb, resource, subresource=subresource)
            if not allowed:
                return rule, name
        return None

    asked = [(rule, name) for rule in wanted for name in rule.resources]
    try:
        answers = await asyncio.gather(*(missing(rule, name) for rule, name in asked))
    except KubeMcpError as error:
        return Probe(f"may read{at}", "warning", error.message, error.hint)
    lacking: dict[Rule, list[str]] = {}
    for answer in answers:
        if answer is not None:
            lacking.setdefault(answer[0], []).append(answer[1])
    if not lacking:
        served_count = sum(1 for rule, name in asked if (rule.group, name.split("/")[0]) in by_name)
        return Probe(f"may read{at}", "ok", f"all of {count(served_count, 'kind')} the tools use")
    names = sum(map(len, lacking.values()))
    add = "\n".join(
        rule_yaml(Rule(rule.group, tuple(found), rule.why, rule.verbs)).rstrip()
        for rule, found in lacking.items()
    )
    return Probe(
        f"may read{at}", "warning",
        f"{count(names, 'kind')} cannot be read in the whole cluster; answers will say so",
        f"To allow it, add to the ClusterRole:\n{add}",
    )  # fmt: skip


async def _may_not_write(cluster: Cluster, settings: Settings, at: str) -> Probe:
    """That the identity has no verb but reads: the fence behind the server's own guard."""
    impersonates = settings.cluster.identity == "impersonate"
    found: set[str] = set()
    incomplete = ""
    try:
        for namespace in ("default", "kube-system"):
            status = await cluster.my_rules(namespace)
            if status.get("incomplete") is True:
                incomplete = dig_str(status, "evaluationError") or "the list of rules is incomplete"
            for rule in dig_list(status, "resourceRules"):
                verbs = set(map(str, dig_list(rule, "verbs"))) - _READS
                for name in map(str, dig_list(rule, "resources")):
                    extra = verbs
                    if name in _HARMLESS:
                        extra = verbs - {"create"}
                    if impersonates and name.split("/")[0] in {
                        "users",
                        "groups",
                        "uids",
                        "userextras",
                    }:
                        extra = {v for v in extra if not v.startswith("impersonate")}
                    if impersonates:
                        extra = {v for v in extra if not v.startswith("impersonate-on:")}
                    if extra:
                        found.add(f"{','.join(sorted(extra))} on {name}")
    except KubeMcpError as error:
        return Probe(f"may not write{at}", "skipped", error.message, error.hint)
    if found:
        shown = "; ".join(sorted(found)[:12])
        return Probe(
            f"may not write{at}", "warning",
            shorten(f"the identity may do more than read: {shown}", 1500),
            "This server never does, but its token could: bind it to the role that "
            "`kube-mcp rbac` prints, and to nothing else.",
        )  # fmt: skip
    if incomplete:
        return Probe(
            f"may not write{at}", "warning", f"cannot be told: {incomplete}",
            "Ask an administrator to review the identity's bindings.",
        )  # fmt: skip
    return Probe(f"may not write{at}", "ok", "no verb but get, list and watch on anything")


def _metrics(served: Sequence[ResourceType], at: str) -> Probe:
    if any(each.group == "metrics.k8s.io" for each in served):
        return Probe(f"metrics API{at}", "ok", "served")
    return Probe(
        f"metrics API{at}", "warning", "not served: top shows requests and limits, but no usage",
        "Install metrics-server for usage.",
    )  # fmt: skip


async def _sign_in(settings: Settings) -> AsyncIterator[Probe]:
    config = auth_config(settings)
    if config is None:
        yield Probe("sign-in", "skipped", "no issuer is configured: nobody signs in")
        return
    from kube_mcp.auth.assemble import assemble
    from kube_mcp.auth.provider import open_session

    for file in (
        settings.auth.introspection.client_secret_file
        if settings.auth.introspection.enabled
        else "",
        settings.token_exchange.sts_client_secret_file
        if settings.cluster.identity == "token-exchange"
        else "",
    ):
        if file:
            yield await _secret(file)
    session = open_session()
    try:
        verifier = assemble(config, session)
        problems = await verifier.problems()
        await verifier.aclose()
    finally:
        await session.close()
    if problems:
        yield Probe(
            "identity provider", "failed", "\n".join(problems),
            "The server starts all the same and recovers by itself once the provider answers.",
        )  # fmt: skip
    else:
        names = ", ".join(each.issuer for each in config.issuers)
        yield Probe("identity provider", "ok", f"metadata and signing keys read: {names}")


async def _secret(file: str) -> Probe:
    from kube_mcp.auth.secret_file import SecretFile

    try:
        await SecretFile(file).read()
    except KubeMcpError as error:
        return Probe("client secret", "failed", error.message, error.hint)
    return Probe("client secret", "ok", f"read from {file}")


_MARKS: Mapping[Outcome, str] = {
    "ok": "ok  ",
    "warning": "warn",
    "failed": "FAIL",
    "skipped": "skip",
}


def report_text(probes: Sequence[Probe]) -> str:
    """One line a probe, what to do below it, and a closing line that counts."""
    lines = []
    for probe in probes:
        first, *rest = probe.detail.split("\n")
        lines.append(f"{_MARKS[probe.outcome]}  {probe.name}: {first}")
        lines += [f"      {line}" for line in rest]
        if probe.next and probe.outcome != "ok":
            start, *more = probe.next.split("\n")
            lines.append(f"      -> {start}")
            lines += [f"         {line}" for line in more]
    counts = {name: sum(1 for p in probes if p.outcome == name) for name in _MARKS}
    lines.append(
        f"{counts['ok']} ok, {counts['warning']} warnings, {counts['failed']} failed, "
        f"{counts['skipped']} skipped"
    )
    return "\n".join(lines)


def report_json(probes: Sequence[Probe]) -> str:
    """The same as one JSON document, for scripts."""
    return orjson.dumps(
        {
            "ok": not any(probe.failed for probe in probes),
            "probes": [
                {"name": p.name, "outcome": p.outcome, "detail": p.detail, "next": p.next}
                for p in probes
            ],
        },
        option=orjson.OPT_INDENT_2,
    ).decode()
