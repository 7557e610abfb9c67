"""From the data of an earlier bot to a bot that posts only what is new."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import datetime
from pathlib import Path

import attrs
import pytest

from giftbot.app import Role, open_outside
from giftbot.models.migration import MigrationState
from giftbot.sandbox import text_of
from giftbot.sandbox.child import BotProcess
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Channel
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.ports import Store
from tests.conftest import MongodFactory
from tests.e2e.stage import Stage
from tests.mongod import Mongod

STATE = "giftcode_state.json"
LISTED = ("OLD111", "OLD222", "Known11", "NEW111")
"""What the sources list at the moment of the takeover."""


@attrs.frozen
class Town:
    """Three servers that an earlier bot posted to: two codes in one, one in another, none in the third."""

    stage: Stage
    north: tuple[Guild, Channel]
    ember: tuple[Guild, Channel]
    quiet: tuple[Guild, Channel]

    @property
    def state(self) -> dict[str, object]:
        """What its state file says."""
        places = (self.north, self.ember, self.quiet)
        return {
            "channels": {str(guild.id): channel.id for guild, channel in places},
            "sent": {
                str(self.north[0].id): ["OLD111", "OLD222"],
                str(self.ember[0].id): ["old111", "LONGGONE1"],
                "global": ["OLD111", "OLD222", "KNOWN11", "LONGGONE1"],
            },
            "initialized": True,
            "migrated_to_sent_adapter": True,
        }

    def leave(self) -> Path:
        """Its data directory."""
        self.stage.directory.mkdir()
        path = self.stage.directory / STATE
        path.write_text(json.dumps(self.state, indent=2), encoding="utf-8")
        return path

    def posts(self, place: tuple[Guild, Channel]) -> str:
        """All that was posted in a server."""
        return "\n".join(text_of(message) for message in self.stage.sandbox.world.messages(place[1]))

    async def posts_only_what_is_new(self) -> None:
        """Check that each server gets what it has not got, once, and that the third gets later codes only."""
        sandbox = self.stage.sandbox
        await sandbox.until(lambda: "NEW111" in self.posts(self.north), what="the new code in north")
        await sandbox.until(lambda: "NEW111" in self.posts(self.ember), what="the new code in ember")
        sandbox.sources.publish("LATER11")
        for place in (self.north, self.ember, self.quiet):
            await sandbox.until(lambda place=place: "LATER11" in self.posts(place), what="the later code")  # type: ignore[misc]  # mypy cannot infer a default of a lambda
        self.has_posted()

    def has_posted(self) -> None:
        """Check what is in the channels now."""
        assert _counts(self.posts(self.north)) == {"Known11": 1, "NEW111": 1, "LATER11": 1}
        assert _counts(self.posts(self.ember)) == {"OLD222": 1, "Known11": 1, "NEW111": 1, "LATER11": 1}
        assert _counts(self.posts(self.quiet)) == {"LATER11": 1}


def _counts(posts: str) -> dict[str, int]:
    """How often each code was posted."""
    return {code: count for code in (*LISTED, "LATER11") if (count := posts.count(f"\n{code}\n"))}


@pytest.fixture
def town(stage: Stage) -> Town:
    """The servers; no bot is running yet, and the sources list old codes and new ones."""
    places = [stage.add_server(name)[:2] for name in ("north", "ember", "quiet")]
    for code in LISTED:
        stage.sandbox.sources.publish(code)
    return Town(stage, *places)


async def _on_store(stage: Stage) -> dict[str, tuple[MigrationState, datetime]]:
    """What was taken over, and when."""

    async def look(store: Store) -> dict[str, tuple[MigrationState, datetime]]:
        return {one.name: (one.state, one.started_at) for one in await store.list_migrations()}

    async with open_outside(stage.settings(), Role.OPS, owner="a test") as outside:
        return await look(outside.store)


async def test_from_an_old_data_directory_to_posts_of_what_is_new(town: Town) -> None:
    """The owner is told once; a second start, with the file set aside, takes nothing over and posts nothing."""
    stage, owner = town.stage, town.stage.sandbox.actor(town.stage.sandbox.world.owner)
    path = town.leave()
    left = path.read_bytes()
    async with stage.bot():
        await town.posts_only_what_is_new()
        aside = path.with_name(f"{STATE}.legacy")
        await stage.sandbox.until(aside.exists, what="the file set aside")
    assert aside.read_bytes() == left
    done = await _on_store(stage)
    assert [state for state, _ in done.values()] == [MigrationState.DONE]
    asked = stage.sandbox.sources.hits["json"]
    async with stage.bot():
        await stage.sandbox.sources.wait("json", asked + 3)
    town.has_posted()
    assert await _on_store(stage) == done
    told = [text for message in owner.direct_messages if "earlier bot left" in (text := text_of(message))]
    assert len(told) == 1
    assert "3 channels for posts, 4 known codes, 4 sent codes" in told[0]
    assert json.loads(path.read_text())["sent"][str(town.north[0].id)] == [
        "KNOWN11",
        "LATER11",
        "NEW111",
        "OLD111",
        "OLD222",
    ]


async def test_where_our_database_is_the_earlier_bots(town: Town, replica_set: Mongod) -> None:
    """Rows of both shapes and the state document count; a new data directory changes nothing."""
    stage, name = town.stage, f"e2e-{uuid.uuid4().hex}"
    stage.environ.update(MONGO_URI=replica_set.uri, MONGO_DB_NAME=name)
    north, ember = town.north[0].id, town.ember[0].id
    state = {**town.state, "_id": "giftcode_state", "sent": {"global": ["KNOWN11"]}}
    rows: list[dict[str, object]] = [
        {"_id": f"{north}:OLD111", "guild_id": north, "code": "OLD111", "sent_at": "2025-12-25T10:30:00.123456"},
        {
            "_id": str(north),
            "guild_id": north,
            "codes": ["Old222", "OLD111"],
            "last_sent_at": "2025-12-26T10:30:00",
        },
        {"_id": f"{ember}:OLD111", "guild_id": ember, "code": "OLD111", "source": "migration"},
    ]
    with replica_set.client() as client:
        client[name]["giftcode_state"].insert_one(state)
        client[name]["sent_giftcodes"].insert_many(rows)
        client[name]["gift_codes"].insert_one(
            {"_id": "Old111", "date": "2025-12-25", "validation_status": "posted"}
        )
    async with stage.bot():
        await town.posts_only_what_is_new()
    done = await _on_store(stage)
    assert {state for state, _ in done.values()} == {MigrationState.DONE}
    asked = stage.sandbox.sources.hits["json"]
    async with stage.bot(GIFTBOT_DATA_DIR=str(stage.directory / "elsewhere")):
        await stage.sandbox.sources.wait("json", asked + 3)
    town.has_posted()


async def test_posting_waits_while_the_earlier_bots_database_is_away(town: Town, own_mongod: MongodFactory) -> None:
    """`/giftcode_status` says so, and codes are found meanwhile; once it is back, only what is new is posted."""
    stage, mongod = town.stage, own_mongod()
    with mongod.client() as client:
        client["reminderbot"]["giftcode_state"].insert_one({**town.state, "_id": "giftcode_state"})
    mongod.kill()
    visitor = stage.sandbox.user(town.north[0], name="visitor")
    stage.environ.update(MONGO_URI_FALLBACK=f"{mongod.uri}&serverSelectionTimeoutMS=300")
    async with stage.bot():
        await stage.sandbox.sources.wait("json", 3)
        await stage.sandbox.until(
            lambda: "MONGO_URI_FALLBACK" in str(stage.sandbox.world.direct_messages(stage.sandbox.world.owner))
        )
        status = await (await visitor.command("giftcode_status")).settled()
        assert "Nothing is posted before an earlier bot's data can be read" in status.text
    assert town.posts(town.north) == ""
    mongod.start()
    async with stage.bot():
        await town.posts_only_what_is_new()


async def test_a_crash_in_the_middle_of_the_first_import(town: Town, tmp_path: Path) -> None:
    """The second start begins again where rows are missing; posts are those of a start without a crash."""
    bot = BotProcess(town.stage.sandbox, tmp_path, time_scale=0.05)
    path = town.leave()
    state = town.state
    names = [f"FILLER{number}" for number in range(100)]
    sent = {str(10**17 + number): names for number in range(2000)}
    path.write_text(json.dumps({**state, "sent": {**sent, **state["sent"]}}), encoding="utf-8")  # type: ignore[dict-item]  # its own keys
    try:
        await bot.start()
        async with asyncio.timeout(PATIENCE):
            while not await _sent_rows(town.stage):  # noqa: ASYNC110 - another process writes them
                await asyncio.sleep(0.02)
        bot.kill()
        await bot.wait()
        rows = await _sent_rows(town.stage)
        assert 0 < rows < 200_000
        assert [state for state, _ in (await _on_store(town.stage)).values()] == [MigrationState.RUNNING]
        assert town.posts(town.north) == town.posts(town.ember) == ""
        await bot.start()
        await town.posts_only_what_is_new()
    finally:
        bot.kill()
        await bot.wait()
    assert [state for state, _ in (await _on_store(town.stage)).values()] == [MigrationState.DONE]
    assert await _sent_rows(town.stage) >= 200_004


async def _sent_rows(stage: Stage) -> int:
    async with open_outside(stage.settings(), Role.OPS, owner="a test") as outside:
        return sum([len(chunk) async for chunk in outside.store.scan_sent()])
