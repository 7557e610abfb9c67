"""Who may write where, through hikari's REST client, and what a bot can ask about its surroundings."""

from __future__ import annotations

import hikari
import pytest

from giftbot.sandbox import Sandbox
from giftbot.sandbox.nouns import Channel
from tests.sandbox.conftest import Connect


@pytest.mark.parametrize(
    ("denied", "code"),
    [("VIEW_CHANNEL", 50001), ("SEND_MESSAGES", 50013), ("EMBED_LINKS", 50013)],
)
async def test_denied_by_the_channel(
    sandbox: Sandbox, channel: Channel, connect: Connect, denied: str, code: int
) -> None:
    """A channel that denies the bot's role something refuses with Discord's code for it."""
    guild = sandbox.world.guilds[channel.guild_id or 0]
    sandbox.world.set_overwrite(channel, guild.roles[guild.bot_role_id], deny=denied)
    bot = await connect(sandbox)
    with pytest.raises(hikari.ForbiddenError) as caught:
        await bot.rest.create_message(channel.id, embed=hikari.Embed(title="x"))
    assert caught.value.code == code
    assert sandbox.requests.invalid == 1


async def test_history_denied(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """Without Read Message History the history is empty, one message is refused, and sending is not."""
    guild = sandbox.world.guilds[channel.guild_id or 0]
    sandbox.world.set_overwrite(channel, guild.members[sandbox.world.bot.id], deny="READ_MESSAGE_HISTORY")
    bot = await connect(sandbox)
    message = await bot.rest.create_message(channel.id, "sent")
    assert await bot.rest.fetch_messages(channel.id) == []
    with pytest.raises(hikari.ForbiddenError) as caught:
        await bot.rest.fetch_message(channel.id, message.id)
    assert caught.value.code == 50013


async def test_overwrites_in_discords_order(sandbox: Sandbox, channel: Channel) -> None:
    """A member's overwrite beats a role's, a role's beats everyone's, an administrator may all."""
    guild = sandbox.world.guilds[channel.guild_id or 0]
    role = guild.add_role("Fans")
    member = guild.add_user("ada", roles=[role])

    def may_send() -> bool:
        return bool(guild.permissions_of(member.user.id, guild.channels[channel.id]) & 1 << 11)

    sandbox.world.set_overwrite(channel, guild.roles[guild.id], deny="SEND_MESSAGES")
    assert not may_send()
    sandbox.world.set_overwrite(channel, role, allow="SEND_MESSAGES")
    assert may_send()
    sandbox.world.set_overwrite(channel, member, deny="SEND_MESSAGES")
    assert not may_send()
    guild.change_role(role, permissions="ADMINISTRATOR")
    assert may_send()


async def test_unknown_channel(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """A deleted channel, or one of a server that was left, is unknown."""
    bot = await connect(sandbox)
    sandbox.world.delete_channel(channel)
    with pytest.raises(hikari.NotFoundError) as caught:
        await bot.rest.create_message(channel.id, "x")
    assert caught.value.code == 10003


async def test_direct_messages(sandbox: Sandbox, connect: Connect) -> None:
    """Users get direct messages unless they refuse them."""
    bot = await connect(sandbox)
    user = sandbox.user(None, name="ada")
    direct = await bot.rest.create_dm_channel(user.id)
    await direct.send("hello")
    assert [one["content"] for one in user.direct_messages] == ["hello"]
    sandbox.world.refuses_direct_messages.add(user.id)
    with pytest.raises(hikari.ForbiddenError) as caught:
        await direct.send("again")
    assert caught.value.code == 50007


async def test_mentions_ping_only_whom_they_may(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """A role is pinged if it is mentionable or the bot has Mention Everyone, and if it is allowed."""
    guild = sandbox.world.guilds[channel.guild_id or 0]
    role = guild.add_role("Fans")
    bot = await connect(sandbox)

    async def pinged(*, roles: bool = False, everyone: bool = False) -> list[str]:
        await bot.rest.create_message(
            channel.id, f"<@&{role.id}> @everyone", role_mentions=roles, mentions_everyone=everyone
        )
        return list(sandbox.world.messages(channel)[-1]["mention_roles"])

    assert await pinged(roles=True) == []
    guild.change_role(role, mentionable=True)
    assert await pinged(roles=True) == [str(role.id)]
    assert await pinged() == []
    guild.set_bot_permissions("VIEW_CHANNEL|SEND_MESSAGES|MENTION_EVERYONE")
    assert await pinged(everyone=True) == []
    assert sandbox.world.messages(channel)[-1]["mention_everyone"]


async def test_what_a_bot_asks_about_its_surroundings(sandbox: Sandbox, connect: Connect) -> None:
    """Guilds, roles, members, users, channels and the application are answered in shapes hikari reads."""
    guild = sandbox.world.add_guild("home")
    role = guild.add_role("Fans")
    member = guild.add_user("ada", roles=[role])
    rest = (await connect(sandbox)).rest
    assert (await rest.fetch_guild(guild.id)).name == "home"
    assert {one.name for one in await rest.fetch_roles(guild.id)} == {"@everyone", "giftbot", "Fans"}
    assert (await rest.fetch_member(guild.id, member.user.id)).role_ids == [role.id, guild.id]
    assert (await rest.fetch_my_member(guild.id)).id == sandbox.world.bot.id
    assert (await rest.fetch_user(member.user.id)).username == "ada"
    assert (await rest.fetch_my_user()).id == sandbox.world.bot.id
    assert len(await rest.fetch_guild_channels(guild.id)) == 2
    assert [one.name async for one in rest.fetch_my_guilds()] == ["home"]
    sandbox.world.application.team = (sandbox.world.owner, member.user)
    application = await rest.fetch_application()
    assert application.team is not None
    assert set(application.team.members) == {sandbox.world.owner.id, member.user.id}


async def test_commands_keep_their_ids(sandbox: Sandbox, connect: Connect) -> None:
    """Declaring the same commands again creates nothing; scopes are separate."""
    guild = sandbox.world.add_guild()
    rest = (await connect(sandbox)).rest
    application = await rest.fetch_application()
    builder = rest.slash_command_builder("codes", "Lists codes.")
    first = await rest.set_application_commands(application, [builder])
    again = await rest.set_application_commands(application, [builder])
    assert [one.id for one in first] == [one.id for one in again]
    assert sandbox.world.declarations.creates == {None: 1}
    await rest.set_application_commands(application, [builder], guild=guild.id)
    assert len(await rest.fetch_application_commands(application, guild=guild.id)) == 1
    assert len(await rest.fetch_application_commands(application)) == 1
    await rest.delete_application_command(application, first[0])
    assert list(await rest.fetch_application_commands(application)) == []
