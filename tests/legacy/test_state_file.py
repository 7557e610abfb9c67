"""`giftcode_state.json`, whole and damaged: what can be told is taken over, everything else is reported."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from giftbot.legacy.rescue import BLOCK
from giftbot.legacy.state_file import read_document, read_state
from giftbot.models.ids import ChannelId, CodeKey
from giftbot.models.legacy import Found, KnownCode, PostChannel, SentCode, Skip
from tests.legacy import shapes
from tests.legacy.reading import found_in, of, reasons
from tests.legacy.shapes import GUILD, OTHER

DAMAGED = "the file is damaged"


def state_of(folder: Path, text: str | bytes) -> Path:
    """A state file with this text."""
    path = folder / "giftcode_state.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def sent(found: list[Found]) -> list[tuple[int, str]]:
    """Servers and codes that were posted there."""
    return [(one.guild_id, one.display) for one in of(SentCode, found)]


async def test_all_of_it_is_read(tmp_path: Path) -> None:
    """Channels, sent codes, and codes that were only known; nothing is skipped."""
    found = await found_in(shapes.write_json(tmp_path / "giftcode_state.json", shapes.STATE))
    assert sent(found) == [(GUILD, "FROST77"), (GUILD, "SNOW2025")]
    assert of(KnownCode, found) == [KnownCode(CodeKey("OLDCODE1"), "OLDCODE1", None)]
    assert of(PostChannel, found) == [
        PostChannel(GUILD, ChannelId(shapes.CHANNEL)),
        PostChannel(OTHER, ChannelId(shapes.OTHER_CHANNEL)),
    ]
    assert of(Skip, found) == []
    assert found == list(read_document(shapes.STATE_DOCUMENT))


async def test_a_very_old_one(tmp_path: Path) -> None:
    """Casings and duplicates are as they were; null lists are nothing; null and numbers are reported."""
    found = await found_in(shapes.write_json(tmp_path / "giftcode_state.json", shapes.OLD_STATE))
    assert sent(found) == [(GUILD, "Frost77"), (GUILD, "frost77"), (GUILD, "SNOW2025")]
    assert [(one.where, one.reason) for one in of(Skip, found)] == [
        (f"sent, server {GUILD}, entry 3", "no gift code"),
        (f"sent, server {GUILD}, entry 4", "no gift code"),
    ]
    assert found == list(read_document(shapes.OLD_STATE))


ODD: list[tuple[object, int]] = [
    ({"sent": [1, 2], "channels": "x"}, 2),
    ({"sent": {str(GUILD): "FROST77", str(OTHER): {"a": ["FROST77"]}}}, 2),
    ({"sent": {"someone": ["FROST77"], "1.5": ["FROST77"], "": ["FROST77"]}}, 3),
    ({"sent": {str(GUILD): [["FROST77"], {"code": ["FROST77"]}, True, 1.5, "", "?!", "x" * 500]}}, 7),
    ({"sent": {str(GUILD): ["65a000000000000000000001", "65A000000000000000000001"]}}, 2),
    ({"channels": {str(GUILD): None, str(OTHER): [1], "global": 5, "123456789": 222222222222222222}}, 4),
    ({"channels": {str(GUILD): True, str(OTHER): {"id": 5}, "9" * 5000: 1, "1" * 19: "2" * 20}}, 4),
]


@pytest.mark.parametrize(("document", "skips"), ODD)
async def test_wrong_types(tmp_path: Path, document: dict[str, object], skips: int) -> None:
    """Each is reported once, in the file as in MongoDB, and nothing of it is taken over."""
    found = await found_in(shapes.write_json(tmp_path / "giftcode_state.json", document))
    assert len(of(Skip, found)) == len(found) == skips
    assert reasons(list(read_document(document))) == reasons(found)


@pytest.mark.parametrize(
    "text", ["", "[]", "5", "null", '"x"', "no JSON at all", "\x00" * 100, b"\xff\xfe{\x00}\x00"]
)
async def test_what_is_no_object_is_one_skip(tmp_path: Path, text: str | bytes) -> None:
    """Nothing is taken over of it, and it says so."""
    found = await found_in(state_of(tmp_path, text))
    assert len(found) == 1
    assert reasons(found)[0] in {DAMAGED, "not the object that it should be"}


async def test_ids_as_text_and_a_mark_at_the_start(tmp_path: Path) -> None:
    """An editor has been there: the mark of UTF-8 stands first, and the channel is a text."""
    text = json.dumps({"channels": {str(GUILD): f" {shapes.CHANNEL} "}})
    found = await found_in(state_of(tmp_path, b"\xef\xbb\xbf" + text.encode()))
    assert found == [PostChannel(GUILD, ChannelId(shapes.CHANNEL))]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_cut_at_any_place(indent: int | None) -> None:
    """Every entry that is whole before the cut is taken over; that something is missing is reported."""
    guilds = {str(GUILD + number): [f"CODE{number}A", f"Code{number}b", f"CODE{number}C"] for number in range(3)}
    text = json.dumps({"sent": {**guilds, "global": ["OLD1"]}, "channels": {str(GUILD): 1}}, indent=indent)
    for cut in range(1, len(text.rstrip())):
        part = text[:cut]
        found = list(read_state(io.BytesIO(part.encode())))
        whole = [(int(guild), code) for guild, codes in guilds.items() for code in codes if f'"{code}"' in part]
        assert sent(found) == whole, part
        assert reasons(found).count(DAMAGED) == 1


BREAKS = [b"\x00\x00\x00\x00", b'"', b"}", b"]", b"\xff", b"123456789012345678901234567890,", b"{", b":", b"\n\n,,"]


@pytest.mark.parametrize("broken", BREAKS)
async def test_a_damage_in_the_middle(tmp_path: Path, broken: bytes) -> None:
    """What stands after it is found again, from the next list at the latest; nothing comes that was not there."""
    guilds = {str(GUILD + number): [f"CODE{number}{letter}" for letter in "ABCDEF"] for number in range(4)}
    text = json.dumps({"sent": guilds, "channels": {str(OTHER): shapes.OTHER_CHANNEL}}).encode()
    every = [(int(guild), code) for guild, codes in guilds.items() for code in codes]
    at = text.index(b'"CODE1D"')
    found = await found_in(state_of(tmp_path, text[:at] + broken + text[at:]))
    got = sent(found)
    assert set(got) <= set(every)
    assert len(set(got)) == len(got)
    assert {one for one in every if one[1] not in {"CODE1D", "CODE1E", "CODE1F"}} <= set(got)
    assert DAMAGED in reasons(found)
    assert of(PostChannel, found) == [PostChannel(OTHER, ChannelId(shapes.OTHER_CHANNEL))]


async def test_a_missing_block(tmp_path: Path) -> None:
    """A block of a disk is lost in a large file: the lists before and after it are whole."""
    guilds = {str(GUILD + number): [f"CODE{number}X{one}" for one in range(20)] for number in range(2000)}
    text = json.dumps({"sent": guilds}, indent=2).encode()
    start = 3 * BLOCK - 1000
    damaged = text[:start] + b"\x00" * 4096 + text[start + 4096 :]
    found = await found_in(state_of(tmp_path, damaged))
    whole = set(re.findall(rb'"(CODE[0-9X]+)"', damaged))
    kept = {(int(guild), code) for guild, codes in guilds.items() for code in codes if code.encode() in whole}
    got = sent(found)
    assert len(set(got)) == len(got)
    assert set(got) <= kept
    assert len(kept - set(got)) <= 40  # of the list in which the damage begins, and of the one in which it ends
    assert reasons(found)[0] == DAMAGED


async def test_text_after_the_end(tmp_path: Path) -> None:
    """A longer file was written over by a shorter one: the whole object counts, and the rest is reported."""
    text = json.dumps({"sent": {str(GUILD): ["FROST77"]}}) + '"SNOW2025"]}}'
    found = await found_in(state_of(tmp_path, text))
    assert sent(found) == [(GUILD, "FROST77")]
    assert reasons(found) == [DAMAGED]
