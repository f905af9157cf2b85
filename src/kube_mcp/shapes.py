"""How objects are decoded of which only some fields are read: what those who know the fields say.

A page of five hundred pods is three megabytes, most of it managed fields, and what remains is for
nine parts in ten what every replica of a workload has. A `Shape` decodes no more than is read, and
names what objects share, so that it is decoded, slimmed and masked once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Part(NamedTuple):
    """What an object has in common with others, as the JSON it arrived in.

    ``build`` says what is kept of it; that stands under ``name`` in ``holder`` once it is masked,
    or nothing where nothing is kept. Equal texts under equal names are built once, so ``build``
    must depend on nothing but the decoded text, and nobody may change what it gave.
    """

    holder: dict[str, Any]
    name: str
    text: bytes
    build: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind is read.

    ``decode`` turns a list's body into a document with ``metadata`` and ``items``, or None where
    the body does not have the form that the kind's fields should have: it is then decoded whole.
    ``split`` turns one of those items, which are of type ``item``, into what is the object's own
    and what it shares.
    """

    decode: Callable[[bytes], dict[str, Any] | None]
    item: type
    split: Callable[[Any], tuple[dict[str, Any], Sequence[Part]]]
