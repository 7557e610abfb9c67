"""The computation of permissions, as Discord documents it."""

from __future__ import annotations

import random

import pytest

from giftbot.errors import InvalidInputError
from giftbot.models.ids import ChannelId, GuildId
from giftbot.sandbox import Sandbox
from tests.discord.conftest import Rest


@pytest.mark.parametrize("seed", range(30))
async def test_permissions_agree_with_discord_whatever_roles_and_overwrites_say(
    sandbox: Sandbox, rest: Rest, seed: int
) -> None:
    """Random roles and overwrites of everyone, of roles and of the bot: the same four answers as the sandbox's."""
    rng = random.Random(seed)
    names = ("VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS", "READ_MESSAGE_HISTORY")
    guild = sandbox.world.add_guild(bot_permissions=rng.sample(names, rng.randint(0, 4)))
    channel = guild.channel("codes")
    bot = guild.members[sandbox.world.bot.id]
    extra = guild.add_role("extra", rng.sample(names, rng.randint(0, 4)))
    bot = guild.change_member(bot, roles=[*bot.roles, extra])
    for target in (guild.roles[guild.id], guild.roles[guild.bot_role_id], extra, bot):
        if rng.random() < 0.7:
            allow = rng.sample(names, rng.randint(0, 2))
            deny = [name for name in rng.sample(names, rng.randint(0, 2)) if name not in allow]
            channel = sandbox.world.set_overwrite(channel, target, allow=allow, deny=deny)
    missing = await rest.channels.missing_permissions(GuildId(guild.id), ChannelId(channel.id))
    bits = {"View Channel": 10, "Send Messages": 11, "Embed Links": 14, "Read Message History": 16}
    granted = guild.bot_permissions(channel)
    expected = tuple(name for name, bit in bits.items() if not granted >> bit & 1)
    if "View Channel" in expected:
        assert "View Channel" in missing
    elif "Send Messages" in expected:
        # Who may not send cannot embed either; only what is to be granted is named.
        assert {"Send Messages"} <= set(missing) <= set(expected)
    else:
        assert missing == expected


async def test_a_channel_that_is_gone_elsewhere_or_no_text_channel_is_refused(sandbox: Sandbox, rest: Rest) -> None:
    """Each gets a sentence that says to choose another one."""
    guild, other = sandbox.world.add_guild(), sandbox.world.add_guild()
    voice = guild.add_channel("voice", kind=2)
    for channel_id in (voice.id, other.channel("codes").id, 123456789):
        with pytest.raises(InvalidInputError, match=r"[Cc]hoose"):
            await rest.channels.missing_permissions(GuildId(guild.id), ChannelId(channel_id))
