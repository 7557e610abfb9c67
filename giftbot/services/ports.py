"""What the services need from outside, one port per need. The stores' part is in `giftbot.services.remembering`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Protocol

from giftbot.models.ids import ChannelId, CodeKey, GuildId, MessageId, PlayerId, UserId
from giftbot.models.notice import Notice
from giftbot.models.post import Delivery, Page, Post, SearchResult
from giftbot.models.redemption import GameAnswer
from giftbot.models.source import Listing, Trust
from giftbot.services.remembering import (
    AnnouncementStore,
    CodeStore,
    GuildStore,
    Journal,
    NoticeStore,
    Store,
)
from giftbot.services.remembering_migrations import LeaseStore, MigrationStore
from giftbot.services.remembering_players import (
    BudgetStore,
    JobStore,
    PlayerStore,
    RedeemingStore,
    RedemptionStore,
)

__all__ = [
    "AnnouncementStore",
    "Announcer",
    "BudgetStore",
    "Channels",
    "Clock",
    "CodeStore",
    "Game",
    "GuildStore",
    "JobStore",
    "Journal",
    "LeaseStore",
    "MigrationStore",
    "NoticeStore",
    "Notifier",
    "OwnerDirectory",
    "PlayerStore",
    "ProgressBoard",
    "RedeemingStore",
    "RedemptionStore",
    "Source",
    "StateFile",
    "Store",
]


class Clock(Protocol):
    """The time. `now` is what leases are compared with, the same for all processes that share a store."""

    def now(self) -> datetime:
        """The current moment, aware UTC, cut to milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps; for deadlines within this process."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on the same clock that `monotonic` shows."""
        ...


class Source(Protocol):
    """A place where gift codes are published."""

    @property
    def name(self) -> str:
        """A short stable name, e.g. `json`; kept as provenance."""
        ...

    @property
    def trust(self) -> Trust:
        """What its listing is worth."""
        ...

    @property
    def url(self) -> str:
        """Where it is asked, without credentials; for people."""
        ...

    async def fetch(self) -> Listing | None:
        """Its present list of codes, or None when it says that nothing changed since the last success.

        Retries passing faults itself, within a total time. Raises `SourceError` when nothing usable came.
        """
        ...

    async def aclose(self) -> None:
        """Give back what it holds."""
        ...


class Game(Protocol):
    """A game's redemption API. Does not retry, does not pace, and does not raise but when it is cancelled."""

    @property
    def name(self) -> str:
        """Its profile's name, e.g. `whiteout`; what budgets and player leases are kept under."""
        ...

    @property
    def site(self) -> str:
        """The page on which players redeem by hand."""
        ...

    async def redeem(self, player_id: PlayerId, kingdom: int, code: str) -> GameAnswer:
        """Ask once. `code` is its display form."""
        ...

    async def aclose(self) -> None:
        """Give back what it holds."""
        ...


class ProgressBoard(Protocol):
    """Messages that show how a job goes, and are edited. Does not raise but when it is cancelled."""

    async def post(self, channel_id: ChannelId, page: Page, nonce: str) -> MessageId | None:
        """Send one; None when that did not work."""
        ...

    async def edit(self, channel_id: ChannelId, message_id: MessageId, page: Page) -> bool | None:
        """Change one; False when it is gone, and another is to be sent; None when that did not work."""
        ...


class Announcer(Protocol):
    """Sends posts to channels. Does not retry, and does not raise but when it is cancelled."""

    @property
    def application_id(self) -> int:
        """Whose messages these are."""
        ...

    async def send(self, channel_id: ChannelId, post: Post, nonce: str) -> Delivery:
        """Make one attempt; the same nonce within Discord's window gives the same message."""
        ...

    async def search(self, channel_id: ChannelId, reference: str, after: datetime, until: datetime) -> SearchResult:
        """Look in the channel's history for our own message with this reference, sent within these moments."""
        ...


class Notifier(Protocol):
    """Tells people who are not in the middle of a command."""

    async def tell_owner(self, notice: Notice) -> bool:
        """Write to the bot's owners; False when it is to be tried again, because Discord is away."""
        ...

    async def tell_admin(self, guild_id: GuildId, text: str) -> bool:
        """Write to the person who owns a server; False when it is to be tried again, because Discord is away."""
        ...


class Channels(Protocol):
    """What the bot may do in a server's channels."""

    async def missing_permissions(
        self, guild_id: GuildId, channel_id: ChannelId, *, ping_role_id: int | None = None
    ) -> tuple[str, ...]:
        """Names of the permissions that posting there lacks; empty when all is well.

        Raises `InvalidInputError` when the channel does not exist or is none that can be posted to.
        """
        ...


class StateFile(Protocol):
    """The JSON copy that earlier bots read (`giftcode_state.json`)."""

    async def write(
        self, channels: Mapping[GuildId, ChannelId], sent: AsyncIterator[list[tuple[GuildId, CodeKey]]]
    ) -> None:
        """Replace the copy as a whole, atomically, off the event loop."""
        ...


class OwnerDirectory(Protocol):
    """Who owns the bot."""

    async def owner_ids(self) -> frozenset[UserId]:
        """Users who may run the owner's commands."""
        ...
