"""What a registry answered when an image could not be pulled, and what that means."""

from __future__ import annotations

import re

from kube_mcp.diagnosis.events import events_about
from kube_mcp.diagnosis.pods import Container
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene

#: Why a container waits, while its image does not come.
PULLING = ("ImagePullBackOff", "ErrImagePull", "RegistryUnavailable", "ImageInspectError")

# What registries and runtimes answer, and what it means for whoever must act.
_MEANINGS: tuple[tuple[str, re.Pattern[str], str, str], ...] = (
    (
        "limit",
        re.compile(r"toomanyrequests|rate limit|429", re.IGNORECASE),
        "the registry's rate limit is reached",
        "Wait, pull with credentials, or use a mirror.",
    ),
    (
        "platform",
        re.compile(r"no match for platform|no matching manifest|exec format", re.IGNORECASE),
        "the image has no build for the node's architecture",
        "Build the image for the node's architecture, or select other nodes.",
    ),
    (
        "missing",
        re.compile(r"manifest unknown|not found|404|name unknown", re.IGNORECASE),
        "the registry has no such image or tag",
        "Correct the image's name or tag, or push it.",
    ),
    (
        "refused",
        re.compile(
            r"unauthori[sz]ed|authentication required|denied|forbidden|401|403|no basic auth"
            r"|authorization failed",
            re.IGNORECASE,
        ),
        "the registry refuses: no credentials, wrong ones, or no such repository",
        "Give the pod an image pull secret for this registry, or correct the repository's name.",
    ),
    (
        "dns",
        re.compile(r"no such host|lookup .* on |server misbehaving|name resolution", re.IGNORECASE),
        "the registry's host name does not resolve",
        "Correct the registry's host name, or the DNS of the node.",
    ),
    (
        "tls",
        re.compile(r"x509|certificate|tls: |server gave HTTP response to HTTPS", re.IGNORECASE),
        "the registry's TLS certificate is not accepted",
        "Make the node's runtime trust the registry's certificate.",
    ),
    (
        "unreachable",
        re.compile(r"timeout|timed out|deadline|i/o|connection refused|unreachable|EOF", re.I),
        "the registry cannot be reached from the node",
        "Check the way from the node to the registry: proxy, firewall, registry down.",
    ),
    (
        "disk",
        re.compile(r"no space left", re.IGNORECASE),
        "the node's disk is full",
        "Free disk space on the node.",
    ),
)


def answer(pod: Obj, container: Container, scene: Scene) -> tuple[str, str]:
    """The fullest account of the failure, and where it stands.

    The back-off's own message names only the image, so events are asked too.
    """
    image = dig_str(container.spec, "image")
    message = dig_str(container.waiting, "message")
    if verdict(message.replace(image, "") if image else message)[0]:
        return message, f"{container.path}.state.waiting.message"
    for event in events_about(pod, scene, "Failed", "FailedToPullImage"):
        if image in event.message and "ull" in event.message:
            return event.message, f"event {event.reason}"
    return message, f"{container.path}.state.waiting.message"


def verdict(message: str) -> tuple[str, str, str]:
    """What kind of failure a message tells of, what it means, and what to do; empty if unclear."""
    for kind, pattern, meaning, advice in _MEANINGS:
        if pattern.search(message):
            return kind, meaning, advice
    return "", "", ""
