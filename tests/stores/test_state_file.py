from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from giftbot.models.ids import ChannelId, CodeKey, GuildId
from giftbot.stores.state_file import JsonStateFile, read_envelope

Sent = list[tuple[GuildId, CodeKey]]
CHANNELS = {GuildId(11): ChannelId(5), GuildId(222): ChannelId(6)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the copy is."""
    return tmp_path / "giftcode_state.json"


async def chunks(*parts: Sent) -> AsyncIterator[Sent]:
    """Sent codes as a store scans them."""
    for part in parts:
        yield part


def sent(guild: int, *codes: str) -> Sent:
    """Codes sent in a server."""
    return [(GuildId(guild), CodeKey(code)) for code in codes]


def names(path: Path) -> set[str]:
    """The files beside the copy."""
    return {item.name for item in path.parent.iterdir()}


def get(path: Path) -> str:
    """What is in a file."""
    return path.read_text(encoding="utf-8")


def put(path: Path, content: str) -> None:
    """Let a file have this content."""
    path.write_text(content, encoding="utf-8")


def load(path: Path) -> dict[str, object]:
    """The copy as an earlier bot reads it."""
    content: dict[str, object] = json.loads(get(path))
    return content


async def test_the_copy_has_the_shape_that_earlier_bots_read(path: Path) -> None:
    """Channels and sorted codes by server, though a server's codes come in several chunks."""
    await JsonStateFile(path).write(
        CHANNELS, chunks(sent(11, "AAA", "CCC"), [*sent(11, "BBB"), *sent(222, "AAA")], sent(3, "ZZZ"))
    )
    content = load(path)
    assert content.pop("giftbot")
    assert content == {
        "channels": {"11": 5, "222": 6},
        "sent": {"11": ["AAA", "BBB", "CCC"], "222": ["AAA"], "3": ["ZZZ"]},
        "initialized": True,
        "migrated_to_sent_adapter": True,
    }


async def test_a_copy_of_nothing(path: Path) -> None:
    """A new installation's copy is valid, too."""
    await JsonStateFile(path).write({}, chunks())
    assert load(path)["sent"] == {}
    assert read_envelope(path) is not None


async def test_each_copy_has_the_next_number_of_its_series(path: Path) -> None:
    """Also over a restart; the copy before is kept as `.bak`."""
    file = JsonStateFile(path)
    await file.write({}, chunks(sent(1, "AAA")))
    await file.write({}, chunks(sent(1, "BBB")))
    await JsonStateFile(path).write({}, chunks(sent(1, "CCC")))
    envelope, before = read_envelope(path), read_envelope(path.with_name("giftcode_state.json.bak"))
    assert envelope is not None
    assert before is not None
    assert (before.sequence, envelope.sequence) == (2, 3)
    assert before.epoch == envelope.epoch
    assert names(path) == {"giftcode_state.json", "giftcode_state.json.bak"}


async def test_the_file_of_an_earlier_bot_is_kept(path: Path) -> None:
    """Before the first copy is written, and whatever was kept before."""
    earlier = '{"channels": {"11": 5}, "sent": {"11": ["Frost77"], "global": []}, "initialized": true}'
    for kept in ("giftcode_state.json.legacy", "giftcode_state.json.legacy.2"):
        put(path, earlier)
        file = JsonStateFile(path)
        await file.write(CHANNELS, chunks())
        await file.write(CHANNELS, chunks())
        assert load(path.with_name(kept)) == json.loads(earlier)


@pytest.mark.parametrize(
    "damage", [lambda text: text[:-20], lambda text: text.replace("AAA", "AAB"), lambda _: "{"]
)
async def test_a_copy_that_was_changed_is_not_ours(path: Path, damage: Callable[[str], str]) -> None:
    """An earlier bot may have gone on with it: it is kept like a file of its own."""
    await JsonStateFile(path).write({}, chunks(sent(1, "AAA")))
    put(path, damage(get(path)))
    assert read_envelope(path) is None
    await JsonStateFile(path).write({}, chunks())
    assert "giftcode_state.json.legacy" in names(path)


async def test_an_error_leaves_the_copy_as_it_was(path: Path) -> None:
    """Half a copy is never seen."""

    async def breaking() -> AsyncIterator[Sent]:
        yield sent(1, "BBB")
        raise ConnectionError

    file = JsonStateFile(path)
    await file.write({}, chunks(sent(1, "AAA")))
    with pytest.raises(ConnectionError):
        await file.write({}, breaking())
    assert load(path)["sent"] == {"1": ["AAA"]}
    assert names(path) == {"giftcode_state.json"}


async def test_a_large_copy_is_recognised(path: Path) -> None:
    """More than fits into one piece of reading."""
    await JsonStateFile(path).write(
        {}, chunks(*(sent(guild, *map(str, range(1000, 1400))) for guild in range(900)))
    )
    envelope = read_envelope(path)
    assert envelope is not None
    assert envelope.sequence == 1
