"""Files that people give to a command, and files that they get."""

from __future__ import annotations

import asyncio

import aiohttp
import hikari
import structlog

from giftbot.errors import InvalidInputError, UserError
from giftbot.text import rosters as texts

_log = structlog.get_logger(__name__)

DOWNLOAD = 30.0
"""Seconds that a download may take."""


async def download(attachment: hikari.Attachment, most: int) -> bytes:
    """A file of at most so many bytes, whatever Discord said of its size.

    Raises `InvalidInputError` when it is larger, `UserError` when it does not come.
    """
    if attachment.size > most:
        raise InvalidInputError(texts.TABLE_TOO_LARGE)
    data = bytearray()
    try:
        async with asyncio.timeout(DOWNLOAD), attachment.stream() as stream:
            async for part in stream:
                data += part
                if len(data) > most:
                    raise InvalidInputError(texts.TABLE_TOO_LARGE)
    except (TimeoutError, aiohttp.ClientError, hikari.HTTPError) as error:
        _log.warning("attachment not read", why=str(error) or type(error).__name__)
        raise UserError(texts.DOWNLOAD_FAILED) from error
    return bytes(data)


def table_file(name: str, words: str) -> hikari.Bytes:
    """A table to be opened in a spreadsheet, which knows by the BOM that it is UTF-8."""
    return hikari.Bytes(words.encode("utf-8-sig"), name, mimetype="text/csv")
