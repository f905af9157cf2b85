from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.refusals import CREATORS, refusal, short
from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer

_CONFIGURATIONS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")


@check(*CREATORS, optional=["Event", *_CONFIGURATIONS])
def webhook_refuses_pods(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A workload's pods are refused by an admission webhook, or because it does not answer.

    What it detects: "admission webhook … denied" or "failed calling webhook" in the API server's
    answer to the controller, and which configuration the webhook belongs to. Three or more
    workloads that one webhook fails are told as one.

    Why it matters: a webhook that is down and fails closed stops every new pod it is asked about,
    its own among them.

    Where it cannot tell: why a policy denies; its message is quoted.
    """
    found = refusal(obj, scene)
    if found is None or found.kind != "webhook":
        return
    match = re.search(r'webhook "([^"]+)"', found.message)
    name = match[1] if match else ""
    failed = "failed calling webhook" in found.message
    owners = list(_owners(name, scene))
    service = re.search(r"https?://([a-z0-9-]+)\.([a-z0-9-]+)\.svc", found.message)
    blames = [ref_to(each) for each in owners]
    if failed and service:
        blames.append(refer("Service", service[2], service[1]))
    yield Finding(
        ref=ref_to(obj),
        workload=controller_of(obj),
        severity=CRITICAL,
        title=f"its pods are refused: {quote(short(found.message))}",
        evidence=evidence(
            (found.path, found.message),
            *(
                (f"{ref_to(each).full} webhooks[{name}].failurePolicy", _policy(each, name))
                for each in owners
            ),
        ),
        since=found.since,
        blames=tuple(blames) if failed else (),
        shared=name if failed else "",
        next=_advice(name, found.message, owners, service)
        if failed
        else f"Change the pod template to what the webhook {name} allows.",
    )


def _advice(
    webhook: str, message: str, owners: Sequence[Obj], service: re.Match[str] | None
) -> str:
    """What to do about a webhook that could not be called, by what kept it from being called."""
    called = f"Service {service[2]}/{service[1]}" if service else f"service of {webhook}"
    if re.search(r"x509|tls: ", message):
        where = f"{owners[0].get('kind')} {ref_to(owners[0]).name}" if owners else webhook
        return f"Give {where} the CA of the {called}'s certificate, or renew that certificate."
    if re.search(r"deadline exceeded|[Tt]imeout exceeded|i/o timeout", message):
        return (
            f"Find out why the {called} takes so long: its pods, or a network policy before them."
        )
    return f"Bring the service behind the webhook {webhook} back."


def _owners(webhook: str, scene: Scene) -> Iterator[Obj]:
    for kind in _CONFIGURATIONS:
        for each in scene.seen(kind):
            if any(dig_str(hook, "name") == webhook for hook in dig_list(each, "webhooks")):
                yield each


def _policy(configuration: Obj, webhook: str) -> str:
    for hook in dig_list(configuration, "webhooks"):
        if dig_str(hook, "name") == webhook:
            return dig_str(hook, "failurePolicy") or "Fail"
    return ""
