"""`ops backup`, `ops restore` and `ops rebuild-totals`, on an installation with a file and a cloud service."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import cast

import attrs
import pytest

from giftbot.cloud.service import open_service
from giftbot.models.ids import InviteCode
from giftbot.services.invites.payload import Records
from giftbot.services.ports import Store
from giftbot.stores.copy_file import COPY_NAME
from giftbot.stores.directory import lock_directory
from giftbot.stores.sqlite.store import SqliteStore
from tests.ops.installation import Installation, on_sqlite
from tests.services.invites.copying import EMBER, NORTH, TOKEN, fill, known, ledger, records


class _Service:
    """A cloud service in a thread of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.address = ""
        self._ready, self._stop = Event(), Event()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        async with open_service(self.directory, token=TOKEN) as self.address:
            self._ready.set()
            await asyncio.to_thread(self._stop.wait)

    def __enter__(self) -> _Service:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[_Service]:
    """A running cloud service."""
    with ExitStack() as stack:
        yield stack.enter_context(_Service(tmp_path / "cloud"))


async def _fill(store: Store) -> None:
    await fill(cast("SqliteStore", store), records(NORTH))
    await fill(cast("SqliteStore", store), records(EMBER))


async def _fill_one(kept: Records, store: Store) -> None:
    await fill(cast("SqliteStore", store), kept)


async def _known(store: Store) -> object:
    return await known(cast("SqliteStore", store), NORTH)


async def _nothing(_: Store) -> None:
    """Only the tables come into being."""


@pytest.fixture
def made(tmp_path: Path, service: _Service) -> Installation:
    """An installation that knows two servers."""
    made = on_sqlite(tmp_path / "data", CLOUD_API_URL=service.address, CLOUD_API_TOKEN=TOKEN)
    made.with_store(_fill)
    return made


def test_a_dry_run_writes_no_copy(made: Installation) -> None:
    """It says which places there are and what is there; nothing comes into being."""
    run = made.run("backup", "now", "--dry-run")
    assert (run.code, run.lines) == (
        0,
        [
            "Would be replaced, where it can be read:",
            "layer series number taken holds",
            "local - - - nothing",
            "cloud - - - nothing",
            "Nothing was changed (dry run).",
        ],
    )
    document = made.run("backup", "now", "--dry-run", "--json").document
    assert [one["layer"] for one in document["would_be_replaced"]] == ["local", "cloud"]
    assert {one["sequence"] for one in made.run("backup", "list", "--json").document["copies"]} == {None}


def test_backup_now_list_and_verify(made: Installation) -> None:
    """Both places have the same copy; its entries are counted."""
    run = made.run("backup", "now", "--json")
    assert run.code == 0, run.err
    assert [(one["layer"], one["sequence"], one["state"]) for one in run.document["layers"]] == [
        ("tables", 1, "written"),
        ("local", 1, "written"),
        ("cloud", 1, "written"),
    ]
    run = made.run("backup", "verify", "--json")
    assert run.code == 0, run.err
    for one in run.document["copies"]:
        assert one["holds"] == {"servers": 2, "invites": 4, "joins": 6, "links": 4, "credits": 2}
        assert one["refused_entries"] == []
    assert made.run("backup", "now").code == 0
    assert "2 servers" in made.run("backup", "list").out


def test_verify_says_what_is_wrong(made: Installation, service: _Service) -> None:
    """A damaged file, and a token that is not accepted; the token is not shown."""
    made.run("backup", "now")
    file = made.directory / COPY_NAME
    file.write_bytes(file.read_bytes()[:100])
    file.with_name(f"{COPY_NAME}.bak").unlink(missing_ok=True)
    wrong = attrs.evolve(made, environ={**made.environ, "CLOUD_API_TOKEN": "another token of nobody"})
    run = wrong.run("backup", "verify")
    assert run.code == 1
    assert "damaged" in run.out
    assert "does not accept the token" in run.out
    assert "another token" not in run.out + run.err
    run = wrong.run("backup", "now")
    assert run.code == 1
    assert len(list(service.directory.glob("*.json"))) == 1


@pytest.mark.parametrize("source", [None, "cloud", "FILE"])
def test_restore_into_empty_tables(made: Installation, tmp_path: Path, source: str | None) -> None:
    """From the newest, from a named place, from a file; a dry run first, which changes nothing."""
    before = made.with_store(_known)
    made.run("backup", "now")
    other = on_sqlite(
        tmp_path / "other", **{name: made.environ[name] for name in ("CLOUD_API_URL", "CLOUD_API_TOKEN")}
    )
    other.with_store(_nothing)
    chosen = {None: [], "cloud": ["--from", "cloud"], "FILE": ["--from", str(made.directory / COPY_NAME)]}[source]
    run = other.run("restore", *chosen, "--dry-run")
    assert (run.code, run.err) == (0, "")
    assert "Would write 2 credits, 6 joins, 2 ledgers, 4 links, 2 settings." in run.out
    assert other.with_store(_known) != before
    run = other.run("restore", *chosen)
    assert (run.code, run.err) == (0, "")
    assert other.with_store(_known) == before
    assert "Wrote nothing new." in other.run("restore", *chosen).out


@pytest.mark.parametrize("is_there", [True, False], ids=["empty", "missing"])
def test_restore_where_no_bot_was_started_yet(made: Installation, tmp_path: Path, is_there: bool) -> None:
    """The tables are made for it; a dry run makes nothing, and so does a restore that finds no copy."""
    before = made.with_store(_known)
    directory = tmp_path / "new"
    cloud = {name: made.environ[name] for name in ("CLOUD_API_URL", "CLOUD_API_TOKEN")}
    new = on_sqlite(directory, **cloud)
    if not is_there:
        directory.rmdir()
    run = new.run("restore")
    assert (run.code, run.out) == (1, "")
    assert "There is no copy that can be used." in run.err
    made.run("backup", "now")
    run = new.run("restore", "--dry-run")
    assert (run.code, run.err) == (0, "")
    assert "Would write 2 credits, 6 joins, 2 ledgers, 4 links, 2 settings." in run.out
    assert directory.exists() is is_there
    assert not is_there or list(directory.iterdir()) == []
    run = new.run("restore")
    assert (run.code, run.err) == (0, "")
    assert "Wrote 2 credits, 6 joins, 2 ledgers, 4 links, 2 settings." in run.out
    assert new.with_store(_known) == before
    assert is_there or stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert "Wrote nothing new." in new.run("restore").out


def test_restore_refuses_beside_a_bot_and_without_a_copy(made: Installation) -> None:
    """One sentence each; a dry run may always look."""
    run = made.run("restore")
    assert run.code == 1
    assert "There is no copy that can be used." in run.err
    assert "objects" in made.run("restore", "--from", "objects").err
    assert "is not there" in made.run("restore", "--from", "nowhere.json").err
    with lock_directory(made.directory):
        run = made.run("backup", "now")
        assert run.code == 0
        assert "left to it" in run.err
        assert not (made.directory / COPY_NAME).exists()
        assert made.run("restore").code == 73
        assert made.run("restore", "--dry-run").code == 0


def test_rebuild_totals(made: Installation) -> None:
    """Counts are what the joins say: those with a code, and the shares of the others, but not what is owed."""
    run = made.run("rebuild-totals", "--dry-run", "--json")
    assert run.code == 0, run.err
    different = {one["guild_id"]: one for one in run.document["different"]}
    assert different[str(NORTH)]["codes"] == {"aBcD1234": {"was": 9, "is": 1}}
    assert not different[str(NORTH)]["is_written"]
    run = made.run("rebuild-totals")
    assert "2 corrected." in run.out
    assert "0 with other totals" in made.run("rebuild-totals").out
    corrected = attrs.evolve(records(NORTH), ledger=ledger(NORTH, 8, claimed={InviteCode("aBcD1234"): 1}))
    assert made.with_store(_known) == corrected


def test_rebuild_totals_between_a_join_and_the_look_that_counts_it(tmp_path: Path) -> None:
    """Whoever came with a role is a join before their use is counted: it is not counted twice."""
    code = InviteCode("aBcD1234")
    for name, owed, claimed in (("before", {code: 1}, 1), ("after", {}, 2)):
        made = on_sqlite(tmp_path / name)
        state = ledger(NORTH, owed=owed, claimed={code: claimed})
        made.with_store(partial(_fill_one, attrs.evolve(records(NORTH), ledger=state)))
        assert made.run("rebuild-totals").out.strip() == "1 server, 0 with other totals."


def test_the_doctor_looks_at_copies(made: Installation) -> None:
    """None yet, then which; a wrong token fails; what is not ours is said, and nothing is written anywhere."""
    assert " ".join(_line_of(made, "copies")).endswith("copies cloud none yet.")
    made.run("backup", "now")
    before = {path.name for path in made.directory.iterdir()} | {"ops.log"}
    assert "number 1 of" in " ".join(_line_of(made, "copies"))
    wrong = attrs.evolve(made, environ={**made.environ, "CLOUD_API_TOKEN": "another token of nobody"})
    assert "does not accept the token" in " ".join(_line_of(wrong, "copies"))
    bare = {name: value for name, value in made.environ.items() if not name.startswith("CLOUD_")}
    assert _line_of(attrs.evolve(made, environ=bare), "copies") == []
    assert {path.name for path in made.directory.iterdir()} | {"ops.log"} == before


def _line_of(made: Installation, what: str) -> list[str]:
    """The words of the doctor's line about something."""
    return next((words for line in made.run("doctor").lines if what in (words := line.split())), [])
