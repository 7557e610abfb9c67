"""Discord as a process without a connection sees it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from giftbot.discord.offline import (
    NOT_CONNECTED,
    OfflineAnnouncer,
    OfflineChannels,
    OfflineNotifier,
    OfflineOwners,
)
from giftbot.errors import GiftbotError
from giftbot.models.ids import ChannelId, GuildId
from giftbot.models.notice import Notice, NoticeKind
from giftbot.models.post import Outcome, Post, Search

NOW = datetime(2026, 1, 2, tzinfo=UTC)


async def test_nothing_is_sent() -> None:
    """An attempt ends as certainly not sent, a search as not made, and no message gets an identity."""
    announcer = OfflineAnnouncer()
    delivery = await announcer.send(ChannelId(1), Post(pages=(), reference="x"), "nonce")
    assert (delivery.outcome, delivery.detail) == (Outcome.NOT_SENT, NOT_CONNECTED)
    assert (await announcer.search(ChannelId(1), "x", NOW, NOW)).search is Search.FAILED
    with pytest.raises(GiftbotError, match="no connection to Discord"):
        _ = announcer.application_id


async def test_nobody_is_told() -> None:
    """A notice stays to be told by somebody who can."""
    notifier = OfflineNotifier()
    notice = Notice(notice_id="source:json", kind=NoticeKind.SOURCE, text="x", created_at=NOW)
    assert await notifier.tell_owner(notice) is False
    assert await notifier.tell_admin(GuildId(1), "x") is False


async def test_permissions_cannot_be_told() -> None:
    """Rather an error than an answer that means "all is well"."""
    with pytest.raises(GiftbotError, match="no connection to Discord"):
        await OfflineChannels().missing_permissions(GuildId(1), ChannelId(2))


async def test_configured_owners_are_known() -> None:
    """Those of the settings; without any only Discord knows."""
    assert await OfflineOwners([1, 2]).owner_ids() == {1, 2}
    with pytest.raises(GiftbotError, match="no connection to Discord"):
        await OfflineOwners([]).owner_ids()
