"""The formats in which sources of gift codes publish them."""

from __future__ import annotations

import datetime
import html
import json
from collections.abc import Callable, Iterable

import attrs

from giftbot.sandbox.payload import Payload


@attrs.frozen
class PublishedCode:
    """One code as a source lists it."""

    code: str
    rewards: str
    expires_at: datetime.datetime | None
    added_at: datetime.datetime
    expired: bool = False
    """Listed as expired, not withdrawn."""


Codes = Iterable[PublishedCode]


def as_json(codes: Codes) -> bytes:
    """Return the answer of a JSON API."""
    listed: list[Payload] = []
    for one in codes:
        entry: Payload = {
            "code": one.code,
            "status": "expired" if one.expired else "active",
            "dateAdded": one.added_at.date().isoformat(),
            "label": "Gift code",
            "rewards": one.rewards,
        }
        if one.expires_at is not None:
            entry["expiresAt"] = one.expires_at.isoformat()
        listed.append(entry)
    return json.dumps({"success": True, "codes": listed}).encode()


def as_rss(codes: Codes) -> bytes:
    """Return an RSS 2.0 feed: an item's title is the code, its description the rewards."""
    items = "".join(
        f"<item><title>{html.escape(one.code)}</title><description>{html.escape(one.rewards)}</description>"
        f"<guid isPermaLink='false'>{html.escape(one.code)}</guid></item>"
        for one in codes
        if not one.expired
    )
    head = "<title>Gift codes</title><link>http://127.0.0.1/</link><description>All codes</description>"
    text = f"<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel>{head}{items}</channel></rss>"
    return text.encode()


def as_page(codes: Codes) -> bytes:
    """Return a web page with a table of active and one of expired codes."""
    codes = list(codes)
    active = _table(one for one in codes if not one.expired)
    expired = _table(one for one in codes if one.expired)
    body = "".join(
        f"<h2>{title}</h2><div class='table-responsive'>{table}</div>"
        for title, table in (("Active Codes", active), ("Expired Codes", expired))
    )
    return f"<!DOCTYPE html><html><head><title>Gift codes</title></head><body>{body}</body></html>".encode()


def _table(codes: Codes) -> str:
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td>{html.escape(cell)}</td>"
            for cell in (one.code, "Gift code", one.rewards, _moment(one.expires_at))
        )
        + "</tr>"
        for one in codes
    )
    head = "<tr><th>Code</th><th>Description</th><th>Rewards</th><th>Expires</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _moment(moment: datetime.datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment is not None else "Unknown"


def as_distribution(codes: Codes) -> bytes:
    """Return the answer of the distribution API: code and listing date in one line each."""
    lines = [f"{one.code} {one.added_at:%d.%m.%Y}" for one in codes if not one.expired]
    return json.dumps({"codes": lines}).encode()


FORMATS: dict[str, tuple[str, Callable[[Codes], bytes]]] = {
    "json": ("application/json", as_json),
    "rss": ("application/rss+xml", as_rss),
    "page": ("text/html", as_page),
    "api": ("application/json", as_distribution),
}
"""Content type and format of each source by its name."""
