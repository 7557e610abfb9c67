"""A sandbox in a process of its own, and bots that are connected to it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs

from bench.link import Child, child
from bench.places import Place
from giftbot.models.code import CodeStatus, GiftCode, display_form, fold
from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import ChannelId, GuildId

STILL = {"GIFTCODE_CHECK_INTERVAL": "3600", "GIFTCODE_API_URL": ""}
"""Settings of a bot that asks no sources of its own accord; without the shared list, which asks for pauses."""


def active_code(name: str, *, fan_out: bool = False, redeem: bool = False) -> GiftCode:
    """A code as a source gives it; with `fan_out` it is still to be announced, with `redeem` to be redeemed."""
    now = datetime.now(UTC).replace(microsecond=0)
    return GiftCode(
        key=fold(name),
        display=display_form(name),
        status=CodeStatus.ACTIVE,
        created_at=now,
        updated_at=now,
        rewards="100 gems, 2 speedups",
        expires_at=now + timedelta(days=3),
        fan_out=fan_out,
        redeem=redeem,
    )


@attrs.frozen
class Town:
    """The sandbox, and a channel in each of its servers."""

    process: Child
    environ: Mapping[str, str]
    """The settings that lead to it."""
    places: Sequence[tuple[int, int]]

    def settings(self, count: int | None = None, backfill: Backfill | None = None) -> list[GuildSettings]:
        """Settings of servers whose channels were chosen and seen.

        Where more are wanted than the sandbox has, the rest exist in the store alone, with channels of others.
        """
        now = datetime.now(UTC).replace(microsecond=0)
        found = []
        for number in range(len(self.places) if count is None else count):
            guild_id, channel_id = self.places[number % len(self.places)]
            found.append(
                GuildSettings(
                    guild_id=GuildId(guild_id if number < len(self.places) else guild_id + number),
                    channel_id=ChannelId(channel_id),
                    checked_at=now,
                    backfill=backfill,
                    backfill_at=now if backfill else None,
                )
            )
        return found

    @asynccontextmanager
    async def bot(self, place: Place, *arguments: str, **more: str) -> AsyncIterator[Child]:
        """The bot on this store, connected to the sandbox."""
        environ = {**os.environ, "LOG_LEVEL": "INFO", **self.environ, **place.environ, **more}
        async with child("bench.bot_child", place.directory, *arguments, environ=environ) as process:
            yield process


@asynccontextmanager
async def open_town(
    root: Path, guilds: int, *, channels: int = 2, roles: int = 2, limits: bool = False
) -> AsyncIterator[Town]:
    """Start a sandbox with so many servers; with `limits` those of Discord bind."""
    arguments = ["--limits"] if limits else []
    async with child("bench.discord_child", root, *arguments) as process:
        built = await process.ask("build", guilds=guilds, channels=channels, roles=roles)
        places = [(guild_id, channel_id) for guild_id, channel_id in built["places"]]
        yield Town(process, built["environ"], places)
