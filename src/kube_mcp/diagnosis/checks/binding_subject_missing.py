from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer


@check("RoleBinding", "ClusterRoleBinding", needs=["ServiceAccount"])
def binding_subject_missing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A binding grants a role to a service account that does not exist.

    What it detects: ServiceAccount subjects that are not there. A note: leftovers are common, and
    the workload that misses the account has a finding of its own.

    Why it matters: a subject in the wrong namespace is the usual reason why an account that exists
    is refused.

    Where it cannot tell: users and groups are not objects; and Kubernetes itself binds roles to
    controllers' accounts that some clusters do not have.
    """
    name = dig_str(obj, "metadata", "name")
    if name.startswith("system:"):
        return
    missing = []
    for each in dig_list(obj, "subjects"):
        if dig_str(each, "kind") != "ServiceAccount":
            continue
        namespace = dig_str(each, "namespace") or dig_str(obj, "metadata", "namespace")
        if scene.lacks("ServiceAccount", namespace, dig_str(each, "name")):
            missing.append(refer("ServiceAccount", namespace, dig_str(each, "name")))
    if not missing:
        return
    elsewhere = [
        ref_to(other).full
        for other in scene.seen("ServiceAccount")
        if dig_str(other, "metadata", "name") == missing[0].name
    ]
    yield Finding(
        ref=ref_to(obj),
        severity=INFO,
        title=f"binds {listed(each.full for each in missing)}, which does not exist",
        evidence=evidence(
            ("subjects", listed(each.full for each in missing)),
            ("accounts of that name", listed(elsewhere) if elsewhere else None),
        ),
        next="Correct the subject's namespace or name, or remove the binding.",
    )
