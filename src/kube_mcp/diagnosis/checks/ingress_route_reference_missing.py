from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.backends import is_external, offers, ports_text
from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.graph.certificates import issuing
from kube_mcp.graph.traefik import (
    ALL_ROUTES,
    MIDDLEWARE,
    MIDDLEWARE_TCP,
    TRAEFIK_SERVICE,
    middlewares_of,
    services_of,
    traefik_services_of,
)
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, key_for, ref_to, refer


@check(
    *ALL_ROUTES,
    optional=[
        "Service",
        MIDDLEWARE,
        MIDDLEWARE_TCP,
        TRAEFIK_SERVICE,
        "Secret",
        "Certificate.cert-manager.io",
    ],
)
def ingress_route_reference_missing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Traefik route names a Service, port, middleware or TLS Secret that does not exist.

    What it detects: in an IngressRoute, IngressRouteTCP or IngressRouteUDP, Services,
    TraefikServices and middlewares that are not there, ports that the Service does not offer, and a
    missing TLS Secret.

    Why it matters: Traefik drops the whole route for a missing middleware or Service, and serves
    its default certificate for a missing Secret; these routes have no status, so only Traefik's
    log says so.

    Where it cannot tell: names with an ``@`` belong to Traefik's other providers and are not
    looked into, nor are namespaces that were not read.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    ref = ref_to(obj)
    for each in (*services_of(obj), *traefik_services_of(obj), *middlewares_of(obj)):
        target = f"{each.ref.kind} {each.ref.namespace}/{each.ref.name}"
        key = key_for(each.ref.kind, each.ref.group)
        service = scene.peek("Service", each.ref.namespace, each.ref.name)
        if scene.lacks(key, each.ref.namespace, each.ref.name):
            title = f"names the {target}, which does not exist; Traefik drops the route"
            advice = f"Create the {each.ref.kind} {each.ref.name}, or correct {each.where}."
        elif (
            each.ref.kind == "Service"
            and service is not None
            and each.port is not None
            and not is_external(service)
            and not offers(service, each.port)
        ):
            title = f"names port {each.port} of the {target}, which has only {ports_text(service)}"
            advice = f"Set the port to one that {each.ref.name} offers."
        else:
            continue
        yield Finding(
            ref=ref,
            part=str(each.ref),
            severity=CRITICAL,
            title=title,
            evidence=evidence((each.where, f"{target}{f':{each.port}' if each.port else ''}")),
            blames=(each.ref,),
            next=advice,
        )
    secret = dig_str(obj, "spec", "tls", "secretName")
    if secret and scene.lacks("Secret", ref.namespace, secret):
        yield Finding(
            ref=ref,
            part=f"tls {secret}",
            severity=WARNING,
            title=f"its TLS Secret {secret} does not exist; Traefik serves its default certificate",
            evidence=evidence(("spec.tls.secretName", secret)),
            blames=(
                refer("Secret", ref.namespace, secret),
                *map(ref_to, issuing(ref.namespace, secret, scene)),
            ),
            next=f"Create the Secret {secret} in {dig_str(obj, 'metadata', 'namespace')}.",
        )
