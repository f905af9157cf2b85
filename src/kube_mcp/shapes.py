"""How objects are decoded of which only some fields are read: what those who know the fields say.

A page of five hundred pods is three megabytes, most of it managed fields, and what remains is for
nine parts in ten what every replica of a workload has. A `Shape` decodes no more than is read, and
names what objects share, so that it is decoded, slimmed and masked once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from msgspec import Raw


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


#: Of an object's JSON its own part, and what it shares with others; None where it does not have the
#: form that its kind should have: it is then decoded whole. Must depend on nothing but the JSON.
Shape = Callable[[Raw], tuple[dict[str, Any], Sequence[Part]] | None]
