"""Gift codes from an RSS feed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from lxml import etree

from giftbot.sources.documents import parse_xml, text_of_html
from giftbot.sources.http import Fetched
from giftbot.sources.listing import Entry, Refused
from giftbot.sources.moments import parse_mail_date
from giftbot.sources.polled import PolledSource
from giftbot.web.faults import UnreadableError
from giftbot.web.plain import plain_text


class RssSource(PolledSource):
    """The feed of wosgiftcodes.com: an item's title is the code, its description the rewards, and no expiry."""

    source_name: ClassVar[str] = "rss"
    accept: ClassVar[str] = "application/rss+xml, application/xml, text/xml"

    @staticmethod
    def parse(fetched: Fetched) -> Iterator[Entry | Refused]:
        """The items. Raises `UnreadableError` when the document is no RSS feed."""
        root = parse_xml(fetched)
        names = {_local(child) for child in root.iterchildren("*")}
        if _local(root) not in {"rss", "RDF"} or "channel" not in names:
            raise UnreadableError("sent something that is not an RSS feed")
        return (_entry(element) for element in root.iter("{*}item"))


def _local(element: etree._Element) -> str:
    """An element's name without its namespace."""
    return str(etree.QName(element).localname)


def _entry(item: etree._Element) -> Entry | Refused:
    fields: dict[str, str] = {}
    for child in item.iterchildren("*"):
        fields.setdefault(_local(child), "".join(str(part) for part in child.itertext()))
    if "title" not in fields:
        return Refused("item without title")
    return Entry(
        code=fields["title"],
        rewards=plain_text(text_of_html(fields.get("description", ""))),
        listed_at=parse_mail_date(fields.get("pubDate")),
    )
