"""One named entry of a kubeconfig, and typed access to its fields."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kube_mcp.errors import CredentialsError


@dataclass(frozen=True, slots=True)
class Entry:
    """A cluster, user or context with the file it stands in. ``where`` names it in a message.

    Errors name the field and never quote what is in it: it may be a token.
    """

    name: str
    fields: Mapping[str, Any] = field(repr=False)
    file: Path
    where: str

    def text(self, name: str) -> str:
        """The field's text, empty where there is none. Raises where it is not text."""
        value = self.fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise CredentialsError(
                f"{self.where}: {name} is a {type(value).__name__}, not text.",
                hint="Put it in quotes.",
            )
        return value

    def flag(self, name: str) -> bool:
        """The field's truth, false where there is none. Raises where it is not a boolean."""
        value = self.fields.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise CredentialsError(
                f"{self.where}: {name} is a {type(value).__name__}, not true or false.",
                hint="Write true or false, without quotes.",
            )
        return value

    def mapping(self, name: str) -> Mapping[str, Any]:
        """The field's map, empty where there is none. Raises where it is something else."""
        value = self.fields.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise CredentialsError(f"{self.where}: {name} is not a map.")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """The field's list of texts, empty where there is none. Raises for anything else."""
        value = self.fields.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise CredentialsError(f"{self.where}: {name} is not a list of texts.")
        return tuple(value)

    def path(self, name: str) -> str:
        """The field's path, relative to the kubeconfig it stands in."""
        value = self.text(name)
        return str(self.file.parent / value) if value else ""

    def file_or_data(self, name: str) -> tuple[str, str]:
        """The path in ``name`` and the text in ``name-data``: at most one of them is not empty.

        Raises where both are given, the file cannot be read, or the data is not base64.
        """
        path, data = self.path(name), self.text(f"{name}-data")
        if path and data:
            raise CredentialsError(
                f"{self.where} has both {name} and {name}-data.", hint="Remove one of them."
            )
        if path:
            try:
                with open(path, "rb"):
                    pass
            except OSError as error:
                raise CredentialsError(
                    f"{self.where}: {name} {path} cannot be read: {error.strerror}."
                ) from error
        return path, self._decoded(f"{name}-data", data)

    def _decoded(self, name: str, data: str) -> str:
        try:
            # Files are often wrapped at 64 columns, which base64 takes for garbage.
            return base64.b64decode("".join(data.split()), validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise CredentialsError(
                f"{self.where}: {name} is not base64 of a PEM text.",
                hint="kubectl writes it with 'kubectl config ... --embed-certs'.",
            ) from error


def lower(where: str) -> str:
    """An entry's ``where`` for the middle of a sentence."""
    return where[:1].lower() + where[1:]
