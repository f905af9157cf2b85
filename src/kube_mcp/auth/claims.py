"""Which claim is the user name, which are the groups, which the scopes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kube_mcp.auth.denied import refuse, shown

# A name longer than this is no name of a person or a group; it would only fill log lines.
_MAX_NAME_CHARS = 256
# A token of 16 kB holds a few hundred; a list that grows past it is a mapping gone wrong.
_MAX_GROUPS = 512
_ASCII_NAME = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    """Where a provider puts what we need; a dotted name reaches into objects (``realm_access.roles``).

    ``username`` is shown and, where callers are impersonated, mapped. It is never ``email``:
    providers let people edit it and rarely verify it. ``scopes`` are tried in order.
    """

    username: str = "sub"
    groups: str = "groups"
    scopes: tuple[str, ...] = ("scope", "scp")
    session: tuple[str, ...] = ("sid", "session_id", "jti")

    def problems(self, where: str) -> Iterator[str]:
        """What must not be configured, one sentence each."""
        if not self.username:
            yield f"{where}: username_claim is empty; the default is 'sub'."
        elif self.username.rpartition(".")[2].lower() in ("email", "mail"):
            yield (
                f"{where}: username_claim is {self.username!r}; people can edit their address"
                " and providers do not verify it, use 'sub' or 'preferred_username'."
            )
        if not self.groups:
            yield f"{where}: groups_claim is empty; the default is 'groups'."
        if not self.scopes:
            yield f"{where}: no claim is named for scopes; the default is 'scope', then 'scp'."


def look_up(claims: Mapping[str, Any], name: str) -> Any:
    """The claim called ``name``, or reached by its dots; None where there is none."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def read_name(claims: Mapping[str, Any], name: str) -> str:
    """A claim that must be a usable name. Refuses what is missing, empty or unprintable."""
    value = look_up(claims, name)
    if value is None:
        raise refuse(f"missing-{_slug(name)}", f"The token has no {name!r} claim, which is needed.")
    return _checked(value, name)


def read_optional_name(claims: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of ``names`` that is there, or an empty string. Refuses an unusable value."""
    for name in names:
        value = look_up(claims, name)
        if value is not None:
            return _checked(value, name)
    return ""


def read_groups(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The groups, in the token's order without repetition; none where there is no such claim.

    One string counts as one group, as some providers send it. Anything else is refused rather
    than guessed at, because groups decide what may be seen.
    """
    value = look_up(claims, name)
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise refuse(
            "bad-claim", f"The {name!r} claim is {shown(value)}, expected a list of names."
        )
    if len(items) > _MAX_GROUPS:
        raise refuse(
            "too-many-groups",
            f"The token names {len(items)} groups, at most {_MAX_GROUPS} are read.",
            status=403,
        )
    return tuple(dict.fromkeys(_checked(item, name) for item in items))


def read_scopes(claims: Mapping[str, Any], names: tuple[str, ...]) -> frozenset[str] | None:
    """The scopes granted, or None where no claim says so."""
    for name in names:
        value = look_up(claims, name)
        if value is None:
            continue
        if isinstance(value, str):
            return frozenset(value.split())
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return frozenset(value)
        raise refuse(
            "bad-claim", f"The {name!r} claim is {shown(value)}, expected words or a list of them."
        )
    return None


def unprintable(text: str) -> bool:
    """Whether a name could end a line, hide, or pass for another: controls, bidi, edge blanks."""
    if _ASCII_NAME.fullmatch(text) and text == text.strip():
        return False
    return text != text.strip() or any(
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        for character in text
    )


def _checked(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise refuse("bad-claim", f"The {name!r} claim holds {shown(value)}, expected a name.")
    if len(value) > _MAX_NAME_CHARS:
        raise refuse(
            "bad-claim",
            f"The {name!r} claim holds a name of {len(value)} characters,"
            f" at most {_MAX_NAME_CHARS} are accepted.",
        )
    if unprintable(value):
        raise refuse(
            "unsafe-name",
            f"The {name!r} claim holds {shown(value)}: control, invisible or edge characters"
            " are not accepted in a name.",
        )
    return value


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "claim"
