"""Joins for the tests of what admins see of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.models.join import Join, Level, Method, Source
from tests.fakes import START

GUILD = GuildId(900_000_000_000_000_001)
ADA, BOB, CLEO = (UserId(number << 22) for number in (1_000, 2_000, 3_000))
"""Inviters with old accounts."""
ADMIN = UserId(4_000 << 22)
DAY = timedelta(days=1)


def member(number: int, *, made_at: datetime | None = None) -> UserId:
    """Somebody whose account was made at that moment, long ago by default."""
    since = (made_at or datetime(2016, 1, 1, tzinfo=START.tzinfo)) - datetime(2015, 1, 1, tzinfo=START.tzinfo)
    return UserId((int(since / timedelta(milliseconds=1)) << 22) + number)


def joined(number: int, owner: UserId | None = ADA, *, days_ago: float = 0, **more: object) -> Join:
    """A join that was counted, of the member with this number."""
    made = Join(
        GUILD,
        member(number),
        START - days_ago * DAY,
        user_name=f"member_{number}",
        source=Source.INVITE,
        level=Level.COUNTED,
        method=Method.COUNTED,
        code=InviteCode(f"code{owner}") if owner else None,
        owner_id=owner,
        owner_name=None if owner is None else {ADA: "ada", BOB: "bob", CLEO: "cleo"}.get(owner),
        evidence=("1 member joined and 1 use of invites were counted.",),
        updated_at=START,
    )
    return attrs.evolve(made, **more)  # type: ignore[arg-type] # checked by attrs
