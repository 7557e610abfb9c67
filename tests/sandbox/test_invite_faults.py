"""What can happen to events and calls on their way: delays, other orders, duplicates, losses, outages."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import hikari
import pytest

from giftbot.sandbox import DeleteNotice, Sandbox
from giftbot.sandbox.guild import Guild
from tests.sandbox.conftest import Connect
from tests.sandbox.doors import INTENTS, SEES_ALL, Tape

LIST = "/guilds/{guild_id}/invites"


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    """A guild in which the bot may see everything about invites."""
    sandbox.world.grant_intents("GUILD_MEMBERS")
    return sandbox.world.add_guild(bot_permissions=SEES_ALL)


@pytest.mark.parametrize(
    ("in_order", "names"),
    [
        (True, ["GUILD_MEMBER_ADD", "INVITE_DELETE"]),
        (False, ["INVITE_DELETE", "GUILD_MEMBER_ADD"]),
    ],
)
async def test_slow_kind(
    sandbox: Sandbox, guild: Guild, connect: Connect, in_order: bool, names: list[str]
) -> None:
    """A kind of event that takes longer holds up the others only if the session keeps the order."""
    bot = await connect(sandbox, intents=INTENTS)
    tape = Tape(bot, "GUILD_MEMBER_ADD", "INVITE_DELETE")
    sandbox.gateway.delivery.in_order = in_order
    sandbox.gateway.delivery.lag("GUILD_MEMBER_ADD", 0.2)
    invite = guild.invites.create(max_uses=1)
    before = time.monotonic()
    sandbox.join(guild, code=invite.code, delete_notice=DeleteNotice.AFTER)
    assert await tape.names(2) == names
    assert time.monotonic() - before >= 0.2
    assert sandbox.gateway.delivery.under_way == 0


async def test_one_kind_keeps_its_order(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """Lags that are drawn anew for each event never turn the order of one kind around."""
    tape = Tape(await connect(sandbox, intents=INTENTS), "GUILD_MEMBER_ADD")
    sandbox.gateway.delivery.in_order = False
    sandbox.gateway.delivery.lag("*", 0.0, 0.05)
    joined = [sandbox.join(guild).user.id for _ in range(30)]
    assert [int((await tape.next()).payload["user"]["id"]) for _ in joined] == joined


async def test_duplicates_and_losses(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """The next events of a kind come twice, the ones after are lost."""
    tape = Tape(await connect(sandbox, intents=INTENTS), "GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE")
    sandbox.gateway.delivery.duplicate("GUILD_MEMBER_ADD", after=0.05)
    sandbox.gateway.delivery.drop("GUILD_MEMBER_REMOVE")
    first = sandbox.join(guild)
    second = sandbox.join(guild)
    sandbox.leave(guild, first)
    sandbox.leave(guild, second)
    heard = [await tape.next() for _ in range(4)]
    assert [(one.name, int(one.payload["user"]["id"])) for one in heard] == [
        ("GUILD_MEMBER_ADD", first.user.id),
        ("GUILD_MEMBER_ADD", second.user.id),
        ("GUILD_MEMBER_REMOVE", second.user.id),
        ("GUILD_MEMBER_ADD", first.user.id),
    ]


@pytest.mark.parametrize(("at", "uses"), [(0.0, 0), (1.0, 1)])
async def test_moment_of_the_list(sandbox: Sandbox, guild: Guild, connect: Connect, at: float, uses: int) -> None:
    """The list shows the uses of a chosen moment of the call: what happens after it is not in the answer."""
    invite = guild.invites.create()
    rest = (await connect(sandbox)).rest
    sandbox.latency.add(1.0, route=LIST, at=at)
    before = time.monotonic()
    call = asyncio.create_task(_fetch(rest, guild))
    await asyncio.sleep(0.5)
    sandbox.join(guild, code=invite.code)
    assert await call == uses
    assert time.monotonic() - before >= 1.0
    sandbox.latency.clear()
    assert await _fetch(rest, guild) == 1


async def _fetch(rest: hikari.api.RESTClient, guild: Guild) -> int:
    (invite,) = await rest.fetch_guild_invites(guild.id)
    assert isinstance(invite, hikari.InviteWithMetadata)
    return invite.uses


@pytest.mark.parametrize("resumable", [True, False])
async def test_outage(sandbox: Sandbox, guild: Guild, connect: Connect, resumable: bool) -> None:
    """While the gateway is down nothing is heard; RESUME brings it in its order, a new session does not."""
    invite = guild.invites.create()
    tape = Tape(await connect(sandbox, intents=INTENTS))
    sandbox.gateway.go_down()
    during = sandbox.join(guild, code=invite.code)
    sandbox.leave(guild, during)
    sandbox.gateway.come_up(resumable=resumable)
    heard = await tape.until("RESUMED" if resumable else "GUILD_CREATE")
    assert ("GUILD_MEMBER_ADD" in heard) == resumable
    if resumable:
        assert heard[-3:] == ["GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE", "RESUMED"]
    later = sandbox.join(guild, code=invite.code)
    event = await tape.next()
    assert (event.name, event.payload["user"]["id"]) == ("GUILD_MEMBER_ADD", str(later.user.id))
    assert len(sandbox.world.arrivals) == 2


async def test_unavailable_guild(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """A guild in an outage of its own tells nothing, and is there again with what happened."""
    tape = Tape(await connect(sandbox, intents=INTENTS))
    sandbox.world.outage(guild)
    sandbox.join(guild)
    sandbox.world.end_outage(guild)
    assert await tape.until("GUILD_CREATE") == ["GUILD_DELETE", "GUILD_CREATE"]


async def test_sandbox_closes_in_an_outage() -> None:
    """A connection that waits for the end of an outage is refused when the sandbox closes."""
    async with Sandbox() as sandbox, aiohttp.ClientSession() as session:
        sandbox.gateway.go_down()
        waiting = asyncio.create_task(session.ws_connect(f"{sandbox.base_url}/gateway"))
        await asyncio.sleep(0.05)
        await sandbox.gateway.close()
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await waiting
        assert caught.value.status == 503


async def test_guilds_come_and_go_in_order(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """However events travel, a guild that goes and comes back never does so the other way round."""
    tape = Tape(await connect(sandbox, intents=INTENTS), "GUILD_CREATE", "GUILD_DELETE")
    sandbox.gateway.delivery.in_order = False
    sandbox.gateway.delivery.lag("*", 0.0, 0.02)
    for _ in range(10):
        sandbox.world.outage(guild)
        sandbox.world.end_outage(guild)
    assert await tape.names(20) == ["GUILD_DELETE", "GUILD_CREATE"] * 10
