from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import pod_template
from kube_mcp.diagnosis.refusals import CREATORS, refusal
from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Obj, dig_int, dig_str
from kube_mcp.scene import Scene, key_of, ref_to


@check(*CREATORS, "Deployment", optional=["Event", "ServiceAccount"])
def service_account_missing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A workload runs as a service account that does not exist.

    What it detects: "service account … not found" in the API server's answer to the controller,
    and a pod template that names a service account the namespace does not have.

    Why it matters: no new pod of the workload can be created; pods from before keep running, so
    it often shows up at the next rollout.

    Where it cannot tell: where service accounts may not be listed, only a refusal shows it.
    """
    namespace = dig_str(obj, "metadata", "namespace")
    name = dig_str(pod_template(obj), "spec", "serviceAccountName")
    found = refusal(obj, scene)
    refused = found is not None and found.kind == "service-account"
    wanted = dig_int(obj, "spec", "replicas", default=1) > 0
    # A Job that is over needs its account no more.
    wanted = wanted and not (key_of(obj) == "Job" and dig_int(obj, "status", "active") == 0)
    missing = bool(name) and wanted and scene.lacks("ServiceAccount", namespace, name)
    if not refused and not missing:
        return
    yield Finding(
        ref=ref_to(obj),
        workload=controller_of(obj),
        severity=CRITICAL,
        title=f"runs as the service account {name or 'it names'}, which does not exist",
        evidence=evidence(
            ("spec.template.spec.serviceAccountName", name),
            (found.path, found.message) if found and refused else ("", ""),
        ),
        since=found.since if found and refused else None,
        shared=f"{namespace}/{name}" if name else "",
        next=f"Create the service account {name} in {namespace}, or correct the name.",
    )
