"""What all sources have in common: ask, notice that nothing changed, read off the loop, collect."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar

from yarl import URL

from giftbot.errors import SourceError
from giftbot.models.source import Listing, Trust
from giftbot.sources.http import Fetched, Fetcher, NotModified, Turn, Validators
from giftbot.sources.listing import Collector, Entry, Refused
from giftbot.sources.reading import Reader
from giftbot.web.faults import UnreadableError, host_of


class PolledSource(ABC):
    """A `Source` behind one URL. A format is a subclass with a name, a trust and a `parse`."""

    source_name: ClassVar[str]
    source_trust: ClassVar[Trust] = Trust.TRUSTED
    accept: ClassVar[str]
    """The Accept header; what comes is read whatever its Content-Type is."""

    def __init__(self, url: str, fetcher: Fetcher) -> None:
        self._url = URL(url)
        self._fetcher = fetcher
        self._reader = Reader(self.source_name)
        self._collector = Collector(self.source_name)
        self._validators: Validators | None = None
        self._digest: bytes | None = None

    @property
    def name(self) -> str:
        """A short stable name; kept as provenance."""
        return self.source_name

    @property
    def trust(self) -> Trust:
        """What its listing is worth."""
        return self.source_trust

    @property
    def url(self) -> str:
        """Where it is asked, without credentials, query and fragment."""
        return str(self._url.with_user(None).with_query(None).with_fragment(None))

    @staticmethod
    @abstractmethod
    def parse(fetched: Fetched) -> Iterable[Entry | Refused]:
        """The active entries of a body. Runs in a thread; raises `UnreadableError` when it is not in the format."""

    async def fetch(self) -> Listing | None:
        """Its present list of codes, or None when it did not change since the last list that was returned.

        Raises `SourceError` when nothing usable came.
        """
        answer = await self._fetcher.get(
            self._url, headers=self._headers(), validators=self._validators, turn=self._turn()
        )
        if isinstance(answer, NotModified):
            return None
        digest = hashlib.sha256(answer.body).digest()
        listing = None if digest == self._digest else await self._read(answer)
        self._digest, self._validators = digest, answer.validators
        return listing

    async def aclose(self) -> None:
        """Give back what it holds. The fetcher is closed by whoever opened it."""
        await self._reader.aclose()

    def _headers(self) -> Mapping[str, str]:
        return {"Accept": self.accept}

    def _turn(self) -> Turn | None:
        return None

    async def _read(self, fetched: Fetched) -> Listing:
        try:
            return await self._reader.read(self._listing_of, fetched)
        except UnreadableError as error:
            raise SourceError(f"{host_of(self._url)} {error.reason}.") from None

    def _listing_of(self, fetched: Fetched) -> Listing:
        return self._collector.collect(self.parse(fetched))
