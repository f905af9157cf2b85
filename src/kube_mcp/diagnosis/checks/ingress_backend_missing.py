from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.backends import is_external, offers, ports_text
from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.errors import suggest
from kube_mcp.graph.ingresses import backends
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to, refer


@check("Ingress", needs=["Service"])
def ingress_backend_missing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """An Ingress routes to a Service, or a port of one, that does not exist.

    What it detects: backends whose Service is not in the Ingress's namespace, and ports (by number
    or by name) that the Service does not offer.

    Why it matters: requests for that host and path get an error from the controller.

    Where it cannot tell: backends that are other resources than Services are not looked into.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    namespace = dig_str(obj, "metadata", "namespace")
    told: set[tuple[str, object]] = set()
    for each in backends(obj):
        service = scene.get("Service", namespace, each.service)
        missing_port = (
            service is not None
            and not is_external(service)
            and each.port is not None
            and not offers(service, each.port)
        )
        if (service is not None and not missing_port) or (each.service, each.port) in told:
            continue
        told.add((each.service, each.port))
        names = [dig_str(item, "metadata", "name") for item in scene.inside("Service", namespace)]
        yield Finding(
            ref=ref_to(obj),
            part=f"{each.service}:{each.port}",
            severity=CRITICAL,
            title=f"{each.host}{each.path} goes to the Service {each.service}, which "
            + (
                f"has no port {each.port}, only {ports_text(service)}"
                if service is not None
                else "does not exist"
            ),
            evidence=evidence(
                (f"{each.where}.service", f"{each.service}:{each.port}"),
                (f"Service {each.service} spec.ports", ports_text(service))
                if service is not None
                else (f"Services in {namespace}", listed(names)),
            ),
            blames=(refer("Service", namespace, each.service),),
            next=f"Set the port to one that {each.service} offers."
            if service is not None
            else f"Create the Service {each.service}, or correct its name. "
            f"{suggest(each.service, names, most=1)}".strip(),
        )
