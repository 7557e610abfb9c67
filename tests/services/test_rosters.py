"""Tables of players: a result for each line, and all of it out again."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from giftbot.errors import InvalidInputError
from giftbot.models.player import PlayerState, parse_nickname
from giftbot.models.roster import MOST_BYTES, MOST_LINES, LineReport, LineResult
from giftbot.services.ports import Store
from giftbot.services.rosters import CHUNK, report_csv
from giftbot.stores.sqlite.store import open_sqlite
from giftbot.text import rosters as texts
from tests.observed import observe
from tests.services.playing import ADA, BOB, GUILD, Club, make_club


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("abc,312", "1 to 20 digits"),
        (",312", "1 to 20 digits"),
        ("1" * 21 + ",312", "1 to 20 digits"),
        ("1.2E+8,312", "1 to 20 digits"),
        ("١٢٣,312", "1 to 20 digits"),
        ("1,0", "from 1 to 9,999"),
        ("1,10000", "from 1 to 9,999"),
        ("1,-5", "from 1 to 9,999"),
        ("1,x", "from 1 to 9,999"),
        ('1,"312', "quotation marks"),
        ("1,312," + "x" * 1_000, "too long"),
    ],
)
async def test_each_bad_line_is_reported_by_its_number(club: Club, line: str, said: str) -> None:
    """All others are imported."""
    report = await club.rosters.import_csv(GUILD, f"7,312\n\n{line}\n8,312\n", ADA)
    assert [(one.number, one.result) for one in report.lines] == [
        (1, LineResult.ADDED),
        (3, LineResult.BAD),
        (4, LineResult.ADDED),
    ]
    assert said in report.lines[1].note
    assert said in texts.imported(report)


async def test_players_are_stored_as_unproved_and_get_the_active_codes(club: Club) -> None:
    """They belong to nobody until somebody claims them."""
    report = await club.players.import_csv(GUILD, "1,312,Ada\n2,77\n", BOB)
    assert report.codes == 2
    stored = await club.stored("1")
    assert (stored.state, stored.kingdom, stored.nickname) == (PlayerState.UNPROVED, 312, "Ada")
    assert (stored.owner_id, stored.added_by, stored.proved_at) == (None, BOB, None)
    assert club.enrolled.ids == ["1", "2"]
    assert club.oracle.asked == []


async def test_a_line_without_kingdom_needs_the_servers_default(club: Club) -> None:
    """Then the player has none of their own, and follows the default."""
    report = await club.rosters.import_csv(GUILD, "1,\n", None)
    assert [(one.result, one.note) for one in report.lines] == [(LineResult.BAD, texts.LINE_WITHOUT_KINGDOM)]
    await club.default_kingdom(40)
    report = await club.rosters.import_csv(GUILD, "1,\n", None)
    assert [one.result for one in report.lines] == [LineResult.ADDED]
    assert (await club.stored("1")).kingdom is None


async def test_a_player_who_is_named_twice_is_reported(club: Club) -> None:
    """The first line counts, also when the second one is far behind it."""
    words = "1,312\n" + "".join(f"{number},312\n" for number in range(1_000, 1_300)) + "1,77\n"
    report = await club.rosters.import_csv(GUILD, words, ADA)
    assert report.lines[-1] == LineReport(302, "1", LineResult.DUPLICATE, "Line 1 names the same player.")
    assert (await club.stored("1")).kingdom == 312


async def test_who_is_registered_stays_but_for_what_was_never_proved(club: Club) -> None:
    """A table repairs kingdoms that are wrong or unproved; it takes nothing from who proved theirs."""
    await club.put("1")
    await club.put("2", PlayerState.WRONG_KINGDOM, owner=BOB, kingdom=5)
    await club.put("3", PlayerState.UNPROVED, owner=None, kingdom=5)
    await club.put("4", PlayerState.UNPROVED, owner=None, kingdom=5)
    await club.put("5", PlayerState.PAUSED)
    report = await club.rosters.import_csv(GUILD, "1,77\n2,77\n3,5,Carol\n4,5\n5,77\n", BOB)
    assert [one.result for one in report.lines] == [
        LineResult.KNOWN,
        LineResult.UPDATED,
        LineResult.UPDATED,
        LineResult.KNOWN,
        LineResult.KNOWN,
    ]
    assert "confirmed" in report.lines[0].note
    assert (await club.stored("1")).kingdom == 312
    repaired = await club.stored("2")
    assert (repaired.kingdom, repaired.state, repaired.owner_id) == (77, PlayerState.UNPROVED, BOB)
    assert (await club.stored("3")).nickname == "Carol"
    assert club.enrolled.players == [repaired]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", texts.TABLE_EMPTY),
        ("\ufeff\r\n \r\n", texts.TABLE_EMPTY),
        ("id,kingdom\n", texts.TABLE_EMPTY),
        ("sep=;\n", texts.TABLE_EMPTY),
        ("kingdom,name\n312,Ada\n", texts.TABLE_WITHOUT_ID),
        ("1,312\n" * (MOST_LINES + 1), texts.TABLE_TOO_LONG),
        ("\n" * (MOST_BYTES - 1), texts.TABLE_TOO_LONG),
        ("1" * (MOST_BYTES + 1), texts.TABLE_TOO_LARGE),
    ],
)
async def test_a_table_that_cannot_be_used_is_a_sentence(club: Club, words: str, said: str) -> None:
    """Nothing of it is stored."""
    with pytest.raises(InvalidInputError) as caught:
        await club.rosters.import_csv(GUILD, words, ADA)
    assert str(caught.value) == said
    assert await club.store.count_players(GUILD) == {}


async def test_the_largest_table_is_read_and_written_whole(club: Club) -> None:
    """5,000 lines are stored, repeated, reported and exported."""
    words = "".join(f"{number},312,Player number {number}\n" for number in range(MOST_LINES))
    report = await club.rosters.import_csv(GUILD, words, ADA)
    again = await club.rosters.import_csv(GUILD, words, ADA)
    table = await report_csv(report)
    exported = await club.rosters.export_csv(GUILD)
    assert report.counts == {LineResult.ADDED: MOST_LINES}
    assert again.counts == {LineResult.KNOWN: MOST_LINES}
    assert table.count("\r\n") == exported.count("\r\n") == MOST_LINES + 1


async def test_lines_go_to_the_store_in_chunks(store: Store) -> None:
    """Not one round trip a line."""
    watched, observed = observe(store)
    words = "".join(f"{number},312\n" for number in range(1_000))
    await make_club(watched).rosters.import_csv(GUILD, words, ADA)
    assert observed.calls.count("insert_players") == 1_000 // CHUNK
    assert len(observed.calls) < 20


def cells(words: str) -> list[list[str]]:
    """A table as a spreadsheet reads it."""
    return list(csv.reader(io.StringIO(words.removeprefix("\ufeff"))))


async def test_exported_cells_are_never_formulas_and_can_be_imported_again(club: Club) -> None:
    """Whatever a player calls themselves, a spreadsheet shows it as text."""
    names = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "a,b;c\"d'", "'quoted"]
    for number, name in enumerate(names, start=1):
        await club.put(str(number), PlayerState.UNPROVED, owner=BOB if number == 1 else None, nickname=name)
    exported = await club.rosters.export_csv(GUILD)
    header, *rows = cells(exported)
    assert header == ["player_id", "kingdom", "nickname", "status", "owner_id"]
    assert rows[0] == ["1", "312", "'=1+1", "unproved", str(BOB)]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]
    again = await club.rosters.import_csv(GUILD, exported, ADA)
    assert again.counts == {LineResult.KNOWN: len(names)}


async def test_the_report_is_a_table_without_formulas(club: Club) -> None:
    """Bad lines show what stood there, harmlessly."""
    report = await club.rosters.import_csv(GUILD, "=cmd,312\n1,312\n<@1>,2\n", ADA)
    header, first, second, third = cells(await report_csv(report))
    assert header == ["line", "player_id", "result", "note"]
    assert first[:3] == ["1", "'=cmd", "bad"]
    assert second == ["2", "1", "added", ""]
    assert "<@" not in third[1]
    answer = texts.imported(report)
    assert "**1** added, **2** not usable" in answer
    assert len(answer) < 2_000


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_nickname_survives_export_and_import(names: list[str]) -> None:
    """What is exported is imported as it was, and the second time nothing changes."""

    async def there_and_back(directory: Path) -> None:
        async with open_sqlite(directory / "one.sqlite") as one, open_sqlite(directory / "two.sqlite") as two:
            here, there = make_club(one), make_club(two)
            for number, name in enumerate(names):
                await here.put(str(number), PlayerState.UNPROVED, owner=None, nickname=parse_nickname(name))
            exported = await here.rosters.export_csv(GUILD)
            await there.rosters.import_csv(GUILD, exported, None)
            assert await there.rosters.export_csv(GUILD) == exported

    with TemporaryDirectory() as directory:
        asyncio.run(there_and_back(Path(directory)))
