"""Taking a copy into the tables: what is absent is added, what is newer replaces what is older, nothing is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import attrs

from giftbot.models.credit import Credit
from giftbot.models.ids import GuildId
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Join
from giftbot.models.ledger_document import LedgerDocument
from giftbot.models.staff import StaffLink
from giftbot.services.invites.payload import OURS, Records, carried_of, read_records
from giftbot.services.invites.ports import Copy
from giftbot.services.invites.sections import Documents
from giftbot.services.remembering_invites import InviteStore

_TOGETHER = 50
"""Servers that are written at once."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_REFUSALS = 1000
"""So many refused entries are named."""
T = TypeVar("T")


@attrs.frozen
class Taken:
    """What a copy brought."""

    written: Counter[str] = attrs.Factory(Counter)
    """Rows that were added or replaced, by kind."""
    refused: tuple[str, ...] = ()
    """Entries that were not used, with their reasons."""
    guild_ids: tuple[GuildId, ...] = ()
    """The servers it holds."""
    since: Mapping[GuildId, datetime] = attrs.Factory(dict)
    """From when on it knows who joined, for servers of which it has a baseline."""


def _in_pieces(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


class Merging:
    """Reads a copy's entries and writes them to the tables."""

    def __init__(self, store: InviteStore, documents: Documents) -> None:
        self._store = store
        self._documents = documents

    async def take_in(self, copy: Copy, *, ledgers: bool = True, dry_run: bool = False) -> Taken:
        """Take a whole copy in.

        `ledgers` is False while the bot decides joins: what it knows of the invites is newer then, and only its
        own actors change it. With `dry_run` everything is read, and what would be written is counted.
        Raises `StoreError`.
        """
        records, refused = await asyncio.to_thread(_read, copy.data, self._documents)
        merge = _Merge(self._store, copy, ledgers=ledgers, dry_run=dry_run)
        await merge.prepare()
        await merge.carry(carried_of(copy.data))
        for group in _in_pieces(records, _TOGETHER):
            await merge.take_in(group)
        return Taken(
            merge.written,
            tuple(refused[:_REFUSALS]),
            tuple(one.guild_id for one in records),
            {one.guild_id: moment for one in records if (moment := self._since(one.ledger)) is not None},
        )

    def _since(self, known: LedgerDocument | None) -> datetime | None:
        if known is None:
            return None
        ledger = self._documents.read_document(Ledger, {**known.document, "invites": {}})
        return None if ledger is None else ledger.since or ledger.taken_at


def _read(data: Mapping[str, object], documents: Documents) -> tuple[list[Records], list[str]]:
    found, refused = [], []
    guilds = data.get(OURS, {})
    if not isinstance(guilds, Mapping):
        return [], [f"{OURS} is no table"]
    for guild, sections in guilds.items():
        records, reasons = read_records(guild, sections, documents)
        refused += reasons
        if records is not None:
            found.append(records)
    return found, refused


def entries_of(copy: Copy, documents: Documents) -> tuple[dict[str, int], list[str]]:
    """How many entries of each kind a copy holds, and those that cannot be used, with their reasons."""
    found, refused = _read(copy.data, documents)
    counts = {
        "servers": len(found),
        "invites": sum(one.ledger.size for one in found if one.ledger is not None),
        "joins": sum(len(one.joins) for one in found),
        "links": sum(len(one.links) for one in found),
        "credits": sum(len(one.credits) for one in found),
    }
    return counts, refused


class _Merge:
    """One copy on its way into the tables."""

    def __init__(self, store: InviteStore, copy: Copy, *, ledgers: bool, dry_run: bool) -> None:
        self.written: Counter[str] = Counter()
        self._store = store
        self._copy = copy
        self._with_ledgers = ledgers
        self._dry_run = dry_run
        self._numbers: dict[GuildId, int] = {}
        self._links: dict[str, tuple[int, datetime]] = {}
        self._settings: dict[GuildId, tuple[int, datetime]] = {}

    async def prepare(self) -> None:
        """Look at what the tables have, as far as it is not asked row by row."""
        self._numbers = await self._store.ledger_numbers()
        for link in await self._store.list_links():
            self._links[link.key] = (link.revision, link.updated_at or link.valid_from)
        for one in await self._store.list_invite_settings():
            self._settings[one.guild_id] = (one.revision, one.updated_at or _NEVER)

    async def carry(self, tables: Mapping[str, object]) -> None:
        """Keep the tables that are not ours, as far as they are not kept already."""
        known = await self._store.get_carried()
        absent = {name: value for name, value in tables.items() if name not in known}
        self.written["carried tables"] += len(absent)
        if absent and not self._dry_run:
            await self._store.save_carried(absent)

    async def take_in(self, group: Sequence[Records]) -> None:
        """Write what is known of some servers. The ledgers come last: they stand for all that is before them."""
        await self._joins([join for records in group for join in records.joins])
        await self._links_of([link for records in group for link in records.links])
        await self._settings_of([records.settings for records in group if records.settings is not None])
        await self._credits([credit for records in group for credit in records.credits])
        if self._with_ledgers:
            await self._ledgers([records.ledger for records in group if records.ledger is not None])

    async def _ledgers(self, ledgers: Iterable[LedgerDocument]) -> None:
        newer = [ledger for ledger in ledgers if self._numbers.get(ledger.guild_id, -1) < ledger.number]
        if newer and not self._dry_run:
            self.written["ledgers"] += len(await self._store.restore_ledgers(newer, decided_at=self._copy.taken_at))
        else:
            self.written["ledgers"] += len(newer)

    async def _joins(self, joins: Sequence[Join]) -> None:
        known = await self._store.get_joins([join.join_id for join in joins]) if joins else {}
        absent = [join for join in joins if join.join_id not in known]
        if absent:
            new = {join.join_id for join in absent} if self._dry_run else await self._store.insert_joins(absent)
            self.written["joins"] += len(new)
        for join in joins:
            before = known.get(join.join_id)
            if before is None:
                continue
            merged = _merged(join, before)
            if merged != before and (self._dry_run or await self._store.save_join(merged, before=before)):
                self.written["joins"] += 1

    async def _links_of(self, links: Iterable[StaffLink]) -> None:
        newer = []
        for link in links:
            revision, changed_at = self._links.get(link.key, (0, None))
            if changed_at is None or (link.updated_at or link.valid_from) > changed_at:
                newer.append(attrs.evolve(link, revision=revision))
        self.written["links"] += len(newer) if self._dry_run else await self._store.save_links(newer)

    async def _credits(self, credits_: Sequence[Credit]) -> None:
        known = await self._store.get_credits([credit.credit_id for credit in credits_]) if credits_ else {}
        absent = [attrs.evolve(credit, revision=0) for credit in credits_ if credit.credit_id not in known]
        self.written["credits"] += len(absent) if self._dry_run else await self._store.open_credits(absent)
        newer = [
            attrs.evolve(credit, revision=before.revision)
            for credit in credits_
            if (before := known.get(credit.credit_id)) is not None and before.updated_at < credit.updated_at
        ]
        for some in _in_pieces(newer, _TOGETHER):
            await asyncio.gather(*map(self._changed_credit, some))

    async def _changed_credit(self, credit: Credit) -> None:
        if self._dry_run or await self._store.save_credit(credit):
            self.written["credits"] += 1

    async def _settings_of(self, settings: Iterable[InviteSettings]) -> None:
        newer = []
        for one in settings:
            revision, changed_at = self._settings.get(one.guild_id, (0, None))
            if changed_at is None or (one.updated_at or _NEVER) > changed_at:
                newer.append(attrs.evolve(one, revision=revision))
        self.written["settings"] += (
            len(newer) if self._dry_run else await self._store.save_many_invite_settings(newer)
        )


def _merged(join: Join, before: Join) -> Join:
    """A copy's row of a membership and the table's as one: what is newer, but for what the other is surer of."""
    if (join.updated_at or _NEVER) > (before.updated_at or _NEVER):
        return join.merged(before)
    return before.merged(join)


def describe(written: Mapping[str, int]) -> str:
    """Counts by kind as words, for people: `12 joins, 2 links`."""
    return ", ".join(f"{count} {kind}" for kind, count in sorted(written.items()) if count) or "nothing new"


def newest(copies: Iterable[Copy]) -> list[Copy]:
    """Copies in the order in which to take them: the series written last first, its highest number first."""
    ordered = sorted(copies, key=lambda copy: (copy.sequence, copy.taken_at), reverse=True)
    ends: dict[str, datetime] = {}
    for copy in ordered:
        ends.setdefault(copy.epoch, copy.taken_at)
    return sorted(ordered, key=lambda copy: ends[copy.epoch], reverse=True)
