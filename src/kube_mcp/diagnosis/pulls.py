"""What a registry answered when an image could not be pulled, and what that means."""

from __future__ import annotations

import re

from kube_mcp.diagnosis.events import events_about
from kube_mcp.diagnosis.pods import Container
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene

#: Why a container waits, while its image does not come.
PULLING = (
    "ErrImagePull",
    "ImageInspectError",
    "ImagePullBackOff",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)

# What registries and runtimes answer, and what it means for whoever must act.
_MEANINGS: tuple[tuple[str, re.Pattern[str], str, str], ...] = (
    (
        "limit",
        re.compile(r"toomanyrequests|rate limit|\b429\b", re.IGNORECASE),
        "the registry's rate limit is reached",
        "Wait, pull with credentials, or use a mirror.",
    ),
    (
        "platform",
        re.compile(
            r"no match for platform|no matching manifest|no image found in (image index|manifest)"
            r"|does not match the (host|specified) platform|exec format",
            re.IGNORECASE,
        ),
        "the image has no build for the node's architecture",
        "Build the image for the node's architecture, or select other nodes.",
    ),
    (
        "signature",
        re.compile(r"signature", re.IGNORECASE),
        "the node's policy does not accept its signature",
        "Sign the image with a key that the node's policy trusts, or correct the policy.",
    ),
    (
        "format",
        re.compile(r"prettyjws|manifest\.v1|unsupported (media|manifest)", re.IGNORECASE),
        "the image is of a format that the node's runtime no longer reads",
        "Build and push the image again with a current tool.",
    ),
    (
        "missing",
        re.compile(
            r"manifest unknown|not found|\b404\b|name unknown|does not exist or no pull access",
            re.IGNORECASE,
        ),
        "the registry has no such image or tag",
        "Correct the image's name or tag, or push it.",
    ),
    (
        "refused",
        re.compile(
            r"unauthori[sz]ed|authentication required|denied|forbidden|\b40[13]\b|no basic auth"
            r"|authorization failed",
            re.IGNORECASE,
        ),
        "the registry refuses: no credentials, wrong ones, or no such repository",
        "Give the pod an image pull secret for this registry, or correct the repository's name.",
    ),
    (
        "down",
        re.compile(r"\b50[0234]\b|bad gateway|service unavailable|internal server", re.IGNORECASE),
        "the registry answers with an error of its own",
        "Look at the registry: it is reached, and is not well.",
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

_DIGEST = re.compile(r"\b(sha256:)?[0-9a-f]{16,}\b")

#: Failures of the registry as a whole: every image of it fails alike, whoever asks for it.
OF_THE_REGISTRY = ("limit", "down", "dns", "tls", "unreachable")


def registry_of(image: str) -> str:
    """The host that an image is pulled from."""
    host, slash, _ = image.partition("/")
    return host if slash and ("." in host or ":" in host or host == "localhost") else "docker.io"


def _names_of(image: str) -> re.Pattern[str]:
    """An image's name wherever a message repeats it: whole, its path in a URL, its tag after it."""
    name, _, digest = image.partition("@")
    path, _, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "")
    inner = path.partition("/")[2] or path
    parts = [image, name, path, inner, *([f"manifests/{tag}"] if tag else []), digest]
    return re.compile(rf"(?<!\w)({'|'.join(re.escape(each) for each in parts if each)})(?!\w)")


def answer(pod: Obj, container: Container, scene: Scene) -> tuple[str, str]:
    """The fullest account of the failure, and where it stands.

    The back-off's own message names only the image, so events are asked too.
    """
    image = dig_str(container.spec, "image")
    message = dig_str(container.waiting, "message")
    if verdict(message, image)[0]:
        return message, f"{container.path}.state.waiting.message"
    for event in events_about(pod, scene, "Failed", "FailedToPullImage"):
        if image in event.message and "ull" in event.message:
            return event.message, f"event {event.reason}"
    return message, f"{container.path}.state.waiting.message"


def verdict(message: str, image: str = "") -> tuple[str, str, str]:
    """What kind of failure a message tells of, what it means, and what to do; empty if unclear.

    The image's own name and digests are no part of the answer: a tag may read 404.
    """
    said = _names_of(image).sub(" ", message) if image else message
    said = _DIGEST.sub(" ", said)
    for kind, pattern, meaning, advice in _MEANINGS:
        if pattern.search(said):
            return kind, meaning, advice
    return "", "", ""
