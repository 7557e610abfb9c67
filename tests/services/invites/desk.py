"""A `StaffDesk` that remembers what would be written where."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs

from giftbot.models.credit import Credit
from giftbot.models.ids import ChannelId, InviteCode, MessageId, UserId


@attrs.define
class Desk:
    """Remembers what would be written where."""

    is_open: bool = True
    fails: bool = False
    """Whether writing to people ends with an error that nobody expects."""
    asked: list[Credit] = attrs.Factory(list)
    closed: list[tuple[ChannelId, MessageId, Credit]] = attrs.Factory(list)
    on_ask: Callable[[Credit], Awaitable[object]] | None = None
    """What happens while a review is being written."""
    warned: list[tuple[ChannelId, str, InviteCode | None]] = attrs.Factory(list)
    written: list[tuple[UserId, str]] = attrs.Factory(list)

    async def ask(self, channel_id: ChannelId, credit: Credit) -> MessageId | None:
        """Take a review; the first message has the id 1."""
        if not self.is_open:
            return None
        self.asked.append(credit)
        if self.on_ask is not None:
            await self.on_ask(credit)
        return MessageId(len(self.asked))

    async def close(self, channel_id: ChannelId, message_id: MessageId, credit: Credit) -> bool:
        """Take what became of a review."""
        if self.is_open:
            self.closed.append((channel_id, message_id, credit))
        return self.is_open

    async def warn(self, channel_id: ChannelId, words: str, code: InviteCode | None) -> bool:
        """Take a warning."""
        if self.is_open:
            self.warned.append((channel_id, words, code))
        return self.is_open

    async def write(self, user_id: UserId, words: str) -> bool:
        """Take a direct message."""
        if self.fails:
            raise RuntimeError("nobody expects this")
        self.written.append((user_id, words))
        return True
