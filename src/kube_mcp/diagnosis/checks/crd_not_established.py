from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, said, since
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed, quote
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer

_SETTLED_S = 60


@check("CustomResourceDefinition", optional=["Service"])
def crd_not_established(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A custom resource definition is not served, or not safely.

    What it detects: NamesAccepted or Established False, a schema that is not structural, a version
    still stored that is no longer defined, and a conversion webhook whose Service is gone.

    Why it matters: its objects cannot be read or written, and its controller fails at start.

    Where it cannot tell: whether objects stored in an old version really exist.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    for kind, bad in (
        ("NamesAccepted", "False"),
        ("Established", "False"),
        ("NonStructuralSchema", "True"),
    ):
        found = condition(obj, kind)
        if found.get("status") != bad:
            continue
        installing = kind == "Established"
        if installing and not older_than(since(found) or created(obj), _SETTLED_S, scene.now):
            continue
        yield Finding(
            ref=ref_to(obj),
            severity=WARNING,
            title=f"is not served as it should be: {quote(said(found), most=200)}",
            evidence=evidence((f"status.conditions[{kind}]", f"{bad} {said(found)}")),
            since=since(found),
            next="Correct the definition; two definitions may claim the same names."
            if kind != "NonStructuralSchema"
            else "Correct the schema.",
        )
        return
    defined = [dig_str(each, "name") for each in dig_list(obj, "spec", "versions")]
    stored = [str(each) for each in dig_list(obj, "status", "storedVersions")]
    lost = [each for each in stored if each not in defined]
    service = dig(obj, "spec", "conversion", "webhook", "clientConfig", "service")
    namespace, name = dig_str(service, "namespace"), dig_str(service, "name")
    converts = dig_str(obj, "spec", "conversion", "strategy") == "Webhook"
    if lost and defined:
        yield Finding(
            ref=ref_to(obj),
            severity=WARNING,
            title=f"objects may be stored in {listed(lost)}, which it no longer defines",
            evidence=evidence(
                ("status.storedVersions", listed(stored)), ("spec.versions", listed(defined))
            ),
            next="Define the version again, and move the stored objects to a newer one.",
        )
    elif converts and name and scene.lacks("Service", namespace, name):
        yield Finding(
            ref=ref_to(obj),
            severity=WARNING,
            title=f"converts by a webhook whose Service {namespace}/{name} does not exist",
            evidence=evidence(
                ("spec.conversion.webhook.clientConfig.service", f"{namespace}/{name}")
            ),
            blames=(refer("Service", namespace, name),),
            next=f"Bring back the Service {namespace}/{name}.",
        )
