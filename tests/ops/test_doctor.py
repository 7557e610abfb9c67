"""`ops doctor`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from giftbot.app import journal_of
from giftbot.models.announcement import AnnouncementState, Mark
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, GuildId
from giftbot.sandbox import FaultKind, Sandbox
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Channel
from giftbot.settings import load_settings
from tests.conftest import MongodFactory
from tests.e2e.stage import Stage
from tests.mongod import Mongod, free_port
from tests.ops.installation import EMBER, NORTH, NOW, QUIET, ROWS, Installation, fill, iso, on_mongo, on_sqlite, row
from tests.ops.runs import Run, environ_of, run_ops

Checks = Mapping[str, tuple[str, str, str | None]]
OTHER_TOKEN = "MTE5ODc2NTQzMjEwOTg3NjU0Mw.GaBcDe.q7Zx-Qw3rT_y8uI0pAsDfGhJkLzXcVbNm12345"
APPLICATION = "/applications/@me"


def checks_of(run: Run) -> Checks:
    """Level, what and advice, by check."""
    document: dict[str, Any] = run.document
    assert document["ok"] + document["warning"] + document["failed"] == len(document["checks"])
    assert run.code == (1 if document["failed"] else 0)
    return {check["name"]: (check["level"], check["found"], check["advice"]) for check in document["checks"]}


def examined(installation: Installation) -> Checks:
    """The checks of an installation without Discord."""
    return checks_of(installation.run("doctor", "--json"))


@attrs.frozen
class Place:
    """A sandbox with a server, and an installation where that server chose its channel."""

    sandbox: Sandbox
    guild: Guild
    channel: Channel
    installation: Installation

    async def doctor(self, *options: str, **environ: str) -> Run:
        """Run the doctor as users do."""
        return await run_ops({**self.installation.environ, **environ}, "doctor", *options)

    async def live(self, **environ: str) -> tuple[str, str, str | None]:
        """What Discord says of the server's channel."""
        run = await self.doctor("--live", "--guild", str(self.guild.id), "--json", **environ)
        return checks_of(run)[f"live {self.guild.id}"]


@pytest.fixture
async def place(sandbox: Sandbox, tmp_path: Path) -> Place:
    """A server whose channel is chosen, and a code that every source lists."""
    sandbox.sources.publish("FROST77")
    guild = sandbox.world.add_guild("north")
    channel = guild.channel("codes")
    installation = on_sqlite(tmp_path / "data", **environ_of(sandbox, tmp_path / "data"))
    settings = GuildSettings(guild_id=GuildId(guild.id), channel_id=ChannelId(channel.id))
    await installation.on_store(lambda store: store.save_guild(settings))
    return Place(sandbox, guild, channel, installation)


async def test_all_is_well_beside_a_running_bot(stage: Stage) -> None:
    """Every check is a line; the process that holds the data directory is named."""
    guild, channel, admin = stage.add_server()
    stage.sandbox.sources.publish("FROST77")
    async with stage.bot():
        await stage.configure(admin, channel, backfill="set-backfill:post")
        await stage.sandbox.wait_for_messages(channel)
        environ = environ_of(stage.sandbox, stage.directory)
        table = await run_ops(environ, "doctor", "--live", "--guild", str(guild.id))
        document = await run_ops(environ, "doctor", "--live", "--guild", str(guild.id), "--json")
    assert (table.code, table.err) == (0, "")
    application = stage.sandbox.world.application
    checks = checks_of(document)
    found = {name: found for name, (_, found, _) in checks.items()}
    assert {level for level, _, _ in checks.values()} == {"ok"}
    store = found.pop("store")
    assert store.startswith("SQLite answers in ")
    assert f"file {stage.directory}/giftbot.sqlite" in store
    assert "schema 2" in store
    assert found == {
        "settings": "read from the environment",
        "data": f"{stage.directory} can be written",
        "lock": f"held by process {os.getpid()} on {os.uname().nodename}: the bot is running",
        "token": f"accepted by Discord for {application.name}, application {application.id}",
        "intents": "GUILDS needed, none of them privileged; the application is granted no privileged one",
        "source json": f"1 code at {stage.sandbox.sources.json_url}",
        "source page": f"1 code at {stage.sandbox.sources.page_url}",
        "source rss": f"1 code at {stage.sandbox.sources.rss_url}",
        "game": f"whiteout at {stage.sandbox.game.url}, 30 calls a minute, 2.5 s between two for one player,"
        " new codes are not tried before they are posted",
        "journal": "empty",
        "outbox": "0 posts waiting, 0 not certain, 0 failed",
        "servers": "1 posting, 0 with trouble",
        "budget": "the game was never asked",
        "jobs": "0 open, 0 stopped",
        "players": "none is registered",
        "answers": "none that is not known",
        f"live {guild.id}": f"the bot may post in channel {channel.id}",
    }
    assert [line.split()[0] for line in table.out.splitlines()] == ["ok"] * len(checks)
    assert table.lines[-2:] == [
        "ok answers none that is not known.",
        f"ok live {guild.id} the bot may post in channel {channel.id}.",
    ]


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


async def test_sources_are_asked_now(place: Place) -> None:
    """One that fails is a warning; when none can be read it is a failure. Nothing of it is taken in."""
    place.sandbox.sources.fail("json", status=404)
    checks = checks_of(await place.doctor("--json"))
    assert checks["source json"][0] == "warning"
    assert "404" in checks["source json"][1]
    assert checks["source rss"][0] == "ok"
    for name in ("page", "rss"):
        place.sandbox.sources.fail(name, status=404)
    run = await place.doctor("--json")
    assert {checks_of(run)[f"source {name}"][0] for name in ("json", "page", "rss")} == {"failed"}
    assert run.code == 1
    assert (await run_ops(place.installation.environ, "inspect", "codes")).out == "No such codes.\n"


async def test_an_address_that_is_never_fetched(place: Place) -> None:
    """What the settings refuse is one failed check; the rest is still looked at."""
    checks = checks_of(await place.doctor("--json", GIFTBOT_ALLOW_PRIVATE_URLS="false"))
    assert checks["sources"][0] == "failed"
    assert "GIFTCODE_JSON_URL" in checks["sources"][1]
    assert checks["token"][0] == checks["store"][0] == "ok"


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


def test_what_the_store_says(installation: Installation) -> None:
    """Posts that nobody can tell of, and servers that the bot cannot post to, are warnings with advice."""
    checks = examined(installation)
    assert checks["store"][0] == "ok"
    assert checks["outbox"] == (
        "warning",
        "1 post waiting, 1 not certain, 1 failed",
        "See ops inspect sent --state unknown; an admin decides with “Post again” in /giftcodesettings.",
    )
    assert checks["servers"] == ("warning", "1 posting, 1 with trouble", "See all with ops inspect guilds.")
    assert checks[f"server {EMBER}"] == (
        "warning",
        "channel 21 disabled since 2026-01-02T03:04:05Z: Missing Access (50001);"
        " missing in channel 21: View Channel, Send Messages, seen 2026-01-02T03:04:05Z",
        "Repair the channel's permissions in that server, then choose the channel again: /giftcodesettings.",
    )
    assert f"server {NORTH}" not in checks
    assert f"server {QUIET}" not in checks


def test_posts_that_nobody_works_on(installation: Installation) -> None:
    """A post that is due for minutes is told of, with since when."""
    late = row(QUIET, "SNOW2026", AnnouncementState.PENDING, NOW - timedelta(minutes=30))
    installation.with_store(lambda store: store.enqueue([late]))
    level, found, advice = examined(installation)["outbox"]
    assert (level, advice) == ("warning", "Is the bot running? See its log.")
    assert found.endswith(f"the oldest due since {iso(NOW - timedelta(minutes=30))}")


def test_marks_that_wait_in_the_journal(sqlite: Installation) -> None:
    """They are counted, and left where they are."""
    journal = journal_of(load_settings(sqlite.environ))
    asyncio.run(journal.append([Mark(ROWS[2], AnnouncementState.SENT, NOW)]))
    for _ in range(2):
        assert examined(sqlite)["journal"] == (
            "warning",
            "1 mark not in the store yet",
            "A running bot writes them; keep the file.",
        )


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


def test_many_servers_with_trouble(sqlite: Installation) -> None:
    """The first are named; all are counted."""

    async def add(store: Any) -> None:
        for number in range(30):
            guild = GuildSettings(
                guild_id=GuildId(1000 + number), channel_id=ChannelId(1), missing_permissions=("Embed Links",)
            )
            await store.save_guild(guild)

    sqlite.with_store(add)
    checks = examined(sqlite)
    assert checks["servers"][1] == "31 posting, 31 with trouble"
    assert sum(name.startswith("server ") for name in checks) == 20


def test_without_data_the_rest_is_checked(tmp_path: Path) -> None:
    """An installation that never ran gets a warning, and no files."""
    installation = on_sqlite(tmp_path / "data")
    installation.environ["GIFTBOT_DATA_DIR"] = str(tmp_path / "nothing")
    checks = examined(installation)
    assert checks["data"] == (
        "warning",
        f"{tmp_path}/nothing does not exist yet",
        "The bot makes it when it starts.",
    )
    assert checks["store"][0] == "warning"
    assert checks["sources"][:2] == ("warning", "none is set, so no new code is found")
    assert not (tmp_path / "nothing").exists()
    run = installation.run("doctor", "--live", "--guild", "5", "--json")
    assert checks_of(run)["live 5"][0] == "warning"


def test_a_data_directory_that_cannot_be(tmp_path: Path) -> None:
    """A file in its place, or above it, fails."""
    (tmp_path / "file").write_text("")
    installation = on_sqlite(tmp_path / "data")
    for path, found in (("file", "is not a directory"), ("file/data", "does not exist and cannot be made")):
        installation.environ["GIFTBOT_DATA_DIR"] = str(tmp_path / path)
        assert examined(installation)["data"][:2] == ("failed", f"{tmp_path / path} {found}")


def test_who_holds_the_directory(sqlite: Installation) -> None:
    """Nobody; and somebody on another machine, of whom one cannot tell."""
    lock = sqlite.directory / "giftbot.lock"
    assert examined(sqlite)["lock"] == ("ok", "free, no bot is running on this directory", None)
    lock.write_text(f"{os.getpid()} {os.uname().nodename}\n")
    assert examined(sqlite)["lock"][1] == "free, no bot is running on this directory"
    lock.write_text("7 elsewhere\n")
    assert examined(sqlite)["lock"][1] == "last held by process 7 on elsewhere, which cannot be seen from here"


def test_files_with_settings_are_for_their_owner_alone(sqlite: Installation) -> None:
    """A `.env` that others may read is a warning, with the command that helps."""
    for name in (".env", "giftbot.toml"):
        Path(name).write_text("")
        Path(name).chmod(0o644)
    checks = examined(sqlite)
    assert checks["settings"][1] == "read from giftbot.toml, .env, the environment"
    assert checks[".env"] == ("warning", "has the permissions 0644, others may read it", "chmod 600 .env")
    assert checks["giftbot.toml"][0] == "warning"
    for name in (".env", "giftbot.toml"):
        Path(name).chmod(0o600)
    assert examined(sqlite)[".env"] == ("ok", "has the permissions 0600", None)


def test_settings_that_cannot_be_read(sqlite: Installation) -> None:
    """They are a failed check, not the end of the report."""
    sqlite.environ["GAME"] = "chess"
    Path(".env").write_text("")
    Path(".env").chmod(0o640)
    checks = examined(sqlite)
    assert checks["settings"][:2] == ("failed", "GAME must be one of whiteout, kingshot, not “chess”")
    assert checks[".env"][0] == "warning"


def test_live_needs_a_server(sqlite: Installation) -> None:
    """And a server needs --live."""
    for options in (["--live"], ["--guild", "5"]):
        run = sqlite.run("doctor", *options)
        assert (run.code, run.out, run.err) == (2, "", "ops: --live and --guild ID belong together.\n")


def test_a_standalone_mongodb(standalone: Mongod, tmp_path: Path, database_name: str) -> None:
    """It works, with a warning."""
    installation = on_mongo(tmp_path / "data", standalone.uri, database_name)
    installation.with_store(fill)
    level, found, advice = examined(installation)["store"]
    assert level == "warning"
    assert found.startswith("MongoDB answers in ")
    assert f"database {database_name}" in found
    assert advice == "A replica set, even of one server, is safer."


def test_a_mongodb_that_is_away(own_mongod: MongodFactory, tmp_path: Path) -> None:
    """The store is a failed check; the rest is still looked at."""
    mongod = own_mongod()
    installation = on_mongo(tmp_path / "data", mongod.uri, "giftbot")
    mongod.kill()
    checks = examined(installation)
    assert checks["store"][0] == "failed"
    assert checks["store"][1].startswith("MongoDB is out of reach")
    assert checks["data"][0] == "ok"
    assert "outbox" not in checks
