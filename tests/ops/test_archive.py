"""`ops export` and `ops import`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs
import pytest

from giftbot.app import held_alone, journal_of
from giftbot.models.announcement import AnnouncementState, Mark
from giftbot.models.archive import FORMAT, SCHEMA, TABLES, Row
from giftbot.models.migration import MigrationState
from giftbot.services.ports import Store
from giftbot.settings import load_settings
from tests.mongod import Mongod
from tests.ops.installation import NOW, ROWS, Installation, fill, on_mongo, on_sqlite
from tests.ops.runs import run_ops
from tests.stores import archived

Members = dict[str, bytes]


def members_of(path: Path) -> Members:
    """What is in an archive, member by member."""
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def lines_of(path: Path) -> Members:
    """The rows in an archive, without what the manifest says of the day and the store."""
    return {name: body for name, body in members_of(path).items() if name != "manifest.json"}


def rewritten(path: Path, change: Callable[[Members], object]) -> Path:
    """The archive with its members changed."""
    members = members_of(path)
    change(members)
    changed = path.with_name("changed.zip")
    with zipfile.ZipFile(changed, "w") as file:
        for name, body in members.items():
            file.writestr(name, body)
    return changed


def manifest_with(archive: Members, **changes: object) -> None:
    """Change what the manifest says."""
    document = {**json.loads(archive["manifest.json"]), **changes}
    archive["manifest.json"] = json.dumps(document).encode()


def with_players(archive: Members, body: bytes) -> None:
    """Put one line in place of the players, as somebody would who knows how archives are made."""
    archive["players.jsonl"] = body
    members = json.loads(archive["manifest.json"])["members"]
    [ours] = [one for one in members if one["table"] == "players"]
    ours.update(rows=1, sha256=hashlib.sha256(body).hexdigest())
    manifest_with(archive, members=members)


def contents(installation: Installation) -> Mapping[str, list[Row]]:
    """All rows of an installation, but the notes of archives that were taken in."""
    rows = installation.with_store(archived.everything)
    rows["migrations"] = [row for row in rows["migrations"] if not str(row["_id"]).startswith("archive ")]
    return rows


def exported(installation: Installation, path: Path) -> Path:
    """Its archive."""
    run = installation.run("export", str(path))
    assert (run.code, run.err) == (0, "")
    return path


@pytest.mark.parametrize("seed", range(2))
def test_there_and_back_again(tmp_path: Path, replica_set: Mongod, database_name: str, seed: int) -> None:
    """From SQLite to MongoDB and back to SQLite: every archive has the same bytes for the same rows."""

    async def fill_all(store: Store) -> None:
        await archived.fill(store, seed)

    places = [
        on_sqlite(tmp_path / "first"),
        on_mongo(tmp_path / "second", replica_set.uri, database_name),
        on_sqlite(tmp_path / "third"),
    ]
    places[0].with_store(fill_all)
    before = contents(places[0])
    assert all(before[table.name] for table in TABLES)
    paths = [tmp_path / f"{number}.zip" for number in range(3)]
    for number, place in enumerate(places):
        if number:
            run = place.run("import", str(paths[number - 1]))
            assert (run.code, run.err) == (0, "")
        exported(place, paths[number])
        assert contents(place) == before
    assert lines_of(paths[0]) == lines_of(paths[1]) == lines_of(paths[2])


def test_what_an_export_says(installation: Installation, tmp_path: Path) -> None:
    """How many rows of what, in which file; only its owner may read that."""
    path = tmp_path / "bot.zip"
    run = installation.run("export", str(path))
    assert run.code == 0
    assert "sent_giftcodes 5" in run.lines
    assert run.lines[-1].startswith("25 rows are in ")
    assert path.stat().st_mode & 0o777 == 0o600
    document = installation.run("export", str(tmp_path / "again.zip"), "--json").document
    assert (document["rows"], document["left_out"], document["tables"]["players"]) == (25, 0, 4)
    manifest = json.loads(members_of(path)["manifest.json"])
    assert (manifest["format"], manifest["schema"]) == (FORMAT, SCHEMA)
    assert not [name for name in tmp_path.iterdir() if name.suffix == ".tmp"]


def test_no_file_is_overwritten(installation: Installation, tmp_path: Path) -> None:
    """What is there under that name stays."""
    path = tmp_path / "bot.zip"
    path.write_text("mine")
    run = installation.run("export", str(path))
    assert (run.code, run.out, run.err) == (1, "", f"ops: {path} is there already: name a file that is not.\n")
    assert path.read_text() == "mine"


def test_a_file_that_cannot_be_written(installation: Installation, tmp_path: Path) -> None:
    """The sentence says why."""
    run = installation.run("export", str(tmp_path / "nowhere" / "bot.zip"))
    assert (run.code, run.out) == (1, "")
    assert run.err.endswith("cannot be written: No such file or directory.\n")


def test_marks_that_only_the_journal_has(installation: Installation, tmp_path: Path) -> None:
    """A post that the store does not know of yet would be sent again elsewhere: there is no archive without it."""
    journal = journal_of(load_settings(installation.environ, directory=installation.directory))
    asyncio.run(journal.append([Mark(ROWS[2], AnnouncementState.SENT, NOW)]))
    run = installation.run("export", str(tmp_path / "bot.zip"))
    assert (run.code, run.out) == (2, "")
    assert "ops replay" in run.err
    assert not (tmp_path / "bot.zip").exists()


def test_no_secret_is_in_it(tmp_path: Path) -> None:
    """Neither a token nor a password of the settings."""
    secrets = {"DISCORD_TOKEN": "MTIz.aaaaaa.sEcReTsEcReTsEcReTsEcReT", "CLOUD_API_TOKEN": "clOudsEcret"}
    made = on_sqlite(tmp_path / "data", **secrets)
    made.with_store(fill)
    everything = b"".join(members_of(exported(made, tmp_path / "bot.zip")).values())
    for secret in secrets.values():
        assert secret.encode() not in everything


def test_a_dry_run_changes_nothing(installation: Installation, tmp_path: Path) -> None:
    """It says what would be new; where there was no data there is none after it."""
    path = exported(installation, tmp_path / "bot.zip")
    fresh = on_sqlite(tmp_path / "fresh")
    run = fresh.run("import", str(path), "--dry-run")
    assert run.code == 0
    assert "sent_giftcodes 5 5 0" in run.lines
    assert run.lines[-1].endswith("Nothing was changed (dry run).")
    assert not (fresh.directory / "giftbot.sqlite").exists()
    before = contents(installation)
    document = installation.run("import", str(path), "--merge", "--dry-run", "--json").document
    assert not any(document["written"].values())
    assert contents(installation) == before


def test_a_store_with_data_is_refused(installation: Installation, tmp_path: Path) -> None:
    """Unless what it lacks is to be added: nothing of what is there changes."""
    other = on_sqlite(tmp_path / "other")

    async def fill_other(store: Store) -> None:
        await archived.fill(store, 5)

    other.with_store(fill_other)
    path = exported(other, tmp_path / "other.zip")
    mine, theirs = contents(installation), contents(other)
    run = installation.run("import", str(path))
    assert (run.code, run.out) == (2, "")
    assert "--merge" in run.err
    assert contents(installation) == mine
    assert installation.run("import", str(path), "--merge").code == 0
    merged = contents(installation)
    for table, rows in mine.items():
        kept = {row["_id"] for row in rows}
        added = [row for row in theirs[table] if row["_id"] not in kept]
        assert sorted(merged[table], key=lambda row: str(row["_id"])) == sorted(
            rows + added, key=lambda row: str(row["_id"])
        )


def test_an_import_twice(installation: Installation, tmp_path: Path) -> None:
    """A second time there is nothing to do, and it says so."""
    path = exported(installation, tmp_path / "bot.zip")
    fresh = on_sqlite(tmp_path / "fresh")
    assert fresh.run("import", str(path)).code == 0
    again = fresh.run("import", str(path))
    assert (again.code, again.out) == (0, "This archive was taken in before. Nothing was changed.\n")
    assert contents(fresh) == contents(installation)


@pytest.mark.parametrize("name", [table.name for table in TABLES])
def test_an_import_that_was_interrupted(tmp_path: Path, name: str) -> None:
    """Wherever it ended, the next run goes on with it, and the result is the same."""

    async def fill_all(store: Store) -> None:
        await archived.fill(store, 3)

    made, fresh = on_sqlite(tmp_path / "data"), on_sqlite(tmp_path / "fresh")
    made.with_store(fill_all)
    path = exported(made, tmp_path / "bot.zip")
    expected = contents(made)

    async def part_of_it(store: Store) -> None:
        for table in TABLES:
            rows = expected[table.name]
            await store.add_rows(table, rows if table.name != name else rows[:1])
            if table.name == name:
                return

    assert fresh.run("import", str(path)).code == 0
    done = fresh.with_store(lambda store: store.list_migrations())
    record = next(one for one in done if "archive" in one.title)
    (fresh.directory / "giftbot.sqlite").unlink()

    async def begun(store: Store) -> None:
        await store.save_migration(attrs.evolve(record, state=MigrationState.RUNNING))
        await part_of_it(store)

    fresh.with_store(begun)
    assert fresh.run("import", str(path)).code == 0
    assert contents(fresh) == expected


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of a small installation."""
    made = on_sqlite(tmp_path / "data")
    made.with_store(fill)
    return exported(made, tmp_path / "bot.zip")


def refused(path: Path, tmp_path: Path) -> str:
    """What an import of it says; nothing was written."""
    fresh = on_sqlite(tmp_path / "fresh")
    run = fresh.run("import", str(path))
    assert (run.code, run.out) == (1, "")
    if (fresh.directory / "giftbot.sqlite").exists():
        assert not any(contents(fresh).values())
    return run.err


def test_an_archive_that_is_cut_off(archive: Path, tmp_path: Path) -> None:
    """At any length."""
    body = archive.read_bytes()
    for length in (0, 1, len(body) // 2, len(body) - 1):
        archive.write_bytes(body[:length])
        assert "damaged or cut off" in refused(archive, tmp_path)


def test_an_archive_with_a_byte_changed(archive: Path, tmp_path: Path) -> None:
    """Wherever that is in the members, it is found before anything is written."""
    body = archive.read_bytes()
    with zipfile.ZipFile(archive) as file:
        end = file.start_dir
    for place in range(40, end, max(end // 25, 1)):
        archive.write_bytes(body[:place] + bytes([body[place] ^ 0x55]) + body[place + 1 :])
        fresh = on_sqlite(tmp_path / f"fresh-{place}")
        run = fresh.run("import", str(archive))
        assert run.code == 1 or contents(fresh)["sent_giftcodes"], "neither refused nor taken in"
        if run.code:
            assert "damaged" in run.err or "archive" in run.err
            assert not (fresh.directory / "giftbot.sqlite").exists() or not any(contents(fresh).values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda members: manifest_with(members, format=FORMAT + 1, giftbot="9.9"), "newer giftbot (9.9)"),
        (lambda members: manifest_with(members, schema=SCHEMA + 1), "newer giftbot"),
        (lambda members: manifest_with(members, kind="something"), "no archive of giftbot"),
        (lambda members: manifest_with(members, members=[]), "does not have the tables"),
        (lambda members: members.update({"manifest.json": b"{"}), "no archive of giftbot"),
        (lambda members: members.pop("manifest.json"), "a part of it is missing"),
        (lambda members: members.pop("sent_giftcodes.jsonl"), "a part of it is missing"),
        (lambda members: members.update({"players.jsonl": b""}), "players is not as its manifest says"),
        (lambda members: members.update({"players.jsonl": b"nonsense\n"}), "line 1 of players is no row"),
        (lambda members: members.update({"players.jsonl": b"{}"}), "line 1 of players is no row"),
        (lambda members: with_players(members, b"{}\n"), "_id is missing"),
        (lambda members: with_players(members, b'{"_id": "1:2", "later": 1}\n'), "later is not known"),
    ],
)
def test_an_archive_that_cannot_be_used(
    archive: Path, tmp_path: Path, change: Callable[[Members], object], words: str
) -> None:
    """One sentence says why, and nothing is written."""
    assert words in refused(rewritten(archive, change), tmp_path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Or is a directory."""
    assert "No such file" in refused(tmp_path / "nothing.zip", tmp_path)
    assert "cannot be read" in refused(tmp_path, tmp_path)


def test_beside_a_running_bot(archive: Path, tmp_path: Path) -> None:
    """Nothing is taken in; looking is allowed. An export says what it is worth."""
    fresh = on_sqlite(tmp_path / "fresh")
    settings = load_settings(fresh.environ, directory=fresh.directory)
    with held_alone(settings):
        run = fresh.run("import", str(archive))
        assert (run.code, run.out) == (73, "")
        assert "stop it first" in run.err
        assert fresh.run("import", str(archive), "--dry-run").code == 0


async def test_as_users_run_it(archive: Path, tmp_path: Path) -> None:
    """In processes of its own, with the exit codes that a script sees."""
    environ = on_sqlite(tmp_path / "fresh").environ
    first = await run_ops(environ, "import", str(archive))
    assert (first.code, first.err) == (0, "")
    again = await run_ops(environ, "export", str(tmp_path / "again.zip"))
    assert (again.code, again.err) == (0, "")
    assert lines_of(tmp_path / "again.zip") == lines_of(archive)
