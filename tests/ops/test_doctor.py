"""`ops doctor`: all checks, and those of settings, sources and files."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from giftbot.models.check import Level
from giftbot.services.invites.envelope import render_file
from giftbot.services.invites.ports import Copy
from giftbot.stores.sqlite.looks import KNOWN
from ops.surroundings import age, disk_check
from tests.e2e.stage import Stage
from tests.ops.examining import Place, checks_of, examined
from tests.ops.holding import held_by_another
from tests.ops.installation import Installation, fill, on_sqlite
from tests.ops.runs import environ_of, run_ops


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
    assert found.pop("disk").endswith(" free")
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
        "schema": f"{KNOWN}, this giftbot writes {KNOWN}",
        "file": "is whole (quick check)",
        "journal": "empty",
        "outbox": "0 posts waiting, 0 not certain, 0 failed",
        "servers": "1 posting, 0 with trouble",
        "budget": "the game was never asked",
        "jobs": "0 open, 0 stopped",
        "players": "none is registered",
        "answers": "none that is not known",
        "earlier bots": "nothing of theirs is here",
        f"live {guild.id}": f"the bot may post in channel {channel.id}",
    }
    assert [line.split()[0] for line in table.out.splitlines()] == ["ok"] * len(checks)
    assert table.lines[-2:] == [
        "ok earlier bots nothing of theirs is here.",
        f"ok live {guild.id} the bot may post in channel {channel.id}.",
    ]


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


def test_a_local_copy_that_cannot_be_used_is_named(sqlite: Installation) -> None:
    """Also where the one before it is whole; a good one, or none, is nothing to tell."""
    assert "copies local" not in examined(sqlite)
    file = sqlite.directory / "invite_cache_backup.json"
    good = render_file(Copy("a", 1, datetime(2026, 5, 1, tzinfo=UTC), {}))
    file.write_bytes(good)
    assert "copies local" not in examined(sqlite)
    file.with_name(f"{file.name}.bak").write_bytes(good)
    file.write_bytes(good[:-1])
    level, found, advice = examined(sqlite)["copies local"]
    assert level == "warning"
    assert found == "what is there cannot be used: It is damaged: no whole JSON"
    assert advice == "The bot keeps it aside before it writes there."


async def test_a_copy_that_a_running_bot_does_not_write(tmp_path: Path) -> None:
    """Its age is told, as a warning while a bot runs that should have written a newer one; else it is nothing."""
    installation = on_sqlite(tmp_path / "data", GIFTBOT_INVITES="true")
    await installation.on_store(fill)
    taken_at = datetime.now(UTC) - timedelta(days=3)
    copy = render_file(Copy("a", 7, taken_at, {}))
    (installation.directory / "invite_cache_backup.json").write_bytes(copy)
    assert "copies local" not in checks_of(await run_ops(installation.environ, "doctor", "--json"))
    async with held_by_another(installation.directory):
        checks = checks_of(await run_ops(installation.environ, "doctor", "--json"))
    assert checks["copies local"] == (
        "warning",
        f"number 7 of {taken_at:%Y-%m-%dT%H:%M:%SZ}, 3 days old",
        "The running bot does not write it any more: see its log, and ops backup now.",
    )


@pytest.mark.parametrize(
    ("free", "level", "found"),
    [
        (99_000_000, Level.FAILED, "99 MB free"),
        (999_000_000, Level.WARNING, "999 MB free"),
        (1_100_000_000, Level.OK, "1.1 GB free"),
    ],
)
def test_a_disk_that_fills_up(free: int, level: Level, found: str) -> None:
    """It is told of before it is full, with what happens then."""
    check = disk_check(free)
    assert (check.level, check.found, check.advice is None) == (level, found, level is Level.OK)


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(days=3, hours=5), "3 days"),
        (timedelta(minutes=61), "1 hour"),
        (timedelta(seconds=-1), "0 seconds"),
    ],
)
def test_ages_are_told_in_one_unit(passed: timedelta, words: str) -> None:
    """The largest that fits; a clock that is behind makes nothing younger than now."""
    assert age(passed) == words
