"""Gift codes from the service through which bots share them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from giftbot.models.source import Trust
from giftbot.sources.documents import parse_json
from giftbot.sources.http import Fetched, Fetcher, Turn
from giftbot.sources.listing import Entry, Refused
from giftbot.sources.moments import parse_listed
from giftbot.sources.pace import Pace
from giftbot.sources.polled import PolledSource
from giftbot.web.faults import UnreadableError

CALL_INTERVAL = 3.0
"""Seconds between two calls that the service asks for."""

_LINE = re.compile(r"([A-Za-z0-9]+)\s+(\d{2}\.\d{2}\.\d{4})", re.ASCII)


class DistributionApiSource(PolledSource):
    """`{"codes": ["<code> DD.MM.YYYY", ...]}`; the date is when the code was listed, not when it expires.

    Anybody may add to it, and it does not say for which game a code is: its listing is a hint.
    """

    source_name: ClassVar[str] = "api"
    source_trust: ClassVar[Trust] = Trust.HINT
    accept: ClassVar[str] = "application/json"

    def __init__(
        self, url: str, fetcher: Fetcher, *, api_key: str | None = None, call_interval: float = CALL_INTERVAL
    ) -> None:
        super().__init__(url, fetcher)
        self._api_key = api_key
        self._pace = Pace(call_interval, jitter=call_interval / 6)

    @staticmethod
    def parse(fetched: Fetched) -> Iterator[Entry | Refused]:
        """The lines. Raises `UnreadableError` when the service answers with an error, or without a list."""
        match parse_json(fetched):
            case {"error": _} | {"detail": _}:
                raise UnreadableError("refused the request: check GIFTCODE_API_KEY")
            case {"codes": list(lines)}:
                return (_entry(line) for line in lines)
            case _:
                raise UnreadableError("has no list of codes: its format may have changed")

    def _headers(self) -> Mapping[str, str]:
        headers = {"Accept": self.accept, "Content-Type": "application/json"}
        return headers | {"X-API-Key": self._api_key} if self._api_key else headers

    def _turn(self) -> Turn | None:
        return self._pace


def _entry(line: object) -> Entry | Refused:
    match = _LINE.fullmatch(line.strip()) if isinstance(line, str) else None
    listed_at = parse_listed(match[2]) if match else None
    if match is None or listed_at is None:
        return Refused(line)
    return Entry(code=match[1], listed_at=listed_at)
