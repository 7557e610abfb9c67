"""Discord for a process without a connection to it, such as `ops`; implements the ports without hikari.

Nothing is ever sent from here: what such a process writes down, a running bot finds and sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

from giftbot.errors import GiftbotError
from giftbot.models.ids import ChannelId, GuildId, MessageId, UserId
from giftbot.models.notice import Notice
from giftbot.models.post import Delivery, Outcome, Page, Post, Search, SearchResult

NOT_CONNECTED = "This process has no connection to Discord; only a running bot has."


def _refuse() -> NoReturn:
    raise GiftbotError(NOT_CONNECTED)


class OfflineAnnouncer:
    """Sends nothing, and says so."""

    @property
    def application_id(self) -> int:
        """Nobody's. Raises `GiftbotError`: a message must not get its identity from here."""
        _refuse()

    async def send(self, channel_id: ChannelId, post: Post, nonce: str) -> Delivery:
        """Certainly not sent."""
        return Delivery(Outcome.NOT_SENT, detail=NOT_CONNECTED)

    async def search(self, channel_id: ChannelId, reference: str, after: datetime, until: datetime) -> SearchResult:
        """Not looked for."""
        return SearchResult(Search.FAILED)


class OfflineChannels:
    """Knows nothing of channels."""

    async def missing_permissions(
        self, guild_id: GuildId, channel_id: ChannelId, *, ping_role_id: int | None = None
    ) -> tuple[str, ...]:
        """Cannot be told. Raises `GiftbotError`."""
        _refuse()


class OfflineNotifier:
    """Reaches nobody."""

    async def tell_owner(self, notice: Notice) -> bool:
        """Not told."""
        return False

    async def tell_admin(self, guild_id: GuildId, text: str) -> bool:
        """Not told."""
        return False


class OfflineOwners:
    """Knows the owners that the settings name."""

    def __init__(self, configured: Sequence[int]) -> None:
        self._known = frozenset(map(UserId, configured))

    async def owner_ids(self) -> frozenset[UserId]:
        """The configured owners. Raises `GiftbotError` when none are: then only Discord knows."""
        return self._known or _refuse()


class OfflineBoard:
    """Shows nothing."""

    async def post(self, channel_id: ChannelId, page: Page, nonce: str) -> MessageId | None:
        """Not sent."""
        return None

    async def edit(self, channel_id: ChannelId, message_id: MessageId, page: Page) -> bool:
        """Not changed; whatever it is, it stays."""
        return True
