"""What is found in a directory, by its name or by its contents, and what keeps a part of it from being read."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from giftbot.errors import InvalidInputError, LegacyError
from giftbot.models.legacy import Membership, SentCode
from giftbot.services.invites.envelope import render_copy, render_file
from giftbot.services.invites.ports import Copy
from giftbot.settings import load_settings
from giftbot.takeover import open_legacy
from tests.legacy import shapes
from tests.legacy.reading import of, read, sources_of

WRITERS = {
    "giftcode_state.json": shapes.STATE,
    "db/giftcode.sqlite": shapes.GIFTCODE_TABLES,
    "data/invite_cache_backup.json": shapes.INVITES,
    "server_management.db": shapes.SERVER_TABLES,
    "invite_logs/invite_joins.json": [shapes.JOIN],
    "invite_logs/invite_joins.csv": None,
    "data/discord_data_backup.json": shapes.CLOUD,
    "config/staff_config.json": shapes.STAFF_CONFIG,
}


def leave(place: Path, name: str) -> Path:
    """One of the files that earlier bots leave."""
    content = WRITERS[name]
    path = place / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        path.write_text(shapes.JOIN_TABLE)
    elif isinstance(content, str):
        shapes.write_tables(path, content)
    else:
        shapes.write_json(path, content)
    return path


async def test_everything_where_earlier_bots_put_it(tmp_path: Path) -> None:
    """Each file once, history first; what is beside it is not looked at."""
    for name in WRITERS:
        leave(tmp_path, name)
    (tmp_path / "giftcode_state.json.bak").write_text("{}")
    (tmp_path / "giftcode_state.json.legacy").write_text('{"sent": {}}')
    (tmp_path / "notes.txt").write_text("nothing")
    found = await sources_of(tmp_path)
    assert sorted(one.name for one in found) == sorted([*WRITERS, "giftcode_state.json.legacy"])
    assert [one.has_posts for one in found] == [True, True] + [False] * (len(WRITERS) - 1)
    assert {one.name for one in found if one.is_fallback} == {"db/giftcode.sqlite"}
    assert await sources_of(tmp_path / "nowhere") == []


async def test_what_the_bot_found_in_the_cloud_and_kept_is_a_source(tmp_path: Path) -> None:
    """It lies there before the bot writes its own copy to that place."""
    shapes.write_json(tmp_path / "cloud_backup.json.legacy", shapes.CLOUD)
    [source] = await sources_of(tmp_path)
    assert source.name == "cloud_backup.json.legacy"
    assert of(Membership, await read(source))


@pytest.mark.parametrize("name", WRITERS)
async def test_a_file_of_another_name_is_told_by_its_contents(tmp_path: Path, name: str) -> None:
    """A copy that somebody renamed is what it was."""
    path = leave(tmp_path, name)
    [expected] = await sources_of(path)
    renamed = path.rename(tmp_path / "copy from the old server.bak")
    [source] = await sources_of(renamed)
    assert (source.has_posts, source.is_fallback, source.rank) == (
        expected.has_posts,
        expected.is_fallback,
        expected.rank,
    )
    assert await read(source)


@pytest.mark.parametrize("cut", [0.5, 0.9])
async def test_a_damaged_file_of_another_name(tmp_path: Path, cut: float) -> None:
    """Half a file is enough to tell."""
    path = leave(tmp_path, "giftcode_state.json").rename(tmp_path / "half")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * cut)])
    [source] = await sources_of(path)
    assert source.has_posts


NOTHING: list[bytes] = [
    b"",
    b"hello",
    b"{}",
    b"[]",
    b'{"a": 1}',
    b'[{"a": 1}]',
    b"\x89PNG\r\n",
    b"SQLite format 3\x00",
    b"5",
]


@pytest.mark.parametrize("content", NOTHING)
async def test_a_file_that_is_nothing_known(tmp_path: Path, content: bytes) -> None:
    """One sentence says so, and what to do."""
    path = tmp_path / "something"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"something is nothing that an earlier bot left: name one of"):
        await sources_of(path)


async def test_tables_of_something_else(tmp_path: Path) -> None:
    """Another program's file, and this bot's own, are nothing known."""
    other = shapes.write_tables(tmp_path / "other", "CREATE TABLE moz_places (id INTEGER)")
    ours = shapes.write_tables(tmp_path / "ours", "CREATE TABLE gift_codes (_id TEXT); PRAGMA user_version = 4")
    for path in (other, ours):
        with pytest.raises(InvalidInputError, match="nothing that an earlier bot left"):
            await sources_of(path)


async def test_any_bytes_are_a_file_or_a_sentence(tmp_path: Path) -> None:
    """Whatever a file holds, nothing breaks."""
    dice, sentences = random.Random(5), list[str]()
    whole = [path.read_bytes() for path in (leave(tmp_path, name) for name in WRITERS)]
    for number in range(60):
        content = bytearray(dice.choice(whole))
        for _ in range(dice.randrange(1, 20)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        path = tmp_path / f"file {number}"
        path.write_bytes(content[: dice.randrange(1, len(content) + 1)])
        try:
            for source in await sources_of(path):
                await read(source)
        except (InvalidInputError, LegacyError) as error:
            sentences.append(str(error))
    assert all(str(tmp_path) in sentence for sentence in sentences)


def test_a_directory_without_permission() -> None:
    """What cannot be looked into is a source that fails, with its reason; everything else is read."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        leave(place, "giftcode_state.json").chmod(0o644)
        leave(place, "db/giftcode.sqlite")
        leave(place, "data/invite_cache_backup.json")
        (place / "db").chmod(0)
        (place / "data/invite_cache_backup.json").chmod(0)
        (place / "data").chmod(0o755)
        child = os.fork()
        if child == 0:  # a user who may not: root may everything
            os._exit(_looks_around(place))
        _, status = os.waitpid(child, 0)
        (place / "db").chmod(0o755)
        assert os.waitstatus_to_exitcode(status) == 0


def _looks_around(place: Path) -> int:
    import asyncio

    async def look() -> list[tuple[str, str]]:
        said = []
        for source in await sources_of(place, is_ours=lambda path: path.open("rb").read(1) == b"\x00"):
            try:
                await read(source)
                said.append((source.name, ""))
            except LegacyError as error:
                said.append((source.name, str(error)))
        return said

    try:
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        denied = os.strerror(errno.EACCES)
        return int(
            sorted(asyncio.run(look()))
            != [
                (
                    "data/invite_cache_backup.json",
                    f"{place}/data/invite_cache_backup.json cannot be read: {denied}.",
                ),
                ("db", f"{place}/db cannot be read: {denied}."),
                ("giftcode_state.json", ""),
            ]
        )
    except BaseException:
        return 2


@pytest.mark.parametrize(
    ("name", "has_posts"),
    [("db", False), ("data", True), ("giftcode_state.json", True), ("server_management.db", False)],
)
async def test_only_what_may_hold_posts_holds_posting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, has_posts: bool
) -> None:
    """A folder of a database server, or joins, that cannot be read are no history; what lies there is known."""
    path = tmp_path / name
    if "." in name:
        leave(tmp_path, name)
    else:
        path.mkdir()

    def refuse(place: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))

    if path.is_dir():
        monkeypatch.setattr(Path, "iterdir", refuse)
        source = next(one for one in await sources_of(tmp_path, refuse) if one.name == name)
        assert source.covers(f"{name}/giftcode_state.json")
    else:
        [source] = await sources_of(tmp_path, refuse)
    assert source.covers(name)
    assert not source.covers("mongodb:reminderbot.sent_giftcodes")
    assert (source.has_posts, source.has_servers) == (has_posts, has_posts)


async def test_a_name_that_no_disk_has(tmp_path: Path) -> None:
    """It is a sentence, and a short one."""
    settings = load_settings({"GIFTBOT_DATA_DIR": str(tmp_path)})
    with pytest.raises(InvalidInputError, match="cannot be looked for: File name too long") as caught:
        async with open_legacy(settings, ["x" * 5000]):
            pass
    assert len(str(caught.value)) < 300


async def test_our_own_copies_are_no_source(tmp_path: Path) -> None:
    """Neither the copy of invites nor one of the cloud, whole or damaged; an earlier bot's beside them is one."""
    copy = Copy(
        "a" * 32, 1, datetime(2026, 1, 1, tzinfo=UTC), {"invite_cache": shapes.INVITES, "staff_invites": []}
    )
    (tmp_path / "invite_cache_backup.json").write_bytes(render_file(copy))
    (tmp_path / "invite_cache_backup.json.legacy").write_bytes(render_file(copy)[:-20])
    (tmp_path / "discord_data_backup.json").write_bytes(render_copy(copy))
    leave(tmp_path, "giftcode_state.json")
    settings = load_settings({"GIFTBOT_DATA_DIR": str(tmp_path)})
    async with open_legacy(settings) as sources:
        assert [one.name for one in sources] == ["giftcode_state.json"]
        assert of(SentCode, await read(sources[0]))


async def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    """One sentence each."""
    settings = load_settings({"GIFTBOT_DATA_DIR": str(tmp_path)})
    for place, words in (
        (str(tmp_path / "x"), "is not there"),
        ("mongo", "set MONGO_URI"),
        ("cloud", "set CLOUD_API_URL"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            async with open_legacy(settings, [place]):
                pass


LARGE = """
import asyncio, sys
from pathlib import Path
from tests.legacy.reading import sources_of

async def main() -> None:
    [source] = await sources_of(Path(sys.argv[1]))
    count = 0
    async for chunk in source.read():
        assert len(chunk.found) <= 500
        count += len(chunk.found)
    # What `getrusage` says includes what the process was before it became this one.
    [highest] = [line for line in open("/proc/self/status") if line.startswith("VmHWM:")]
    print(count, int(highest.split()[1]) // 1024)

asyncio.run(main())
"""


@pytest.mark.parametrize("end", [b"]}}", b""])
def test_a_large_file_is_read_as_a_stream(tmp_path: Path, end: bytes) -> None:
    """60 MB of servers and blanks, whole or cut: everything in it is read, in less than 150 MB of memory."""
    path = tmp_path / "giftcode_state.json"
    count = 0
    with path.open("wb") as file:
        file.write(b'{"sent": {')
        while file.tell() < 60_000_000:
            file.write(b'"%d": ["FROST%d", %s "SNOW2025"],' % (shapes.GUILD + count, count, b" " * 6000))
            count += 1
        file.write(b'"%d": ["LAST99"' % (shapes.GUILD + count) + end)
    child = subprocess.run(
        [sys.executable, "-c", LARGE, str(path)], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    found, memory = map(int, child.stdout.split())
    assert found == 2 * count + 1 + (not end)
    assert memory < 150
