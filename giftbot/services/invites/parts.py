"""JSON texts that are made once, kept small, and put into any number of documents."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import attrs
import orjson

_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
_DEPTH = 4
"""So many tables lie within each other around a part: of a copy, its data, a table, a server."""
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
class Lines(Part):
    """The JSON text of a list whose rows have names, so that some of them can be replaced."""

    @property
    def text(self) -> bytes:
        """The list."""
        return _listed(self.rows.values())

    @property
    def rows(self) -> dict[str, bytes]:
        """The text of each row, by its name."""
        lines = zlib.decompress(self.packed).split(b"\n") if self.packed else []
        return {name.decode(): row for name, _, row in (one.partition(b"\t") for one in lines)}


@attrs.frozen
class Rows:
    """Lists, none of them empty, as one."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> bytes:
        """The list."""
        return b"".join(self.pieces)

    @property
    def pieces(self) -> Iterator[bytes]:
        """The list, a part at a time."""
        opening = b"["
        for part in self.parts:
            yield opening + part.text[1:-1]
            opening = b","
        yield b"]" if self.parts else b"[]"


def pack(value: object) -> Part:
    """A value of what JSON has, as a part."""
    text = orjson.dumps(value, option=_CANONICAL)
    return Part(zlib.compress(text, 1), hashlib.sha256(text).hexdigest())


def line(value: object) -> bytes:
    """A value of what JSON has, as the text of a row of `Lines`."""
    return orjson.dumps(value, option=_CANONICAL)


def pack_lines(rows: Mapping[str, bytes]) -> Lines:
    """Rows, each made by `line`, by their names, in which there is no blank."""
    digest = hashlib.sha256(_listed(rows.values())).hexdigest()
    text = b"\n".join(name.encode() + b"\t" + row for name, row in rows.items())
    return Lines(zlib.compress(text, 1), digest)


def _listed(rows: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(rows) + b"]"


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


def pieces(document: Mapping[str, object], depth: int = _DEPTH) -> Iterator[bytes]:
    """A document with parts in it, as JSON, piece by piece: no two parts are unpacked at once."""
    opening = b"{"
    for name, value in document.items():
        yield opening + orjson.dumps(name) + b":"
        opening = b","
        if isinstance(value, Mapping) and depth > 1:
            yield from pieces(value, depth - 1)
        elif isinstance(value, Rows):
            yield from value.pieces
        else:
            yield value.text if isinstance(value, Part) else orjson.dumps(value, default=_plain)
    yield b"}" if document else b"{}"


def plain(data: Mapping[str, object]) -> dict[str, object]:
    """The same document without parts: as it is read back."""
    return cast("dict[str, object]", orjson.loads(b"".join(pieces(data))))
