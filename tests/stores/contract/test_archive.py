"""All rows of a store, and what is written of another one's."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from giftbot.models.announcement import AnnouncementState
from giftbot.models.archive import SCHEMA, TABLES, ArchiveTable, Row
from giftbot.models.ids import CodeKey
from giftbot.services.ports import Store
from giftbot.stores.sqlite.schema import MIGRATIONS
from giftbot.stores.sqlite.store import open_sqlite
from tests.stores.archived import everything, fill
from tests.stores.build import GUILD, claim_one, later, mark, post, prepare, row, row_id, stored

BY_NAME: Mapping[str, ArchiveTable] = {table.name: table for table in TABLES}
POSTS = BY_NAME["sent_giftcodes"]

pytestmark = pytest.mark.mock_lacks("the order of ids, and conditions on their types")


async def copied(rows: Mapping[str, list[Row]], store: Store) -> None:
    """Add them all."""
    for table in TABLES:
        assert await store.add_rows(table, rows[table.name]) == len(rows[table.name])


@pytest.mark.parametrize("seed", range(4))
async def test_rows_come_out_as_they_went_in(store: Store, tmp_path: Path, seed: int) -> None:
    """From SQLite into the store and back into SQLite nothing changes, whatever the rows hold."""
    async with open_sqlite(tmp_path / "first.sqlite") as first:
        await fill(first, seed)
        rows = await everything(first)
    assert all(rows[table.name] for table in TABLES)
    await copied(rows, store)
    assert await everything(store) == rows
    async with open_sqlite(tmp_path / "second.sqlite") as second:
        await copied(await everything(store), second)
        assert await everything(second) == rows


async def test_rows_that_the_store_wrote_itself(store: Store, tmp_path: Path) -> None:
    """What the store's own methods write is read as archives have it, and can be written elsewhere."""
    await fill(store, 7)
    rows = await everything(store)
    async with open_sqlite(tmp_path / "other.sqlite") as other:
        await copied(rows, other)
        assert await everything(other) == rows
        links, guilds = await other.list_links(), [page async for page in other.scan_guilds(posting_only=False)]
    assert links == await store.list_links()
    assert guilds == [page async for page in store.scan_guilds(posting_only=False)]


async def test_what_is_there_stays(store: Store) -> None:
    """Rows are added once; a second time nothing changes, not even what differs."""
    await fill(store, 1)
    rows = await everything(store)
    for table in TABLES:
        assert await store.add_rows(table, rows[table.name]) == 0
    changed = [{**one, "rewards": "something else"} for one in rows["gift_codes"]]
    assert await store.add_rows(BY_NAME["gift_codes"], changed) == 0
    assert await everything(store) == rows


async def sent_row(tmp_path: Path, **changes: object) -> Row:
    """A post that was sent, as an archive has it."""
    async with open_sqlite(tmp_path / "sent.sqlite") as other:
        await post(other, "FROST77")
        [found] = (await everything(other))["sent_giftcodes"]
    return {**found, **changes}


async def test_a_post_that_was_never_tried_becomes_sent(store: Store, tmp_path: Path) -> None:
    """Where the archive knows that it was posted, it is not posted again."""
    await store.enqueue([row()])
    assert await store.add_rows(POSTS, [await sent_row(tmp_path)]) == 1
    found = await stored(store)
    assert (found.state, found.due_at, found.message_id) == (AnnouncementState.SENT, None, 444444444444444444)
    assert not await store.claim_due("a", later(10**6), later(10**6 + 1), limit=5)


async def test_a_post_of_a_later_epoch_stays_pending(store: Store, tmp_path: Path) -> None:
    """After a reset it is to be posted again, whatever was sent before."""
    await store.enqueue([row(guild_epoch=1)])
    assert await store.add_rows(POSTS, [await sent_row(tmp_path)]) == 0
    assert (await stored(store)).state is AnnouncementState.PENDING


async def test_a_post_that_is_tried_or_over_stays(store: Store, tmp_path: Path) -> None:
    """An attempt is ended by whoever made it; an end stays as it is."""
    sent = await sent_row(tmp_path)
    await store.enqueue([row()])
    attempt = await prepare(store, await claim_one(store))
    before = await stored(store)
    assert await store.add_rows(POSTS, [sent]) == 0
    assert await stored(store) == before
    await store.finish([mark(attempt, AnnouncementState.FAILED)])
    assert await store.add_rows(POSTS, [sent]) == 0
    assert (await stored(store)).state is AnnouncementState.FAILED


async def test_a_lease_of_a_job_is_left_out(store: Store) -> None:
    """Who works on a job is nothing that another machine has to know."""
    await fill(store, 3)
    [job, *_] = await store.claim_jobs("somebody", later(100), later(200), limit=1)
    [found] = [one for one in (await everything(store))["redemption_jobs"] if one["_id"] == job.job_id]
    assert not {"owner", "lease_until"} & found.keys()
    assert found["fence"] == job.fence


async def test_which_rows_are_there(store: Store) -> None:
    """By their ids; and whether there is any."""
    assert not await store.has_rows(POSTS)
    await store.enqueue([row()])
    assert await store.has_rows(POSTS)
    assert await store.count_rows(POSTS) == 1
    absent = row_id(CodeKey("OTHER1"))
    assert await store.present_rows(POSTS, [row_id("FROST77"), absent]) == {f"{GUILD}:FROST77"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"state": "posted"}, "state has an unknown value"),
        ({"fence": "1"}, "fence is no whole number"),
        ({"sent_at": 10**18}, "sent_at is out of range"),
        ({"guild_id": 5}, "_id is not what it is made of"),
        ({"codes": [1]}, "codes has something that is no text"),
        ({"later": 1}, "later is not known"),
    ],
)
async def test_rows_that_cannot_be_used(store: Store, tmp_path: Path, changes: Row, problem: str) -> None:
    """They are told apart before anything is written."""
    assert store.unusable_row(POSTS, await sent_row(tmp_path, **changes)) == problem


async def test_documents_that_cannot_be_used(store: Store) -> None:
    """A document must be what its table is for, and of its own row."""
    await fill(store, 2)
    joins = BY_NAME["invite_joins"]
    [first, second, *_] = (await everything(store))["invite_joins"]
    assert store.unusable_row(joins, first) is None
    for wrong in ({**first, "document": second["document"]}, {**first, "document": {}}):
        assert store.unusable_row(joins, wrong) == "its document cannot be read"


async def test_every_column_is_in_the_archive(tmp_path: Path) -> None:
    """What is not, is left out on purpose: leases, and what follows from documents."""
    assert len(MIGRATIONS) == SCHEMA, "a new schema: say in giftbot.models.archive what archives have of it"
    path = tmp_path / "giftbot.sqlite"
    async with open_sqlite(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        tables = {name for [name] in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert tables - BY_NAME.keys() == {"leases", "daily_figures"}
        left_out = {
            f"{table}.{column}"
            for table in BY_NAME
            for _, column, *_ in connection.execute(f"PRAGMA table_info({table})")
            if column not in BY_NAME[table].by_name and "document" not in BY_NAME[table].by_name
        }
    assert left_out == {f"redemption_jobs.{name}" for name in ("owner", "lease_until", "woken_at")}
