"""Credits: what a staff member achieved. A ledger: a row for each membership and kind, and every change is kept."""

from __future__ import annotations

import enum
from datetime import datetime

import attrs

from giftbot.models.ids import ChannelId, CreditId, GuildId, InviteCode, JoinId, MessageId, UserId
from giftbot.models.join import Candidate, Level


class CreditKind(enum.StrEnum):
    """What was achieved."""

    VIP = "vip_conversion"


class CreditState(enum.StrEnum):
    """Where a credit stands."""

    PENDING = "pending"
    """Somebody has to decide."""
    CREDITED = "credited"
    REVERSED = "reversed"
    """Taken back by an admin. Losing the role does not do that."""
    REJECTED = "rejected"
    """An admin decided that it counts for nobody."""


@attrs.frozen
class CreditChange:
    """One step of a credit's life."""

    at: datetime
    state: CreditState
    staff_id: UserId | None
    by: UserId | None
    """Who decided; None for the bot."""
    note: str = ""


@attrs.frozen
class Credit:
    """A row of `credits`."""

    credit_id: CreditId
    guild_id: GuildId
    user_id: UserId
    """Whose achievement it is about: the member."""
    kind: CreditKind
    state: CreditState
    created_at: datetime
    updated_at: datetime
    join_id: JoinId | None = None
    """The membership; None for members of before the bot's time."""
    user_name: str | None = None
    staff_id: UserId | None = None
    """For whom it counts, or would; None while nobody knows."""
    staff_name: str | None = None
    code: InviteCode | None = None
    level: Level = Level.UNKNOWN
    """How sure the join was when it was made."""
    candidates: tuple[Candidate, ...] = ()
    history: tuple[CreditChange, ...] = ()
    review_channel_id: ChannelId | None = None
    review_message_id: MessageId | None = None
    """The message there that asked for a decision, if there is one."""
    revision: int = 0
    """Raised by the store with each write; a write with an old revision is refused."""

    def changed(
        self, state: CreditState, now: datetime, *, staff_id: UserId | None, by: UserId | None, note: str = ""
    ) -> Credit:
        """This credit after one more step."""
        step = CreditChange(now, state, staff_id, by, note)
        return attrs.evolve(self, state=state, staff_id=staff_id, updated_at=now, history=(*self.history, step))


def credit_id(guild_id: GuildId, user_id: UserId, kind: CreditKind, joined: JoinId | None) -> CreditId:
    """The id of the credit for a membership; members of before the bot's time have one membership."""
    return CreditId(f"{kind.value}:{joined or f'{guild_id}:{user_id}:0'}")
