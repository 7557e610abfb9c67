"""Events, batches, joins, staff links and credits for the tests of the stores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from giftbot.models.credit import Credit, CreditKind, CreditState, credit_id
from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.models.invite import Coverage, Invite
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Join, Level, Method, Source
from giftbot.models.staff import StaffLink
from tests.stores.build import GUILD, NOW

CODE = InviteCode("aBc-123")
STAFF = UserId(444444444444444444)


def event(seq: int = 1, *, guild: int = GUILD, user: int = 1) -> InviteEvent:
    """Somebody joined."""
    return InviteEvent(
        GuildId(guild), seq, InviteEventKind.JOINED, NOW, user_id=UserId(user), user_name="Ünal 雪", joined_at=NOW
    )


def joined(
    user: int = 1,
    *,
    guild: int = GUILD,
    seconds: float = 0,
    owner: int | None = STAFF,
    code: str | None = CODE,
    level: Level = Level.COUNTED,
    left_at: datetime | None = None,
) -> Join:
    """A membership that began so many seconds after `NOW`."""
    return Join(
        GuildId(guild),
        UserId(user),
        NOW + timedelta(seconds=seconds),
        source=Source.INVITE,
        level=level,
        method=Method.COUNTED,
        code=None if code is None else InviteCode(code),
        owner_id=None if owner is None else UserId(owner),
        left_at=left_at,
        updated_at=NOW,
    )


def ledger(number: int = 1, *, guild: int = GUILD, uses: int = 3, taken_at: datetime | None = NOW) -> Ledger:
    """What is known after a batch: one invite."""
    invites = {CODE: Invite(CODE, uses, STAFF, created_at=NOW)}
    return Ledger(GuildId(guild), number, taken_at, invites, coverage=Coverage.FULL, last_seq=number)


def batch(
    number: int = 1,
    joins: Sequence[Join] = (),
    *,
    guild: int = GUILD,
    events: Sequence[int] = (),
    known: Ledger | None = None,
) -> InviteBatch:
    """A decided batch."""
    return InviteBatch(
        guild_id=GuildId(guild),
        number=number,
        decided_at=NOW,
        joins=tuple(joins),
        deltas={CODE: len(joins)},
        vanity_delta=None,
        ledger=known or ledger(number, guild=guild),
        events=tuple(events),
    )


def link(
    code: str = CODE, *, guild: int = GUILD, staff: int = STAFF, seconds: float = 0, until: datetime | None = None
) -> StaffLink:
    """A staff link that is valid from so many seconds after `NOW`."""
    moment = NOW + timedelta(seconds=seconds)
    return StaffLink(GuildId(guild), InviteCode(code), UserId(staff), moment, valid_to=until)


def credit(
    user: int = 1,
    *,
    guild: int = GUILD,
    staff: int | None = STAFF,
    state: CreditState = CreditState.PENDING,
    seconds: float = 0,
) -> Credit:
    """A credit for a membership that began at `NOW`."""
    membership = joined(user, guild=guild).join_id
    moment = NOW + timedelta(seconds=seconds)
    return Credit(
        credit_id(GuildId(guild), UserId(user), CreditKind.VIP, membership),
        GuildId(guild),
        UserId(user),
        CreditKind.VIP,
        state,
        moment,
        moment,
        join_id=membership,
        staff_id=None if staff is None else UserId(staff),
    )
