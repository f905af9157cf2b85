"""Helm releases as a caller may see them: values masked, and what changed between two of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from kube_mcp.errors import NotFound, ServerFault, TooLarge
from kube_mcp.kube.client import SECRETS, Client
from kube_mcp.kube.helm import OWNER_LABEL, Release, secret_name
from kube_mcp.objects import dig_str
from kube_mcp.redaction.objects import mask_object
from kube_mcp.redaction.text import mask_text

#: Releases whose charts are read for a list, and revisions for a history. Each is a request.
MOST_READ = 30

#: Release Secrets read at a time: each may unpack to megabytes.
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision, from the labels of its Secret: nothing of its content was read."""

    namespace: str
    name: str
    revision: int
    status: str
    created: str


@dataclass(frozen=True, slots=True)
class HelmRelease:
    """What a revision says, masked. ``values`` are those its user gave.

    ``problem`` is why there is no more than its labels say; empty where it was read.
    """

    revision: Revision
    chart: str = ""
    app_version: str = ""
    status: str = ""
    description: str = ""
    notes: str = ""
    updated: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A value that differs between two revisions; empty text for one that is not there.

    Where both sides are masked they may look the same; they are not.
    """

    path: str
    before: str
    after: str


async def revisions(client: Client, *, namespace: str, name: str = "") -> list[Revision]:
    """Every revision there is, newest first, from metadata alone."""
    selector = OWNER_LABEL + (f",name={name}" if name else "")
    listing = await client.list(
        SECRETS, namespace=namespace, label_selector=selector, metadata_only=True
    )
    found = [each for item in listing.items if (each := _revision(item)) is not None]
    return sorted(found, key=lambda each: (each.namespace, each.name, -each.revision))


def latest(found: Sequence[Revision]) -> list[Revision]:
    """The newest revision of each release."""
    seen: dict[tuple[str, str], Revision] = {}
    for each in found:
        seen.setdefault((each.namespace, each.name), each)
    return list(seen.values())


async def read(client: Client, wanted: Sequence[Revision]) -> list[HelmRelease]:
    """What these revisions say, masked, in their order."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(revision: Revision) -> HelmRelease:
        async with gate:
            try:
                return _masked(revision, await _release(client, revision))
            except (NotFound, ServerFault, TooLarge) as error:
                # One that is broken, or pruned since it was listed, must not hide the others.
                return HelmRelease(
                    revision, status=revision.status, updated=revision.created,
                    problem=error.message,
                )  # fmt: skip

    return list(await asyncio.gather(*(one(each) for each in wanted)))


async def changes(client: Client, before: Revision, after: Revision) -> list[Change]:
    """How the values differ. They are compared as they are and told masked."""
    one, other = await _release(client, before), await _release(client, after)
    old, new = dict(_leaves(one.config or {})), dict(_leaves(other.config or {}))
    found = []
    for path in dict.fromkeys([*old, *new]):
        was, is_ = old.get(path), new.get(path)
        if (was and was[0]) != (is_ and is_[0]):
            found.append(Change(path, was[1] if was else "", is_[1] if is_ else ""))
    return found


async def _release(client: Client, revision: Revision) -> Release:
    return await client.helm_release(
        revision.namespace, secret_name(revision.name, revision.revision)
    )


def _revision(item: Any) -> Revision | None:
    labels = "metadata", "labels"
    name, version = dig_str(item, *labels, "name"), dig_str(item, *labels, "version")
    own = dig_str(item, "metadata", "name")
    if not (version.isascii() and version.isdigit()) or own != secret_name(name, int(version)):
        return None  # something else with Helm's label, such as a chart's own Secret
    return Revision(
        dig_str(item, "metadata", "namespace"), name, int(version),
        mask_text(dig_str(item, *labels, "status")), dig_str(item, "metadata", "creationTimestamp"),
    )  # fmt: skip


def _masked(revision: Revision, release: Release) -> HelmRelease:
    chart = release.chart.metadata
    return HelmRelease(
        revision=revision,
        chart=mask_text("-".join(filter(None, (chart.name, chart.version)))),
        app_version=mask_text(chart.appVersion),
        status=mask_text(release.info.status),
        description=mask_text(release.info.description),
        notes=mask_text(release.info.notes),
        updated=release.info.last_deployed,
        values=_masked_values(release.config or {}),
    )


def _masked_values(values: Mapping[str, Any]) -> Mapping[str, Any]:
    # Under the kind that redaction knows to hold a chart's values.
    whole = {"kind": "HelmRelease", "spec": {"values": values}}
    masked: Any = mask_object(whole, kind="HelmRelease")["spec"]["values"]
    return masked if isinstance(masked, Mapping) else {"values": masked}


def _leaves(values: Mapping[str, Any]) -> Iterator[tuple[str, tuple[bytes, str]]]:
    """Each value's path, with the value as it is and as it may be told."""
    # A copy, because masking may work in place.
    masked = _masked_values(orjson.loads(orjson.dumps(values, option=orjson.OPT_NON_STR_KEYS)))
    yield from _walk(values, masked, "")


def _walk(raw: Any, masked: Any, path: str) -> Iterator[tuple[str, tuple[bytes, str]]]:
    same_shape = type(raw) is type(masked) and (
        isinstance(raw, dict | list) and len(raw) == len(masked) > 0
    )
    if same_shape and isinstance(raw, dict):
        # A key may be a secret too, so the path is made of the masked ones.
        for (_, below), (key, shown) in zip(raw.items(), masked.items(), strict=True):
            yield from _walk(below, shown, f"{path}.{key}")
    elif same_shape:
        for at, (below, shown) in enumerate(zip(raw, masked, strict=True)):
            yield from _walk(below, shown, f"{path}[{at}]")
    else:
        told = masked if isinstance(masked, str) else orjson.dumps(masked).decode()
        yield path, (orjson.dumps(raw), told)
