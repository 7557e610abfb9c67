"""An installation with some history, written through the bot's own store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import attrs

from giftbot.app import Role, open_outside
from giftbot.models.announcement import Announcement, AnnouncementState, Origin, pending
from giftbot.models.code import CodeStatus, Finding, GiftCode, discovered, fold
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, GuildId, RoleId
from giftbot.services.ports import Store
from giftbot.settings import load_settings
from tests.ops.runs import ALONE, Run, run_here

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NORTH, EMBER, QUIET, UNKNOWN = (GuildId(900_000_000_000_000_000 + number) for number in range(4))
"""Servers: one that posts, one whose channel refuses, one without a channel, and one that is not there."""

T = TypeVar("T")


def iso(moment: datetime) -> str:
    """A moment as tables show it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def code_of(raw: str, source: str, status: CodeStatus, **more: object) -> GiftCode:
    """A code as the bot found it long ago."""
    code = discovered(source, Finding(fold(raw), raw), status, LONG_AGO)
    return attrs.evolve(code, fan_out=False, **more)  # type: ignore[arg-type] # checked by attrs


CODES = (
    code_of("Frost77", "rss", CodeStatus.ACTIVE, rewards="100 gems", expires_at=NOW + 48 * HOUR),
    code_of("SNOW2026", "json", CodeStatus.ACTIVE),
    code_of("HELD1", "api", CodeStatus.HELD),
    code_of("HELD2", "manual", CodeStatus.HELD),
    code_of("OLD1", "json", CodeStatus.EXPIRED, expired_at=LONG_AGO),
)
GUILDS = (
    GuildSettings(guild_id=NORTH, channel_id=ChannelId(11), ping_role_id=RoleId(12), checked_at=LONG_AGO),
    GuildSettings(
        guild_id=EMBER,
        channel_id=ChannelId(21),
        disabled_reason="Missing Access (50001)",
        disabled_at=LONG_AGO,
        missing_permissions=("View Channel", "Send Messages"),
        checked_at=LONG_AGO,
    ),
    GuildSettings(guild_id=QUIET, auto_post=False),
)


def row(guild_id: GuildId, raw: str, state: AnnouncementState, at: datetime, **more: object) -> Announcement:
    """A row of the outbox."""
    made = pending(guild_id, fold(raw), Origin.RSS, at, guild_epoch=0, code_epoch=0)
    is_open = state is AnnouncementState.PENDING
    made = attrs.evolve(made, state=state, due_at=at if is_open else None)
    return attrs.evolve(made, **more)  # type: ignore[arg-type] # checked by attrs


ROWS = (
    row(NORTH, "OLD1", AnnouncementState.SENT, NOW - 200 * HOUR, sent_at=NOW - 200 * HOUR, source=Origin.API),
    row(NORTH, "FROST77", AnnouncementState.SENT, NOW - HOUR, sent_at=NOW - HOUR, message_id=77, attempts=1),
    row(NORTH, "SNOW2026", AnnouncementState.PENDING, NOW, due_at=NOW + HOUR),
    row(EMBER, "FROST77", AnnouncementState.FAILED, NOW - 2 * HOUR, reason="Missing Access (50001)", attempts=1),
    row(
        EMBER, "SNOW2026", AnnouncementState.UNKNOWN, NOW - 3 * HOUR, reason="the channel's history cannot be read"
    ),
)


@attrs.frozen
class Installation:
    """Settings, and the data they lead to."""

    environ: dict[str, str]
    directory: Path

    def run(self, *arguments: str, answer: str | None = None) -> Run:
        """Run `ops` on it."""
        return run_here(self.environ, *arguments, answer=answer)

    def with_store(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """Do something with its store."""
        return asyncio.run(self.on_store(work))

    async def on_store(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """Do something with its store, in a running loop."""
        settings = load_settings(self.environ, directory=self.directory)
        async with open_outside(settings, Role.OPS, owner="a test") as outside:
            return await work(outside.store)


async def fill(store: Store) -> None:
    """Write the history."""
    await store.insert_codes(CODES)
    for guild in GUILDS:
        await store.save_guild(guild)
    await store.enqueue(ROWS)


def on_sqlite(directory: Path, **environ: str) -> Installation:
    """An installation without any data yet."""
    directory.mkdir(exist_ok=True)
    return Installation({**ALONE, "GIFTBOT_DATA_DIR": str(directory), **environ}, directory)


def on_mongo(directory: Path, uri: str, database: str, **environ: str) -> Installation:
    """An installation without any data yet."""
    return on_sqlite(directory, MONGO_URI=uri, MONGO_DB_NAME=database, **environ)
