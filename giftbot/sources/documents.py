"""JSON, XML and HTML of strangers, parsed without the surprises those formats allow."""

from __future__ import annotations

import json
from typing import Any, cast

from lxml import etree

from giftbot.sources.http import Fetched
from giftbot.web.faults import UnreadableError

_TEXT_LIMIT = 4000

_CHARSETS = {
    "utf-16": "utf-16",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "windows-1252": "cp1252",
    "windows-1251": "cp1251",
}
"""Python names of the encodings that are believed; all else is read as UTF-8. Others may be slow (punycode)."""


def parse_json(fetched: Fetched) -> object:
    """A JSON document. Raises `UnreadableError` when it is none."""
    try:
        return json.loads(fetched.body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise UnreadableError("sent something that is not JSON") from None


def parse_xml(fetched: Fetched) -> etree._Element:
    """The root of an XML document. Raises `UnreadableError` when it is malformed or declares entities.

    Neither entities nor external documents are ever loaded.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = cast("etree._Element | None", etree.fromstring(fetched.body, parser))
    except (etree.XMLSyntaxError, ValueError, LookupError):
        raise UnreadableError("sent something that is not well-formed XML") from None
    if root is None:
        raise UnreadableError("sent something that is not well-formed XML")
    dtd: Any = root.getroottree().docinfo.internalDTD  # lxml-stubs knows neither its absence nor its entities
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise UnreadableError("sent XML that declares entities, which no feed needs")
    return root


def parse_html(fetched: Fetched) -> etree._Element:
    """The root of an HTML page, however broken. Raises `UnreadableError` when there is nothing in it."""
    text = fetched.body.decode(_CHARSETS.get((fetched.charset or "").lower(), "utf-8-sig"), "replace")
    root = _html(text)
    if root is None:
        raise UnreadableError("sent an empty page")
    return root


def text_of_html(markup: str) -> str:
    """The text of a fragment of HTML (a feed's description), with a space between its parts."""
    if "<" not in markup and "&" not in markup:
        return markup
    root = _html(f"<div>{markup[:_TEXT_LIMIT]}</div>")
    return "" if root is None else text_of(root, " ")


def text_of(element: etree._Element, joint: str = "") -> str:
    """The visible text in an element, its parts joined with `joint`; scripts and buttons are left out."""
    parts = element.xpath(".//text()[not(ancestor::script or ancestor::style or ancestor::button)]")
    return joint.join(str(part) for part in cast("list[object]", parts))


def _html(text: str) -> etree._Element | None:
    parser = etree.HTMLParser(
        encoding="utf-8", recover=True, no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    body = text.replace("\0", "\ufffd").encode("utf-8", "replace")
    try:
        return cast("etree._Element | None", etree.fromstring(body, parser))
    except (etree.XMLSyntaxError, ValueError):
        return None
