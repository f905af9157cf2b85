"""Sign-in: the client secrets that are needed, and the identity provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime

from kube_mcp.doctor.probe import Probe
from kube_mcp.errors import KubeMcpError
from kube_mcp.settings import IssuerSettings, Settings
from kube_mcp.sources import auth_config, client_secrets, provider_proxy, shared_names

_MOUNT = (
    "Mount the Secret there (in the chart: clientSecrets.existingSecret; docs/deploy.md, step 3). "
    "It is read anew for every use, so nothing has to be restarted."
)


async def probe_sign_in(settings: Settings, now: Callable[[], datetime]) -> AsyncIterator[Probe]:
    """One probe for each client secret that is needed, one for the provider, one for its clock."""
    config = auth_config(settings)
    if config is None:
        yield Probe("sign-in", "skipped", "no issuer is configured: nobody signs in")
        return
    from kube_mcp.auth.assemble import assemble
    from kube_mcp.auth.provider import open_session

    for setting, file in client_secrets(settings):
        yield await _secret(setting, file)
    if shared := shared_names(settings):
        yield Probe(
            "sign-in", "warning", shared,
            "Right for one provider with two addresses; run a server for each of two providers.",
        )  # fmt: skip
    session = open_session()
    try:
        verifier = assemble(config, session, proxy_for=provider_proxy)
        problems = await verifier.problems()
        await verifier.aclose()
    finally:
        await session.close()
    if problems:
        yield Probe(
            "identity provider", "failed", "\n".join(problems),
            "Until then nobody can sign in. The server runs on, and notices by itself when this is "
            "put right.",
        )  # fmt: skip
    else:
        names = ", ".join(each.issuer for each in config.issuers)
        yield Probe("identity provider", "ok", f"metadata and signing keys read: {names}")
        for issuer in settings.auth.issuers:
            yield await _clock(issuer, settings.auth.leeway_s, now)


async def _clock(issuer: IssuerSettings, leeway_s: float, now: Callable[[], datetime]) -> Probe:
    """Whether tokens are judged by a clock like the one they are made by."""
    from kube_mcp.auth.outside import clock

    name = "identity provider's clock"
    there = await clock(issuer.issuer, ca_file=issuer.ca_file)
    if there is None:
        return Probe(name, "skipped", "it does not say what time it is")
    apart = (there - now()).total_seconds()
    if abs(apart) <= leeway_s + 1:  # it says whole seconds
        return Probe(name, "ok", "agrees with this one")
    what, how = (
        ("ahead of", "are refused as not valid yet") if apart > 0
        else ("behind", "end sooner here than it says")
    )  # fmt: skip
    return Probe(
        name, "warning",
        f"{abs(apart):.0f} s {what} this one: tokens {how}",
        "Synchronise both clocks (NTP); auth.leeway_s forgives a few seconds.",
    )  # fmt: skip


async def _secret(setting: str, file: str) -> Probe:
    from kube_mcp.auth.secret_file import SecretFile

    if not file:
        return Probe("client secret", "failed", f"{setting} is not set", "Name the file with it.")
    try:
        await SecretFile(file).read()
    except KubeMcpError as error:
        return Probe("client secret", "failed", error.message, error.hint or _MOUNT)
    return Probe("client secret", "ok", f"read from {file}")
