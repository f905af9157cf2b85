from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to


@check("RoleBinding", "ClusterRoleBinding", optional=["Role", "ClusterRole"])
def role_missing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A binding grants a role that does not exist, so it grants nothing.

    What it detects: ``roleRef`` naming a Role or ClusterRole that is not there.

    Why it matters: whoever it was meant for is refused, and the binding looks right.

    Where it cannot tell: where roles may not be listed it says nothing.
    """
    kind, name = dig_str(obj, "roleRef", "kind"), dig_str(obj, "roleRef", "name")
    namespace = dig_str(obj, "metadata", "namespace") if kind == "Role" else ""
    if kind not in ("Role", "ClusterRole") or not scene.lacks(kind, namespace, name):
        return
    subjects = [
        f"{dig_str(each, 'kind')} {dig_str(each, 'name')}" for each in dig_list(obj, "subjects")
    ]
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        title=f"grants the {kind} {name}, which does not exist, to {listed(subjects)}",
        evidence=evidence(("roleRef", f"{kind} {name}"), ("subjects", listed(subjects))),
        next=f"Create the {kind} {name}, or bind another one; roleRef cannot be changed.",
    )
