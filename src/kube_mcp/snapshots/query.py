"""A request's parameters, read as strictly as an API server reads them."""

from __future__ import annotations

from kube_mcp.kube.transport import Request
from kube_mcp.snapshots.responses import bad_request

_TRUE = frozenset({"1", "true", "TRUE", "True", "t", "T"})


class Query:
    """Parameters by name; where one is repeated, the first counts."""

    def __init__(self, request: Request) -> None:
        self._values: dict[str, str] = {}
        for name, value in request.query:
            self._values.setdefault(name, value)

    def text(self, name: str) -> str:
        """The value, or an empty string."""
        return self._values.get(name, "")

    def flag(self, name: str) -> bool:
        """Whether the parameter is there and says yes."""
        return self._values.get(name, "") in _TRUE

    def number(self, name: str) -> int | None:
        """The value as a whole number, or None. Raises `Failure` (400)."""
        value = self._values.get(name, "")
        if not value:
            return None
        try:
            return int(value)
        except ValueError:
            raise bad_request(f'strconv.ParseInt: parsing "{value}": invalid syntax') from None
