"""From Discord's events to memberships: who arrived, who left, what was said twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from giftbot.models.ids import RoleId, UserId
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Join, Kind, Left, Level, Method, Source
from giftbot.models.staff import StaffLink
from giftbot.services.invites.evidence import Arrival
from giftbot.services.invites.owners import marker_of
from giftbot.text import attribution as texts

DUPLICATE_SPAN = timedelta(seconds=60)
"""Within this Discord says one join several times; the moments have been seen 0.4 s apart."""
_SAME_MOMENT = timedelta(seconds=1)
DID_REJOIN = 1 << 0
IS_GUEST = 1 << 4


@attrs.frozen
class Reception:
    """What became of a list of events."""

    arrivals: tuple[Arrival, ...]
    """Those that wait for a decision, by `joined_at`."""
    changed: tuple[Join, ...]
    """Stored memberships that ended, or were raised by a marker role; the next batch carries them."""
    consumed: tuple[int, ...]
    """Events that are dealt with by `changed`, or change nothing: said twice, guests, roles of old members."""


def receive(
    events: Iterable[InviteEvent],
    known: Mapping[UserId, Join],
    *,
    now: datetime,
    links: Sequence[StaffLink] = (),
    was_away: bool = False,
) -> Reception:
    """Sort a server's events about members.

    Args:
        events: `JOINED`, `ROLES` and `LEFT` that no batch has dealt with; others are passed over. Without those of
            arrivals that `settle` has decided.
        known: Each user's newest membership, open or not, as it is stored.
        now: Roles of somebody whose join has not come yet wait for it for a minute.
        links: Staff links: a marker role that comes late raises a membership that is stored already.
        was_away: Whether the bot was away since those memberships began, so that a leave may have been missed.
    """
    by_user: dict[UserId, list[InviteEvent]] = {}
    for event in sorted(events, key=lambda event: event.seq):
        if event.user_id is not None and event.kind in _ABOUT_MEMBERS:
            by_user.setdefault(event.user_id, []).append(event)
    arrivals: list[Arrival] = []
    changed: list[Join] = []
    consumed: list[int] = []
    for user_id, of_user in by_user.items():
        desk = _Desk(known.get(user_id), was_away)
        for event in of_user:
            if event.kind is InviteEventKind.JOINED:
                desk.join(event)
            elif event.kind is InviteEventKind.LEFT:
                desk.leave(event)
        for event in of_user:
            if event.kind is InviteEventKind.ROLES:
                desk.roles(event, now, links)
        arrivals += desk.arrivals
        changed += desk.changed
        consumed += desk.consumed
    arrivals.sort(key=lambda arrival: (moment_of(arrival.event), arrival.event.seq))
    return Reception(tuple(arrivals), tuple(changed), tuple(sorted(consumed)))


def moment_of(event: InviteEvent) -> datetime:
    """When that member joined, as Discord says, or else when it was heard."""
    return event.joined_at or event.received_at


def is_duplicate(event: InviteEvent, known: Join | None, *, was_away: bool = False) -> bool:
    """Whether that join is the membership that is known already.

    A much later moment on a member that has rejoined, or after a time without watching, is a new membership.
    """
    if known is None:
        return False
    gap = moment_of(event) - known.joined_at
    if gap <= _SAME_MOMENT:
        return True
    return known.is_open and (gap <= DUPLICATE_SPAN or not (event.flags & DID_REJOIN or was_away))


def closed(join: Join, left_at: datetime, role_ids: Iterable[RoleId] | None = None) -> Join:
    """That membership, ended by a leave that was seen.

    `role_ids` are the roles the member had, as far as known: a temporary membership without one ends by itself.
    """
    ended = join.is_temporary and not [role for role in role_ids or () if role != join.marker_role_id]
    return attrs.evolve(join, left_at=left_at, left=Left.TEMPORARY if ended else Left.LEFT, updated_at=left_at)


def closed_while_away(join: Join, noticed_at: datetime) -> Join:
    """That membership of somebody who is not there any more, nobody knows since when."""
    return attrs.evolve(join, left_at=noticed_at, left=Left.AWAY, updated_at=noticed_at)


def raised_by_role(join: Join, event: InviteEvent, links: Sequence[StaffLink]) -> Join:
    """That membership at level 5, if a marker role came so soon that Discord must have given it; else as it is."""
    if join.level >= Level.CONFIRMED or event.received_at - join.joined_at > DUPLICATE_SPAN:
        return join
    link = marker_of(attrs.evolve(event, joined_at=join.joined_at), links)
    if link is None:
        return join
    raised = attrs.evolve(
        join,
        source=Source.INVITE,
        level=Level.CONFIRMED,
        method=Method.MARKER,
        reason=None,
        code=link.code,
        owner_id=link.staff_id,
        owner_name=link.staff_name,
        candidates=(),
        evidence=(*join.evidence, texts.marked(link.code)),
        marker_role_id=link.marker_role_id,
        has_disagreement=join.level >= Level.COUNTED and join.code != link.code,
        updated_at=event.received_at,
    )
    if join.previous is not None and join.user_id != link.staff_id:
        return raised
    return attrs.evolve(raised, kind=kind_of(raised, None))


def kind_of(join: Join, previous: Join | None, *, is_bot: bool = False) -> Kind:
    """What a decided join means for credit."""
    if is_bot:
        return Kind.BOT
    if join.user_id in {join.inviter_id, join.owner_id}:
        return Kind.SELF
    if previous is None:
        return Kind.FIRST
    same = join.owner_id is not None and join.owner_id == previous.owner_id
    return Kind.REJOIN_SAME if same else Kind.REJOIN_OTHER


_ABOUT_MEMBERS = frozenset({InviteEventKind.JOINED, InviteEventKind.ROLES, InviteEventKind.LEFT})


class _Desk:
    """One user's events, in order."""

    def __init__(self, known: Join | None, was_away: bool) -> None:
        self._known = known
        self._was_away = was_away
        self.arrivals: list[Arrival] = []
        self.changed: list[Join] = []
        self.consumed: list[int] = []

    def join(self, event: InviteEvent) -> None:
        if event.flags & IS_GUEST or (
            not self.arrivals and is_duplicate(event, self._known, was_away=self._was_away)
        ):
            self.consumed.append(event.seq)
            return
        for index, arrival in enumerate(self.arrivals):
            if self._is_same(arrival, event):
                self.arrivals[index] = _with_event(arrival, event)
                return
        if self.arrivals and self.arrivals[-1].left is None:
            self.arrivals[-1] = attrs.evolve(self.arrivals[-1], left=event)
        previous = self._known if not self.arrivals else None
        if previous is not None and previous.is_open:
            moment = moment_of(event)
            previous = attrs.evolve(previous, left_at=moment, left=Left.UNSEEN, updated_at=event.received_at)
            self._known = previous
            self.changed.append(previous)
        self.arrivals.append(Arrival(event, previous=previous, seqs=(event.seq,)))

    def leave(self, event: InviteEvent) -> None:
        known = self._known
        if self.arrivals and self.arrivals[-1].left is None:
            last = self.arrivals[-1]
            self.arrivals[-1] = attrs.evolve(last, left=event, seqs=(*last.seqs, event.seq))
            return
        is_late = known is not None and event.received_at < known.joined_at  # another process has it from before
        if not self.arrivals and known is not None and known.is_open and not is_late:
            self._known = closed(known, event.received_at, event.role_ids)
            self.changed.append(self._known)
        self.consumed.append(event.seq)

    def roles(self, event: InviteEvent, now: datetime, links: Sequence[StaffLink]) -> None:
        for index, arrival in enumerate(self.arrivals):
            if event.joined_at is None or _is_near(event, arrival.event):
                if event.received_at - arrival.event.received_at > DUPLICATE_SPAN:
                    self.consumed.append(event.seq)  # whatever gave it, it was not the invite
                else:
                    self.arrivals[index] = _with_event(arrival, event)
                return
        known = self._known
        is_member = known is not None and known.is_open
        if known is not None and is_member:
            raised = raised_by_role(known, event, links)
            if raised is not known:
                self._known = raised
                self.changed = [join for join in self.changed if join.join_id != raised.join_id]
                self.changed.append(raised)
        if is_member or now - event.received_at > DUPLICATE_SPAN:
            self.consumed.append(event.seq)

    def _is_same(self, arrival: Arrival, event: InviteEvent) -> bool:
        gap = abs(moment_of(event) - moment_of(arrival.event))
        if arrival.left is not None:
            return gap <= _SAME_MOMENT
        return gap <= DUPLICATE_SPAN or not (event.flags & DID_REJOIN or self._was_away)


def _is_near(event: InviteEvent, other: InviteEvent) -> bool:
    return abs(moment_of(event) - moment_of(other)) <= DUPLICATE_SPAN


def _with_event(arrival: Arrival, event: InviteEvent) -> Arrival:
    roles = tuple(sorted({*arrival.event.role_ids, *event.role_ids}))
    first = attrs.evolve(arrival.event, role_ids=roles)
    return attrs.evolve(arrival, event=first, seqs=tuple(sorted({*arrival.seqs, event.seq})))
