"""All that a copy holds, kept as small texts: only what changed is read and written again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs

from giftbot.models.ids import GuildId, JoinId
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
    Records,
    by_guild,
    guild_of,
    pack_ledger,
    pack_records,
    pack_state,
)
from giftbot.services.invites.sections import Documents, Months, Section, sections_of, with_joins
from giftbot.services.remembering_invites import InviteStore

_EVERYTHING = 10_000_000
_TOGETHER = 20
"""Servers that are read at once."""
_JOINS = 500
"""Joins that are read at once."""


@attrs.frozen
class Change:
    """What changed in a server since the last copy."""

    guild_id: GuildId
    joins: frozenset[JoinId] = frozenset()
    """Joins that changed, beside the state."""


class Archive:
    """The sections of all servers, as they were last read from the tables."""

    def __init__(self, store: InviteStore, documents: Documents) -> None:
        self._store = store
        self._documents = documents
        self._guilds: dict[GuildId, dict[str, Section]] = {}
        """Sections but those of joins."""
        self._months: dict[GuildId, Months] = {}

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
        months: dict[GuildId, Months] = {}
        async for joins in self._store.scan_joins():
            await self._add_joins(months, joins)
        self._guilds, self._months = guilds, months

    async def _add_joins(self, months: dict[GuildId, Months], joins: Iterable[Join]) -> None:
        """Add some joins, or replace what was there of them."""
        groups = by_guild(joins, guild_of)
        before = {guild_id: months.get(guild_id, {}) for guild_id in groups}
        months |= await asyncio.to_thread(self._pack_joins, before, groups)

    def _pack_joins(
        self, before: Mapping[GuildId, Months], groups: Mapping[GuildId, Sequence[Join]]
    ) -> dict[GuildId, Months]:
        return {one: with_joins(before[one], group, self._documents) for one, group in groups.items()}

    def _pack_states(self, records: Iterable[Records]) -> dict[GuildId, Section]:
        return {one.guild_id: pack_state(one, self._documents) for one in records}

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
        self._guilds[guild_id] = {**self._guilds.get(guild_id, {}), **sections}
        ids = sorted(change.joins)
        for start in range(0, len(ids), _JOINS):
            found = await self._store.get_joins(ids[start : start + _JOINS])
            await self._add_joins(self._months, found.values())

    def data(self, carried: Mapping[str, object], taken_at: datetime) -> dict[str, object]:
        """All of it as a copy's data; the texts are put in when it is rendered."""
        everything = {
            guild_id: self._guilds.get(guild_id, {}) | sections_of(self._months.get(guild_id, {}))
            for guild_id in sorted(self._guilds.keys() | self._months.keys())
        }
        guilds = {
            str(guild_id): {name: section.own for name, section in sorted(sections.items())}
            for guild_id, sections in everything.items()
        }
        packed = [section for sections in everything.values() for section in sections.values()]
        tables = {name: _rows(name, packed) for name in sorted(EARLIER - {CACHE_TABLE})}
        cache = {
            str(guild_id): part
            for guild_id, sections in everything.items()
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


def _rows(table: str, sections: Iterable[Section]) -> Rows:
    return Rows(tuple(part for one in sections if (part := one.earlier.get(table)) is not None))


def _pack_ledgers(ledgers: Iterable[LedgerDocument]) -> dict[GuildId, Section]:
    return {ledger.guild_id: pack_ledger(ledger) for ledger in ledgers}
