"""The worst bodies known: what takes parsers longest, within the size that is taken at all."""

from __future__ import annotations

from giftbot.sources.http import BODY_LIMIT
from giftbot.sources.json_api import JsonApiSource
from giftbot.sources.rss import RssSource
from giftbot.sources.web_page import WebPageSource


def filled(piece: str, before: str = "", after: str = "") -> bytes:
    """As many pieces as fit into a body, between two ends."""
    return (before + piece * ((BODY_LIMIT - len(before) - len(after)) // len(piece)) + after).encode()


TABLE = "<h2>Active Codes</h2><table>"

PATHOLOGICAL = {
    "open tags": filled("<a "),
    "open quotes": filled('<a b="'),
    "nested div": filled("<div>"),
    "nested tables": filled("<table><tr><td>", TABLE),
    "attributes": ("<a " + " ".join(f"a{number}" for number in range(40_000)) + ">").encode()[:BODY_LIMIT],
    "misnested": filled("<b><i></b></i>"),
    "comments": filled("<!--"),
    "closing": filled("</"),
    "entities": filled("&amp;", TABLE + "<tr><td>"),
    "headings": filled("<h2>Active Codes</h2>"),
    "nested headings": filled("<h2>Active Codes"),
    "rows": filled("<tr><td>", TABLE),
    "cells": filled("<td>", TABLE + "<tr>"),
    "scripts": filled("<script></script>x", TABLE + "<tr><td>"),
    "spaces": filled(" ", TABLE + "<tr><td>", "x"),
    "active words": filled("active ", "<h2>", "</h2>"),
    "one word": filled("A"),
}

PATHOLOGICAL_XML = {
    "nested": filled("<a>"),
    "items": filled("<item/>", "<rss><channel>", "</channel></rss>"),
    "titles": filled("<item><title>@</title></item>", "<rss><channel>", "</channel></rss>"),
    "descriptions": filled("<item><description>&lt;b</description></item>", "<rss><channel>", "</channel></rss>"),
    "attributes": ("<a " + " ".join(f"a{number}=''" for number in range(25_000)) + "/>").encode()[:BODY_LIMIT],
    "namespaces": ("<a " + " ".join(f"xmlns:a{number}='x'" for number in range(12_000)) + "/>").encode()[
        :BODY_LIMIT
    ],
    "declared": filled("<!ENTITY a 'b'>", "<!DOCTYPE rss [", "]><rss/>"),
}

PATHOLOGICAL_JSON = {
    "nested": filled("["),
    "numbers": filled("1,", '{"codes":[', "1]}"),
    "entries": filled('{"code":1},', '{"codes":[', "1]}"),
    "refused": filled('{"code":"@"},', '{"codes":[', "1]}"),
    "same": filled('{"code":"AAA"},', '{"codes":[', "1]}"),
    "expiry": b'{"codes":[{"code":"AAA","expiry":"' + b" " * 200_000 + b'x"}]}',
    "digits": b'{"codes":[{"code":"AAA","expiry":' + b"9" * 4000 + b"}]}",
}

CASES = [
    *((WebPageSource, name, body) for name, body in PATHOLOGICAL.items()),
    *((RssSource, name, body) for name, body in PATHOLOGICAL_XML.items()),
    *((JsonApiSource, name, body) for name, body in PATHOLOGICAL_JSON.items()),
]
