"""What a reader may do: the access reviews a client asks before it asks for objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from kube_mcp.objects import dig_map, dig_str
from kube_mcp.snapshots.responses import bad_request

READS = ("get", "list", "watch")

#: (verb, attributes of the resource) to why not; empty where it is allowed.
Verdict = Callable[[str, Mapping[str, Any]], str]


def review(
    plural: str, body: bytes, *, user: str, groups: Sequence[str], verdict: Verdict
) -> dict[str, Any] | None:
    """The answered review, or None for one that is not served. Raises `Failure` (400)."""
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise bad_request(f"the object provided is unrecognized: {problem}") from problem
    if not isinstance(asked, dict):
        raise bad_request("the object provided is unrecognized: it is no object")
    spec = dig_map(asked, "spec")
    match plural:
        case "selfsubjectaccessreviews":
            return {**asked, "status": _access(spec, verdict)}
        case "selfsubjectrulesreviews":
            rule = {"verbs": list(READS), "apiGroups": ["*"], "resources": ["*"]}
            paths = {"verbs": ["get"], "nonResourceURLs": ["*"]}
            status = {"resourceRules": [rule], "nonResourceRules": [paths], "incomplete": False}
            return {**asked, "status": status}
        case "selfsubjectreviews":
            return {**asked, "status": {"userInfo": {"username": user, "groups": list(groups)}}}
    return None


def _access(spec: Mapping[str, Any], verdict: Verdict) -> dict[str, Any]:
    attributes = dig_map(spec, "resourceAttributes")
    verb = dig_str(attributes, "verb") or dig_str(spec, "nonResourceAttributes", "verb")
    why_not = verdict(verb, attributes)
    return {"allowed": False, "reason": why_not} if why_not else {"allowed": True}
