"""Large copies are read in a process of their own: 20 MiB at once would hold all threads for half a second."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import attrs
import orjson
import structlog

from giftbot.services.invites.envelope import read_copy
from giftbot.services.invites.payload import OURS
from giftbot.services.invites.ports import Copy

LARGE = 1024 * 1024
"""Bytes; up to this a copy is read here."""
_TOGETHER = 500
"""Rows that are parsed at once: 2 ms."""
_log = structlog.get_logger(__name__)


@attrs.frozen
class _Piece:
    """A value of a copy's data, or some of the rows of a list."""

    path: tuple[str, ...]
    text: bytes


def read_any_copy(body: bytes) -> Copy:
    """The same as `read_copy`, and other threads go on meanwhile. Not for the event loop's thread."""
    if len(body) <= LARGE:
        return read_copy(body)
    try:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context, initializer=_leave_interrupts) as pool:
            copy, pieces = pool.submit(_in_pieces, body).result()
    except (BrokenProcessPool, OSError) as error:
        _log.warning("a large copy is read without a process of its own", why=str(error))
        return read_copy(body)
    return attrs.evolve(copy, data=_joined(pieces))


def _leave_interrupts() -> None:
    """An interrupt from the keyboard is for the process that asked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _in_pieces(body: bytes) -> tuple[Copy, list[_Piece]]:
    copy = read_copy(body)
    return attrs.evolve(copy, data={}), list(_cut(copy.data))


def _cut(data: Mapping[str, object]) -> Iterator[_Piece]:
    for table, value in data.items():
        if table != OURS or not isinstance(value, Mapping):
            yield from _rows((table,), value)
            continue
        yield _Piece((table,), b"{}")
        for guild, sections in value.items():
            if not isinstance(sections, Mapping):
                yield from _rows((table, guild), sections)
                continue
            yield _Piece((table, guild), b"{}")
            for name, section in sections.items():
                yield from _rows((table, guild, name), section)


def _rows(path: tuple[str, ...], value: object) -> Iterator[_Piece]:
    if not isinstance(value, list):
        yield _Piece(path, orjson.dumps(value))
        return
    for start in range(0, max(1, len(value)), _TOGETHER):
        yield _Piece(path, orjson.dumps(value[start : start + _TOGETHER]))


def _joined(pieces: list[_Piece]) -> dict[str, object]:
    data: dict[str, Any] = {}
    for piece in pieces:
        *above, name = piece.path
        at = data
        for one in above:
            at = at[one]
        value = orjson.loads(piece.text)
        if name in at:
            at[name] += value
        else:
            at[name] = value
    return data
