"""What the services need to remember, one port per aggregate; part of `giftbot.services.ports`.

Rules that hold for every store: each method is atomic per row; each write may be repeated without harm; reads
and writes of many rows are one round trip (in chunks of about 500); a store that is out of reach raises
`StoreUnavailableError`, after which a write may or may not have happened. Every moment is aware UTC with
millisecond precision (what MongoDB keeps) and comes from the caller's `Clock`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from giftbot.models.announcement import Announcement, AnnouncementState, Attempt, Claim, Mark, Origin
from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import AnnouncementId, ChannelId, CodeKey, GuildId
from giftbot.models.notice import Notice
from giftbot.models.statistics import GuildStatistics, OutboxCounts
from giftbot.services.remembering_archive import ArchiveStore
from giftbot.services.remembering_figures import FiguresStore
from giftbot.services.remembering_invites import InviteStore
from giftbot.services.remembering_migrations import LeaseStore, MigrationStore
from giftbot.services.remembering_players import RedeemingStore


class CodeStore(Protocol):
    """The gift codes (`gift_codes`)."""

    async def get_codes(self, keys: Collection[CodeKey]) -> dict[CodeKey, GiftCode]:
        """Those of the codes that exist."""
        ...

    async def list_codes(self, statuses: Collection[CodeStatus]) -> list[GiftCode]:
        """All codes in one of these states, oldest first."""
        ...

    async def list_fan_out(self) -> list[GiftCode]:
        """Codes whose `fan_out` is true: not every server has its row for them yet."""
        ...

    async def list_to_redeem(self) -> list[GiftCode]:
        """Codes whose `redeem` is true: not every server with auto-redeem has its job for them yet."""
        ...

    async def insert_codes(self, codes: Sequence[GiftCode]) -> set[CodeKey]:
        """Store codes that are not there yet; the keys that were new. Existing codes stay as they are."""
        ...

    async def replace_code(self, code: GiftCode) -> bool:
        """Store a changed code, if the stored revision is still `code.revision`; then that is raised by one.

        False when somebody else changed it first: read it again and decide again.
        """
        ...


class GuildStore(Protocol):
    """The servers' settings (`guilds`)."""

    async def get_guilds(self, guild_ids: Collection[GuildId]) -> dict[GuildId, GuildSettings]:
        """Settings of those servers that have any."""
        ...

    def scan_guilds(self, *, posting_only: bool, chunk: int = 500) -> AsyncIterator[list[GuildSettings]]:
        """All servers with settings in chunks, by ascending id; with `posting_only` those where `is_posting`."""
        ...

    async def list_backfills(self) -> list[GuildSettings]:
        """Servers whose `backfill` was asked for and is not finished."""
        ...

    async def save_guild(self, settings: GuildSettings) -> bool:
        """Insert (revision 0) or replace, if the stored revision is still the same; then that is raised by one."""
        ...

    async def disable_channel(self, guild_id: GuildId, channel_id: ChannelId, reason: str, now: datetime) -> bool:
        """Stop posting to this channel. True only for the one call that changed it."""
        ...

    async def raise_epoch(self, guild_id: GuildId, backfill: Backfill | None, now: datetime) -> GuildSettings:
        """Begin a new epoch and ask for a backfill, in one atomic write; the settings after it.

        A server without a row gets one.
        """
        ...

    async def finish_backfill(self, guild_id: GuildId, backfill_at: datetime) -> None:
        """Forget the backfill that was asked for at this moment; a later one stays."""
        ...


class AnnouncementStore(Protocol):
    """The outbox and history of posts (`sent_giftcodes`)."""

    async def enqueue(self, rows: Sequence[Announcement], *, revive: Collection[AnnouncementState] = ()) -> int:
        """Insert rows that are absent; how many rows are now as given.

        A present row is left alone, unless its (guild_epoch, code_epoch) is older, or the epochs are the same and
        its state is one of `revive`: then it starts over as given (its fence goes on rising, never back).
        """
        ...

    async def claim_due(self, owner: str, now: datetime, lease_until: datetime, *, limit: int) -> list[Claim]:
        """Take up to `limit` anchors that are due, at most one per server, longest due first.

        Each becomes claimed with `owner`, `fence + 1`, `lease_until` and `due_at = lease_until` by a conditional
        write, so that of several processes one gets it. A claimed row whose lease ran out is due again. Never a
        joined row. `others` are the server's other rows that are due and not prepared.
        """
        ...

    async def join(self, anchor: Announcement, ids: Sequence[AnnouncementId], now: datetime) -> list[Announcement]:
        """Let due, pending rows of the same server ride with a claimed anchor; all rows that now do.

        A row that joins has `batch`, state claimed, the anchor's `owner` and `fence`, and no `due_at`. Rows that
        had joined the anchor already (before a crash) are stamped with its present owner and fence; with no ids
        that is all. Rows of another `guild_epoch` than the anchor's do not join.
        """
        ...

    async def prepare(self, attempts: Sequence[Attempt]) -> set[AnnouncementId]:
        """Write attempts into their anchors where owner, fence and epochs still match; the ids written."""
        ...

    async def finish(self, marks: Sequence[Mark]) -> set[AnnouncementId]:
        """End attempts: joined rows first, the anchor last, where owner, fence and epochs still match.

        A sent row is never changed again; a joined row becomes sent whatever else it was meanwhile. State `PENDING`
        or `CLAIMED` ends the claim, not the work (due at `mark.due_at`): a prepared anchor keeps its batch, nonce
        and joined rows; an unprepared one lets its joined rows go as pending. The anchors' ids that were written.
        """
        ...

    async def release_orphans(self, now: datetime) -> int:
        """Resolve joined rows that their anchor has forgotten (a stale worker joined them); how many.

        Where the anchor is final, gone, or prepared without them: sent if the anchor was sent and lists them,
        else pending and due now.
        """
        ...

    async def replay(self, marks: Sequence[Mark]) -> int:
        """Apply marks from the journal without owner and fence, by merge order; how many rows changed.

        pending < claimed < unknown < failed < sent, never downwards, and only within the same epochs.
        """
        ...

    async def expire_leases(self, owner: str, now: datetime) -> int:
        """Make the claims of every other owner due now. Only for whoever is certain to be the one process."""
        ...

    async def skip_guild(self, guild_id: GuildId, reason: str, now: datetime) -> int:
        """Turn a server's pending rows, which nobody claimed, into skipped ones; how many."""
        ...

    async def retry_unresolved(self, guild_id: GuildId, now: datetime) -> int:
        """Make a server's `unknown` rows pending from the start (an admin's "post again"); how many."""
        ...

    async def find_by_reference(self, guild_id: GuildId, reference: str) -> Announcement | None:
        """The anchor whose message shows this reference."""
        ...

    async def list_announcements(
        self,
        *,
        guild_id: GuildId | None = None,
        states: Collection[AnnouncementState] = (),
        code: CodeKey | None = None,
        limit: int = 100,
    ) -> list[Announcement]:
        """Rows that match, newest `updated_at` first."""
        ...

    def scan_sent(self, *, chunk: int = 5000) -> AsyncIterator[list[tuple[GuildId, CodeKey]]]:
        """Every sent (server, code), ordered by id, in chunks."""
        ...

    async def count_outbox(self, guild_id: GuildId | None = None) -> OutboxCounts:
        """How many rows need work or a decision, and since when the oldest is due."""
        ...

    # Operations that users of the earlier adapters know.

    async def mark_codes_sent(
        self,
        guild_id: GuildId,
        codes: Collection[CodeKey],
        source: Origin,
        now: datetime,
        *,
        guild_epoch: int = 0,
    ) -> int:
        """Note codes as sent without sending them; how many were not noted as sent before. One round trip."""
        ...

    async def get_sent_codes(self, guild_id: GuildId) -> set[CodeKey]:
        """The codes that were sent in a server. One round trip."""
        ...

    async def is_code_sent(self, guild_id: GuildId, code: CodeKey) -> bool:
        """Whether this code was sent in this server. One round trip."""
        ...

    async def batch_check_codes(self, guild_id: GuildId, codes: Collection[CodeKey]) -> dict[CodeKey, bool]:
        """For each code whether it was sent in this server. One round trip."""
        ...

    async def get_all_sent_codes_global(self) -> set[CodeKey]:
        """The codes that were sent in at least one server."""
        ...

    async def clear_guild_codes(self, guild_id: GuildId, *, before_epoch: int) -> int:
        """Remove a server's rows of epochs before this one; how many. Part of a reset."""
        ...

    async def get_stats(self, guild_id: GuildId | None, now: datetime) -> GuildStatistics:
        """Figures on the sent codes of one server, or of all."""
        ...


class NoticeStore(Protocol):
    """What the owner was told (`notices`)."""

    async def add_notice(self, notice: Notice) -> bool:
        """Store a notice that is not there yet; False when the same was stored before."""
        ...

    async def mark_told(self, notice_id: str, now: datetime) -> None:
        """Note that it was delivered."""
        ...

    async def list_untold(self) -> list[Notice]:
        """Notices that still have to be delivered, oldest first."""
        ...

    async def get_notice(self, notice_id: str) -> Notice | None:
        """One notice."""
        ...

    async def forget_notice(self, notice_id: str) -> None:
        """Let the same thing be told again (a source that was well in between)."""
        ...


class Store(
    CodeStore,
    GuildStore,
    AnnouncementStore,
    NoticeStore,
    RedeemingStore,
    InviteStore,
    MigrationStore,
    LeaseStore,
    ArchiveStore,
    FiguresStore,
    Protocol,
):
    """Everything this process remembers, behind one connection."""

    @property
    def label(self) -> str:
        """What people call it: `SQLite` or `MongoDB`."""
        ...

    async def last_change(self) -> str:
        """A short text that differs after sent codes or servers' settings changed; cheap, one round trip."""
        ...

    async def ping(self) -> float:
        """Seconds of one round trip. Raises `StoreUnavailableError`."""
        ...

    async def facts(self) -> Mapping[str, str]:
        """What an operator wants to know of it (version, size, topology), without credentials."""
        ...


class Journal(Protocol):
    """Marks that could not be written to the store, kept on this machine's disk until they can be."""

    async def append(self, marks: Sequence[Mark]) -> None:
        """Keep marks; on return they are on disk (fsync)."""
        ...

    async def read(self) -> list[Mark]:
        """All marks kept, in order."""
        ...

    async def clear(self, count: int) -> None:
        """Forget the first `count` marks, after they were replayed."""
        ...
