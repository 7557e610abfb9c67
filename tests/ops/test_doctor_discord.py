"""`ops doctor` on Discord: the token, what the application is granted, and channels."""

from __future__ import annotations

import asyncio

import pytest

from giftbot.sandbox import FaultKind
from tests.mongod import free_port
from tests.ops.examining import Place, checks_of, examined
from tests.ops.installation import Installation

OTHER_TOKEN = "MTE5ODc2NTQzMjEwOTg3NjU0Mw.GaBcDe.q7Zx-Qw3rT_y8uI0pAsDfGhJkLzXcVbNm12345"
APPLICATION = "/applications/@me"


async def test_a_missing_permission_is_named(place: Place) -> None:
    """What lacks in the channel right now fails, with what to do."""
    assert (await place.live())[0] == "ok"
    role = place.guild.roles[place.guild.bot_role_id]
    place.sandbox.world.set_overwrite(place.channel, role, deny="SEND_MESSAGES|EMBED_LINKS")
    assert await place.live() == (
        "failed",
        f"missing in channel {place.channel.id}: Send Messages, Embed Links",
        "Give the bot's role these in the channel, then choose the channel again: /giftcodesettings.",
    )


async def test_a_channel_that_is_gone(place: Place) -> None:
    """A deleted channel, and a server that the bot was removed from, fail."""
    place.sandbox.world.delete_channel(place.channel)
    level, found, _ = await place.live()
    assert level == "failed"
    assert found == f"channel {place.channel.id}: This channel does not exist any more. Choose another one"
    place.sandbox.world.remove_guild(place.guild)
    assert (await place.live())[0] == "failed"


async def test_a_server_without_a_channel(place: Place) -> None:
    """There is nothing to ask about; that is a warning."""
    run = await place.doctor("--live", "--guild", "5", "--json")
    assert checks_of(run)["live 5"][:2] == ("warning", "this server chose no channel")


async def test_a_token_that_discord_refuses(place: Place) -> None:
    """It fails, and the other checks go on."""
    run = await place.doctor("--live", "--guild", str(place.guild.id), "--json", DISCORD_TOKEN=OTHER_TOKEN)
    checks = checks_of(run)
    assert run.code == 1
    assert checks["token"] == ("failed", "Discord does not accept it", "Copy it again from the bot's page.")
    assert checks[f"live {place.guild.id}"][:2] == ("failed", "Discord does not accept the token")
    assert "intents" not in checks
    assert checks["source json"][0] == checks["store"][0] == "ok"


async def test_discord_that_is_away(place: Place) -> None:
    """That nobody can tell is a warning, not a failure: the exit code stays 0."""
    run = await place.doctor(
        "--live",
        "--guild",
        str(place.guild.id),
        "--json",
        DISCORD_API_URL=f"http://127.0.0.1:{free_port()}/api/v10",
    )
    checks = checks_of(run)
    assert run.code == 0
    assert checks["token"][0] == checks[f"live {place.guild.id}"][0] == "warning"
    assert checks["token"][1].startswith("has the right shape; Discord could not be asked (")


@pytest.mark.parametrize("kind", [FaultKind.STATUS, FaultKind.DROP, FaultKind.NOT_JSON, FaultKind.TRUNCATE])
async def test_discord_that_answers_badly(place: Place, kind: FaultKind) -> None:
    """Errors, cut connections and web pages instead of JSON are warnings, too."""
    place.sandbox.faults.add(kind=kind, times=None, method="GET", status=503)
    run = await place.doctor("--json")
    assert checks_of(run)["token"][0] == "warning"
    assert run.code == 0


async def test_discord_that_does_not_answer(place: Place) -> None:
    """After a short time the doctor goes on without it."""
    hold = place.sandbox.faults.hold(method="GET")
    asking = asyncio.create_task(place.doctor("--json"))
    await hold.held()
    run = await asking
    hold.release()
    assert (run.code, checks_of(run)["token"][0]) == (0, "warning")


async def test_what_the_application_is_granted(place: Place) -> None:
    """Privileged intents that the bot does not need are named."""
    place.sandbox.world.grant_intents("GUILD_MEMBERS", "MESSAGE_CONTENT")
    level, found, _ = checks_of(await place.doctor("--json"))["intents"]
    assert level == "ok"
    assert found.endswith("the application is granted GUILD_MEMBERS, MESSAGE_CONTENT")


@pytest.mark.parametrize("token", ["", "nonsense", "MTIz", "MTIz.abc.def"])
def test_a_token_that_is_none(sqlite: Installation, token: str) -> None:
    """Without a token, or with something else in its place, everything but the token is checked."""
    sqlite.environ["DISCORD_TOKEN"] = token
    checks = examined(sqlite)
    level, found, advice = checks["token"]
    assert level == "failed"
    assert advice
    assert token not in found or not token
    assert checks["store"][0] == "ok"


async def test_the_intent_that_registering_by_message_needs(place: Place) -> None:
    """Where it is on, the application has to be granted the message content."""
    run = await place.doctor("--json", GIFTBOT_REGISTER_BY_MESSAGE="true")
    level, found, advice = checks_of(run)["intents"]
    assert (run.code, level) == (1, "failed")
    assert found.startswith("MESSAGE_CONTENT needed")
    assert advice == "Switch them on on the bot's page, or turn GIFTBOT_REGISTER_BY_MESSAGE off."
    place.sandbox.world.grant_intents("MESSAGE_CONTENT")
    run = await place.doctor("--json", GIFTBOT_REGISTER_BY_MESSAGE="true")
    level, found, _ = checks_of(run)["intents"]
    assert (run.code, level) == (0, "ok")
    assert "of them privileged: MESSAGE_CONTENT" in found


async def test_the_intent_that_attribution_needs(place: Place) -> None:
    """Where it is on, the application has to be granted the members."""
    run = await place.doctor("--json", GIFTBOT_INVITES="true")
    level, found, advice = checks_of(run)["intents"]
    assert (run.code, level) == (1, "failed")
    assert found.startswith("GUILD_MEMBERS needed")
    assert advice == "Switch them on on the bot's page, or turn GIFTBOT_INVITES off."


def test_live_needs_a_server(sqlite: Installation) -> None:
    """And a server needs --live."""
    for options in (["--live"], ["--guild", "5"]):
        run = sqlite.run("doctor", *options)
        assert (run.code, run.out, run.err) == (2, "", "ops: --live and --guild ID belong together.\n")
