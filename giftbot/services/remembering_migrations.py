"""What a migration needs to remember; part of `giftbot.services.ports`.

The rules of `giftbot.services.remembering` hold here, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from giftbot.models.legacy import SentCode
from giftbot.models.migration import Migration


class MigrationStore(Protocol):
    """Which data of earlier bots was taken over (`migrations`), and the writes that only that needs."""

    async def list_migrations(self) -> list[Migration]:
        """What became of each source, by name."""
        ...

    async def save_migration(self, migration: Migration) -> None:
        """Insert or replace what is known of a source."""
        ...

    async def note_sent(self, codes: Sequence[SentCode], now: datetime) -> int:
        """Note codes of any servers as sent by an earlier bot; how many rows changed. One round trip each 500.

        A row that is absent is inserted (source `migration`, epoch 0). One of epoch 0 that was never tried becomes
        sent: it is in the history after all. One that came by a migration gets the earlier moment. Others stay.
        The same code may be given several times.
        """
        ...


class LeaseStore(Protocol):
    """What only one process does at a time (`leases`)."""

    async def take_lease(self, name: str, owner: str, now: datetime, until: datetime) -> datetime | None:
        """Take or prolong a lease; None when that worked, else until when somebody else has it."""
        ...

    async def drop_lease(self, name: str, owner: str) -> None:
        """Let go of a lease; nothing if it is not held by `owner`."""
        ...
