"""Copies as `ops` shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from giftbot.app import holder_of
from giftbot.layers import count_entries, open_places
from giftbot.models.copy_status import CopyStatus
from giftbot.services.invites.ports import Copy
from giftbot.services.invites.restoring import look_at
from giftbot.settings import Settings
from giftbot.text.words import counted
from ops.forms import NOTHING, shown

STATUS_HEADINGS = ("layer", "series", "number", "taken", "state")
FOUND_HEADINGS = ("layer", "series", "number", "taken", "holds")
LOCAL = "local"
"""The name of the file beside the tables."""


@attrs.frozen
class Found:
    """What a place has."""

    label: str
    epoch: str | None = None
    sequence: int | None = None
    taken_at: datetime | None = None
    counts: Mapping[str, int] = attrs.Factory(dict)
    refused_entries: Sequence[str] = ()
    why: str | None = None
    """Why nothing of it can be used."""


def bot_of(settings: Settings) -> int | None:
    """The process whose bot works on the data directory; None when none does."""
    holder = holder_of(settings)
    return None if holder is None else holder.pid


async def look(settings: Settings) -> list[Found]:
    """What every place has."""
    async with open_places(settings, looks_only=True) as places:
        looks = await asyncio.gather(*map(look_at, places.every))
        return [
            await asyncio.to_thread(found_in, place.label, one.copy, one.refused or one.failed)
            for place, one in zip(places.every, looks, strict=True)
        ]


def found_in(label: str, copy: Copy | None, why: str | None) -> Found:
    """What a copy holds, entry by entry."""
    if copy is None:
        return Found(label, why=why)
    counts, refused = count_entries(copy)
    return Found(label, copy.epoch, copy.sequence, copy.taken_at, counts, refused)


def _state(status: CopyStatus) -> str:
    return status.held or status.failed or ("waits" if status.is_waiting else "written")


def status_row(status: CopyStatus) -> tuple[str, ...]:
    """A row of `ops backup now`."""
    number = NOTHING if status.sequence is None else str(status.sequence)
    return (status.label, (status.epoch or NOTHING)[:8], number, shown(status.taken_at), _state(status))


def of_status(status: CopyStatus) -> dict[str, object]:
    """The same as JSON."""
    return {
        "layer": status.label,
        "epoch": status.epoch,
        "sequence": status.sequence,
        "taken_at": None if status.taken_at is None else shown(status.taken_at),
        "state": _state(status),
    }


def found_row(found: Found) -> tuple[str, ...]:
    """A row of `ops backup list`."""
    if found.sequence is None:
        return (found.label, NOTHING, NOTHING, NOTHING, found.why or "nothing")
    holds = ", ".join(counted(count, kind.removesuffix("s"), kind) for kind, count in found.counts.items())
    refused = f"; {len(found.refused_entries)} entries cannot be used" if found.refused_entries else ""
    return (found.label, (found.epoch or "")[:8], str(found.sequence), shown(found.taken_at), f"{holds}{refused}")


def of_found(found: Found, *, entries: bool) -> dict[str, object]:
    """The same as JSON; with `entries` also each that cannot be used."""
    document: dict[str, object] = {
        "layer": found.label,
        "epoch": found.epoch,
        "sequence": found.sequence,
        "taken_at": None if found.taken_at is None else shown(found.taken_at),
        "holds": dict(found.counts),
        "refused": found.why,
    }
    if entries:
        document["refused_entries"] = list(found.refused_entries)
    return document
