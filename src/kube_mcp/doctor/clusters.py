"""One cluster after another: credentials, API server, clock, discovery, rights, metrics."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta

from kube_mcp.access.cluster import Cluster
from kube_mcp.access.clusters import Clusters, ClusterSource
from kube_mcp.access.policy import Policy
from kube_mcp.doctor.denials import denied_kinds
from kube_mcp.doctor.fence import may_not_write, secrets_stay_closed
from kube_mcp.doctor.granted import rights
from kube_mcp.doctor.impersonation import may_impersonate
from kube_mcp.doctor.probe import Probe
from kube_mcp.doctor.reading import may_read
from kube_mcp.errors import KubeMcpError
from kube_mcp.kube.discovery import Discovered
from kube_mcp.objects import dig_str
from kube_mcp.settings import Settings
from kube_mcp.sources import cluster_sources, guard_options

#: Clocks further apart than this break token times; OIDC libraries forgive at most this much.
MAX_SKEW_S = 30.0

#: Said beforehand. A projected token is renewed by the kubelet long before, so its end is news
#: only once it is past.
SOON = {"client certificate": timedelta(days=14), "token": timedelta(0)}
RENEW = (
    "Get new ones: sign in again, or copy the kubeconfig anew (kubeadm certs renew makes new "
    "certificates); in a pod, look whether its token is mounted."
)

_METRICS = "metrics.k8s.io"


async def probe_clusters(
    settings: Settings, environ: Mapping[str, str], now: Callable[[], datetime]
) -> AsyncIterator[Probe]:
    """The probes of every cluster served."""
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
            yield _credentials(source, at, now())
            cluster = await clusters.open_own(source.name)
            async for probe in _cluster(cluster, settings, at, now):
                yield probe
    finally:
        await clusters.aclose()


def _credentials(source: ClusterSource, at: str, now: datetime) -> Probe:
    end = source.first_end() if source.first_end is not None else None
    loaded = f"loaded for {source.described}"
    if end is None or end.at > now + SOON[end.what]:
        return Probe(f"credentials{at}", "ok", loaded)
    ends = f"the {end.what} {{}} on {end.at:%Y-%m-%d at %H:%M} UTC"
    if end.at > now:
        return Probe(f"credentials{at}", "warning", f"{loaded}; {ends.format('ends')}", RENEW)
    return Probe(f"credentials{at}", "failed", f"{loaded}; {ends.format('ended')}", RENEW)


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
    yield _discovery(served, at)
    if denials := denied_kinds(settings, served.types, at):
        yield denials
    if settings.cluster.snapshot:
        return
    me, probe = await _identity(cluster, at)
    yield probe
    if settings.cluster.identity == "service-account":
        yield await may_read(cluster, settings, served.types, me, at)
    else:
        yield Probe(
            f"may read{at}", "skipped",
            f"identity mode '{settings.cluster.identity}' reads as the caller, whose rights count",
        )  # fmt: skip
    async for each in _rights(cluster, settings, _minor(version), at):
        yield each
    yield _metrics(served, at)


async def _rights(
    cluster: Cluster, settings: Settings, minor: int, at: str
) -> AsyncIterator[Probe]:
    shown = Policy(namespaces_allow=settings.policy.namespaces_allow).exact_namespaces() or ()
    try:
        granted = await rights(cluster, more=shown)
    except KubeMcpError as error:
        yield Probe(f"may not write{at}", "skipped", error.message, error.hint)
        return
    yield may_not_write(granted, settings, at)
    yield secrets_stay_closed(granted, settings, at)
    if settings.cluster.identity == "impersonate":
        yield may_impersonate(granted, settings, minor, at)


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


def _discovery(served: Discovered, at: str) -> Probe:
    if not served.failed:
        return Probe(f"discovery{at}", "ok", f"{len(served.types)} kinds")
    broken = "; ".join(f"{group}: {why}" for group, why in sorted(served.failed.items()))
    return Probe(
        f"discovery{at}", "warning", f"{len(served.types)} kinds; not read: {broken}",
        "Look why: kubectl get apiservices | grep False",
    )  # fmt: skip


async def _identity(cluster: Cluster, at: str) -> tuple[str, Probe]:
    try:
        me = dig_str(await cluster.who_am_i(), "username")
    except KubeMcpError as error:
        found = Probe(f"identity{at}", "warning", f"not known: {error.message}", error.hint)
        return "", found
    return me, Probe(f"identity{at}", "ok", f"the API server calls this {me}")


def _metrics(served: Discovered, at: str) -> Probe:
    if any(each.group == _METRICS for each in served.types):
        return Probe(f"metrics API{at}", "ok", "served")
    if any(name.partition("/")[0] == _METRICS for name in served.failed):
        return Probe(
            f"metrics API{at}", "warning", "installed, but does not answer: top shows no usage",
            "Look why: kubectl describe apiservice v1beta1.metrics.k8s.io",
        )  # fmt: skip
    return Probe(
        f"metrics API{at}", "warning", "not served: top shows requests and limits, but no usage",
        "Install metrics-server for usage.",
    )  # fmt: skip


def _minor(version: str) -> int:
    found = re.match(r"v1\.(\d+)", version)
    return int(found.group(1)) if found else 0
