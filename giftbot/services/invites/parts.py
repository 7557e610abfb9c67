"""JSON texts that are made once, kept small, and put into any number of documents."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import attrs
import orjson

_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
_ROOM = 32
"""So many levels are kept free for what a row or a table stands in."""


@attrs.frozen
class Part:
    """A JSON text."""

    packed: bytes = attrs.field(repr=False)
    digest: str
    """SHA-256 of the text in its canonical form: keys sorted, no blanks."""

    @property
    def text(self) -> bytes:
        """The text."""
        return zlib.decompress(self.packed)


@attrs.frozen
class Rows:
    """Lists, none of them empty, as one."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> bytes:
        """The list."""
        return b"[" + b",".join(part.text[1:-1] for part in self.parts) + b"]"


def pack(value: object) -> Part:
    """A value of what JSON has, as a part."""
    text = orjson.dumps(value, option=_CANONICAL)
    return Part(zlib.compress(text, 1), hashlib.sha256(text).hexdigest())


def pack_rows(rows: Iterable[Sequence[object]]) -> Part:
    """A list that comes in pieces, as a part: thousands of rows at once would hold all threads for 100 ms."""
    pieces = [orjson.dumps(piece, option=_CANONICAL)[1:-1] for piece in rows if piece]
    text = b"[" + b",".join(pieces) + b"]"
    return Part(zlib.compress(text, 1), hashlib.sha256(text).hexdigest())


def digest_of(value: object) -> str:
    """The digest of a part, or of a value as one."""
    if isinstance(value, Part):
        return value.digest
    return hashlib.sha256(orjson.dumps(value, option=_CANONICAL, default=_plain)).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, (Part, Rows)):
        return orjson.Fragment(value.text)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def size_of(value: object) -> int:
    """Bytes of what JSON has. Raises `TypeError` when it is nested so deep that it cannot stand in a copy.

    More can be read than can be written: 1,024 levels, and 254.
    """
    for _ in range(_ROOM):
        value = [value]
    return len(orjson.dumps(value)) - 2 * _ROOM


def render(document: Mapping[str, object]) -> bytes:
    """A document with parts in it, as JSON."""
    return orjson.dumps(document, default=_plain)


def plain(data: Mapping[str, object]) -> dict[str, object]:
    """The same document without parts: as it is read back."""
    return cast("dict[str, object]", orjson.loads(render(data)))
