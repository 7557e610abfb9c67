"""`giftcode_state.json`: the copy of channels and sent codes in the shape that earlier bots read."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import operator
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import attrs

from giftbot.files import keep_one_before, replacing_aside
from giftbot.models.ids import ChannelId, CodeKey, GuildId

_ENVELOPE = b'  "giftbot": '
_READ_BYTES = 1 << 20

_SentCodes = tuple[GuildId, CodeKey]


@attrs.frozen
class Envelope:
    """What makes a copy one of ours."""

    epoch: str
    """Names the series of copies; a new one begins where none of ours was found."""
    sequence: int
    """Counts the copies of a series."""
    checksum: str
    """SHA-256 of everything in the file before the envelope."""
    written_at: str


def read_envelope(path: Path) -> Envelope | None:
    """The envelope of a copy that is ours and whole; None of any other file, and of none."""
    digest = hashlib.sha256()
    tail = b""
    try:
        with path.open("rb") as file:
            while block := file.read(_READ_BYTES):
                tail += block
                if len(tail) > _READ_BYTES:
                    digest.update(tail[:-_READ_BYTES])
                    tail = tail[-_READ_BYTES:]
    except FileNotFoundError:
        return None
    position = tail.rfind(_ENVELOPE)
    if position < 0:
        return None
    digest.update(tail[:position])
    try:
        envelope = Envelope(**json.loads(b"{" + tail[position:])["giftbot"])
    except (ValueError, KeyError, TypeError):
        return None
    return envelope if envelope.checksum == digest.hexdigest() else None


class _Draft:
    """Writes a copy piece by piece, and sums it up."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._open: tuple[GuildId, list[CodeKey]] | None = None
        self._is_first = True

    def begin(self, channels: Mapping[GuildId, ChannelId]) -> None:
        """Write what stands before the sent codes."""
        shown = {str(guild_id): channel_id for guild_id, channel_id in channels.items()}
        self._write(f'{{\n  "channels": {json.dumps(shown)},\n  "sent": {{')

    def add(self, chunk: Iterable[_SentCodes]) -> None:
        """Write the servers of a chunk; the last one waits, for it may go on in the next chunk."""
        for guild_id, group in itertools.groupby(chunk, key=operator.itemgetter(0)):
            codes = [code for _, code in group]
            if self._open is not None and self._open[0] == guild_id:
                self._open[1].extend(codes)
                continue
            self._flush()
            self._open = (guild_id, codes)

    def end(self, epoch: str, sequence: int) -> None:
        """Write what stands after the sent codes."""
        self._flush()
        self._write('\n  },\n  "initialized": true,\n  "migrated_to_sent_adapter": true,\n')
        envelope = Envelope(epoch, sequence, self._digest.hexdigest(), datetime.now(UTC).isoformat())
        self._file.write(_ENVELOPE + json.dumps(attrs.asdict(envelope)).encode() + b"\n}\n")

    def _flush(self) -> None:
        if self._open is not None:
            guild_id, codes = self._open
            self._write(f'{"" if self._is_first else ","}\n    "{guild_id}": {json.dumps(sorted(codes))}')
            self._open, self._is_first = None, False

    def _write(self, text: str) -> None:
        data = text.encode()
        self._digest.update(data)
        self._file.write(data)


class JsonStateFile:
    """`StateFile`: replaced as a whole, with one `.bak`. What an earlier bot left there is kept as `.legacy`.

    Raises `OSError` when the disk does not do what it is asked.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._epoch = ""
        self._sequence = 0

    async def write(self, channels: Mapping[GuildId, ChannelId], sent: AsyncIterator[list[_SentCodes]]) -> None:
        """Replace the copy as a whole, atomically, off the event loop; `sent` is ordered by server."""
        if not self._epoch:
            self._epoch, self._sequence = await asyncio.to_thread(self._take_over)
        async with replacing_aside(self._path) as file:
            draft = _Draft(file)
            await asyncio.to_thread(draft.begin, channels)
            async for chunk in sent:
                await asyncio.to_thread(draft.add, chunk)
            await asyncio.to_thread(self._end, draft)
        self._sequence += 1

    def _end(self, draft: _Draft) -> None:
        draft.end(self._epoch, self._sequence + 1)
        keep_one_before(self._path, self._path.with_name(f"{self._path.name}.bak"))

    def _take_over(self) -> tuple[str, int]:
        """The series to go on with; a file of an earlier bot is put out of the way first."""
        envelope = read_envelope(self._path)
        if envelope is not None:
            return envelope.epoch, envelope.sequence
        if self._path.exists():
            self._path.rename(next(name for name in self._legacy_names() if not name.exists()))
        return uuid.uuid4().hex, 0

    def _legacy_names(self) -> Iterator[Path]:
        """`giftcode_state.json.legacy`, and should that exist, the same with a number."""
        name = f"{self._path.name}.legacy"
        yield self._path.with_name(name)
        yield from (self._path.with_name(f"{name}.{number}") for number in itertools.count(2))
