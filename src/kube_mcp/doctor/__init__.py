"""Ordered probes that replace a page of troubleshooting: each says what it proved, or what to do.

The same command runs on a laptop, in an init container and by ``kubectl exec``. It changes nothing,
and prints no secret.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from kube_mcp.contradictions import check, loaded
from kube_mcp.doctor.clusters import probe_clusters
from kube_mcp.doctor.probe import Probe
from kube_mcp.doctor.report import report_json, report_text
from kube_mcp.doctor.sign_in import probe_sign_in
from kube_mcp.errors import SettingsError
from kube_mcp.settings import Settings


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
        settings = loaded(load, listens=True)
        check(settings, listens=True)
    except SettingsError as error:
        detail = "\n".join(error.problems)
        return [Probe("settings", "failed", detail, error.hint or "Correct the settings named.")]
    probes.append(Probe("settings", "ok", _settings_in_words(settings)))
    probes += [probe async for probe in probe_clusters(settings, environ, now)]
    probes += [probe async for probe in probe_sign_in(settings, now)]
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


__all__ = ["Probe", "examine", "report_json", "report_text"]
