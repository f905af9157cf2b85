"""The time claims of a token: whole seconds since the epoch and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kube_mcp.auth.denied import refuse, shown

# Beyond the year 9999 a number is not a time but a way to never expire.
_LATEST = 253_402_300_799


def check_times(
    claims: Mapping[str, Any], *, now: float, leeway_s: int, needed: tuple[str, ...]
) -> int | None:
    """``exp``, or None where it is neither there nor needed.

    Refuses a token that has expired, is not valid yet, was issued in the future, or says so in
    anything but an integer: a string, a fraction, ``true`` and ``1e400`` are read differently by
    different libraries.
    """
    for name in needed:
        if name not in claims:
            raise refuse(f"missing-{name}", f"The token has no {name!r} claim, which is needed.")
    exp, nbf, iat = (_read(claims, name) for name in ("exp", "nbf", "iat"))
    if exp is not None and now >= exp + leeway_s:
        raise refuse(
            "token-expired",
            f"The token expired {now - exp:.0f} s ago; {leeway_s} s of leeway are allowed.",
        )
    if nbf is not None and now < nbf - leeway_s:
        raise refuse("not-yet-valid", f"The token becomes valid (nbf) in {nbf - now:.0f} s.")
    if iat is not None and now < iat - leeway_s:
        raise refuse(
            "issued-in-future",
            f"The token was issued (iat) {iat - now:.0f} s from now; the clocks differ by more"
            f" than the leeway of {leeway_s} s.",
        )
    return exp


def _read(claims: Mapping[str, Any], name: str) -> int | None:
    if name not in claims:
        return None
    value = claims[name]
    if type(value) is not int or not 0 <= value <= _LATEST:
        raise refuse(
            "bad-time", f"The {name!r} claim is {shown(value)}, expected whole seconds since 1970."
        )
    return value
