from __future__ import annotations

import re
from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.flux_failure import failure
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.graph.flux import HELM_CHART, SOURCES, is_suspended, source_of
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to, refer
from kube_mcp.words.times import parse_time

_MEANINGS = (
    (
        re.compile(r"secrets? \"[^\"]+\" not found|failed to get (secret|authentication)", re.I),
        "the Secret with its credentials does not exist",
        "Create the Secret that spec.secretRef names.",
    ),
    (
        re.compile(r"authenticat|authorization|unauthori[sz]ed|denied|401|403|permission", re.I),
        "the credentials are refused",
        "Renew the credentials in the Secret that spec.secretRef names.",
    ),
    (
        re.compile(r"no such host|server misbehaving", re.I),
        "the host name does not resolve",
        "Correct the host in the URL, or the cluster's DNS.",
    ),
    (
        re.compile(r"x509|certificate|tls:", re.I),
        "the TLS certificate is not accepted",
        "Give the source the right CA in its certificate Secret.",
    ),
    (
        re.compile(r"signature|verif|cosign|notation", re.I),
        "the signature cannot be verified",
        "Check who signed the revision, and the public key in spec.verify.",
    ),
    (
        re.compile(r"couldn't find remote ref|reference not found|unable to .*ref", re.I),
        "the branch, tag or commit does not exist",
        "Correct spec.ref.",
    ),
    (
        re.compile(r"no (chart|matching|match)|no .* version|semver|not found|404|unknown", re.I),
        "the repository, chart or version does not exist",
        "Correct the URL, the chart's name or the version.",
    ),
    (
        re.compile(r"timeout|deadline|timed out|refused|unreachable|i/o|EOF", re.I),
        "the server cannot be reached",
        "Check the way from the cluster to the server.",
    ),
)


@check(*SOURCES, HELM_CHART, optional=["Secret"])
def flux_source_fails(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Flux source cannot be fetched.

    What it detects: a GitRepository, OCIRepository, HelmRepository, HelmChart or Bucket that is not
    ready, and why: credentials, host name, TLS, signature, missing reference or version, timeout.

    Why it matters: everything that comes from it stays at the revision it had, silently.

    Where it cannot tell: what the server means by its answer; many say "not found" for "not
    allowed".
    """
    if is_suspended(obj) or dig(obj, "metadata", "deletionTimestamp"):
        return
    kind, reason, message, moment = failure(obj)
    if not kind:
        return
    meaning, advice = next(
        ((text, tip) for pattern, text, tip in _MEANINGS if pattern.search(message)),
        ("", "Act on what Flux says."),
    )
    ref = ref_to(obj)
    secret = dig_str(obj, "spec", "secretRef", "name")
    above = source_of(obj)
    url = dig_str(obj, "spec", "url") or dig_str(obj, "spec", "chart")
    yield Finding(
        ref=ref,
        severity=CRITICAL,
        title=f"cannot be fetched{f': {meaning}' if meaning else ''}: {quote(message, most=160)}",
        evidence=evidence(
            (f"status.conditions[{kind}].reason", reason),
            (f"status.conditions[{kind}].message", message),
            ("spec.url" if dig_str(obj, "spec", "url") else "spec.chart", url),
            ("spec.ref", _ref(obj)),
            ("spec.secretRef.name", secret),
            ("status.artifact.revision", dig_str(obj, "status", "artifact", "revision")),
        ),
        since=parse_time(moment),
        blames=(
            *((refer("Secret", ref.namespace, secret),) if secret else ()),
            *((above[1],) if above else ()),
        ),
        next=advice,
    )


def _ref(obj: Obj) -> str:
    found = dig(obj, "spec", "ref", default={})
    return (
        ", ".join(f"{key} {value}" for key, value in found.items())
        if isinstance(found, dict)
        else ""
    )
