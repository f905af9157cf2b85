"""Names, uids and addresses that look like a cluster's and are the same every time."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

# Kubernetes' own alphabet for generated names: no vowels, so that no words come out.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def of(obj: dict[str, Any]) -> str:
    """The object's name."""
    return str(obj["metadata"]["name"])


def uid(*parts: str) -> str:
    """A uid that depends on the parts alone."""
    digest = blake2b("/".join(parts).encode(), digest_size=16).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))


def suffix(seed: str, length: int = 5) -> str:
    """What a controller appends to a name."""
    digest = blake2b(seed.encode(), digest_size=length).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest)


def number(seed: str, below: int) -> int:
    """A number that depends on the seed alone."""
    return int.from_bytes(blake2b(seed.encode(), digest_size=4).digest(), "big") % below


def image_id(image: str) -> str:
    """The digest an image would have been pulled with."""
    repository = image.rpartition(":")[0]
    return f"{repository}@sha256:{blake2b(image.encode(), digest_size=32).hexdigest()}"


def container_id(seed: str) -> str:
    """A container runtime's id."""
    return f"containerd://{blake2b(seed.encode(), digest_size=32).hexdigest()}"
