"""Gift codes from the table of a web page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import ClassVar

import attrs
from lxml import etree

from giftbot.sources.documents import parse_html, text_of
from giftbot.sources.http import Fetched
from giftbot.sources.listing import Entry, Refused
from giftbot.sources.moments import parse_expiry
from giftbot.sources.polled import PolledSource
from giftbot.web.faults import UnreadableError
from giftbot.web.plain import folded, plain_text

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_OVER = frozenset({"expired", "inactive", "invalid", "old", "past", "not"})
_COLUMN_LIMIT = 20
_CODE = re.compile(r"\bcodes?\b")


class WebPageSource(PolledSource):
    """The page wosgiftcodes.com: a table under the heading “Active Codes”, with code, description, rewards, expiry.

    Only the first table of that section is read, and never anything else: a page without it is an error.
    """

    source_name: ClassVar[str] = "page"
    accept: ClassVar[str] = "text/html, application/xhtml+xml"

    @staticmethod
    def parse(fetched: Fetched) -> Iterator[Entry | Refused]:
        """The rows of the table. Raises `UnreadableError` when the page has none."""
        rows = _rows(_active_table(parse_html(fetched)))
        columns = _Columns()
        for number, row in enumerate(rows):
            if number == 0 and _is_header(row):
                columns = _Columns.of_header([folded(text_of(cell, " ")) for cell in row])
            elif (entry := columns.entry(row)) is not None:
                yield entry


@attrs.frozen
class _Columns:
    """Which column says what; without a header row in this order."""

    code: int = 0
    description: int | None = 1
    rewards: int | None = 2
    expiry: int | None = 3
    status: int | None = None

    @classmethod
    def of_header(cls, titles: Sequence[str]) -> _Columns:
        """The columns that a header row names, in lower case."""

        def find(pattern: str) -> int | None:
            return next((place for place, title in enumerate(titles) if re.search(pattern, title)), None)

        code = find(_CODE.pattern)
        if code is None:
            raise UnreadableError("has a table without a column of codes: the page may have changed")
        return cls(code, find(r"\bdescription"), find(r"\breward"), find(r"\bexpir"), find(r"\bstatus\b"))

    def entry(self, row: Sequence[etree._Element]) -> Entry | Refused | None:
        """The entry of a row; None when the row holds no code (a note over several columns, another status)."""
        if any(cell.get("colspan", "1").strip() not in {"", "1"} for cell in row):
            return None
        if (status := self._text(row, self.status)) and folded(status) != "active":
            return None
        if self.code >= len(row):
            return Refused("row without code")
        rewards = plain_text(self._text(row, self.rewards)) or plain_text(self._text(row, self.description))
        return Entry(text_of(row[self.code]), rewards, parse_expiry(plain_text(self._text(row, self.expiry))))

    @staticmethod
    def _text(row: Sequence[etree._Element], place: int | None) -> str:
        return "" if place is None or place >= len(row) else text_of(row[place], " ")


def _active_table(root: etree._Element) -> etree._Element:
    """The first table after the heading of active codes and before the section's end."""
    level = 0
    for element in root.iter(*_HEADINGS, "table"):
        if element.tag == "table":
            if level:
                return element
            continue
        words = set(re.findall("[a-z]+", folded(text_of(element, " "))))
        rank = int(str(element.tag)[1])
        if words & _OVER:
            level = 0
        elif "active" in words and words & {"code", "codes"}:
            level = rank
        elif rank <= level:
            level = 0
    raise UnreadableError("has no list of codes: the page may have changed")


def _rows(table: etree._Element) -> Iterator[list[etree._Element]]:
    """The cells of each row that has any; not those of tables within the table."""
    for part in table.iterchildren("tr", "thead", "tbody", "tfoot"):
        for row in (part,) if part.tag == "tr" else part.iterchildren("tr"):
            if cells := list(islice(row.iterchildren("td", "th"), _COLUMN_LIMIT)):
                yield cells


def _is_header(row: Sequence[etree._Element]) -> bool:
    if all(cell.tag == "th" for cell in row):
        return True
    return len(row) > 1 and _CODE.search(folded(text_of(row[0], " "))) is not None
