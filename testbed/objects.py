"""Objects written as YAML: placeholders, order and what the bed fills in for the author."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from testbed.errors import ApplyFailed

#: Applied in this order, everything else after them in the order of the file.
FIRST = (
    "Namespace",
    "CustomResourceDefinition",
    "Node",
    "StorageClass",
    "PriorityClass",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
)
#: A quota counts what is created after it, and a webhook stands in the way of everything else.
LAST = (
    "ResourceQuota",
    "LimitRange",
    "Event",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
)

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_NOW = re.compile(r"now(?:(?P<sign>[+-])(?P<spans>(?:\d+(?:ms|[smhd]))+))?(?P<micro>:micro)?")
_SPAN = re.compile(r"(\d+)(ms|[smhd])")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def fill(text: str, *, now: datetime.datetime, values: Mapping[str, str] | None = None) -> str:
    """Replaces ``${now-10m}``, ``${now-1h30m:micro}`` and ``${name}`` for the given values.

    ``:micro`` is the form with microseconds that ``eventTime`` and a Lease's ``renewTime`` want.
    Raises ``ApplyFailed`` for anything else in ``${}``.
    """
    known = values or {}

    def replace(match: re.Match[str]) -> str:
        word = match.group(1)
        if word in known:
            return known[word]
        if time := _NOW.fullmatch(word):
            return _time(time, now)
        raise ApplyFailed(
            f"The placeholder '{match.group(0)}' is not known: write ${{now}}, ${{now-10m}}, "
            f"${{now-1h30m:micro}}" + "".join(f", ${{{name}}}" for name in known) + "."
        )

    return _PLACEHOLDER.sub(replace, text)


def parse_span(text: str) -> datetime.timedelta:
    """``+10m``, ``-1h30m``, ``90s`` as a duration."""
    sign = -1 if text.startswith("-") else 1
    spans = _SPAN.findall(text)
    if "".join(number + unit for number, unit in spans) != text.lstrip("+-") or not spans:
        raise ApplyFailed(f"'{text}' is not a span of time: write for example +10m or 1h30m.")
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in spans)
    return datetime.timedelta(seconds=sign * seconds)


def load(text: str) -> list[dict[str, Any]]:
    """The objects of a YAML text, Lists unfolded, in the order in which they are applied."""
    loaded: list[dict[str, Any]] = []
    for document in yaml.load_all(text, Loader=_Loader):
        if document is None:
            continue
        if not isinstance(document, dict) or "kind" not in document:
            raise ApplyFailed(f"A document is not an object with a kind: {str(document)[:80]!r}.")
        loaded += document["items"] if document["kind"] == "List" else [document]
    return sorted(loaded, key=_order)


def with_namespace(obj: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """The object in this namespace, unless it names one itself."""
    return {**obj, "metadata": {"namespace": namespace, **obj.get("metadata", {})}}


def split_status(obj: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """The object without its status, and the status or None."""
    rest = {key: value for key, value in obj.items() if key != "status"}
    return rest, obj.get("status")


def owners_and_subjects(obj: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """The references in an object that need the uid of another: owners, and what an event is
    about. They can be filled in place."""
    yield from obj.get("metadata", {}).get("ownerReferences", ())
    for field in ("involvedObject", "regarding"):
        if field in obj:
            yield obj[field]


def _order(obj: Mapping[str, Any]) -> int:
    kind = obj["kind"]
    if kind in FIRST:
        return FIRST.index(kind) - len(FIRST)
    return LAST.index(kind) + 1 if kind in LAST else 0


def _time(match: re.Match[str], now: datetime.datetime) -> str:
    moment = now
    if match["spans"]:
        moment += parse_span(match["sign"] + match["spans"])
    moment = moment.astimezone(datetime.UTC)
    layout = "%Y-%m-%dT%H:%M:%S.%fZ" if match["micro"] else "%Y-%m-%dT%H:%M:%SZ"
    return moment.strftime(layout)


class _Loader(yaml.SafeLoader):
    """Leaves timestamps as the text that they are in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
