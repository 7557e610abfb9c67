"""What is told to the actors of a server's members."""

from __future__ import annotations

import asyncio
from pathlib import Path

import hikari

from giftbot.clock import SystemClock
from giftbot.connection import HTTP_SETTINGS
from giftbot.discord.invite_rights import InviteRights
from giftbot.discord.invites import DiscordInvites
from giftbot.discord.member_events import MemberEvents
from giftbot.models.ids import GuildId
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.invite_times import InviteTimes
from giftbot.sandbox import Sandbox
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.invites.actors import Actors
from giftbot.stores.sqlite.store import open_sqlite


async def test_moments_are_told_as_they_are_stored(sandbox: Sandbox, tmp_path: Path) -> None:
    """Discord gives microseconds, stores keep milliseconds: rows are the same before and after they are stored."""
    sandbox.world.grant_intents("GUILD_MEMBERS")
    guild = sandbox.world.add_guild(bot_permissions="MANAGE_GUILD")
    bot = hikari.GatewayBot(
        sandbox.token,
        banner=None,
        logs=None,
        rest_url=sandbox.api_url,
        intents=hikari.Intents.GUILDS | hikari.Intents.GUILD_MEMBERS | hikari.Intents.GUILD_INVITES,
        auto_chunk_members=False,
        http_settings=HTTP_SETTINGS,
        max_retries=0,
    )
    clock = SystemClock()
    decided: list[InviteBatch] = []
    heard = asyncio.Event()

    async def note(batch: InviteBatch) -> None:
        decided.append(batch)
        heard.set()

    async with open_sqlite(tmp_path / "store.db") as store:
        directory = DiscordInvites(bot.rest, InviteRights(bot.cache, sandbox.world.bot.id), clock)
        actors = Actors(
            store=store, directory=directory, clock=clock, times=InviteTimes().scaled(0.02), complain=lambda _: None
        )
        actors.subscribe(note)
        working = asyncio.create_task(actors.run())
        MemberEvents(actors, directory, clock).listen(bot)
        await bot.start(check_for_updates=False)
        try:
            while bot.cache.get_guild(guild.id) is None:
                await bot.wait_for(hikari.GuildAvailableEvent, 5)
            people = {sandbox.join(guild).user.id for _ in range(5)}
            async with asyncio.timeout(PATIENCE):
                while not people <= {join.user_id for batch in decided for join in batch.joins}:
                    await heard.wait()
                    heard.clear()
            stored = await store.list_joins(GuildId(guild.id))
        finally:
            await bot.close()
            await actors.stop()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
    told = {join.join_id: join for batch in decided for join in batch.joins}
    assert told == {join.join_id: join for join in stored}
