"""What attribution needs to remember: events, batches, joins, staff links and credits; part of `services.ports`.

The rules of `giftbot.services.remembering` hold here, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import CreditId, GuildId, InviteCode, JoinId, UserId
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.invite_event import InviteEvent
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Join, Level
from giftbot.models.ledger_document import LedgerDocument
from giftbot.models.staff import StaffLink


class InviteEventStore(Protocol):
    """What Discord told, until a batch has dealt with it (`invite_events`)."""

    async def add_events(self, events: Sequence[InviteEvent]) -> None:
        """Keep them; of any servers. One round trip."""
        ...

    async def list_events(self, guild_id: GuildId) -> list[InviteEvent]:
        """A server's events that no batch has dealt with, by `seq`."""
        ...


class InviteBatchStore(Protocol):
    """Decided batches (`invite_batches`), and what follows from them (`invite_ledgers`, `invite_joins`)."""

    async def commit_batch(self, batch: InviteBatch) -> bool:
        """Write a batch, its joins and its ledger, and drop its events; False when that number is taken.

        The batch's row is the commit. What follows from it and was not written (a crash) is written by
        `repair_batches`, and before False is returned. A number is taken for ever, also once its batch is
        forgotten; it need not follow the last one. After `StoreUnavailableError` the batch may be there: then a
        repetition is False, and `list_batches` shows whose it is.
        """
        ...

    async def repair_batches(self, guild_id: GuildId) -> int:
        """Write again what follows from batches that are newer than the ledger; how many there were."""
        ...

    async def get_ledger(self, guild_id: GuildId) -> Ledger | None:
        """What is known of a server's invites; None before the first look.

        What cannot be read is a ledger of that number without a baseline.
        """
        ...

    def scan_ledgers(self, changed_after: datetime | None = None) -> AsyncIterator[list[Ledger]]:
        """All ledgers by server id, in pages; or those whose baseline is newer than that."""
        ...

    async def get_ledger_document(self, guild_id: GuildId) -> LedgerDocument | None:
        """What `get_ledger` reads, as it is stored; an invite in it may be one that cannot be read."""
        ...

    def scan_ledger_documents(self, changed_after: datetime | None = None) -> AsyncIterator[list[LedgerDocument]]:
        """What `scan_ledgers` reads, as it is stored."""
        ...

    async def ledger_numbers(self) -> dict[GuildId, int]:
        """The number of each ledger. One round trip."""
        ...

    async def restore_ledgers(self, ledgers: Sequence[LedgerDocument], *, decided_at: datetime) -> set[GuildId]:
        """Write ledgers of any servers as batches in which nobody joined; which of them were new.

        The rules of `commit_batch` hold for each. One transaction where there are any.
        """
        ...

    async def list_batches(self, guild_id: GuildId, *, limit: int = 100) -> list[InviteBatch]:
        """The newest first. Only the newest are kept whole (see `forget_batches`)."""
        ...

    async def forget_batches(self, guild_id: GuildId, *, keep: int = 50) -> int:
        """Drop all but the newest batches, whose joins and ledger are written; how many."""
        ...


class JoinStore(Protocol):
    """Memberships (`invite_joins`)."""

    async def get_joins(self, ids: Collection[JoinId]) -> dict[JoinId, Join]:
        """Those that exist."""
        ...

    async def open_joins(self, guild_id: GuildId, user_ids: Collection[UserId] | None = None) -> list[Join]:
        """Memberships that have not ended, of these users or of all."""
        ...

    async def last_joins(self, guild_id: GuildId, user_ids: Collection[UserId]) -> dict[UserId, Join]:
        """Each user's newest membership."""
        ...

    async def list_joins(
        self,
        guild_id: GuildId | None = None,
        *,
        owner_id: UserId | None = None,
        user_id: UserId | None = None,
        code: InviteCode | None = None,
        levels: Collection[Level] = (),
        since: datetime | None = None,
        before: datetime | None = None,
        limit: int = 100,
    ) -> list[Join]:
        """Memberships that match, newest `joined_at` first."""
        ...

    async def count_joins(self, guild_id: GuildId, owner_id: UserId, *, levels: Collection[Level] = ()) -> int:
        """How many of a server's memberships count for somebody, of these levels or of all."""
        ...

    def scan_joins(self, guild_id: GuildId | None = None) -> AsyncIterator[list[Join]]:
        """All memberships, in pages, by row id."""
        ...

    async def insert_joins(self, joins: Sequence[Join]) -> set[JoinId]:
        """Store memberships that are not there (a restore, an import); which were new."""
        ...

    async def save_join(self, join: Join, *, before: Join) -> bool:
        """Replace a membership, if it is still as `before`."""
        ...


class StaffStore(Protocol):
    """Staff links (`staff_links`)."""

    async def list_links(
        self, guild_id: GuildId | None = None, *, staff_id: UserId | None = None, valid_only: bool = False
    ) -> list[StaffLink]:
        """Links, oldest first; with `valid_only` those that have no end."""
        ...

    async def save_link(self, link: StaffLink) -> bool:
        """Insert one (revision 0) or replace it, if the stored revision is the same; then that is raised by one."""
        ...

    async def save_links(self, links: Sequence[StaffLink]) -> int:
        """Do the same for each of these, of any servers; how many were saved. One round trip for hundreds."""
        ...


class CreditStore(Protocol):
    """The ledger of credits (`credits`)."""

    async def open_credit(self, credit: Credit) -> bool:
        """Insert one that is absent; False if it is there already."""
        ...

    async def open_credits(self, rows: Sequence[Credit]) -> int:
        """Do the same for each of these, of any servers; how many were inserted. One round trip for hundreds."""
        ...

    async def get_credits(self, ids: Collection[CreditId]) -> dict[CreditId, Credit]:
        """Those that exist."""
        ...

    async def list_credits(
        self,
        guild_id: GuildId | None = None,
        *,
        staff_id: UserId | None = None,
        user_id: UserId | None = None,
        states: Collection[CreditState] = (),
        limit: int = 100,
    ) -> list[Credit]:
        """Credits that match, newest first."""
        ...

    async def save_credit(self, credit: Credit) -> bool:
        """Replace one, if the stored revision is the same; then that is raised by one."""
        ...


class InviteSettingsStore(Protocol):
    """What servers chose about invites (`invite_settings`)."""

    async def get_invite_settings(self, guild_id: GuildId) -> InviteSettings:
        """A server's choices, or the defaults."""
        ...

    async def save_invite_settings(self, settings: InviteSettings) -> bool:
        """Insert (revision 0) or replace, if the stored revision is the same; then that is raised by one."""
        ...

    async def save_many_invite_settings(self, many: Sequence[InviteSettings]) -> int:
        """Do the same for each of these servers; how many were saved. One round trip for hundreds."""
        ...

    async def list_invite_settings(self) -> list[InviteSettings]:
        """Those of all servers that chose something."""
        ...


class CarriedStore(Protocol):
    """Tables of copies that this version does not know, carried along as they came (`carried_tables`)."""

    async def get_carried(self) -> dict[str, object]:
        """All of them, by name; values as JSON has them."""
        ...

    async def save_carried(self, tables: Mapping[str, object]) -> None:
        """Store these, each in place of what was there by its name."""
        ...


class InviteStore(
    InviteEventStore,
    InviteBatchStore,
    JoinStore,
    StaffStore,
    CreditStore,
    InviteSettingsStore,
    CarriedStore,
    Protocol,
):
    """All of it."""
