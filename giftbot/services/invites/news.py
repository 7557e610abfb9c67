"""Who came and who left, as decided batches say it: what of that is news, and where it is told."""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta

from giftbot.models.ids import ChannelId, JoinId
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Join, Kind
from giftbot.services.ports import Clock

FRESH = timedelta(minutes=15)
"""Older joins and leaves, found out after an outage, are not told any more."""
_REMEMBERED = 5000


class Occasion(enum.StrEnum):
    """What a message is about."""

    JOIN = "join"
    LEAVE = "leave"


News = Mapping[Occasion, tuple[Join, ...]]
"""Whom to tell of, by occasion."""


def channel_of(settings: InviteSettings, occasion: Occasion) -> ChannelId | None:
    """Where a server wants that to be told; None for nowhere."""
    return settings.join_channel_id if occasion is Occasion.JOIN else settings.leave_channel_id


class Unheard:
    """Remembers of whom was told: a join that is decided again is no news."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: OrderedDict[tuple[JoinId, Occasion], None] = OrderedDict()

    def take(self, settings: InviteSettings, batch: InviteBatch) -> News:
        """What happened just now and was not told, where the server wants that; from now on it counts as told."""
        news = {
            occasion: tuple(join for join in batch.joins if self._is_new(join, occasion))
            for occasion in _wanted(settings)
        }
        return {occasion: joins for occasion, joins in news.items() if joins}

    def _is_new(self, join: Join, occasion: Occasion) -> bool:
        happened, key = _moment(join, occasion), (join.join_id, occasion)
        if happened is None or self._clock.now() - happened > FRESH or key in self._told:
            return False
        self._told[key] = None
        while len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return True


def told_of(settings: InviteSettings, batch: InviteBatch) -> int:
    """Of how many people a batch says that they came or left, where the server wants that to be told."""
    return sum(any(_moment(join, one) is not None for one in _wanted(settings)) for join in batch.joins)


def _wanted(settings: InviteSettings) -> list[Occasion]:
    return [occasion for occasion in Occasion if channel_of(settings, occasion) is not None]


def _moment(join: Join, occasion: Occasion) -> datetime | None:
    """When that happened; None when this row does not tell of such a thing."""
    if join.kind is Kind.BOT:
        return None
    if occasion is Occasion.LEAVE:
        return join.left_at
    return join.joined_at if join.is_open else None
