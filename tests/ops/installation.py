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
from giftbot.models.ids import ChannelId, GuildId, PlayerId, RoleId, UserId
from giftbot.models.job import Job, JobState, Trigger
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
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
    return attrs.evolve(code, fan_out=False, redeem=False, **more)  # type: ignore[arg-type] # checked by attrs


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


def player(guild_id: GuildId, player_id: str, state: PlayerState, **more: object) -> Player:
    """A registered player."""
    made = Player(guild_id, PlayerId(player_id), state, created_at=LONG_AGO, updated_at=LONG_AGO)
    return attrs.evolve(made, **more)  # type: ignore[arg-type] # checked by attrs


PLAYERS = (
    player(
        NORTH,
        "1001",
        PlayerState.ACTIVE,
        kingdom=312,
        nickname="Ada",
        owner_id=UserId(77),
        proved_at=LONG_AGO,
    ),
    player(NORTH, "1002", PlayerState.UNPROVED, kingdom=312),
    player(NORTH, "1003", PlayerState.WRONG_KINGDOM, kingdom=5),
    player(EMBER, "1001", PlayerState.PAUSED, kingdom=312),
)


def job(guild_id: GuildId, raw: str, state: JobState, at: datetime, **more: object) -> Job:
    """A job whose players all have their rows."""
    made = Job(guild_id, fold(raw), state, Trigger.AUTO, created_at=at, updated_at=at, enrolling=False)
    return attrs.evolve(made, **more)  # type: ignore[arg-type] # checked by attrs


JOBS = (
    job(NORTH, "FROST77", JobState.OPEN, NOW - HOUR, due_at=NOW + HOUR),
    job(NORTH, "SNOW2026", JobState.STOPPED, NOW - 2 * HOUR, reason="It was stopped."),
    job(EMBER, "FROST77", JobState.DONE, NOW - 3 * HOUR, finished_at=NOW - 3 * HOUR),
)


def redemption(
    guild_id: GuildId, code: str, player_id: str, outcome: RedemptionOutcome, at: datetime, **more: object
) -> Redemption:
    """One code for one player."""
    made = Redemption(guild_id, fold(code), PlayerId(player_id), outcome, created_at=at, updated_at=at)
    return attrs.evolve(made, **more)  # type: ignore[arg-type] # checked by attrs


_REDEEMED = {"raw": "20000 SUCCESS", "attempts": 1, "redeemed_at": NOW - HOUR}
REDEMPTIONS = (
    redemption(NORTH, "FROST77", "1001", RedemptionOutcome.REDEEMED, NOW - HOUR, **_REDEEMED),
    redemption(
        NORTH, "FROST77", "1002", RedemptionOutcome.RETRY, NOW - 2 * HOUR, attempts=2, next_attempt_at=NOW + HOUR
    ),
    redemption(
        NORTH, "FROST77", "1003", RedemptionOutcome.UNKNOWN, NOW - 3 * HOUR, attempts=1, raw="49999 STRANGE"
    ),
    redemption(NORTH, "SNOW2026", "1001", RedemptionOutcome.WAITING, NOW - 4 * HOUR, next_attempt_at=NOW),
    redemption(EMBER, "FROST77", "1001", RedemptionOutcome.ALREADY, NOW - 5 * HOUR, raw="40008 RECEIVED"),
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
    for guild_id in (NORTH, EMBER):
        await store.insert_players([one for one in PLAYERS if one.guild_id == guild_id])
    await store.open_redemptions(REDEMPTIONS)
    await store.open_jobs(JOBS)


def on_sqlite(directory: Path, **environ: str) -> Installation:
    """An installation without any data yet."""
    directory.mkdir(exist_ok=True)
    return Installation({**ALONE, "GIFTBOT_DATA_DIR": str(directory), **environ}, directory)


def on_mongo(directory: Path, uri: str, database: str, **environ: str) -> Installation:
    """An installation without any data yet."""
    return on_sqlite(directory, MONGO_URI=uri, MONGO_DB_NAME=database, **environ)
