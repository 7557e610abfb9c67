"""What an archive of the whole bot needs of a store; part of `giftbot.services.ports`.

The rules of `giftbot.services.remembering` hold here, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol

from giftbot.models.archive import ArchiveTable, Page, Row


class ArchiveStore(Protocol):
    """All rows, as they are, in the one shape that every store writes and reads."""

    def scan_rows(self, table: ArchiveTable) -> AsyncIterator[Page]:
        """All rows of a table, in pages, by ascending id (text by its UTF-8 bytes)."""
        ...

    async def count_rows(self, table: ArchiveTable) -> int:
        """How many rows a table has, about."""
        ...

    async def has_rows(self, table: ArchiveTable) -> bool:
        """Whether there is any."""
        ...

    async def present_rows(self, table: ArchiveTable, ids: Collection[object]) -> set[object]:
        """Those of the ids that exist. One round trip."""
        ...

    def unusable_row(self, table: ArchiveTable, row: Row) -> str | None:
        """Why a row could not be read again once it was written; None when it could."""
        ...

    async def add_rows(self, table: ArchiveTable, rows: Sequence[Row]) -> int:
        """Insert rows that are absent; how many rows changed. One round trip.

        What is there stays, but for one thing: a post that is pending here, was never tried, and is sent (in the
        same or a later epoch) in what is given, becomes that. So nothing is posted that was posted before.
        """
        ...
