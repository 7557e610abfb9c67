"""The RSS format."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from giftbot.errors import SourceError
from giftbot.models.code import Finding, fold
from giftbot.models.source import Trust
from giftbot.sources.http import Fetched, Fetcher
from giftbot.sources.listing import Entry, Refused
from giftbot.sources.rss import RssSource
from giftbot.web.faults import UnreadableError

Serve = Callable[..., Awaitable[str]]

FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
  <title>Active gift codes</title><description>All codes</description>
  <!-- a comment -->
  <item>
    <title> Frost77 </title><dc:title>Other</dc:title>
    <description><![CDATA[<b>1K</b> Gems<br>10m&nbsp;Speedup]]></description>
    <pubDate>Wed, 04 Mar 2026 05:06:07 +0000</pubDate>
  </item>
  <item><title>GIFT2</title><description>5 keys &amp; more</description></item>
  <item><title>Active codes of the week</title></item>
  <item><description>no title</description></item>
</channel></rss>"""


def parsed(feed: str) -> list[Entry | Refused]:
    """The entries of a feed."""
    return list(RssSource.parse(Fetched(feed.encode())))


def rss(item: str, doctype: str = "") -> str:
    """A feed with this inside."""
    return f"{doctype}<rss><channel>{item}</channel></rss>"


async def test_items_are_codes(serve: Serve, fetcher: Fetcher) -> None:
    """A whole feed: titles are codes, descriptions plain rewards, the date when it was listed, no expiry."""
    source = RssSource(await serve(FEED.encode()), fetcher)
    listing = await source.fetch()
    assert (source.name, source.trust) == ("rss", Trust.TRUSTED)
    assert listing is not None
    assert listing.refused == 2
    assert listing.findings == (
        Finding(fold("FROST77"), "Frost77", "1K Gems 10m Speedup", None, datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        Finding(fold("GIFT2"), "GIFT2", "5 keys & more"),
    )


def test_an_empty_feed_is_an_empty_listing() -> None:
    """A feed without items lists nothing."""
    assert parsed(rss("<title>none</title>")) == []


def test_rss_1_0_is_read() -> None:
    """In RSS 1.0 items stand beside the channel, and all have a namespace."""
    feed = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        "<channel/><item><title>GIFT1</title></item></rdf:RDF>"
    )
    assert parsed(feed) == [Entry("GIFT1")]


@pytest.mark.parametrize(
    "body",
    [
        *("", " ", "<", "<rss>", "<rss/>", "{}", "<html><body>Just a moment</body></html>", "<rss><channel></rss>"),
        *("<feed xmlns='http://www.w3.org/2005/Atom'><entry/></feed>", rss("&undefined;"), "\x00", "<a>" * 80_000),
        *(
            rss("") + "<rss/>",
            '<?xml version="1.0" encoding="no-such"?><rss><channel/></rss>',
            "<rss><channel>\x01",
        ),
    ],
)
def test_what_is_no_feed_is_an_error(body: str) -> None:
    """A page, a broken feed and another format are errors, never an empty list."""
    with pytest.raises(UnreadableError):
        parsed(body)


def test_no_file_is_read(tmp_path: Path) -> None:
    """An external entity (XXE) is neither loaded nor accepted."""
    secret = tmp_path / "secret"
    secret.write_text("TOPSECRET")
    doctype = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    with pytest.raises(UnreadableError, match="declares entities"):
        parsed(rss("<item><title>&x;</title></item>", doctype))


async def test_no_address_is_asked(
    serve: Serve, fetcher: Fetcher, victim: Callable[..., Awaitable[tuple[int, list[object]]]]
) -> None:
    """Neither an external entity nor an external DTD makes a connection."""
    port, hits = await victim()
    for doctype in (
        f'<!DOCTYPE rss [<!ENTITY x SYSTEM "http://127.0.0.1:{port}/">]>',
        f'<!DOCTYPE rss [<!ENTITY % x SYSTEM "http://127.0.0.1:{port}/"> %x;]>',
    ):
        with pytest.raises(SourceError):
            await RssSource(await serve(rss("<item><title>&x;</title></item>", doctype).encode()), fetcher).fetch()
    external = rss("<item><title>GIFT1</title></item>", f'<!DOCTYPE rss SYSTEM "http://127.0.0.1:{port}/rss.dtd">')
    listing = await RssSource(await serve(external.encode()), fetcher).fetch()
    assert listing is not None
    assert {"GIFT1"} == listing.keys
    assert hits == []


@pytest.mark.parametrize("place", ["<item><title>&i;</title></item>", '<item a="&i;"/>'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_billion_laughs_are_refused(place: str, encoding: str) -> None:
    """Entities that expand to gigabytes are refused at once, in text, in attributes and in any encoding."""
    names = "abcdefghi"
    entities = (
        '<!ENTITY a "'
        + "lol" * 100
        + '">'
        + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise(names))
    )
    feed = rss(place, f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE rss [{entities}]>')
    with pytest.raises(UnreadableError):
        list(RssSource.parse(Fetched(feed.encode(encoding))))
