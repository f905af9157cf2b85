from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.aliases import alias_of
from kube_mcp.diagnosis.backends import is_external
from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import alike, evidence, listed
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to


@check("Service", optional=["Namespace"])
def service_alias_to_nowhere(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Service is an alias of another Service, which does not exist.

    What it detects: type ExternalName with a host of this cluster (``name.namespace.svc``, also with
    ``cluster.local``) whose Service, or namespace, is not there, with similar names there.

    Why it matters: the name resolves to nothing, which looks like a broken DNS to who asks for it.

    Where it cannot tell: hosts outside of the cluster, or below another cluster domain, are not
    looked into.
    """
    if not is_external(obj) or dig(obj, "metadata", "deletionTimestamp"):
        return
    target = alias_of(obj)
    if target is None:
        return
    homeless = scene.lacks("Namespace", "", target.namespace)
    if not homeless and not scene.lacks("Service", target.namespace, target.name):
        return
    near = [
        name
        for each in scene.seen("Service")
        if dig_str(each, "metadata", "namespace") == target.namespace
        and alike(name := dig_str(each, "metadata", "name"), target.name)
    ]
    what = f"namespace {target.namespace}" if homeless else target.full
    none = f"; there is no {what}" if homeless else ", which does not exist"
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        title=f"is an alias of {target.full}{none}",
        evidence=evidence(
            ("spec.externalName", dig_str(obj, "spec", "externalName")),
            ("similar there", listed(near) if near else None),
        ),
        blames=(target,),
        next=f"Correct spec.externalName, or create the {what}.",
    )
