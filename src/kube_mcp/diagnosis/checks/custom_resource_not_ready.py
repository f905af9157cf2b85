from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import ANY_CUSTOM_KIND, check
from kube_mcp.diagnosis.conditions import conditions, is_bad, is_stale, said, since
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.graph import flux, gateways
from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, key_of, ref_to

_PATIENCE_S = 300

# Kinds whose conditions have a check that knows what they mean, by their groups or keys.
_KNOWN = (
    *flux.ALL,
    *gateways.ROUTES,
    gateways.GATEWAY,
    ".cert-manager.io",
    ".acme.cert-manager.io",
    "ExternalSecret.external-secrets.io",
    "SecretStore.external-secrets.io",
    "SealedSecret.bitnami.com",
)


@check(ANY_CUSTOM_KIND)
def custom_resource_not_ready(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A custom resource says in its conditions that it is not well.

    What it detects: a condition of a well-known type (Ready, Available, Synced, … False; Stalled,
    Degraded, Failed … True) that has stood for five minutes, of any custom kind that has no check
    of its own.

    Why it matters: operators report their trouble here and nowhere else.

    Where it cannot tell: types that are not well known are not judged, whatever their status.
    """
    if key_of(obj).endswith(_KNOWN) or dig(obj, "metadata", "deletionTimestamp"):
        return
    if dig(obj, "spec", "suspend") is True or dig(obj, "spec", "paused") is True:
        return
    bad = [
        each
        for _, each in conditions(obj)
        if is_bad(each)
        and not is_stale(obj, each)
        and older_than(since(each) or created(obj), _PATIENCE_S, scene.now)
    ]
    if not bad:
        return
    # A message that says something is worth more than a bare Ready False.
    worst = max(bad, key=lambda each: len(dig_str(each, "message")))
    owner = controller_of(obj)
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        confidence=LIKELY,
        title=f"{dig_str(worst, 'type')} is {worst.get('status')}: {quote(said(worst), most=200)}",
        evidence=evidence(
            *(
                (
                    f"status.conditions[{dig_str(each, 'type')}]",
                    f"{each.get('status')} {said(each)}",
                )
                for each in bad[:3]
            )
        ),
        since=since(worst),
        explains=(owner,) if owner else (),
        next=f"Act on what the controller of {obj.get('kind')} says.",
    )
