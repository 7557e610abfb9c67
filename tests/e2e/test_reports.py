"""`/giftcode_add`, codes from hints, and the owner's decisions."""

from __future__ import annotations

import pytest

from tests.e2e.stage import Stage


async def test_a_reported_code_is_posted_in_that_server_only_until_the_owner_approves_it(stage: Stage) -> None:
    """The admin's server gets it at once; the owner's button brings it to all others, once."""
    _, channel, admin = stage.add_server()
    _, other, other_admin = stage.add_server("other")
    owner = stage.sandbox.actor(stage.sandbox.world.owner)
    async with stage.bot():
        await stage.configure(admin, channel)
        await stage.configure(other_admin, other)
        answer = await admin.command("giftcode_add", code="Secret99", rewards="a <@1> pet", expires="2099-01-31")
        assert "in this server only" in (await answer.settled()).text
        [post] = await stage.sandbox.wait_for_messages(channel)
        assert "Secret99" in str(post)
        assert "<@1>" not in str(post)
        assert "not confirmed" in str(post)
        assert stage.sandbox.world.messages(other) == []
        await stage.sandbox.until(lambda: owner.direct_messages)
        [notice] = owner.direct_messages
        assert "Secret99" in notice["content"]
        decision = await owner.press(notice, "Announce everywhere")
        await stage.sandbox.wait_for_messages(other)
        assert "Announced everywhere" in str(owner.direct_messages[0])
        assert decision.kind == 7
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 1)
    assert len(stage.sandbox.world.messages(channel)) == 1
    assert len(stage.sandbox.world.messages(other)) == 1


async def test_a_discarded_code_goes_nowhere_and_the_decision_holds(stage: Stage) -> None:
    """After Discard the buttons are gone, and a second report is refused."""
    _, channel, admin = stage.add_server()
    owner = stage.sandbox.actor(stage.sandbox.world.owner)
    async with stage.bot():
        await stage.configure(admin, channel)
        await admin.command("giftcode_add", code="NONSENSE")
        await stage.sandbox.until(lambda: owner.direct_messages)
        [notice] = owner.direct_messages
        await owner.press(notice, "Discard")
        await stage.sandbox.until(lambda: "Discarded" in str(owner.direct_messages[0]))
        assert owner.direct_messages[0]["components"] == []
        again = await admin.command("giftcode_add", code="nonsense")
        assert "is over" in (await again.settled()).text


async def test_only_the_owner_decides_on_held_codes(stage: Stage) -> None:
    """The button's custom_id in somebody else's hands does nothing."""
    guild, channel, admin = stage.add_server()
    owner = stage.sandbox.actor(stage.sandbox.world.owner)
    async with stage.bot():
        await stage.configure(admin, channel)
        await admin.command("giftcode_add", code="HELDBACK")
        await stage.sandbox.until(lambda: owner.direct_messages)
        [notice] = owner.direct_messages
        stranger = stage.sandbox.user(guild, name="stranger")
        [post] = await stage.sandbox.wait_for_messages(channel)
        post["components"] = notice["components"]
        answer = await stranger.press(post, "Announce everywhere")
        assert "Only the bot's owner" in answer.text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"code": "a:b"}, "is not a gift code"),
        ({"code": "@everyone"}, "is not a gift code"),
        ({"code": "ab"}, "is not a gift code"),
        ({"code": "GOODCODE", "expires": "tomorrow"}, "is not a date"),
        ({"code": "GOODCODE", "expires": "2020-01-01"}, "is in the past"),
    ],
)
async def test_bad_input_gets_a_sentence(stage: Stage, options: dict[str, str], sentence: str) -> None:
    """What is no code, or no date, is said plainly, without a mention in it."""
    _, channel, admin = stage.add_server()
    async with stage.bot():
        await stage.configure(admin, channel)
        answer = await (await admin.command("giftcode_add", options)).settled()
        assert sentence in answer.text
        assert "@everyone" not in answer.text
    assert stage.sandbox.world.messages(channel) == []


async def test_a_report_without_a_channel_says_what_to_do_first(stage: Stage) -> None:
    """There must be a channel to post to."""
    _, _, admin = stage.add_server()
    async with stage.bot():
        answer = await (await admin.command("giftcode_add", code="TOOEARLY")).settled()
        assert "/giftcodesettings" in answer.text


async def test_known_codes_are_suggested_while_typing(stage: Stage) -> None:
    """Autocomplete offers the active codes that begin with what was typed."""
    _, _, admin = stage.add_server()
    async with stage.bot():
        for code in ("Frost77", "FRESH1", "OTHER1"):
            stage.sandbox.sources.publish(code)
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 2)
        choices = await admin.autocomplete("giftcode_add", option="code", value="fr")
        assert {choice["value"] for choice in choices} == {"Frost77", "FRESH1"}


async def test_a_code_that_only_the_shared_list_knows_is_held_until_a_source_confirms_it(stage: Stage) -> None:
    """A hint alone posts nothing; the owner is asked; a trusted source that lists it releases it."""
    _, channel, admin = stage.add_server()
    owner = stage.sandbox.actor(stage.sandbox.world.owner)
    stage.environ.update(
        GIFTCODE_API_URL=stage.sandbox.sources.api_url, GIFTCODE_API_KEY=stage.sandbox.sources.api_key
    )
    async with stage.bot():
        await stage.configure(admin, channel)
        stage.sandbox.sources.publish("RUMOUR7", on={"api"})
        await stage.sandbox.until(lambda: "RUMOUR7" in str(owner.direct_messages))
        assert "held back" in str(owner.direct_messages)
        assert stage.sandbox.world.messages(channel) == []
        stage.sandbox.sources.publish("RUMOUR7", on={"rss"})
        [post] = await stage.sandbox.wait_for_messages(channel)
        assert "RUMOUR7" in str(post)
