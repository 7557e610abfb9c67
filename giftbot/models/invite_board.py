"""How inviters stand: whom they brought in a period, and who of them stayed."""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta

import attrs

from giftbot.models.ids import UserId

STAYS = (1, 7, 30)
"""Days that are looked at."""


class Period(enum.StrEnum):
    """Joins of which time count."""

    ALL = "all"
    WEEK = "7d"
    DAYS30 = "30d"
    MONTH = "month"
    """The calendar month in which it is asked, in UTC."""

    def since(self, now: datetime) -> datetime | None:
        """When it began; None for all time."""
        match self:
            case Period.ALL:
                return None
            case Period.WEEK:
                return now - timedelta(days=7)
            case Period.DAYS30:
                return now - timedelta(days=30)
            case Period.MONTH:
                return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


@attrs.frozen
class Stay:
    """How many stayed for so many days, of those who joined at least so long ago."""

    days: int
    stayed: int
    old_enough: int


@attrs.frozen
class Standing:
    """One inviter's figures. They count joins whose inviter is certain; `possible` is what may come on top."""

    owner_id: UserId
    owner_name: str | None = None
    """As last seen."""
    joined: int = 0
    here: int = 0
    """Who has not left."""
    own: int = 0
    """By their own invite."""
    rejoined: int = 0
    """Who had been there before."""
    young: int = 0
    """Whose account was younger than a day."""
    fake: int = 0
    """Joins with at least one of those three flags."""
    possible: float = 0.0
    """Shares of joins that several people may have brought; over a batch they add up to what was counted."""
    stays: tuple[Stay, ...] = ()

    @property
    def left(self) -> int:
        """How many left."""
        return self.joined - self.here

    @property
    def real(self) -> int:
        """Joins without a flag."""
        return self.joined - self.fake

    @property
    def uncertain(self) -> float:
        """The uncertain share of everything that may be theirs, 0 to 1."""
        return self.possible / (self.joined + self.possible) if self.possible else 0.0


@attrs.frozen
class Board:
    """All inviters of a server in a period, the best first; bots do not count."""

    period: Period
    standings: tuple[Standing, ...]
    joined: int
    """Everybody who joined in that time."""
    without: int
    """Those who certainly came without an inviter: the server's address, its widget, discovery."""
    unknown: int
    """Those whose inviter is not certain."""

    @property
    def uncertain(self) -> float:
        """The share of joins whose inviter is not certain, 0 to 1."""
        return self.unknown / self.joined if self.joined else 0.0
