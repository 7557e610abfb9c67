"""All that a copy holds, kept as small texts: only what changed is read and written again."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import attrs

from giftbot.models.ids import GuildId
from giftbot.models.join import Join
from giftbot.models.ledger_document import LedgerDocument
from giftbot.services.invites.earlier_shape import CACHE_TABLE
from giftbot.services.invites.envelope import local_text
from giftbot.services.invites.parts import Rows
from giftbot.services.invites.payload import (
    EARLIER,
    LEDGER,
    MARK,
    OURS,
    STATE,
    Documents,
    Records,
    Section,
    by_guild,
    guild_of,
    month_of,
    pack_joins,
    pack_ledger,
    pack_records,
    pack_state,
)
from giftbot.services.remembering_invites import InviteStore

_EVERYTHING = 10_000_000
_TOGETHER = 20
"""Servers that are read at once."""


@attrs.frozen
class Change:
    """What changed in a server since the last copy."""

    guild_id: GuildId
    months: frozenset[str] = frozenset()
    """Sections of joins that changed, beside the state."""


class Archive:
    """The sections of all servers, as they were last read from the tables."""

    def __init__(self, store: InviteStore, documents: Documents) -> None:
        self._store = store
        self._documents = documents
        self._guilds: dict[GuildId, dict[str, Section]] = {}

    async def read_everything(self, changed_after: datetime | None = None) -> None:
        """Read all servers again; of their ledgers those whose baseline is newer than that. Raises `StoreError`."""
        guilds: dict[GuildId, dict[str, Section]] = {
            guild_id: {LEDGER: sections[LEDGER]}
            for guild_id, sections in self._guilds.items()
            if changed_after is not None and LEDGER in sections
        }
        async for page in self._store.scan_ledger_documents(changed_after):
            for guild_id, section in (await asyncio.to_thread(_pack_ledgers, page)).items():
                guilds[guild_id] = {LEDGER: section}
        links = by_guild(await self._store.list_links(), guild_of)
        credits_ = by_guild(await self._store.list_credits(limit=_EVERYTHING), guild_of)
        settings = {one.guild_id: one for one in await self._store.list_invite_settings()}
        states = [
            Records(
                guild_id=guild_id,
                settings=settings.get(guild_id),
                links=links.get(guild_id, ()),
                credits=credits_.get(guild_id, ()),
            )
            for guild_id in guilds.keys() | links.keys() | credits_.keys() | settings.keys()
        ]
        for guild_id, section in (await asyncio.to_thread(self._pack_states, states)).items():
            guilds.setdefault(guild_id, {})[STATE] = section
        await self._read_joins(guilds)
        self._guilds = guilds

    async def _read_joins(self, guilds: dict[GuildId, dict[str, Section]]) -> None:
        """Add all joins: they come by server, those of a month gathered from any number of pages."""
        waiting: list[Join] = []
        async for page in self._store.scan_joins():
            waiting += page
            last = page[-1].guild_id if page else None
            whole = [join for join in waiting if join.guild_id != last]
            waiting = [join for join in waiting if join.guild_id == last]
            await self._add_joins(guilds, whole)
        await self._add_joins(guilds, waiting)

    async def _add_joins(self, guilds: dict[GuildId, dict[str, Section]], joins: list[Join]) -> None:
        if joins:
            packed = await asyncio.to_thread(self._pack_joins, joins)
            for guild_id, sections in packed.items():
                guilds[guild_id] = guilds.get(guild_id, {}) | sections

    def _pack_states(self, records: Iterable[Records]) -> dict[GuildId, Section]:
        return {one.guild_id: pack_state(one, self._documents) for one in records}

    def _pack_joins(self, joins: Iterable[Join]) -> dict[GuildId, dict[str, Section]]:
        groups = by_guild(joins, guild_of)
        return {guild_id: self._pack_months(group) for guild_id, group in groups.items()}

    def _pack_months(self, joins: Iterable[Join]) -> dict[str, Section]:
        ordered = sorted(joins, key=month_of)
        return {
            month: pack_joins(list(group), self._documents)
            for month, group in itertools.groupby(ordered, key=month_of)
        }

    async def read_again(self, changes: Iterable[Change]) -> None:
        """Read what changed. Raises `StoreError`."""
        waiting = list(changes)
        for start in range(0, len(waiting), _TOGETHER):
            await asyncio.gather(*map(self._read_change, waiting[start : start + _TOGETHER]))

    async def _read_change(self, change: Change) -> None:
        guild_id = change.guild_id
        settings = await self._store.get_invite_settings(guild_id)
        records = Records(
            guild_id=guild_id,
            ledger=await self._store.get_ledger_document(guild_id),
            settings=settings if settings.revision else None,
            links=tuple(await self._store.list_links(guild_id)),
            credits=tuple(await self._store.list_credits(guild_id, limit=_EVERYTHING)),
        )
        sections = await asyncio.to_thread(pack_records, records, self._documents)
        for month in change.months:
            since, before = _bounds(month)
            joins = await self._store.list_joins(guild_id, since=since, before=before, limit=_EVERYTHING)
            joins = [join for join in joins if month_of(join) == month]
            sections |= await asyncio.to_thread(self._pack_months, joins)
        self._guilds[guild_id] = {**self._guilds.get(guild_id, {}), **sections}

    def data(self, carried: Mapping[str, object], taken_at: datetime) -> dict[str, object]:
        """All of it as a copy's data; the texts are put in when it is rendered."""
        guilds = {
            str(guild_id): {name: section.own for name, section in sorted(sections.items())}
            for guild_id, sections in sorted(self._guilds.items())
        }
        tables = {name: self._rows(name) for name in sorted(EARLIER - {CACHE_TABLE})}
        cache = {
            str(guild_id): part
            for guild_id, sections in sorted(self._guilds.items())
            if LEDGER in sections and (part := sections[LEDGER].earlier.get(CACHE_TABLE)) is not None
        }
        kept = {name: value for name, value in carried.items() if name != MARK and name not in EARLIER}
        return {
            **kept,
            **tables,
            CACHE_TABLE: {
                "timestamp": local_text(taken_at),
                "last_updated": taken_at.isoformat().replace("+00:00", "Z"),
                "cache": cache,
            },
            OURS: guilds,
        }

    def _rows(self, table: str) -> Rows:
        parts = (
            part
            for sections in self._guilds.values()
            for section in sections.values()
            if (part := section.earlier.get(table)) is not None
        )
        return Rows(tuple(parts))


def _pack_ledgers(ledgers: Iterable[LedgerDocument]) -> dict[GuildId, Section]:
    return {ledger.guild_id: pack_ledger(ledger) for ledger in ledgers}


def _bounds(month: str) -> tuple[datetime, datetime]:
    """A section of joins as its first moment and the first one after it."""
    year, number = map(int, month.removeprefix("joins ").split("-"))
    after = (year + 1, 1) if number == 12 else (year, number + 1)
    return datetime(year, number, 1, tzinfo=UTC), datetime(*after, 1, tzinfo=UTC)
