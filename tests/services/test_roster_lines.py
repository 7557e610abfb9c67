"""Reading tables of players: whatever people and spreadsheets write."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from giftbot.errors import InvalidInputError
from giftbot.models.ids import PlayerId
from giftbot.models.player import NICKNAME_LENGTH, parse_nickname
from giftbot.models.roster import MOST_BYTES, RosterLine
from giftbot.services.roster_lines import csv_of, decode_csv, read_table
from giftbot.text import rosters as texts


def lines(words: str) -> list[tuple[int, str, int | None, str | None]]:
    """The lines of a table that can be used."""
    return [
        (row.number, row.player_id, row.kingdom, row.nickname)
        for row in read_table(words).rows()
        if isinstance(row, RosterLine)
    ]


@pytest.mark.parametrize(
    "words",
    [
        "1,312,Ada\n2,,Bob\n",
        "1;312;Ada\r\n2;;Bob\r\n",
        "1\t312\tAda\r2\t\tBob",
        "\ufeff1,312,Ada\n2,,Bob",
        '"1","312","Ada"\n"2","","Bob"\n',
        "'1,#312,Ada\n'2,,Bob",
        " 1 , 312 , Ada \n\n  \n2,,Bob,and more\n".replace("\n\n  \n", "\n"),
    ],
)
def test_separators_quotes_and_marks_of_spreadsheets_are_read(words: str) -> None:
    """Comma, semicolon and tab; any line end; with or without BOM and quotes."""
    assert lines(words) == [(1, "1", 312, "Ada"), (2, "2", None, "Bob")]


@pytest.mark.parametrize(
    "words",
    [
        "player_id,kingdom,nickname\n1,312,Ada\n",
        "Nickname;FID;State\nAda;1;312\n",
        "sep=;\nID;Kingdom;Name\n1;312;Ada\n",
        "name\tplayer id\tkid\tother\nAda\t1\t312\tx\n",
    ],
)
def test_a_header_says_where_the_columns_are(words: str) -> None:
    """In any order, under the names that people give them; other columns are left alone."""
    assert [line[1:] for line in lines(words)] == [("1", 312, "Ada")]


def test_lines_that_are_typed_need_no_separator() -> None:
    """Words in a form are enough; a name may have several."""
    assert lines("1 312 Ada Lovelace\n2 #77\n") == [(1, "1", 312, "Ada Lovelace"), (2, "2", 77, None)]
    assert lines("1\n2") == [(1, "1", None, None), (2, "2", None, None)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom"])
def test_files_are_text_in_any_unicode_encoding(encoding: str) -> None:
    """As spreadsheets save them; what is no text, or too large, is a sentence."""
    words = "1,312,Ádá"
    data = b"\xff\xfe" + words.encode("utf-16-le") if encoding == "utf-16-le-bom" else words.encode(encoding)
    assert decode_csv(data) == words


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("1,312,Ádá".encode("cp1252"), texts.TABLE_NOT_TEXT),
        (b"\xff\xfe1", texts.TABLE_NOT_TEXT),
        (b"PK\x03\x04\xe9\xff", texts.TABLE_NOT_TEXT),
        (b"1" * (MOST_BYTES + 1), texts.TABLE_TOO_LARGE),
    ],
)
def test_other_files_are_a_sentence(data: bytes, said: str) -> None:
    """A spreadsheet's own format, an old encoding, too much."""
    with pytest.raises(InvalidInputError) as caught:
        decode_csv(data)
    assert str(caught.value) == said


@given(st.text(max_size=400))
@settings(deadline=None)
def test_any_text_is_read_or_refused_with_a_sentence(words: str) -> None:
    """Every line that is not empty has one result, and its number is right."""
    try:
        rows = list(read_table(words).rows())
    except InvalidInputError:
        return
    numbers = [row.number for row in rows]
    assert numbers == sorted(set(numbers))
    assert all(isinstance(row, RosterLine) or row.note for row in rows)


@given(st.text(max_size=300))
def test_nicknames_are_one_short_line_of_visible_characters(raw: str) -> None:
    """Nothing that would break a line, turn the direction of writing, or hide."""
    name = parse_nickname(raw)
    assert name is None or (1 <= len(name) <= NICKNAME_LENGTH and name.isprintable() and name == name.strip())
    assert name == parse_nickname(name)


def test_csv_escapes_formulas_only() -> None:
    """Numbers and names stay as they are; nothing is an empty cell."""
    assert csv_of([(PlayerId("1"), 312, None, "=x", "a\tb")]) == "1,312,,'=x,a\tb\r\n"
