"""Nothing prints a token or a password."""

from __future__ import annotations

from pathlib import Path

import pytest
from pymongo import MongoClient

from ops.masking import Mask
from tests.conftest import MongodFactory
from tests.mongod import free_port
from tests.ops.installation import NORTH, Installation, fill, on_mongo
from tests.ops.runs import Run
from tests.ops.tree import leaves

TOKEN = "MTE5ODc2NTQzMjEwOTg3NjU0Mw.GaBcDe.q7Zx-Qw3rT_y8uI0pAsDfGhJkLzXcVbNm12345"
PASSWORD = "c0rrect-Horse_Battery"
KEY = "shared-list-key-4711"
CLOUD = "cloud-token-of-nobody-0815"
OTHER = "another-Password_2"
EVERY_COMMAND = (
    ["stats"],
    ["stats", "--guild", str(NORTH), "--json"],
    *(
        ["inspect", what, *more]
        for what in (
            "codes",
            "sent",
            "guilds",
            "players",
            "jobs",
            "redemptions",
            "invites",
            "joins",
            "staff",
            "credits",
        )
        for more in ([], ["--json"])
    ),
    ["jobs", "stop", "--guild", str(NORTH), "--code", "FROST77"],
    ["jobs", "resume", "--guild", str(NORTH), "--code", "FROST77"],
    ["jobs", "retry", "--guild", str(NORTH), "--code", "FROST77"],
    ["players", "export", "--guild", str(NORTH)],
    ["players", "export", "--guild", str(NORTH), "--json"],
    ["players", "import", "nowhere.csv", "--guild", str(NORTH)],
    ["codes", "held"],
    ["codes", "add", "NEW1"],
    ["codes", "add", "NEW2", "--guild", str(NORTH)],
    ["codes", "expire", "NEW2"],
    ["codes", "verify", "NEW1"],
    ["codes", "announce-again", "NEW1", "--yes"],
    ["codes", "release", "HELD1"],
    ["codes", "discard", "HELD2"],
    ["reset", "--guild", str(NORTH), "--yes"],
    ["backup", "now"],
    ["backup", "list"],
    ["backup", "verify", "--json"],
    ["restore", "--dry-run"],
    ["rebuild-totals"],
    ["migrate", "--dry-run"],
    ["migrate", "--json"],
    ["replay"],
    ["schema", "show"],
    ["schema", "upgrade"],
    ["export", "whole.archive"],
    ["import", "whole.archive", "--dry-run"],
    ["completion", "bash"],
    ["doctor"],
    ["doctor", "--json"],
    ["doctor", "--live", "--guild", str(NORTH)],
)


def test_every_command_is_tried() -> None:
    """A command that is new has to be in the list."""
    tried = [" ".join(command) for command in EVERY_COMMAND]
    missing = [path for path, _ in leaves() if not any(one.startswith(" ".join(path)) for one in tried)]
    assert missing == []


def secrets_in(run: Run, installation: Installation) -> list[str]:
    """Secrets in anything that a run left behind."""
    log = installation.directory / "ops.log"
    words = run.out + run.err + (log.read_text() if log.exists() else "")
    return [secret for secret in (TOKEN, PASSWORD, KEY, CLOUD, OTHER) if secret in words]


def secret_settings() -> dict[str, str]:
    """Secrets of every kind, and a Discord that nobody is behind."""
    return {
        "DISCORD_TOKEN": TOKEN,
        "DISCORD_API_URL": f"http://127.0.0.1:{free_port()}/api/v10",
        "GIFTCODE_API_KEY": KEY,
        "GIFTCODE_API_URL": f"http://user:{PASSWORD}@127.0.0.1:{free_port()}/list?key={KEY}",
        "GIFTBOT_ALLOW_PRIVATE_URLS": "true",
        "GIFTBOT_INVITES": "true",
        "GAME_VERIFY_PLAYER": "12345678:312",
        "GAME_API_URL": f"http://user:{PASSWORD}@127.0.0.1:{free_port()}/api",
        "CLOUD_API_URL": f"http://127.0.0.1:{free_port()}",
        "CLOUD_API_TOKEN": CLOUD,
        "MONGO_URI_FALLBACK": f"mongodb://somebody:{OTHER}@127.0.0.1:{free_port()}/",
    }


@pytest.fixture
def guarded(own_mongod: MongodFactory, tmp_path: Path) -> Installation:
    """An installation on a MongoDB that asks for a password, with secrets in its rows, too."""
    mongod = own_mongod(replica_set=False, auth=True)
    with mongod.client() as client:
        client.admin.command("createUser", "giftbot", pwd=PASSWORD, roles=["root"])
    uri = f"mongodb://giftbot:{PASSWORD}@127.0.0.1:{mongod.port}/?authSource=admin"
    made = on_mongo(tmp_path / "data", uri, "giftbot", **secret_settings())
    made.with_store(fill)
    database: MongoClient[dict[str, object]] = MongoClient(uri)
    with database:
        said = {"$set": {"reason": f"Bot {TOKEN} of {uri}", "disabled_reason": TOKEN, "rewards": uri}}
        said["$set"] |= {"raw": f"Bot {TOKEN}", "nickname": TOKEN}
        for collection in (
            "sent_giftcodes",
            "guilds",
            "gift_codes",
            "players",
            "redemption_jobs",
            "auto_redeemed_codes",
        ):
            database["giftbot"][collection].update_many({}, said)
    return made


@pytest.mark.parametrize("debug", [[], ["--debug"]], ids=["plain", "debug"])
def test_no_command_prints_a_secret(guarded: Installation, debug: list[str]) -> None:
    """Not even where one was stored in a row, and not in the log."""
    for command in EVERY_COMMAND:
        run = guarded.run(*debug, *command)
        assert run.out or run.err, command
        assert secrets_in(run, guarded) == [], command


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://giftbot:{password}@127.0.0.1:{port}/",
        "mongodb://giftbot:{password}/x@y@127.0.0.1:{port}/",
        "mongodb://{password}",
        "mongodb+srv://giftbot:{password}@nowhere.invalid/",
    ],
)
def test_a_uri_that_does_not_work(tmp_path: Path, uri: str) -> None:
    """Whatever is wrong with it, the password is not in what is said about it."""
    address = uri.format(password=PASSWORD, port=free_port())
    installation = on_mongo(tmp_path / "data", address, "giftbot", **secret_settings())
    for command in (["stats"], ["--debug", "stats"], ["doctor"]):
        run = installation.run(*command)
        assert run.code != 0
        assert secrets_in(run, installation) == []


def test_settings_that_are_wrong(tmp_path: Path) -> None:
    """A secret in the wrong place is not repeated."""
    for name in ("GIFTBOT_OWNER_IDS", "GIFTBOT_SHARD_COUNT", "GAME", "DISCORD_API_URL", "GIFTBOT_TOKEN"):
        installation = on_mongo(tmp_path / "data", "mongodb://127.0.0.1", "giftbot", **{name: TOKEN})
        for command in (["stats"], ["doctor"]):
            run = installation.run(*command)
            assert run.code != 0
            assert secrets_in(run, installation) == []


def test_short_words_are_not_masked() -> None:
    """Without settings only the shape of a secret counts."""
    assert Mask()("active codes of giftbot") == "active codes of giftbot"
    assert TOKEN not in Mask()(f"the token {TOKEN} and more")
