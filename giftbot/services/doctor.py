"""Looks at what the bot needs, and says what is wrong and what to do. Changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from giftbot.errors import SourceError, StoreError
from giftbot.models.check import Check, failed, ok, warning
from giftbot.models.guild import GuildSettings
from giftbot.models.source import Listing
from giftbot.models.statistics import OutboxCounts
from giftbot.services.ports import Clock, Journal, Source, Store
from giftbot.text.words import counted

LATE = timedelta(minutes=2)
"""What is due for longer than this, nobody is working on."""
MOST_SERVERS = 20
"""So many servers with trouble are named one by one."""
_ABOUT_SERVERS = (
    "Repair the channel's permissions in that server, then choose the channel again: /giftcodesettings."
)


async def check_sources(sources: Sequence[Source]) -> list[Check]:
    """Ask every source once, all together; what they list is not taken in."""
    if not sources:
        return [warning("sources", "none is set, so no new code is found", "Set GIFTCODE_JSON_URL or another one.")]
    answers = await asyncio.gather(*map(_asked, sources))
    any_well = any(isinstance(answer, Listing) for answer in answers)
    return [_source(source, answer, any_well) for source, answer in zip(sources, answers, strict=True)]


async def _asked(source: Source) -> Listing | str:
    try:
        return await source.fetch() or Listing(())
    except SourceError as error:
        return str(error)


def _source(source: Source, answer: Listing | str, any_well: bool) -> Check:
    name = f"source {source.name}"
    if isinstance(answer, str):
        found = answer.rstrip(".")
        if any_well:
            return warning(name, found, "Codes still come from the other sources. Check its address if it stays.")
        return failed(name, found, "No source can be read. Check this machine's network and the addresses.")
    refused = f", {counted(answer.refused, 'entry', 'entries')} not readable" if answer.refused else ""
    return ok(name, f"{counted(len(answer.findings), 'code')} at {source.url}{refused}")


class Doctor:
    """Examines the store and what it says of the bot's work."""

    def __init__(self, *, store: Store, journal: Journal, clock: Clock) -> None:
        self._store = store
        self._journal = journal
        self._clock = clock

    async def examine(self) -> list[Check]:
        """One line or more for the store, the journal, the outbox and the servers."""
        checks = [await self._check_store(), await self._check_journal()]
        try:
            checks.append(self._check_outbox(await self._store.count_outbox()))
            checks += await self._check_servers()
        except StoreError as error:
            checks.append(failed("outbox", str(error).rstrip(".")))
        return checks

    async def _check_store(self) -> Check:
        try:
            trip = await self._store.ping()
            facts = await self._store.facts()
        except StoreError as error:
            return failed("store", str(error).rstrip("."))
        known = ", ".join(f"{name} {value}" for name, value in facts.items())
        found = f"{self._store.label} answers in {trip * 1000:.1f} ms: {known}"
        if facts.get("topology") == "standalone":
            return warning("store", found, "A replica set, even of one server, is safer.")
        return ok("store", found)

    async def _check_journal(self) -> Check:
        try:
            waiting = len(await self._journal.read())
        except OSError as error:
            return warning(
                "journal", f"cannot be read ({error.strerror})", "Check the owner of the data directory."
            )
        if not waiting:
            return ok("journal", "empty")
        marks = counted(waiting, "mark")
        advice = "A running bot writes them; while it is stopped: ops replay. Keep the file."
        return warning("journal", f"{marks} not in the store yet", advice)

    def _check_outbox(self, counts: OutboxCounts) -> Check:
        waiting = counted(counts.pending + counts.claimed, "post")
        found = f"{waiting} waiting, {counts.unknown} not certain, {counts.failed} failed"
        due = counts.oldest_due_at
        if due is not None and self._clock.now() - due > LATE:
            return warning(
                "outbox", f"{found}; the oldest due since {_iso(due)}", "Is the bot running? See its log."
            )
        if counts.unknown:
            advice = (
                "See ops inspect sent --state unknown; an admin decides with “Post again” in /giftcodesettings."
            )
            return warning("outbox", found, advice)
        if counts.failed:
            return warning("outbox", found, "See the reasons with ops inspect sent --state failed.")
        return ok("outbox", found)

    async def _check_servers(self) -> list[Check]:
        posting, troubled = 0, []
        async for guilds in self._store.scan_guilds(posting_only=False):
            posting += sum(guild.is_posting for guild in guilds)
            troubled += [guild for guild in guilds if has_trouble(guild)]
        checks = [_server(guild) for guild in troubled[:MOST_SERVERS]]
        found = f"{posting} posting, {len(troubled)} with trouble"
        if not troubled:
            return [ok("servers", found)]
        return [warning("servers", found, "See all with ops inspect guilds."), *checks]


def has_trouble(guild: GuildSettings) -> bool:
    """Whether the bot found, when it last saw the server's channel, that it cannot post there."""
    is_used = guild.channel_id is not None and guild.left_at is None
    return is_used and (guild.disabled_reason is not None or bool(guild.missing_permissions))


def _server(guild: GuildSettings) -> Check:
    parts = []
    if guild.disabled_reason is not None:
        since = f" since {_iso(guild.disabled_at)}" if guild.disabled_at else ""
        parts.append(f"channel {guild.channel_id} disabled{since}: {guild.disabled_reason}")
    if guild.missing_permissions:
        seen = f", seen {_iso(guild.checked_at)}" if guild.checked_at else ""
        missing = ", ".join(guild.missing_permissions)
        parts.append(f"missing in channel {guild.channel_id}: {missing}{seen}")
    return warning(f"server {guild.guild_id}", "; ".join(parts), _ABOUT_SERVERS)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
