"""Tables of players whose lines do not agree on what is between the columns."""

from __future__ import annotations

import pytest

from giftbot.models.roster import LineReport, LineResult, RosterLine
from giftbot.services.roster_lines import read_table


@pytest.mark.parametrize(
    ("first", "line", "found", "wanted"),
    [
        ("1,312,Ada", "2;312;Bob", "“;”", "“,”"),
        ("1,312,Ada", "2;312,Bob", "“;”", "“,”"),
        ("1,312,Ada", "2,312;Bob", "“;”", "“,”"),
        ("1;312;Ada", "2,312,Bob", "“,”", "“;”"),
        ("1;312;Ada", "2\t312\tBob", "a tab", "“;”"),
        ("1\t312\tAda", "2;312", "“;”", "a tab"),
        ("1 312 Ada", "2,312,Bob", "“,”", "a space"),
        ("Name;FID;State\nAda;1;312", "Bob,2,312", "“,”", "“;”"),
        ("sep=;\n1;312", "2,312", "“,”", "“;”"),
    ],
)
def test_a_line_with_another_separator_is_told_so(first: str, line: str, found: str, wanted: str) -> None:
    """It says what stands there and what the table has, not that an id has the wrong digits; others are read."""
    good, bad = read_table(f"{first}\n{line}\n").rows()
    assert isinstance(good, RosterLine)
    assert isinstance(bad, LineReport)
    assert bad.result is LineResult.BAD
    assert (
        bad.note == f"This line has {found} between its columns, the table has {wanted}. Use the same in all lines."
    )


@pytest.mark.parametrize("line", ["1,312,Ada; or Bob", '1,312,"Ada\tLovelace"', "1;312;Ada, the first"])
def test_a_name_may_have_any_separator_in_it(line: str) -> None:
    """Only where id or kingdom cannot be read is a separator out of place."""
    [row] = read_table(line).rows()
    assert isinstance(row, RosterLine)


@pytest.mark.parametrize(("line", "said"), [("abc,312", "1 to 20 digits"), ("2,x", "from 1 to 9,999")])
def test_other_mistakes_keep_their_sentence(line: str, said: str) -> None:
    """A wrong id or kingdom in a line that is laid out as the others."""
    [_, bad] = read_table(f"1,312\n{line}\n").rows()
    assert isinstance(bad, LineReport)
    assert said in bad.note
