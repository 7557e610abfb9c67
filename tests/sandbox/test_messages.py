"""Messages through hikari's REST client: storing, deduplicating, reading back, refusing."""

from __future__ import annotations

import hikari
import pytest

from giftbot.sandbox import Limits, Sandbox
from giftbot.sandbox.nouns import Channel
from tests.sandbox.conftest import Connect


async def test_posted_message_is_stored(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """What is posted can be read back, by the test and by the bot itself without the content intent."""
    bot = await connect(sandbox)
    embed = hikari.Embed(title="FROST77", description="100 gems").set_footer("ref 7F3A-91C2")
    sent = await bot.rest.create_message(channel.id, "new code", embed=embed)
    (stored,) = sandbox.world.messages(channel)
    assert stored["id"] == str(sent.id)
    assert stored["embeds"][0]["footer"]["text"] == "ref 7F3A-91C2"
    (found,) = await bot.rest.fetch_messages(channel.id)
    assert found.content == "new code"
    assert found.embeds == sent.embeds
    assert (await bot.rest.fetch_message(channel.id, sent.id)).id == sent.id


async def test_nonce_prevents_a_second_message(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """The same nonce returns the original message; another nonce or none creates one."""
    bot = await connect(sandbox)
    first = await bot.rest.create_message(channel.id, "once", nonce="n1")
    again = await bot.rest.create_message(channel.id, "changed", nonce="n1")
    assert again.id == first.id
    assert again.nonce == "n1"
    assert again.content == "once"
    await bot.rest.create_message(channel.id, "other", nonce="n2")
    await bot.rest.create_message(channel.id, "none")
    assert [one["content"] for one in sandbox.world.messages(channel)] == ["once", "other", "none"]
    assert sandbox.world.store.deduplicated == 1


async def test_nonce_of_a_deleted_message(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """A nonce whose message is gone answers 10008, and posts nothing."""
    bot = await connect(sandbox)
    await bot.rest.create_message(channel.id, "once", nonce="n1")
    sandbox.world.delete_message(sandbox.world.messages(channel)[0])
    with pytest.raises(hikari.NotFoundError) as caught:
        await bot.rest.create_message(channel.id, "once", nonce="n1")
    assert caught.value.code == 10008
    assert sandbox.world.messages(channel) == []


async def test_nonce_window_ends(connect: Connect) -> None:
    """After the window the same nonce creates a second message."""
    async with Sandbox(nonce_window=0.0, limits=Limits.none()) as sandbox:
        channel = sandbox.world.add_guild().channel("codes")
        bot = await connect(sandbox)
        for _ in range(2):
            await bot.rest.create_message(channel.id, "twice", nonce="n1")
        assert len(sandbox.world.messages(channel)) == 2
        await bot.close()


async def test_nonce_without_enforcement_is_only_echoed(
    sandbox: Sandbox, channel: Channel, connect: Connect
) -> None:
    """A nonce alone prevents nothing, as on Discord."""
    bot = await connect(sandbox)
    route = hikari.internal.routes.POST_CHANNEL_MESSAGES.compile(channel=channel.id)
    for _ in range(2):
        answer = await bot.rest._request(route, json={"content": "twice", "nonce": "n1"})  # type: ignore[attr-defined]  # hikari always enforces
        assert answer["nonce"] == "n1"
    assert len(sandbox.world.messages(channel)) == 2


async def test_history_pages(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """History comes newest first, before, after and around a message; others' content is hidden."""
    bot = await connect(sandbox)
    ids = [(await bot.rest.create_message(channel.id, str(number))).id for number in range(5)]
    sandbox.user(sandbox.world.guilds[channel.guild_id or 0]).say(channel, "secret")
    newest = await bot.rest.fetch_messages(channel.id).limit(2)
    assert [one.content for one in newest] == [None, "4"]
    before = await bot.rest.fetch_messages(channel.id, before=ids[2])
    assert [one.id for one in before] == [ids[1], ids[0]]
    after = await bot.rest.fetch_messages(channel.id, after=ids[3])
    assert [one.content for one in after] == ["4", None]
    page = sandbox.world.store.history(channel.id, limit=3, around=ids[2])
    assert [one["content"] for one in page] == ["3", "2", "1"]


async def test_history_may_lag(connect: Connect) -> None:
    """With a delay a fresh message is not yet in the history."""
    async with Sandbox(history_delay=60.0, limits=Limits.none()) as sandbox:
        channel = sandbox.world.add_guild().channel("codes")
        bot = await connect(sandbox)
        await bot.rest.create_message(channel.id, "fresh")
        assert list(await bot.rest.fetch_messages(channel.id)) == []
        assert len(sandbox.world.messages(channel)) == 1
        await bot.close()


async def test_edit_and_delete(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """Own messages can be edited and deleted, others' neither without the permission."""
    bot = await connect(sandbox)
    sent = await bot.rest.create_message(channel.id, "old")
    edited = await bot.rest.edit_message(channel.id, sent.id, "new", attachment=None)
    assert edited.content == "new"
    assert edited.edited_timestamp is not None
    await bot.rest.delete_message(channel.id, sent.id)
    with pytest.raises(hikari.NotFoundError) as gone:
        await bot.rest.fetch_message(channel.id, sent.id)
    assert gone.value.code == 10008
    foreign = sandbox.user(sandbox.world.guilds[channel.guild_id or 0]).say(channel, "mine")
    with pytest.raises(hikari.ForbiddenError):
        await bot.rest.edit_message(channel.id, int(foreign["id"]), "yours")
    with pytest.raises(hikari.ForbiddenError):
        await bot.rest.delete_message(channel.id, int(foreign["id"]))


async def test_attachment(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """A file comes as multipart and is noted with name and size."""
    guild = sandbox.world.guilds[channel.guild_id or 0]
    bot = await connect(sandbox)
    sent = await bot.rest.create_message(channel.id, attachment=hikari.Bytes(b"a,b", "codes.csv"))
    assert [(one.filename, one.size) for one in sent.attachments] == [("codes.csv", 3)]
    sandbox.world.set_overwrite(channel, guild.roles[guild.id], deny="ATTACH_FILES")
    guild.set_bot_permissions("VIEW_CHANNEL|SEND_MESSAGES")
    with pytest.raises(hikari.ForbiddenError):
        await bot.rest.create_message(channel.id, attachment=hikari.Bytes(b"a,b", "codes.csv"))


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ({"content": "x" * 2001}, "content"),
        ({"nonce": "x" * 26, "content": "x"}, "nonce"),
        ({"embeds": [hikari.Embed(title="x")] * 11}, "embeds"),
        ({"embeds": [hikari.Embed(description="x" * 3500)] * 2}, "MAX_EMBED_SIZE_EXCEEDED"),
        ({"embed": hikari.Embed().add_field("name", "x" * 1025)}, "fields"),
    ],
)
async def test_invalid_forms_are_findings(
    sandbox: Sandbox, channel: Channel, connect: Connect, broken: dict[str, object], where: str
) -> None:
    """What breaks a limit of Discord's is refused with 50035, and found."""
    bot = await connect(sandbox)
    with pytest.raises(hikari.BadRequestError) as caught:
        await bot.rest.create_message(channel.id, **broken)  # type: ignore[arg-type]  # broken on purpose
    assert caught.value.code == 50035
    assert any(where in finding for finding in sandbox.findings)
    sandbox.findings.clear()


async def test_invalid_components_are_findings(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """Six buttons in a row and a custom id used twice are refused."""
    bot = await connect(sandbox)
    crowded, twins = bot.rest.build_message_action_row(), bot.rest.build_message_action_row()
    for number in range(6):
        crowded.add_interactive_button(hikari.ButtonStyle.PRIMARY, str(number), label="x")
    for _ in range(2):
        twins.add_interactive_button(hikari.ButtonStyle.PRIMARY, "same", label="x")
    for row in (crowded, twins):
        with pytest.raises(hikari.BadRequestError):
            await bot.rest.create_message(channel.id, "x", component=row)
    assert any("COMPONENT_CUSTOM_ID_DUPLICATED" in finding for finding in sandbox.findings)
    sandbox.findings.clear()
