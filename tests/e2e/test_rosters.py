"""Tables of players, as the admins of a server import them."""

from __future__ import annotations

import csv
import io

import pytest

from giftbot.sandbox import Upload
from tests.e2e.membership import ADA, BOB, KINGDOM, Place, open_for, said


def cells(data: bytes) -> list[list[str]]:
    """A CSV file as a spreadsheet reads it."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


async def test_a_table_is_imported_with_a_result_for_each_line(place: Place) -> None:
    """BOM, semicolons and a header; bad lines by number; the players are claimed by those who know the kingdom."""
    table = f"\ufeffplayer_id;kingdom;nickname\r\n{ADA};312;Ada\r\nx;1\r\n\r\n{BOB};;\r\n{ADA};5\r\n7;77;=Seven\r\n"
    async with open_for(place):
        denied = await place.ada.command("player import", file=Upload("players.csv", table.encode()))
        assert "Manage Server" in await said(denied)
        answer = await place.admin.command("player import", file=Upload("players.csv", table.encode()))
        text = await said(answer)
        assert "5 lines: **2** added, **1** named twice, **2** not usable." in text
        assert "Line 3 (x): A player id has 1 to 20 digits" in text
        _, *lines = cells(answer.files["import.csv"])
        assert [line[:3] for line in lines] == [
            ["2", ADA, "added"],
            ["3", "x", "bad"],
            ["5", BOB, "bad"],
            ["6", ADA, "duplicate"],
            ["7", "7", "added"],
        ]
        exported = await place.admin.command("player export")
        await said(exported)
        assert cells(exported.files["players.csv"]) == [
            ["player_id", "kingdom", "nickname", "status", "owner_id"],
            [ADA, "312", "Ada", "unproved", ""],
            ["7", "77", "'=Seven", "unproved", ""],
        ]
        assert "Manage Server" in await said(await place.ada.command("player export"))
        assert "belongs to nobody yet" in await said(await place.ada.command("player pause", player=ADA))
        assert "not in kingdom 5" in await said(await place.ada.command("player add", id=ADA, kingdom=5))
        assert "is registered" in await said(await place.ada.command("player add", id=ADA, kingdom=KINGDOM))
    assert place.stage.sandbox.game.grants == {}


async def test_without_a_file_the_lines_are_typed(place: Place) -> None:
    """A form takes them as people write them."""
    async with open_for(place):
        form = await place.admin.command("player import")
        assert form.modal is not None
        answer = await form.submit({"roster": f"{ADA} 312 Ada Lovelace\n{BOB} 77"})
        assert "2 lines: **2** added." in await said(answer)
        assert len(cells(answer.files["import.csv"])) == 3
        shown = await said(await place.admin.command("player list"))
        assert f"`{ADA}` · Ada Lovelace · kingdom 312 · not checked yet" in shown


@pytest.mark.parametrize(
    ("upload", "sentence"),
    [
        (Upload("big.csv", b"1,2\n", claimed_size=2_000_000), "larger than 1 MiB"),
        (Upload("liar.csv", b"1" * 2_000_000, claimed_size=10), "larger than 1 MiB"),
        (Upload("gone.csv", b"1,2\n", status=404), "Upload it again"),
        (Upload("broken.csv", b"1,2\n", status=500), "Upload it again"),
        (Upload("old.csv", "1,2,Ádá".encode("cp1252")), "CSV UTF-8"),
        (Upload("empty.csv", b""), "no players"),
        (Upload("long.csv", b"1,2\n" * 5_001), "more than 5,000 lines"),
    ],
    ids=lambda value: value.name if isinstance(value, Upload) else "",
)
async def test_a_file_that_cannot_be_used_is_a_sentence(place: Place, upload: Upload, sentence: str) -> None:
    """What Discord says is too large is not even read."""
    async with open_for(place):
        answer = await place.admin.command("player import", file=upload)
        assert sentence in await said(answer)
        assert "nobody is registered" in await said(await place.admin.command("player list"))
    assert place.stage.sandbox.world.uploads.served == (0 if upload.name == "big.csv" else 1)


async def test_the_largest_table_is_imported_while_commands_are_answered(place: Place) -> None:
    """5,000 lines; who asks something meanwhile does not wait for the end of it."""
    table = "".join(f"{number},312,Player {number}\n" for number in range(1, 5_001))
    async with open_for(place):
        importing = await place.admin.command("player import", file=Upload("all.csv", table.encode()))
        answered_meanwhile = 0
        while "5,000 lines" not in importing.text:
            await place.ada.command("player mine")
            answered_meanwhile += "5,000 lines" not in importing.text
        assert "**5,000** added." in importing.text
        exported = await place.admin.command("player export")
        await said(exported)
        assert len(cells(exported.files["players.csv"])) == 5_001
        assert answered_meanwhile > 0
