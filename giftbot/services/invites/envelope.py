"""Copies as bytes: what makes a copy one of ours, and whole.

A copy says its epoch, its sequence, and a checksum: the SHA-256 of the digests of all its parts. It is over values,
not over bytes, so that a service may write the same JSON in another way. The tables for earlier bots are made from
the others, are not read back, and are not in it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import cast

import orjson

from giftbot.errors import CopyError, CopyRefusedError
from giftbot.services.invites.bounds import Bounds
from giftbot.services.invites.earlier_shape import CACHE_TABLE
from giftbot.services.invites.parts import digest_of, pieces, size_of
from giftbot.services.invites.payload import EARLIER, ENVELOPE, OURS, carried_of
from giftbot.services.invites.ports import Copy

FORMAT = 1
LARGEST_COPY = 64 * 1024 * 1024
"""Bytes; a longer one is neither written nor read."""
LARGEST_SEQUENCE = 2**40
"""A copy every second for longer than anybody lives."""
_EPOCH = re.compile(r"[A-Za-z0-9-]{1,64}")
_UNREADABLE = (TypeError, ValueError, OverflowError, RecursionError)


class ForeignCopyError(CopyRefusedError):
    """An earlier bot's copy, or something else that was never ours."""


def _digests(data: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    for table in sorted(data.keys() - EARLIER - {ENVELOPE}):
        value = data[table]
        if table != OURS or not isinstance(value, Mapping):
            yield table, digest_of(value)
            continue
        for guild in sorted(value):
            sections = value[guild]
            if not isinstance(sections, Mapping):
                yield table, str(guild), digest_of(sections)
                continue
            yield from ((table, str(guild), str(name), digest_of(sections[name])) for name in sorted(sections))


def checksum(copy: Copy) -> str:
    """The checksum of a copy: of its data, and of which copy it is."""
    total = hashlib.sha256(orjson.dumps([copy.epoch, copy.sequence, _taken(copy)]))
    for words in _digests(copy.data):
        total.update(orjson.dumps(words))
    return total.hexdigest()


def _taken(copy: Copy) -> str:
    return copy.taken_at.astimezone(UTC).isoformat(timespec="milliseconds")


def _envelope(copy: Copy) -> dict[str, object]:
    return {
        "format": FORMAT,
        "epoch": copy.epoch,
        "sequence": copy.sequence,
        "taken_at": _taken(copy),
        "checksum": checksum(copy),
    }


def render_copy(copy: Copy) -> bytes:
    """A copy as the cloud service takes it. Raises `CopyError` when it is too large."""
    data = {ENVELOPE: _envelope(copy), **copy.data}
    return b"".join(_fitting(pieces({"discord_data": data, "backup_timestamp": copy.taken_at.isoformat()})))


def render_file(copy: Copy) -> bytes:
    """A copy as a file whose `timestamp` and `cache` earlier bots read. Raises `CopyError` when it is too large."""
    return b"".join(file_pieces(copy))


def file_pieces(copy: Copy) -> Iterator[bytes]:
    """The same, a piece at a time: it need not be in memory as a whole. Raises `CopyError` on the way."""
    data = {name: value for name, value in copy.data.items() if name != CACHE_TABLE}
    cache = cast("Mapping[str, object]", copy.data.get(CACHE_TABLE) or {})
    head = {
        ENVELOPE: _envelope(copy),
        "timestamp": local_text(copy.taken_at),
        "last_updated": copy.taken_at.isoformat().replace("+00:00", "Z"),
        "cache": cache.get("cache", {}),
    }
    return _fitting(pieces({**head, "discord_data": data}))


def local_text(moment: datetime) -> str:
    """A moment as earlier bots wrote that of their cache: local, without an offset."""
    return moment.astimezone().replace(tzinfo=None).isoformat(timespec="microseconds")


def _fitting(body: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for piece in body:
        size += len(piece)
        if size > LARGEST_COPY:
            raise CopyError(f"The copy has more than {LARGEST_COPY >> 20} MiB, and no more are kept.")
        yield piece


def read_copy(body: bytes) -> Copy:
    """The copy in a file, or in what the cloud service gave. Parses everything: not for the event loop's thread.

    Raises `CopyRefusedError`, with the reason.
    """
    if len(body) > LARGEST_COPY:
        raise CopyRefusedError(f"It has more than {LARGEST_COPY >> 20} MiB.")
    try:
        document: object = orjson.loads(body)
    except ValueError:
        raise CopyRefusedError("It is damaged: no whole JSON.") from None
    try:
        return _copy_of(document)
    except _UNREADABLE:
        raise CopyRefusedError("It is damaged: it holds what no copy of ours does.") from None


def _copy_of(document: object) -> Copy:
    """The copy in a parsed document.

    Raises `CopyRefusedError`, with the reason; of what is nested too deep `TypeError` or `RecursionError`.
    """
    if not isinstance(document, dict):
        raise ForeignCopyError("It is not ours: no table of tables.")
    data = document.get("discord_data")
    envelope = document.get(ENVELOPE)
    if not isinstance(data, dict) or not isinstance(envelope or data.get(ENVELOPE), dict):
        raise ForeignCopyError("It is not ours: an earlier bot's, or of something else.")
    envelope = cast("dict[str, object]", envelope or data[ENVELOPE])
    copy = _described(envelope, {name: value for name, value in data.items() if name != ENVELOPE})
    if envelope.get("checksum") != checksum(copy):
        raise CopyRefusedError("It is damaged: its checksum is another one.")
    size_of(carried_of(copy.data))
    return copy


def _described(envelope: Mapping[str, object], data: dict[str, object]) -> Copy:
    epoch, sequence, taken_at = envelope.get("epoch"), envelope.get("sequence"), envelope.get("taken_at")
    if envelope.get("format") != FORMAT:
        form = str(envelope.get("format"))[:20]
        raise CopyRefusedError(f"It has the format {form}, which this giftbot cannot read.")
    try:
        moment = datetime.fromisoformat(taken_at if isinstance(taken_at, str) else "")
    except ValueError:
        moment = None
    is_named = isinstance(epoch, str) and _EPOCH.fullmatch(epoch) is not None
    if not is_named or type(sequence) is not int or not 0 <= sequence <= LARGEST_SEQUENCE:
        raise CopyRefusedError("It is damaged: it does not say which copy it is.")
    if moment is None or moment.tzinfo is None:
        raise CopyRefusedError("It is damaged: it does not say when it was taken.")
    if not Bounds().has_moment(moment):
        raise CopyRefusedError(
            f"It says that it was taken on {moment.date()}: it is damaged, or the clock of this machine is wrong."
        )
    return Copy(cast("str", epoch), sequence, moment, data)
