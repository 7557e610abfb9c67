"""Memberships: who joined a server when, by which way, and how sure that is."""

from __future__ import annotations

import enum
from datetime import datetime

import attrs

from giftbot.models.ids import GuildId, InviteCode, JoinId, RoleId, UserId, join_id


class Level(enum.IntEnum):
    """How sure it is who brought somebody. Levels only rise, but for a person's word."""

    UNKNOWN = 0
    """`reason` says why."""
    INFERRED = 1
    """By elimination."""
    CANDIDATES = 2
    """One of several; the totals of each owner over the batch are exact while as many joined as were counted."""
    OWNER = 3
    """The owner is certain, the code is one of several."""
    COUNTED = 4
    """As many joined as one source counted."""
    CONFIRMED = 5
    """Discord stamped it: a marker role, the member search, an entry of the audit log; or an admin said so."""


class Source(enum.StrEnum):
    """The way somebody came."""

    INVITE = "invite"
    WIDGET = "widget"
    """An invite without inviter."""
    VANITY = "vanity"
    BOT = "bot"
    """A bot, added by somebody."""
    OTHER = "other"
    """No invite: discovery, an application, an integration, a hub."""
    UNKNOWN = "unknown"


class Method(enum.StrEnum):
    """How that was found out."""

    COUNTED = "counted"
    MARKER = "marker"
    """The role that a staff link gives."""
    MEMBER_SEARCH = "member_search"
    AUDIT_LOG = "audit_log"
    CATCH_UP = "catch_up"
    """Counted over a time in which the bot was away."""
    MANUAL = "manual"
    IMPORTED = "migration"
    NONE = "none"


class Reason(enum.StrEnum):
    """Why nothing is known."""

    NO_PERMISSION = "no_permission"
    NO_BASELINE = "no_baseline"
    FETCH_FAILED = "fetch_failed"
    OFFLINE_GAP = "offline_gap"
    NOT_COUNTED = "not_counted"
    """No counter moved: not by an invite that the bot can see."""
    AMBIGUOUS = "ambiguous"


class Kind(enum.StrEnum):
    """What a join means for credit."""

    FIRST = "first"
    SELF = "self"
    """By one's own invite."""
    REJOIN_SAME = "rejoin_same_owner"
    REJOIN_OTHER = "rejoin_other_owner"
    BOT = "bot"


class Left(enum.StrEnum):
    """How a membership ended."""

    LEFT = "left"
    TEMPORARY = "temporary_ended"
    """A temporary membership without a role ended by itself."""
    AWAY = "while_away"
    """At a moment when the bot was not there: `left_at` is when it was noticed."""
    UNSEEN = "unseen"
    """Only the next join shows it."""


@attrs.frozen
class Candidate:
    """One way somebody may have come."""

    code: InviteCode | None
    """None for a way without an invite."""
    owner_id: UserId | None
    weight: float
    """Which share of the batch's joins came this way, 0 to 1."""


@attrs.frozen
class Join:
    """A row of `invite_joins`: one membership, from a join to the next leave."""

    guild_id: GuildId
    user_id: UserId
    joined_at: datetime
    user_name: str | None = None
    source: Source = Source.UNKNOWN
    level: Level = Level.UNKNOWN
    method: Method = Method.NONE
    reason: Reason | None = None
    code: InviteCode | None = None
    """None unless it is known."""
    owner_id: UserId | None = None
    """Whom it counts for: the staff member whose link it was, else the inviter; None unless it is known."""
    owner_name: str | None = None
    inviter_id: UserId | None = None
    """Who made the invite, as Discord says."""
    candidates: tuple[Candidate, ...] = ()
    evidence: tuple[str, ...] = ()
    """What was seen, a sentence each, for `/invites explain`."""
    kind: Kind = Kind.FIRST
    is_temporary: bool = False
    marker_role_id: RoleId | None = None
    uses_before: int | None = None
    uses_after: int | None = None
    batch: int | None = None
    """Number of the batch that decided it."""
    previous: JoinId | None = None
    """The same person's membership before."""
    left_at: datetime | None = None
    left: Left | None = None
    has_disagreement: bool = False
    """Whether two pieces of evidence contradict each other."""
    decided_by: UserId | None = None
    """Who recorded it by hand."""
    updated_at: datetime | None = None

    @property
    def join_id(self) -> JoinId:
        """The row's id."""
        return join_id(self.guild_id, self.user_id, self.joined_at)

    @property
    def is_open(self) -> bool:
        """Whether that person is still there."""
        return self.left_at is None

    @property
    def is_certain(self) -> bool:
        """Whether the owner is beyond doubt."""
        return self.level >= Level.OWNER and self.owner_id is not None

    def merged(self, stored: Join) -> Join:
        """This row as it is to be written over what is stored of the same membership.

        What is stored may be surer than what this row was made from: somebody recorded it by hand since, or a
        search confirmed it. Then its attribution stays, and this row only ends the membership. One that has ended
        does not begin again.
        """
        left_at, left = (stored.left_at, stored.left) if self.left_at is None else (self.left_at, self.left)
        if not self._yields_to(stored):
            return self if self.left_at == left_at else attrs.evolve(self, left_at=left_at, left=left)
        kept = attrs.evolve(
            stored,
            user_name=stored.user_name or self.user_name,
            previous=stored.previous or self.previous,
            is_temporary=stored.is_temporary or self.is_temporary,
            batch=self.batch if stored.batch is None else stored.batch,
            left_at=left_at,
            left=left,
        )
        if kept == stored:
            return stored
        moments = [one.updated_at for one in (stored, self) if one.updated_at is not None]
        return attrs.evolve(kept, updated_at=max(moments, default=None))

    def _yields_to(self, stored: Join) -> bool:
        """Whether what is stored says more of how somebody came, or a person's later word."""
        if self.level != stored.level:
            return stored.level > self.level
        if stored.method is Method.MANUAL:  # each word adds a line to the evidence
            return self.method is not Method.MANUAL or len(self.evidence) < len(stored.evidence)
        is_same = (self.code, self.owner_id) == (stored.code, stored.owner_id)
        return is_same and stored.has_disagreement and not self.has_disagreement
