"""Tables of players as text: reading what people and spreadsheets write, and writing what both can read."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from giftbot.errors import InvalidInputError
from giftbot.models.code import escaped
from giftbot.models.player import parse_kingdom, parse_nickname, parse_player_id
from giftbot.models.roster import MOST_BYTES, MOST_LINES, LineReport, LineResult, RosterLine
from giftbot.text import rosters as texts

_BREAK = re.compile(r"\r\n|\n|\r")
_SEPARATORS = (",", ";", "\t")
_NAMES = {",": "“,”", ";": "“;”", "\t": "a tab", None: "a space"}
_DIRECTIVE = re.compile(r"sep=([,;\t])", re.IGNORECASE)
"""What Excel writes and reads in the first line."""
_LONGEST_LINE = 1_000
"""Characters."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these would be carried out by a spreadsheet."""
_BLANK = "\ufeff \t\r\n"

_ID, _KINGDOM, _NICKNAME = "id", "kingdom", "nickname"
_COLUMNS = {
    **dict.fromkeys(("id", "playerid", "player", "fid", "gameid"), _ID),
    **dict.fromkeys(("kingdom", "state", "kid"), _KINGDOM),
    **dict.fromkeys(("nickname", "name", "nick"), _NICKNAME),
}
"""Names of columns, without case, spaces and underscores. The game calls a kingdom a state."""
_USUAL = {_ID: 0, _KINGDOM: 1, _NICKNAME: 2}


def decode_csv(data: bytes) -> str:
    """A table as text, from UTF-8 or UTF-16, with or without BOM. Raises `InvalidInputError`."""
    if len(data) > MOST_BYTES:
        raise InvalidInputError(texts.TABLE_TOO_LARGE)
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInputError(texts.TABLE_NOT_TEXT) from None


@attrs.frozen
class Table:
    """A table whose layout is known; its lines are not looked at yet."""

    lines: tuple[tuple[int, str], ...]
    """The lines to read with their numbers, without header and empty ones."""
    separator: str | None
    """None is white space."""
    columns: Mapping[str, int]

    def rows(self) -> Iterator[RosterLine | LineReport]:
        """Each line as a player, or why it cannot be used."""
        for number, line in self.lines:
            yield self._row(number, line)

    def _row(self, number: int, line: str) -> RosterLine | LineReport:
        cells: list[str] = []
        try:
            cells = _cells(line, self.separator)
            kingdom = self._cell(cells, _KINGDOM)
            return RosterLine(
                number=number,
                player_id=parse_player_id(self._cell(cells, _ID)),
                kingdom=parse_kingdom(kingdom) if kingdom else None,
                nickname=parse_nickname(self._cell(cells, _NICKNAME)),
            )
        except InvalidInputError as error:
            shown = self._cell(cells, _ID) or line.strip(_BLANK)
            note = self._mixture(shown, self._cell(cells, _KINGDOM)) if cells else None
            return LineReport(number, escaped(shown), LineResult.BAD, note or str(error))

    def _mixture(self, *wrong: str) -> str | None:
        """What to say of cells in which other columns were left by a line that has another separator."""
        for other in _SEPARATORS:
            if other != self.separator and any(other in cell for cell in wrong):
                return texts.LINE_MIXED.format(found=_NAMES[other], wanted=_NAMES[self.separator])
        return None

    def _cell(self, cells: Sequence[str], column: str) -> str:
        place = self.columns.get(column, len(cells))
        return _unescaped(cells[place].strip()) if place < len(cells) else ""


def read_table(words: str) -> Table:
    """Find out how a table is laid out. Raises `InvalidInputError` when it is too large, or empty."""
    if len(words) > MOST_BYTES:
        raise InvalidInputError(texts.TABLE_TOO_LARGE)
    if words.count("\n") + words.count("\r") > 4 * MOST_LINES:
        raise InvalidInputError(texts.TABLE_TOO_LONG)
    numbered = enumerate(_BREAK.split(words), start=1)
    lines = [(number, line) for number, line in numbered if line.strip(_BLANK)]
    if not lines:
        raise InvalidInputError(texts.TABLE_EMPTY)
    if directive := _DIRECTIVE.fullmatch(lines[0][1].strip(_BLANK)):
        separator: str | None = directive[1]
        lines = lines[1:]
    else:
        separator = _separator_of(lines[0][1])
    columns = _header(lines[0][1], separator) if lines else None
    if columns is not None:
        lines = lines[1:]
    if not lines:
        raise InvalidInputError(texts.TABLE_EMPTY)
    if len(lines) > MOST_LINES:
        raise InvalidInputError(texts.TABLE_TOO_LONG)
    return Table(tuple(lines), separator, columns or _USUAL)


def _separator_of(line: str) -> str | None:
    """The separator that a line has most of; white space when it has none of them, but several words."""
    line = line.strip("\ufeff ")
    best = max(_SEPARATORS, key=line.count)
    if best in line:
        return best
    return None if len(line.split()) > 1 else ","


def _cells(line: str, separator: str | None) -> list[str]:
    if len(line) > _LONGEST_LINE:
        raise InvalidInputError(texts.LINE_TOO_LONG)
    line = line.strip("\ufeff")
    if separator is None:
        return line.split(None, 2)
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        raise InvalidInputError(texts.LINE_BAD_QUOTES) from None


def _header(line: str, separator: str | None) -> dict[str, int] | None:
    """Where the columns are, if this line names them. Raises `InvalidInputError` when it names none for the id."""
    try:
        cells = _cells(line, separator)
    except InvalidInputError:
        return None
    names = [re.sub(r"[\s_-]", "", cell).casefold() for cell in cells]
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in _COLUMNS:
            places.setdefault(_COLUMNS[name], place)
    if not places or any(name.isdecimal() for name in names):
        return None
    if _ID not in places:
        raise InvalidInputError(texts.TABLE_WITHOUT_ID)
    return places


def _unescaped(cell: str) -> str:
    """A cell without the mark with which spreadsheets, and this bot, say that it is only text."""
    return cell[1:] if cell[:1] == "'" and (cell[1:2].isdecimal() or cell[1:2] in _FORMULA) else cell


def _escaped(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def csv_of(rows: Iterable[Sequence[str | int | None]]) -> str:
    """Rows as CSV, in which no cell can be taken for a formula."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    for row in rows:
        writer.writerow(["" if cell is None else _escaped(str(cell)) for cell in row])
    return written.getvalue()
