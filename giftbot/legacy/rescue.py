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
_BETWEEN = re.compile(rb"(?:[\s,]|null|[0-9])*")


@attrs.define
class Place:
    """How far a reader came in the lists of sent codes."""

    lists: int = 0
    """How many lists have begun."""
    key: str = ""
    """Of the last one of them."""
    entry: int = 0
    """Entries of it that were read."""

    def begin(self, key: str) -> None:
        """A list begins."""
        self.lists, self.key, self.entry = self.lists + 1, key, 0


def rescue(file: BinaryIO, read: Place) -> Iterator[tuple[str, str, int | None]]:
    """What stands after the list in which a place is: servers with a code and its entry, or a channel and None.

    The rest of the list itself is lost: where another one begins in it may be what is missing. So is the rest of
    any list that is damaged; then its next code is empty. Channels come again from the start: they are few.
    """
    here = Place()
    is_open = False
    for token, is_next in _tokens(file):
        if is_open and not is_next:
            is_open = False
            yield here.key, "", here.entry + 1
        if token["list"] is not None:
            here.begin(token["list"].decode("utf-8", "replace"))
            is_open = here.lists > read.lists
        elif token["server"] is not None:
            is_open = False
            yield token["server"].decode(), token["channel"].decode(), None
        elif token["end"] is not None:
            is_open = False
        elif is_open:
            here.entry += 1
            yield here.key, token["code"].decode("utf-8", "replace"), here.entry


def _tokens(file: BinaryIO) -> Iterator[tuple[re.Match[bytes], bool]]:
    """Everything that is looked for, each with whether nothing but separators is before it."""
    file.seek(0)
    rest, is_next, is_whole = b"", True, False
    while not is_whole:
        block = file.read(BLOCK)
        is_whole = not block
        text = rest + block
        end = len(text) if is_whole else max(len(text) - LONGEST, 0)
        used = 0
        for token in _TOKEN.finditer(text):
            if token.start() >= end:
                break
            yield token, is_next and _BETWEEN.fullmatch(text, used, token.start()) is not None
            is_next, used = True, token.end()
        kept = max(used, end)
        is_next = is_next and _BETWEEN.fullmatch(text, used, kept) is not None
        rest = text[kept:]
