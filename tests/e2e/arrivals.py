"""A server whose arrivals are attributed: the sandbox's truth beside what the bot has stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import attrs

from giftbot.app import SQLITE_NAME
from giftbot.models.ids import GuildId, UserId
from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Join, Level, Source
from giftbot.sandbox import Sandbox
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Member
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.remembering_invites import InviteStore
from giftbot.stores.sqlite.store import open_sqlite
from tests.e2e.stage import Stage

SEES_ALL = (
    "VIEW_CHANNEL|SEND_MESSAGES|EMBED_LINKS|READ_MESSAGE_HISTORY|MANAGE_GUILD|MANAGE_CHANNELS|MANAGE_ROLES"
    "|VIEW_AUDIT_LOG|CREATE_INSTANT_INVITE"
)
LIST = "/guilds/{guild_id}/invites"
CHANNEL_LIST = "/channels/{channel_id}/invites"
VANITY = "/guilds/{guild_id}/vanity-url"
AUDIT_LOG = "/guilds/{guild_id}/audit-logs"
MEMBERS = "/guilds/{guild_id}/members"
ASKED = (LIST, CHANNEL_LIST, VANITY, AUDIT_LOG, MEMBERS)


@attrs.define
class House:
    """One server with people who invite."""

    stage: Stage
    guild: Guild
    store: InviteStore | None = None

    @property
    def sandbox(self) -> Sandbox:
        """Where all of it is."""
        return self.stage.sandbox

    @property
    def id(self) -> GuildId:
        """The server's id."""
        return GuildId(self.guild.id)

    def inviter(self, name: str = "ann") -> Member:
        """A member who was there before."""
        return self.guild.add_user(name)

    def joins(self, code: str | None, count: int = 1, **how: object) -> list[Member]:
        """So many people join, one after the other."""
        return [self.sandbox.join(self.guild, code=code, **how) for _ in range(count)]  # type: ignore[arg-type]

    async def joined(self, code: str | None = None, count: int = 1, **how: object) -> list[Join]:
        """The same, and what is stored of them once it is decided."""
        return await self.decided(self.joins(code, count, **how))

    async def decided(self, members: list[Member], *, until: Callable[[Join], bool] | None = None) -> list[Join]:
        """What is stored of these people, once everything is."""
        rows: dict[UserId, Join] = {}
        deadline = time.monotonic() + PATIENCE
        wanted = [UserId(member.user.id) for member in members]
        while time.monotonic() < deadline:
            rows = await self._last(wanted)
            if all(user in rows and rows[user].batch is not None for user in wanted):
                found = [rows[user] for user in wanted]
                if until is None or all(until(join) for join in found):
                    return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"not decided: {[rows.get(user) for user in wanted]}")

    async def _last(self, users: list[UserId]) -> dict[UserId, Join]:
        if self.store is not None:
            return await self.store.last_joins(self.id, users)
        if not self.path.exists():
            return {}
        async with open_sqlite(self.path) as store:
            return await store.last_joins(self.id, users)

    async def all_joins(self) -> list[Join]:
        """Everything that is stored of memberships here, oldest first."""
        if self.store is not None:
            rows = await self.store.list_joins(self.id, limit=100_000)
        else:
            async with open_sqlite(self.path) as store:
                rows = await store.list_joins(self.id, limit=100_000)
        return rows[::-1]

    async def ledger(self, until: Callable[[Ledger], bool] = lambda ledger: ledger.taken_at is not None) -> Ledger:
        """The stored ledger, once it is like that."""
        deadline = time.monotonic() + PATIENCE
        found: Ledger | None = None
        while time.monotonic() < deadline:
            found = await self._ledger()
            if found is not None and until(found):
                return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"the ledger is {found}")

    async def _ledger(self) -> Ledger | None:
        if self.store is not None:
            return await self.store.get_ledger(self.id)
        if not self.path.exists():
            return None
        async with open_sqlite(self.path) as store:
            return await store.get_ledger(self.id)

    @property
    def path(self) -> Path:
        """The bot's SQLite file."""
        return self.stage.directory / SQLITE_NAME

    async def settled(self, moment: datetime | None = None) -> Ledger:
        """The ledger once the bot has looked at this server; after that moment, if one is given."""
        return await self.ledger(
            lambda ledger: ledger.taken_at is not None and (moment is None or ledger.taken_at > moment)
        )

    def check(self, rows: list[Join], *, at_least: Level = Level.OWNER) -> None:
        """Whatever is said with certainty is what happened."""
        for row in rows:
            truth = self.sandbox.world.arrivals.last(self.guild.id, row.user_id)
            assert truth is not None
            if row.level >= max(at_least, Level.COUNTED):
                assert row.code == truth.code, (row, truth)
            if row.level == Level.OWNER and truth.inviter_id is not None:
                assert row.owner_id == truth.inviter_id, (row, truth)

    def conserved(self, ledger: Ledger, first: dict[str, int]) -> None:
        """Every counted use since the first baseline is claimed, waits to be claimed, or is archived."""
        for code, invite in ledger.invites.items():
            waiting = sum(uses.count for uses in ledger.unclaimed if uses.code == code)
            explained = ledger.claimed.get(code, 0) + waiting + ledger.archived.get(code, 0)
            assert explained == invite.uses - first.get(code, 0), (code, ledger)


def house(stage: Stage, permissions: str = SEES_ALL) -> House:
    """A server in which the bot may do this; attribution is switched on for its bot."""
    stage.environ["GIFTBOT_INVITES"] = "true"
    stage.sandbox.world.grant_intents("GUILD_MEMBERS")
    return House(stage, stage.sandbox.world.add_guild(bot_permissions=permissions))


def facts(joins: list[Join]) -> list[tuple[Source, str | None, Level]]:
    """What is claimed of each."""
    return [(join.source, join.code, join.level) for join in joins]
