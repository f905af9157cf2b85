"""Request paths: the only place where one is put together or taken apart.

A namespace or a name may come from a model that was talked into something by a log line, so it
is checked before it becomes part of a path, and `parse` accepts only what `resource_path` and the
fixed paths of an API server look like: one spelling per path, nothing that a proxy on the way
could read differently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from kube_mcp.errors import InputError
from kube_mcp.objects import ResourceType

#: Object names are at most this long wherever Kubernetes checks them (DNS-1123 subdomain).
MAX_NAME_LENGTH = 253

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_GROUP = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"
)
_WORD = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
# Allowed by Kubernetes or not, these change the meaning of a URL somewhere between here and etcd.
_NEVER_IN_A_NAME = re.compile(r"[^ -~]|[/\\%?#;]")
_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9._~:@-]+")
_CHECK_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_LOG_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._@-]*")
_UNESCAPED = ":@"

# Before 1.8 these stood in front of the resource and changed the verb; the API server still
# reads `watch` and `proxy` that way.
_VERB_PREFIXES = frozenset({"watch", "proxy", "redirect"})
# `namespaces/x/status` is the status of a namespace; every other word there is a resource in it.
_OF_A_NAMESPACE = frozenset({"status", "finalize"})
_RESERVED = _VERB_PREFIXES | _OF_A_NAMESPACE
_PROBES = frozenset({"livez", "readyz"})


@dataclass(frozen=True, slots=True)
class ApiPath:
    """What a path asks for.

    Either ``fixed`` is the whole path of something that is no object (``/version``, discovery,
    OpenAPI, probes), or ``resource`` is set, and empty fields are absent from the path.
    ``rest`` is what follows a ``proxy`` subresource, with its leading slash.
    """

    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""
    fixed: str = ""


def resource_path(
    resource: ResourceType, *, namespace: str = "", name: str = "", subresource: str = ""
) -> str:
    """The escaped path of a collection, an object or a subresource.

    Without ``namespace`` a namespaced resource's collection is that of the whole cluster.
    Raises `InputError` where the parts do not make a path, in words the caller can act on.
    """
    _check_type(resource)
    if namespace and not resource.namespaced:
        raise InputError(
            f"{resource.kind} is not namespaced, so namespace='{shown(namespace)}' means nothing.",
            hint="Leave namespace out.",
        )
    if name and resource.namespaced and not namespace:
        raise InputError(
            f"{resource.kind} '{shown(name)}' needs a namespace: it is a namespaced kind.",
            hint="Give namespace as well, or list the kind in all namespaces.",
        )
    if subresource and not name:
        raise InputError(f"The subresource '{shown(subresource)}' needs a name to belong to.")
    parts = [resource.base_path]
    if namespace:
        parts += ["namespaces", checked_namespace(namespace)]
    parts.append(resource.name)
    if name:
        if resource.name == "namespaces":  # its name is read as a namespace, so it must be one
            parts.append(checked_namespace(name))
        else:
            parts.append(_escaped(checked_name(name, resource=resource)))
    if subresource:
        if resource.name == "namespaces" and subresource not in _OF_A_NAMESPACE:
            raise InputError(
                f"A namespace has no subresource '{shown(subresource)}', only 'status'."
            )
        if not _WORD.fullmatch(subresource):
            raise InputError(
                f"'{shown(subresource)}' is not a subresource such as 'log' or 'scale'."
            )
        parts.append(subresource)
    return "/".join(parts)


def checked_namespace(namespace: str) -> str:
    """``namespace`` itself, if it can be one (a DNS-1123 label); else `InputError`."""
    if _LABEL.fullmatch(namespace):
        return namespace
    lower = namespace.strip().lower()
    if namespace.strip() in {"", "*", "all"}:
        hint = "Leave namespace out to read all namespaces."
    elif _LABEL.fullmatch(lower):
        hint = f"Did you mean '{lower}'?"
    else:
        hint = "Give one namespace: lower-case letters, digits and '-', at most 63 characters."
    raise InputError(f"'{shown(namespace)}' is not the name of a namespace.", hint=hint)


def checked_name(name: str, *, resource: ResourceType | None = None) -> str:
    """``name`` itself, if an object can have it and it fits one path segment; else `InputError`."""
    problem = _name_problem(name)
    if not problem:
        return name
    kind, slash, rest = name.partition("/")
    if slash and kind and not _name_problem(kind) and not _name_problem(rest):
        if resource and kind.lower() in _ways_to_say(resource):
            kind = resource.kind
        raise InputError(
            f"'{shown(name)}' is not a name; did you mean kind='{kind}', name='{rest}'?"
        )
    raise InputError(f"'{shown(name)}' is not the name of an object: {problem}.")


def parse(path: str) -> ApiPath | None:
    """What ``path`` asks for, or None where it is not exactly one of an API server's known shapes.

    Strict on purpose: the guard refuses what this does not understand. Only the canonical
    spelling is understood; ``%2e``, ``%2f``, empty or relative segments never are.
    """
    if not path.startswith("/") or not path.isascii():
        return None
    parts = path[1:].split("/")
    match parts:
        case ["version"]:
            return ApiPath(fixed=path)
        case [probe, *checks] if probe in _PROBES:
            named = all(_CHECK_NAME.fullmatch(check) for check in checks)
            return ApiPath(fixed=path) if named else None
        case ["openapi", "v2"]:
            return ApiPath(fixed=path)
        case ["openapi", "v3", *of]:
            documented = of == ["version"] or not of or _group_version(of) is not None
            return ApiPath(fixed=path) if documented else None
        case ["api" | "apis", *_]:
            return _parse_api(path, parts)
    return None


def _parse_api(path: str, parts: list[str]) -> ApiPath | None:
    prefix = 2 if parts[0] == "api" else 3
    group_version = _group_version(parts[:prefix])
    if group_version is None:
        return None
    group, version = group_version
    rest = parts[prefix:]
    if not rest:
        return ApiPath(group=group, version=version, fixed=path)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        if not _LABEL.fullmatch(rest[1]):
            return None
        if len(rest) > 2 and rest[2] not in _OF_A_NAMESPACE:
            namespace, rest = rest[1], rest[2:]
    resource, *rest = rest
    if not _WORD.fullmatch(resource) or resource in _VERB_PREFIXES:
        return None
    name = subresource = tail = ""
    if rest:
        decoded = _unescaped(rest[0])
        if decoded is None:
            return None
        name = decoded
    if len(rest) > 1:
        subresource = rest[1]
        if not _WORD.fullmatch(subresource):
            return None
    if len(rest) > 2:
        # A trailing slash is a directory to a kubelet; elsewhere it is no known path.
        files = rest[2:-1] if rest[-1] == "" and len(rest) > 3 else rest[2:]
        if subresource != "proxy" or not all(_LOG_FILE.fullmatch(file) for file in files):
            return None
        tail = "/" + "/".join(rest[2:])
    return ApiPath(group, version, namespace, resource, name, subresource, tail)


def _group_version(parts: list[str]) -> tuple[str, str] | None:
    """Group and version of ``api``, ``api/v1``, ``apis``, ``apis/G`` or ``apis/G/V``."""
    match parts:
        case ["api"] | ["apis"]:
            return "", ""
        case ["api", "v1"]:
            return "", "v1"
        case ["apis", group] if _GROUP.fullmatch(group):
            return group, ""
        case ["apis", group, version] if _GROUP.fullmatch(group) and _WORD.fullmatch(version):
            return group, version
    return None


def _check_type(resource: ResourceType) -> None:
    # It comes from discovery, which an extension API server writes part of.
    core = not resource.group and resource.version == "v1"
    grouped = _GROUP.fullmatch(resource.group) and _WORD.fullmatch(resource.version)
    known = _WORD.fullmatch(resource.name) and resource.name not in _RESERVED
    if not (core or grouped) or not known:
        where = f"{resource.api_version} {resource.name}"
        raise InputError(
            f"The cluster describes a resource '{shown(where)}' that has no valid path."
        )


def _ways_to_say(resource: ResourceType) -> set[str]:
    words = {resource.kind, resource.name, resource.singular, resource.full_name}
    return {word.lower() for word in (*words, *resource.short_names)}


def _name_problem(name: str) -> str:
    if not name.strip():
        return "it is empty"
    if name in {".", ".."}:
        return "it would mean another path"
    if len(name) > MAX_NAME_LENGTH:
        return f"it is longer than {MAX_NAME_LENGTH} characters"
    if bad := _NEVER_IN_A_NAME.search(name):
        return f"it contains {bad.group()!a}"
    return ""


def _escaped(name: str) -> str:
    return name if _PLAIN_SEGMENT.fullmatch(name) else quote(name, safe=_UNESCAPED)


def _unescaped(segment: str) -> str | None:
    name = segment if _PLAIN_SEGMENT.fullmatch(segment) else unquote(segment)
    # Comparing with our own spelling refuses every second way to write the same name.
    return name if not _name_problem(name) and _escaped(name) == segment else None


def shown(value: str) -> str:
    """``value`` cut and made printable, for quoting in a message."""
    cut = value if len(value) <= 80 else f"{value[:77]}..."
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in cut)
