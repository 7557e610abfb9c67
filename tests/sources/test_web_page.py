"""The web page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from giftbot.errors import SourceError
from giftbot.models.code import Finding, fold
from giftbot.models.source import Trust
from giftbot.sources.http import Fetched, Fetcher
from giftbot.sources.listing import Entry, Refused
from giftbot.sources.web_page import WebPageSource
from giftbot.web.faults import UnreadableError

Serve = Callable[..., Awaitable[str]]

HEADER = "<tr><th>Code</th><th>Description</th><th>Rewards</th><th>Expires</th></tr>"

PAGE = f"""<!DOCTYPE html><html><head><title>Gift codes</title></head><body>
<nav><h1>WOS Gift Codes</h1><table><tr><td>NAVCODE</td></tr></table></nav>
<div class="container"><h2>🎁 Active Codes</h2><p>Copy one of these:</p>
 <div class="table-responsive"><table><thead>{HEADER}</thead><tbody>
  <tr><td><code>Frost77</code> <button>Copy</button></td><td>Spring</td><td>1K Gems<br>10m Speedup</td>
      <td>2026-03-04 05:06</td></tr>
  <tr><td>GIFT2</td><td>Anniversary</td><td></td><td>Unknown</td></tr>
  <tr><td>two words</td><td></td><td></td><td></td></tr>
 </tbody></table></div>
 <h2>Expired Codes</h2>
 <table>{HEADER}<tr><td>OLD1</td><td>x</td><td>y</td><td>2020-01-01</td></tr></table>
</div></body></html>"""


def parsed(page: str) -> list[Entry | Refused]:
    """The entries of a page."""
    return list(WebPageSource.parse(Fetched(page.encode())))


def active(table: str) -> str:
    """A page with this table of active codes."""
    return f"<h2>Active Codes</h2><table>{table}</table>"


async def test_active_table_is_read(serve: Serve, fetcher: Fetcher) -> None:
    """A whole page: the rows under "Active Codes", with rewards (or the description) and expiry; nothing else."""
    source = WebPageSource(await serve(PAGE.encode()), fetcher)
    listing = await source.fetch()
    assert (source.name, source.trust) == ("page", Trust.TRUSTED)
    assert listing is not None
    assert listing.refused == 1
    assert listing.findings == (
        Finding(fold("FROST77"), "Frost77", "1K Gems 10m Speedup", datetime(2026, 3, 4, 5, 6, tzinfo=UTC)),
        Finding(fold("GIFT2"), "GIFT2", "Anniversary"),
    )


def test_columns_follow_the_header() -> None:
    """The header row says which column is which, whatever their order; a status other than active is left out."""
    table = (
        "<tr><td>Gift Code</td><td>Status</td><td>Expiration</td><td>Reward</td></tr>"
        "<tr><td>GIFT1</td><td>Active</td><td>04.03.2026</td><td>gems</td></tr>"
        "<tr><td>GIFT2</td><td>Expired</td><td></td><td></td></tr>"
    )
    assert parsed(active(table)) == [Entry("GIFT1", "gems", datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC))]


def test_without_header_the_usual_order_counts() -> None:
    """A table without header row starts with its first code."""
    assert parsed(active("<tr><td>GIFT1</td><td>d</td><td>gems</td><td>soon</td></tr>")) == [Entry("GIFT1", "gems")]


def test_codes_may_be_row_headers() -> None:
    """A code in a `th` is a code."""
    assert parsed(active(HEADER + "<tr><th>GIFT1</th><td>d</td></tr>")) == [Entry("GIFT1", "d")]


def test_a_note_across_the_table_is_no_code() -> None:
    """A row that spans several columns is a note; a table with nothing else is empty."""
    assert parsed(active(HEADER + "<tr><td colspan=4>NoActiveCodes</td></tr>")) == []


@pytest.mark.parametrize(
    "page",
    [
        "<h3>List of active gift codes</h3><div><div><table>{}</table></div></div>",
        "<section><h2>Active\n <b>Codes</b></h2></section><section><h3>June</h3><table>{}</table></section>",
        "<h2>Active Codes</h2><p>below</p><h2>Active Codes</h2><table>{}</table><table><td>NEXT1</table>",
        "<h2>Active Codes</h2><table><tr><td><table>{}</table>",
    ],
)
def test_variants_of_the_section(page: str) -> None:
    """Wrappers, subheadings and a table of contents do not hide the section."""
    found = [entry.code for entry in parsed(page.format("<tr><td>GIFT1</td>")) if isinstance(entry, Entry)]
    assert "GIFT1" in "".join(found)


@pytest.mark.parametrize(
    "page",
    [
        *("", " ", "\x00", "<", "not html at all", "<html></html>", "<h2>Active Codes</h2>", "{}", "<!-- -->"),
        "<table><tr><td>GIFT1</td></tr></table>",
        "<h2>Expired Codes</h2><table><tr><td>GIFT1</td></tr></table>",
        "<h2>Inactive Codes</h2><table><tr><td>GIFT1</td></tr></table>",
        "<h2>Active Codes</h2><h2>Expired Codes</h2><table><tr><td>GIFT1</td></tr></table>",
        "<h2>Active Codes</h2><h2>About</h2><table><tr><td>GIFT1</td></tr></table>",
        "<h2>Active Codes</h2><div>GIFT1 1K Gems</div><p>FREEGEMS</p>",
        "<h2>Active Codes</h2><table><tr><th>Player</th></tr><tr><td>GIFT1</td></tr></table>",
        "<html><body><h1>Just a moment...</h1></body></html>",
    ],
)
def test_a_page_without_the_section_is_an_error(page: str) -> None:
    """No table of active codes is an error: upper-case words of a page are never taken for codes."""
    with pytest.raises(UnreadableError):
        parsed(page)


async def test_the_error_says_that_the_page_may_have_changed(serve: Serve, fetcher: Fetcher) -> None:
    """The sentence names the host and what to think of."""
    with pytest.raises(SourceError, match=r"^127\.0\.0\.1:\d+ has no list of codes: the page may have changed\.$"):
        await WebPageSource(await serve(b"<h1>Welcome</h1>"), fetcher).fetch()


async def test_encodings(serve: Serve, fetcher: Fetcher) -> None:
    """The declared encoding is believed when it is a common one, and anything else is read as UTF-8."""
    page = active(HEADER + "<tr><td>GIFT1</td><td>Café</td></tr>")
    for charset, encoding in (
        ("windows-1252", "cp1252"),
        ("utf-8", "utf-8"),
        ("no-such", "utf-8"),
        ("punycode", "utf-8"),
    ):
        address = await serve(page.encode(encoding), **{"Content-Type": f"text/html; charset={charset}"})
        listing = await WebPageSource(address, fetcher).fetch()
        assert listing is not None
        assert [finding.rewards for finding in listing.findings] == ["Café"]
