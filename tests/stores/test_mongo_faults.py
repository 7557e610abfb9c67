"""MongoDB refuses, hangs, dies and comes back."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from giftbot.errors import StoreError, StoreUnavailableError
from giftbot.models.announcement import AnnouncementState
from giftbot.stores.mongo.faults import redacted
from giftbot.stores.mongo.store import open_mongo
from tests.conftest import MongodFactory
from tests.mongod import Mongod, free_port
from tests.stores.build import GUILD, claim, claim_one, mark, prepare, row, states
from tests.stores.processes import written_until_killed


async def test_an_absent_server_is_told_within_seconds() -> None:
    """One sentence, and nothing of the login in it or in its causes."""
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError) as caught:
        async with open_mongo(f"mongodb://me:hunter2@127.0.0.1:{free_port()}/", "test"):
            pass
    assert time.monotonic() - began < 15  # the driver itself would try for 30
    assert str(caught.value) == "MongoDB is out of reach (ServerSelectionTimeoutError)."
    assert "hunter2" not in f"{caught.value.__cause__!r}"


@pytest.mark.parametrize(
    "uri",
    ["http://me:hunter2@host/", "mongodb://me:hunter2@host:port/", "mongodb://me:hun@ter2@host/", "mongodb://"],
)
async def test_a_wrong_uri_is_one_sentence_without_the_password(uri: str) -> None:
    """What cannot be used is named, the credentials are not."""
    with pytest.raises(StoreError, match="MONGO_URI cannot be used") as caught:
        async with open_mongo(uri, "test"):
            pass
    assert "hunter2" not in str(caught.value)
    assert "ter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_redaction_leaves_the_hosts() -> None:
    """Only user and password are taken out."""
    assert redacted("see mongodb://me:secret@a.example:1,b/x?y") == "see mongodb://***@a.example:1,b/x?y"


async def test_a_wrong_password_is_one_sentence(own_mongod: MongodFactory) -> None:
    """The operator learns that the login is refused, and the log keeps no password."""
    mongod = own_mongod(replica_set=False, auth=True)
    with mongod.client() as client:
        client.admin.command("createUser", "root", pwd="right", roles=["root"])
    host = f"127.0.0.1:{mongod.port}"
    async with open_mongo(f"mongodb://root:right@{host}/?directConnection=true", "test") as store:
        assert await store.enqueue([row()]) == 1
    with pytest.raises(StoreError) as caught:
        async with open_mongo(f"mongodb://root:hunter2@{host}/?directConnection=true", "test"):
            pass
    assert str(caught.value) == "MongoDB refuses the user name or password of MONGO_URI."
    assert not isinstance(caught.value, StoreUnavailableError)
    with pytest.raises(StoreError, match=r"does not allow|refused"):
        async with open_mongo(f"mongodb://{host}/?directConnection=true", "test"):
            pass


async def test_a_standalone_server_gets_one_warning(
    standalone: Mongod, replica_set: Mongod, database_name: str
) -> None:
    """A replica set gets none."""
    with capture_logs() as logs:
        async with open_mongo(standalone.uri, database_name):
            pass
        async with open_mongo(replica_set.uri, database_name):
            pass
    assert [entry["log_level"] for entry in logs] == ["warning"]
    assert "standalone" in logs[0]["event"]


async def test_the_clock_offset_is_small_on_one_machine(replica_set: Mongod, database_name: str) -> None:
    """The same clock on both sides: what remains is half a round trip and the cut to milliseconds."""
    async with open_mongo(replica_set.uri, database_name) as store:
        assert abs(await store.clock_offset()) < timedelta(seconds=0.2)


async def test_a_server_that_hangs_is_out_of_reach_and_recovers(
    own_mongod: MongodFactory, database_name: str
) -> None:
    """Every call ends within the time limit, also many at once, and the first after it works again."""
    mongod = own_mongod()
    async with open_mongo(mongod.uri, database_name) as store:
        await store.enqueue([row()])
        mongod.pause()
        began = time.monotonic()
        results = await asyncio.gather(
            store.enqueue([row("OTHER")]),
            claim(store),
            *(store.get_sent_codes(GUILD) for _ in range(30)),
            return_exceptions=True,
        )
        assert time.monotonic() - began < 15
        assert {type(result) for result in results} == {StoreUnavailableError}
        mongod.resume()
        assert "FROST77" in await states(store)


async def test_a_write_that_timed_out_may_have_happened(own_mongod: MongodFactory, database_name: str) -> None:
    """Repeating each step is harmless, whether or not it happened the first time."""
    mongod = own_mongod()
    async with open_mongo(mongod.uri, database_name) as store:
        await store.enqueue([row()])
        attempt = await prepare(store, await claim_one(store))
        mongod.pause()
        with pytest.raises(StoreUnavailableError):
            await store.finish([mark(attempt)])
        mongod.resume()
        assert await store.finish([mark(attempt)]) == {attempt.anchor.announcement_id}
        assert await states(store) == {"FROST77": AnnouncementState.SENT}


@pytest.mark.parametrize("replica_set", [True, False], ids=["replica set", "standalone"])
@pytest.mark.parametrize("victim", ["writer", "server"])
async def test_acknowledged_rows_survive_kill_9(
    own_mongod: MongodFactory, database_name: str, replica_set: bool, victim: str
) -> None:
    """Whether the bot or the server dies: what was acknowledged is there."""
    mongod = own_mongod(replica_set=replica_set)
    kill = mongod.kill if victim == "server" else None
    last = await written_until_killed(mongod.uri, database_name, 50, kill)
    if victim == "server":
        mongod.start()
    async with open_mongo(mongod.uri, database_name) as store:
        found = {item.code for item in await store.list_announcements(guild_id=GUILD, limit=100_000)}
    assert {f"CODE{number}" for number in range(last + 1)} <= found
    assert len(found) <= last + 2, "at most the one that was under way besides"
