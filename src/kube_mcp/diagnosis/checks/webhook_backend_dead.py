from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.backends import (
    has_ready,
    is_settled_behind,
    offers,
    ports_text,
    selected_pods,
    templates_selected,
)
from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, INFO, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.objects import Obj, dig_int, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer


@check(
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    needs=["Service", "Pod"],
    optional=["EndpointSlice", "Deployment", "StatefulSet", "DaemonSet"],
)
def webhook_backend_dead(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """An admission webhook's Service does not exist or has nothing ready behind it.

    What it detects: webhooks whose Service or port is missing or without a ready pod. With the
    policy Fail it is critical; with Ignore a note.

    Why it matters: with the policy Fail the API server refuses every object the webhook is asked
    about, often all new pods, among them the webhook's own.

    Where it cannot tell: webhooks reached by URL, and namespaces that were not read.
    """
    told = set()
    for index, each in enumerate(dig_list(obj, "webhooks")):
        namespace = dig_str(each, "clientConfig", "service", "namespace")
        name = dig_str(each, "clientConfig", "service", "name")
        fails = (dig_str(each, "failurePolicy") or "Fail") == "Fail"
        if not name or (namespace, name) in told:
            continue
        service = scene.peek("Service", namespace, name)
        port = dig_int(each, "clientConfig", "service", "port", default=443)
        below = [refer("Service", namespace, name)]
        if service is None:
            if not scene.lacks("Service", namespace, name):
                continue
            why = "does not exist"
        elif not offers(service, port):
            why = f"has no port {port}, only {ports_text(service)}"
        elif has_ready(service, scene) is False:
            pods = selected_pods(service, scene)
            if not is_settled_behind(service, scene):
                continue
            why = "has nothing ready behind it"
            below += [*map(ref_to, pods), *templates_selected(service, scene)]
        else:
            continue
        told.add((namespace, name))
        resources = [
            str(resource)
            for rule in dig_list(each, "rules")
            for resource in dig_list(rule, "resources")
        ]
        yield Finding(
            ref=ref_to(obj),
            part=f"{namespace}/{name}",
            severity=CRITICAL if fails else INFO,
            symptom=why.startswith("has nothing"),
            title=f"its webhook {dig_str(each, 'name')} asks the Service {namespace}/{name}, which "
            f"{why}{'; requests are refused meanwhile' if fails else ''}",
            evidence=evidence(
                (f"webhooks[{index}].clientConfig.service", f"{namespace}/{name}:{port}"),
                (f"webhooks[{index}].failurePolicy", dig_str(each, "failurePolicy") or "Fail"),
                (f"webhooks[{index}].rules resources", listed(resources)),
            ),
            blames=tuple(below),
            next=f"Bring back the Service {namespace}/{name}, or remove the configuration.",
        )
