"""Kubernetes quantities, as far as CPU and memory use them."""

from __future__ import annotations

import re
from typing import Any

_QUANTITY = re.compile(r"([0-9.]+)\s*(n|u|m|k|K|M|G|T|Ki|Mi|Gi|Ti|kB|KB|MB|GB|B|)")
_FACTORS = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "B": 1,
    "k": 1e3, "K": 1e3, "kB": 1e3, "KB": 1e3, "M": 1e6, "MB": 1e6, "G": 1e9, "GB": 1e9, "T": 1e12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip


def parse(value: Any) -> float:
    """``250m`` is 0.25, ``64Mi`` is 67108864. Raises ``ValueError``."""
    match = _QUANTITY.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"'{value}' is not a quantity: write for example 250m, 2, 64Mi or 50MB.")
    return float(match[1]) * _FACTORS[match[2]]


def cores(value: Any) -> int:
    """CPU in nanocores."""
    return round(parse(value) * 1_000_000_000)


def parse_bytes(value: Any) -> int:
    """Memory or size in bytes."""
    return round(parse(value))
