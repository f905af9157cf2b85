"""Kubernetes quantities: ``250m`` of a core, ``128Mi`` of memory, ``1e3`` of anything.

The grammar is apimachinery's ``resource.Quantity``: a decimal number, then nothing, a decimal
suffix (``n u m k M G T P E``), a binary one (``Ki Mi Gi Ti Pi Ei``) or an exponent (``e3``).

`parse` is strict and for what a person typed. `cpu`, `bytes_` and `number` are for what a cluster
holds: custom resources put anything into these fields, so what is no quantity gives ``None``,
which a caller can tell from a real zero.
"""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal
from functools import lru_cache

from kube_mcp.errors import InputError

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))"
    r"(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,3})?",
    re.ASCII,
)
_SCALE = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal("1e3"),
    "M": Decimal("1e6"),
    "G": Decimal("1e9"),
    "T": Decimal("1e12"),
    "P": Decimal("1e15"),
    "E": Decimal("1e18"),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}
_BYTE_UNITS = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")

# The API server caps quantities here too. It also keeps `1e999` from becoming a thousand-digit int.
_LARGEST = Decimal(2**63 - 1)

# Longer than any quantity the API server writes; bounds the work done on hostile text.
_LONGEST_TEXT = 64


def parse(value: str | int | float) -> Decimal:
    """The exact amount a quantity stands for.

    Raises `InputError` for anything that is not a quantity, with what would be.
    """
    found = _parse(str(value)) if _is_scalar(value) else None
    if found is None:
        raise InputError(
            f"{str(value)[:_LONGEST_TEXT]!r} is not a Kubernetes quantity.",
            hint="Write a number with an optional suffix, such as '250m', '2', '128Mi' or '1G'.",
        )
    return found


def number(value: object) -> float | None:
    """The amount as a float, or ``None`` where ``value`` is no quantity."""
    found = _parse(str(value)) if _is_scalar(value) else None
    return None if found is None else float(found)


def cpu(value: object) -> float | None:
    """Cores, where ``value`` is a quantity of CPU such as ``250m``; else ``None``."""
    return number(value)


def bytes_(value: object) -> int | None:
    """Bytes, rounded up (away from zero) as the API server does; ``None`` where ``value`` is no quantity."""
    found = _parse(str(value)) if _is_scalar(value) else None
    return None if found is None else int(found.to_integral_value(ROUND_UP))


def format_cpu(cores: float) -> str:
    """Cores for a reader: ``250m`` below one core, ``1.5`` or ``12`` above.

    Something tiny is shown as ``1m``, as kubectl does: it is not nothing. What comes back is a
    quantity itself.
    """
    if cores < 0:
        return f"-{format_cpu(-cores)}"
    if cores == 0:
        return "0"
    milli = max(1, round(cores * 1000))
    if milli < 1000:
        return f"{milli}m"
    return _trimmed(milli / 1000, places=2)


def format_bytes(count: float) -> str:
    """Bytes for a reader, in binary units: ``900``, ``128Mi``, ``1.5Gi``, ``15.6Gi``.

    One decimal below 100 of a unit and none above; what comes back is a quantity itself.
    """
    if count < 0:
        return f"-{format_bytes(-count)}"
    size = float(count)
    unit = 0
    while _rounded(size) >= 1024 and unit < len(_BYTE_UNITS) - 1:
        size /= 1024
        unit += 1
    if unit == 0:
        return str(round(size))
    return f"{_trimmed(_rounded(size), places=1)}{_BYTE_UNITS[unit]}"


def _rounded(size: float) -> float:
    return round(size, 1) if size < 100 else float(round(size))


def _trimmed(value: float, *, places: int) -> str:
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _is_scalar(value: object) -> bool:
    """JSON numbers and strings; a bool is a mistake in the object, not a one."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


# A cluster repeats the same few requests and limits thousands of times.
@lru_cache(maxsize=4096)
def _parse(text: str) -> Decimal | None:
    if len(text) > _LONGEST_TEXT:
        return None
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    amount = Decimal(match["number"])
    suffix = match["suffix"]
    if suffix:
        scale = _SCALE.get(suffix)
        amount *= Decimal(f"1{suffix}") if scale is None else scale
    return max(-_LARGEST, min(_LARGEST, amount))
