"""How a resource is declared and found: put a file in this folder and it exists."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from kube_mcp.errors import InputError
from kube_mcp.folders import declared

SCHEME = "k8s"

#: The cluster's place in an address where there is only one.
ONLY_CLUSTER = "cluster"

_VARIABLE = re.compile(r"\{(\w+)\}")
_MAX_URI_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource, or the template of many. ``path`` follows the cluster in the address.

    ``read`` takes the cluster and the template's variables and gives the whole text. ``toolset`` is
    what an operator opens per scope or group, as for tools.
    """

    name: str
    title: str
    description: str
    mime_type: str
    path: str
    read: Callable[..., Awaitable[str]]
    toolset: str = "core"

    @property
    def variables(self) -> tuple[str, ...]:
        """What stands in braces in ``path``."""
        return tuple(_VARIABLE.findall(self.path))

    def uri(self, cluster: str, **variables: str) -> str:
        """The address of one of them. Every part is escaped; ``cluster`` "" is the only one."""
        filled = _VARIABLE.sub(lambda found: quote(variables[found[1]], safe=""), self.path)
        return f"{SCHEME}://{quote(cluster, safe='') or ONLY_CLUSTER}{filled}"

    def template(self, *, names_cluster: bool) -> str:
        """The RFC 6570 template of all of them; with several clusters it names the cluster too."""
        return f"{SCHEME}://{'{cluster}' if names_cluster else ONLY_CLUSTER}{self.path}"

    def match(self, parts: Sequence[str]) -> Mapping[str, str] | None:
        """The variables of a path taken apart, or None where it is another resource's."""
        shape = self.path.split("/")[1:]
        if len(shape) != len(parts):
            return None
        found: dict[str, str] = {}
        for wanted, given in zip(shape, parts, strict=True):
            variable = _VARIABLE.fullmatch(wanted)
            if variable is not None:
                found[variable[1]] = given
            elif wanted != given:
                return None
        return found


@dataclass(frozen=True, slots=True)
class Address:
    """An address taken apart: the cluster, and the unescaped parts of the path."""

    cluster: str
    parts: tuple[str, ...]


def parse(uri: str) -> Address:
    """What an address says. Raises `InputError` for what is not one of ours."""
    prefix = f"{SCHEME}://"
    if len(uri) > _MAX_URI_CHARS or not uri.startswith(prefix) or re.search(r"[?#\s]", uri):
        raise InputError(
            f"'{uri[:200]}' is not the address of a resource here.",
            hint=f"Addresses look like {prefix}{ONLY_CLUSTER}/namespaces/shop/Deployment/web.",
        )
    cluster, *parts = [unquote(part) for part in uri[len(prefix) :].split("/")]
    if not cluster or not parts or not all(parts):
        raise InputError(f"'{uri[:200]}' has an empty part.")
    return Address(cluster, tuple(parts))


def resource(
    path: str, *, title: str, mime_type: str = "text/plain"
) -> Callable[[Callable[..., Awaitable[str]]], Resource]:
    """Declare the one resource of a file: name from the function, description from its docstring.

    The function takes the cluster, and every variable of ``path`` as a keyword.
    """

    def declare(read: Callable[..., Awaitable[str]]) -> Resource:
        declared = Resource(
            name=read.__name__,
            title=title,
            description=inspect.cleandoc(read.__doc__ or ""),
            mime_type=mime_type,
            path=path,
            read=read,
        )
        takes = tuple(inspect.signature(read).parameters)[1:]
        if takes != declared.variables:
            raise TypeError(f"{read.__name__} takes {takes}, but its path has {declared.variables}")
        return declared

    return declare


def discover() -> tuple[Resource, ...]:
    """Every resource in this folder, by path. A file that declares none is a programming error."""
    import kube_mcp.resources as package

    return tuple(sorted(declared(package, Resource), key=lambda each: each.path))
