"""Sessions of real hikari bots."""

from __future__ import annotations

import asyncio

import aiohttp
import hikari
import pytest

from giftbot.sandbox import Limits, Sandbox
from giftbot.sandbox.pulse import PATIENCE
from tests.sandbox.conftest import Connect

ALL_MESSAGES = hikari.Intents.GUILDS | hikari.Intents.GUILD_MESSAGES


class Heard:
    """Collects events of a bot; a test waits for the one it needs."""

    def __init__(self, bot: hikari.GatewayBot, *kinds: type[hikari.Event]) -> None:
        self._queue: asyncio.Queue[hikari.Event] = asyncio.Queue()
        for kind in kinds:
            bot.subscribe(kind, self._put)

    async def _put(self, event: hikari.Event) -> None:
        self._queue.put_nowait(event)

    async def next(self, timeout: float = PATIENCE) -> hikari.Event:
        """Return the next event."""
        return await asyncio.wait_for(self._queue.get(), timeout)

    @property
    def none(self) -> bool:
        """Whether nothing else has arrived."""
        return self._queue.empty()


async def test_guilds_appear(sandbox: Sandbox, connect: Connect) -> None:
    """Guilds from before are available after the start, later ones are joins, removed ones leave."""
    before = sandbox.world.add_guild("before", members=3)
    bot = await connect(sandbox)
    heard = Heard(bot, hikari.GuildJoinEvent, hikari.GuildLeaveEvent, hikari.GuildUnavailableEvent)
    later = sandbox.world.add_guild("later", channels=["only"])
    joined = await heard.next()
    assert isinstance(joined, hikari.GuildJoinEvent)
    assert [channel.name for channel in joined.channels.values()] == ["only"]
    assert set(bot.cache.get_available_guilds_view()) == {before.id, later.id}
    sandbox.world.outage(before)
    assert isinstance(await heard.next(), hikari.GuildUnavailableEvent)
    sandbox.world.remove_guild(later)
    assert isinstance(await heard.next(), hikari.GuildLeaveEvent)


async def test_changes_are_heard(sandbox: Sandbox, connect: Connect) -> None:
    """Channels, overwrites and roles reach the bot's cache as they change."""
    guild = sandbox.world.add_guild()
    bot = await connect(sandbox)
    heard = Heard(
        bot,
        hikari.GuildChannelCreateEvent,
        hikari.GuildChannelUpdateEvent,
        hikari.GuildChannelDeleteEvent,
        hikari.RoleCreateEvent,
        hikari.RoleUpdateEvent,
    )
    channel = guild.add_channel("news")
    assert isinstance(await heard.next(), hikari.GuildChannelCreateEvent)
    role = guild.add_role("Fans", "MANAGE_GUILD", mentionable=True)
    created = await heard.next()
    assert isinstance(created, hikari.RoleCreateEvent)
    assert created.role.is_mentionable
    sandbox.world.set_overwrite(channel, role, deny="SEND_MESSAGES")
    updated = await heard.next()
    assert isinstance(updated, hikari.GuildChannelUpdateEvent)
    cached = bot.cache.get_guild_channel(channel.id)
    assert isinstance(cached, hikari.PermissibleGuildChannel)
    assert cached.permission_overwrites[hikari.Snowflake(role.id)].deny == hikari.Permissions.SEND_MESSAGES
    guild.set_bot_permissions("VIEW_CHANNEL")
    assert isinstance(await heard.next(), hikari.RoleUpdateEvent)
    sandbox.world.delete_channel(channel)
    assert isinstance(await heard.next(), hikari.GuildChannelDeleteEvent)


async def test_intents_filter_events(sandbox: Sandbox, connect: Connect) -> None:
    """Messages are heard with their intent only, their content with the privileged one only."""
    guild = sandbox.world.add_guild()
    channel = guild.channel("general")
    deaf, hearing = await connect(sandbox), await connect(sandbox, intents=ALL_MESSAGES)
    nothing = Heard(deaf, hikari.GuildJoinEvent, hikari.ShardPayloadEvent)
    heard = Heard(hearing, hikari.GuildMessageCreateEvent, hikari.GuildMessageDeleteEvent)
    message = sandbox.user(guild).say(channel, "secret")
    event = await heard.next()
    assert isinstance(event, hikari.GuildMessageCreateEvent)
    assert event.content is None
    sandbox.world.delete_message(message)
    assert isinstance(await heard.next(), hikari.GuildMessageDeleteEvent)
    sandbox.world.add_guild("marker")
    names: list[str] = []
    while "GUILD_CREATE" not in names:
        payload = await nothing.next()
        if isinstance(payload, hikari.ShardPayloadEvent):
            names.append(payload.name)
    assert not {"MESSAGE_CREATE", "MESSAGE_DELETE"} & set(names)


async def test_shards_share_the_guilds(sandbox: Sandbox, connect: Connect) -> None:
    """Each guild is heard by the shard that its id says, also when shards live in two processes."""
    guilds = {sandbox.world.add_guild(f"g{number}").id for number in range(6)}
    first = await connect(sandbox, shard_ids=[0], shard_count=2)
    second = await connect(sandbox, shard_ids=[1], shard_count=2)
    heard = [Heard(first, hikari.GuildJoinEvent), Heard(second, hikari.GuildJoinEvent)]
    for number in range(2):
        guilds.add(sandbox.world.add_guild(f"h{number}").id)
    await asyncio.gather(*(one.next() for one in heard))
    shares = [set(bot.cache.get_available_guilds_view()) for bot in (first, second)]
    assert shares[0] | shares[1] == guilds
    assert [len(share) for share in shares] == [4, 4]


async def test_resume_replays_what_was_missed(sandbox: Sandbox, connect: Connect) -> None:
    """After a cut connection the bot resumes and hears what happened meanwhile, without a new identify.

    A GUILD_CREATE would not do here: hikari 2.7 cannot read one that comes before RESUMED, and loses it.
    """
    guild = sandbox.world.add_guild()
    bot = await connect(sandbox)
    heard = Heard(bot, hikari.GuildChannelCreateEvent, hikari.ShardResumedEvent)
    sandbox.gateway.drop_connections()
    guild.add_channel("meanwhile")
    kinds = {type(await heard.next()), type(await heard.next())}
    assert kinds == {hikari.GuildChannelCreateEvent, hikari.ShardResumedEvent}
    assert len(sandbox.gateway.identifies) == 1
    assert sandbox.gateway.resumes == 1


async def test_forgotten_session_identifies_again(sandbox: Sandbox, connect: Connect) -> None:
    """A session that cannot be resumed is answered with INVALID_SESSION, and the bot starts a new one."""
    bot = await connect(sandbox)
    heard = Heard(bot, hikari.ShardReadyEvent)
    sandbox.gateway.drop_connections(resumable=False)
    await heard.next()
    assert len(sandbox.gateway.identifies) == 2


async def test_asked_to_reconnect(sandbox: Sandbox, connect: Connect) -> None:
    """RECONNECT makes the bot resume."""
    bot = await connect(sandbox)
    heard = Heard(bot, hikari.ShardResumedEvent)
    sandbox.gateway.ask_to_reconnect()
    await heard.next()
    assert sandbox.gateway.resumes == 1


async def test_missing_acks_make_a_zombie(sandbox: Sandbox, connect: Connect) -> None:
    """Unanswered heartbeats make the bot reconnect."""
    sandbox.gateway.heartbeat_interval = 0.2
    bot = await connect(sandbox)
    heard = Heard(bot, hikari.ShardResumedEvent)
    sandbox.gateway.stop_acks()
    sandbox.gateway.heartbeat_interval = 40
    await heard.next()
    assert sandbox.gateway.resumes == 1


async def test_wrong_token(sandbox: Sandbox) -> None:
    """A wrong token is refused by REST with 401, and counted."""
    bot = hikari.GatewayBot("MTIz.x.y", rest_url=sandbox.api_url, banner=None, logs=None)
    with pytest.raises(hikari.UnauthorizedError):
        await bot.start(check_for_updates=False)
    await bot.close()
    assert sandbox.requests.invalid == 1


async def test_privileged_intents_must_be_granted(sandbox: Sandbox, connect: Connect) -> None:
    """The members intent closes the connection with 4014 until the application has it."""
    intents = hikari.Intents.GUILDS | hikari.Intents.GUILD_MEMBERS
    with pytest.raises(hikari.GatewayServerClosedConnectionError) as caught:
        await connect(sandbox, intents=intents)
    assert caught.value.code == 4014
    sandbox.world.grant_intents("GUILD_MEMBERS")
    bot = await connect(sandbox, intents=intents)
    heard = Heard(bot, hikari.MemberCreateEvent, hikari.MemberDeleteEvent)
    guild = sandbox.world.add_guild()
    member = guild.add_user("ada")
    created = await heard.next()
    assert isinstance(created, hikari.MemberCreateEvent)
    assert created.user_id == member.user.id
    guild.remove_user(member)
    assert isinstance(await heard.next(), hikari.MemberDeleteEvent)


async def test_members_on_request(sandbox: Sandbox, connect: Connect) -> None:
    """Members come in chunks when asked for."""
    sandbox.world.grant_intents("GUILD_MEMBERS")
    guild = sandbox.world.add_guild(members=1500)
    bot = await connect(sandbox, intents=hikari.Intents.GUILDS | hikari.Intents.GUILD_MEMBERS)
    heard = Heard(bot, hikari.MemberChunkEvent)
    await bot.request_guild_members(guild.id, nonce="n")
    chunks = [await heard.next(), await heard.next()]
    sizes = [len(one.members) for one in chunks if isinstance(one, hikari.MemberChunkEvent)]
    assert sizes == [1000, 501]


async def test_used_up_sessions(sandbox: Sandbox, connect: Connect) -> None:
    """A bot refuses to start when no session is left; each start uses one."""
    sandbox.world.session_limit.remaining = 1
    await connect(sandbox)
    assert sandbox.world.session_limit.remaining == 0
    with pytest.raises(RuntimeError, match="more sessions than were allowed"):
        await connect(sandbox)


async def test_uncompressed_transport(sandbox: Sandbox) -> None:
    """Without compression the payloads are text."""
    url = sandbox.api_url.replace("http", "ws").replace("/api/v10", "/gateway?v=10&encoding=json")
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": 2, "d": {"token": sandbox.token, "intents": 1, "shard": [0, 1]}})
        ready = await socket.receive_json()
        assert (ready["t"], ready["s"]) == ("READY", 1)


async def test_ten_thousand_guilds(connect: Connect) -> None:
    """All guilds of a large bot are delivered to it, each with an id of its own millisecond."""
    async with Sandbox(limits=Limits.none()) as sandbox:
        for number in range(10_000):
            sandbox.world.add_guild(f"g{number}")
        assert len({guild >> 22 for guild in sandbox.world.guilds}) == 10_000
        bot = await connect(sandbox)
        heard = Heard(bot, hikari.GuildJoinEvent)
        last = sandbox.world.add_guild("last")
        joined = await heard.next(60)
        assert isinstance(joined, hikari.GuildJoinEvent)
        assert joined.guild_id == last.id
        assert len(bot.cache.get_available_guilds_view()) == 10_001
        await bot.close()
