from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.refusals import (
    CREATORS,
    WEBHOOKS,
    causes,
    configurations_of,
    refusal,
    service_called,
    short,
)
from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to


@check(*CREATORS, optional=["Event", *WEBHOOKS])
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
    owners = list(configurations_of(name, scene))
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
        blames=tuple(causes(found.message, dig_str(obj, "metadata", "namespace"), scene)),
        shared=name if failed else "",
        next=_advice(name, found.message, owners)
        if failed
        else f"Change the pod template to what the webhook {name} allows.",
    )


def _advice(webhook: str, message: str, owners: Sequence[Obj]) -> str:
    """What to do about a webhook that could not be called, by what kept it from being called."""
    service = service_called(message)
    called = service.full if service else f"service of {webhook}"
    if re.search(r"x509|tls: ", message):
        where = f"{owners[0].get('kind')} {ref_to(owners[0]).name}" if owners else webhook
        return f"Give {where} the CA of the {called}'s certificate, or renew that certificate."
    if re.search(r"deadline exceeded|[Tt]imeout exceeded|i/o timeout", message):
        return (
            f"Find out why the {called} takes so long: its pods, or a network policy before them."
        )
    return f"Bring the service behind the webhook {webhook} back."


def _policy(configuration: Obj, webhook: str) -> str:
    for hook in dig_list(configuration, "webhooks"):
        if dig_str(hook, "name") == webhook:
            return dig_str(hook, "failurePolicy") or "Fail"
    return ""
