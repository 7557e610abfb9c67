"""Servers' settings in SQLite."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection
from datetime import datetime

import attrs

from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import ChannelId, GuildId
from giftbot.stores.documents import milliseconds, read_in_turns
from giftbot.stores.sqlite.database import Database, Turn
from giftbot.stores.sqlite.rows import CONVERTER, GUILDS, decode_guild, stored_moment

_POSTING = " AND channel_id IS NOT NULL AND auto_post AND disabled_reason IS NULL AND left_at IS NULL"


class SqliteGuildStore:
    """`GuildStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_guilds(self, guild_ids: Collection[GuildId]) -> dict[GuildId, GuildSettings]:
        """Settings of those servers that have any."""
        rows = await self._database.read(
            f"SELECT {GUILDS.names} FROM guilds WHERE _id IN (SELECT value FROM json_each(?))",
            [json.dumps(list(guild_ids))],
        )
        return {settings.guild_id: settings for settings in map(decode_guild, rows)}

    async def scan_guilds(self, *, posting_only: bool, chunk: int = 500) -> AsyncIterator[list[GuildSettings]]:
        """All servers with settings in chunks, by ascending id."""
        condition = _POSTING if posting_only else ""
        statement = f"SELECT {GUILDS.names} FROM guilds WHERE _id > ?{condition} ORDER BY _id LIMIT ?"
        last = -1
        while rows := await self._database.read(statement, [last, chunk]):
            settings = [decode_guild(row) for row in rows]
            last = settings[-1].guild_id
            yield settings

    async def list_backfills(self) -> list[GuildSettings]:
        """Servers whose `backfill` was asked for and is not finished."""
        rows = await self._database.read(
            f"SELECT {GUILDS.names} FROM guilds WHERE backfill IS NOT NULL ORDER BY backfill_at, _id"
        )
        return await read_in_turns(rows, decode_guild)

    async def save_guild(self, settings: GuildSettings) -> bool:
        """Insert (revision 0) or replace, if nobody else changed the settings since they were read."""
        saved = attrs.evolve(settings, revision=settings.revision + 1)
        values = GUILDS.encode(CONVERTER.unstructure(saved))

        def save(turn: Turn) -> bool:
            if turn.run_many(GUILDS.replace, [[*values, settings.guild_id, settings.revision]]):
                return True
            if settings.revision:
                return False
            return turn.run_many(f"{GUILDS.insert} ON CONFLICT (_id) DO NOTHING", [values]) == 1

        return await self._database.write(save)

    async def disable_channel(self, guild_id: GuildId, channel_id: ChannelId, reason: str, now: datetime) -> bool:
        """Stop posting to this channel. True only for the one call that changed it."""
        moment = milliseconds(now)
        async with self._database.transaction() as transaction:
            changed = await transaction.run(
                "UPDATE guilds SET disabled_reason = ?, disabled_at = ?, updated_at = ?, revision = revision + 1"
                " WHERE _id = ? AND channel_id = ? AND disabled_reason IS NULL",
                [reason, moment, moment, guild_id, channel_id],
            )
        return changed == 1

    async def raise_epoch(self, guild_id: GuildId, backfill: Backfill | None, now: datetime) -> GuildSettings:
        """Begin a new epoch and ask for a backfill, in one atomic write; the settings after it."""
        fresh = GuildSettings(
            guild_id=guild_id,
            epoch=1,
            backfill=backfill,
            backfill_at=now if backfill else None,
            updated_at=now,
            revision=1,
        )
        async with self._database.transaction() as transaction:
            [row] = await transaction.rows(
                f"{GUILDS.insert} ON CONFLICT (_id) DO UPDATE SET epoch = epoch + 1, backfill = excluded.backfill,"
                " backfill_at = excluded.backfill_at, updated_at = excluded.updated_at, revision = revision + 1"
                f" RETURNING {GUILDS.names}",
                GUILDS.encode(CONVERTER.unstructure(fresh)),
            )
        return decode_guild(row)

    async def finish_backfill(self, guild_id: GuildId, backfill_at: datetime) -> None:
        """Forget the backfill that was asked for at this moment; a later one stays."""
        async with self._database.transaction() as transaction:
            await transaction.run(
                "UPDATE guilds SET backfill = NULL, backfill_at = NULL, revision = revision + 1"
                " WHERE _id = ? AND backfill_at = ?",
                [guild_id, stored_moment(backfill_at)],
            )
