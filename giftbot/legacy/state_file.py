"""`giftcode_state.json`: channels and sent codes of every server, in one object, read as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import BinaryIO

import ijson

from giftbot.legacy import cells
from giftbot.legacy.cells import UnusableError
from giftbot.models.ids import ChannelId, GuildId
from giftbot.models.legacy import Found, KnownCode, PostChannel, SentCode

GLOBAL = "global"
"""The entry of `sent` that holds every code the bot ever knew: not what was posted."""


def read_state(file: BinaryIO, zone: tzinfo | None = None) -> Iterator[Found]:
    """Everything in such a file, as far as it is whole: writes of earlier bots were not atomic.

    What comes before a damage is used; that there is one is a skipped row.
    """
    guild: str | None = None
    entry = 0
    try:
        for prefix, event, value in ijson.parse(file, use_float=True):
            match prefix.split(".", 2), event:
                case ["channels", key], "number" | "string" | "null":
                    yield from read_channel(key, value)
                case ["sent"], "map_key":
                    guild, entry = str(value), 0
                case ["sent", key, "item"], "string" | "number" | "null" | "boolean" if guild is not None:
                    entry += 1
                    yield from read_sent(key, value, entry)
                case ["sent", key], "string" | "number" | "boolean":
                    yield cells.skip(f"sent, server {key}", "no list of codes", value)
                case [""], "start_array" | "string" | "number" | "boolean" | "null":
                    yield cells.skip("the whole file", "not the object that it should be", value)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        yield cells.skip(f"from byte {file.tell()} or before", "the file is damaged", str(error))


def read_document(document: Mapping[str, object]) -> Iterator[Found]:
    """The same object as a document of MongoDB (`giftcode_state`)."""
    channels, sent = document.get("channels"), document.get("sent")
    if isinstance(channels, Mapping):
        for key, value in channels.items():
            yield from read_channel(str(key), value)
    if isinstance(sent, Mapping):
        for key, codes in sent.items():
            if isinstance(codes, list):
                for entry, value in enumerate(codes, start=1):
                    yield from read_sent(str(key), value, entry)
            elif codes is not None:
                yield cells.skip(f"sent, server {key}", "no list of codes", codes)


def read_channel(key: str, value: object) -> Iterator[Found]:
    """A server's channel."""
    try:
        guild_id = cells.snowflake(key, "server")
        yield PostChannel(GuildId(guild_id), ChannelId(cells.snowflake(value, "channel")))
    except UnusableError as error:
        yield cells.skip(f"channels, server {key}", str(error), value)


def read_sent(key: str, value: object, entry: int) -> Iterator[Found]:
    """One entry of a server's list of sent codes, or of the list of all codes."""
    try:
        code, display = cells.code(value)
        if key == GLOBAL:
            yield KnownCode(code, display, None)
        else:
            yield SentCode(GuildId(cells.snowflake(key, "server")), code, display, None)
    except UnusableError as error:
        yield cells.skip(f"sent, server {key}, entry {entry}", str(error), value)
