"""For whom a member's VIP role counts: what their joins say, and whether that is certain."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import InviteCode, JoinId, UserId
from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Candidate, Join, Kind, Level, Method
from giftbot.models.staff import StaffLink
from giftbot.services.invites.ports import MemberSeen
from giftbot.services.remembering_invites import JoinStore

SAME_JOIN = timedelta(seconds=60)
"""Discord says one join several times; its moments are no further apart."""
RECENT = timedelta(minutes=15)
"""A join without a row is waited for so long, where there was no look yet."""


@attrs.frozen
class Claim:
    """What is known about who brought a member."""

    is_settled: bool = False
    """Whether it counts for `staff_id` without anybody deciding."""
    is_excluded: bool = False
    """Whether it can count for nobody: bots, and who came by their own invite."""
    staff_id: UserId | None = None
    """The staff member, or the likeliest of them."""
    staff_name: str | None = None
    code: InviteCode | None = None
    level: Level = Level.UNKNOWN
    candidates: tuple[Candidate, ...] = ()


def claim_of(first: Join | None, current: Join | None, links: Sequence[StaffLink]) -> Claim:
    """For whom it counts. The first membership keeps the credit; the present one counts where that says nothing."""
    touch = first or current
    if touch is None:
        return Claim()
    if touch.kind in {Kind.SELF, Kind.BOT} or touch.owner_id == touch.user_id:
        return Claim(is_excluded=True, level=touch.level)
    link = _link_of(touch, links)
    if link is not None and link.staff_id != touch.user_id:
        return Claim(True, False, link.staff_id, link.staff_name, touch.code, touch.level)
    ways = (*_ways(touch, links), *(_ways(current, links) if current is not None and current != touch else ()))
    likeliest = next((way for way in ways if way.owner_id is not None and way.owner_id != touch.user_id), None)
    staff_id = likeliest.owner_id if likeliest is not None else None
    return Claim(
        staff_id=staff_id,
        staff_name=next((link.staff_name for link in links if link.staff_id == staff_id), None),
        code=touch.code,
        level=touch.level,
        candidates=tuple(ways),
    )


def _link_of(join: Join, links: Sequence[StaffLink]) -> StaffLink | None:
    """The staff link by which a join counts beyond doubt."""
    if not join.is_certain:
        return None
    codes = {join.code} if join.code is not None else {candidate.code for candidate in join.candidates}
    by_hand = join.method is Method.MANUAL and not codes
    return next(
        (
            link
            for link in links
            if link.staff_id == join.owner_id
            and link.is_valid_at(join.joined_at)
            and (by_hand or link.code in codes)
        ),
        None,
    )


def _ways(join: Join, links: Sequence[StaffLink]) -> list[Candidate]:
    """The staff members by whose links somebody may have come, the likeliest first."""
    found = list(join.candidates)
    if not found and join.owner_id is not None:
        found = [Candidate(join.code, join.owner_id, 1.0)]
    staff = {(link.staff_id, link.code) for link in links if link.is_valid_at(join.joined_at)}
    return sorted(
        (one for one in found if one.owner_id is not None and (one.owner_id, one.code) in staff),
        key=lambda one: -one.weight,
    )


async def first_touches(store: JoinStore, joins: Collection[Join]) -> Mapping[JoinId, Join]:
    """The first membership of each of these people, by the id of the membership that was given."""
    first = {join.join_id: join for join in joins}
    while True:
        wanted = {join.previous for join in first.values() if join.previous is not None}
        if not wanted:
            return first
        found = await store.get_joins(wanted)
        step = {
            key: found[join.previous]
            for key, join in first.items()
            if join.previous is not None and join.previous in found
        }
        if not step:
            return first
        # A row that is not there ends the chain; one that leads to itself must not keep us here.
        first = {
            key: attrs.evolve(step[key], previous=_older(step[key], join))
            if key in step
            else attrs.evolve(join, previous=None)
            for key, join in first.items()
        }


def _older(step: Join, join: Join) -> JoinId | None:
    return step.previous if step.joined_at < join.joined_at else None


def membership_of(member: MemberSeen, last: Join | None) -> Join | None:
    """The row of somebody's present membership, if their newest row is that."""
    if last is None or abs(last.joined_at - member.joined_at) > SAME_JOIN:
        return None
    return last


def is_awaited(member: MemberSeen, ledger: Ledger | None, now: datetime) -> bool:
    """Whether a membership without a row is still going to be decided."""
    if ledger is None or ledger.taken_at is None:
        return now - member.joined_at < RECENT
    return member.joined_at > ledger.taken_at


def is_new(member: MemberSeen, join: Join | None, rows: Sequence[Credit]) -> bool:
    """Whether a member's VIP role is no ledger row yet: the first membership that was credited keeps it."""
    joined_at = join.joined_at if join is not None else member.joined_at
    if any(row.state in {CreditState.CREDITED, CreditState.PENDING} for row in rows):
        return False
    return not any(
        row.created_at >= joined_at or (join is not None and row.join_id == join.join_id) for row in rows
    )
