"""What can be told of a damaged `giftcode_state.json` after its damage: lists and channels that are whole again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import attrs

BLOCK = 1 << 16
"""Bytes that are read at once."""
LONGEST = 400
"""Bytes of the longest thing that is looked for."""
# Nothing of this contains what separates values: so a quotation mark too many or too few loses one entry only.
_PLAIN = rb'[^"\\,:\[\]{}\x00-\x1f]'
_TOKEN = re.compile(
    rb'"(?P<list>%(plain)b{1,64})"\s{0,64}:\s{0,64}\['
    rb'|"(?P<server>[0-9]{15,20})"\s{0,64}:\s{0,64}"?(?P<channel>[0-9]{15,20})"?(?=\s{0,64}[,}])'
    rb'|"(?P<code>%(plain)b{0,100})"(?=\s{0,64}[,\]])'
    rb"|(?P<end>\])" % {b"plain": _PLAIN}
)
_CODE = re.compile(rb"%(plain)b{0,100}" % {b"plain": _PLAIN})


@attrs.define
class Place:
    """How far a reader came in the lists of sent codes."""

    lists: int = 0
    """How many lists have begun."""
    key: str = ""
    """Of the last one of them."""
    entry: int = 0
    """Entries of it that were read."""
    plain: int = 0
    """Those of them that are found again in a damaged file."""

    def begin(self, key: str) -> None:
        """A list begins."""
        self.lists, self.key, self.entry, self.plain = self.lists + 1, key, 0, 0

    def add(self, value: object) -> None:
        """An entry was read."""
        self.entry += 1
        self.plain += isinstance(value, str) and _CODE.fullmatch(value.encode("utf-8", "replace")) is not None


def rescue(file: BinaryIO, read: Place) -> Iterator[tuple[str, str, int | None]]:
    """What stands after a place: servers with a code and the number of its entry, or with a channel and None.

    Channels come again from the start of the file: they are few.
    """
    here = Place()
    is_open = False
    for token in _tokens(file):
        if token["list"] is not None:
            here.begin(token["list"].decode("utf-8", "replace"))
            is_open = True
        elif token["server"] is not None:
            is_open = False
            yield token["server"].decode(), token["channel"].decode(), None
        elif token["end"] is not None:
            is_open = False
        elif is_open:
            here.plain += 1
            if (here.lists, here.plain) > (read.lists, read.plain):
                yield here.key, token["code"].decode("utf-8", "replace"), here.plain


def _tokens(file: BinaryIO) -> Iterator[re.Match[bytes]]:
    file.seek(0)
    rest = b""
    is_whole = False
    while not is_whole:
        block = file.read(BLOCK)
        is_whole = not block
        text = rest + block
        end = len(text) if is_whole else len(text) - LONGEST
        used = 0
        for token in _TOKEN.finditer(text):
            if token.start() >= end:
                break
            yield token
            used = token.end()
        rest = text[max(used, end, 0) :]
