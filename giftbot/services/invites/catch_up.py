"""What happened while nobody watched: who is there now and was not, who was there and is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import attrs
import structlog

from giftbot.errors import InviteLookError
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Join, Left
from giftbot.services.invites.book import Book
from giftbot.services.invites.deciding import before_baseline
from giftbot.services.invites.evidence import Arrival, Circumstances, Decision
from giftbot.services.invites.looking import Looker
from giftbot.services.invites.memberships import closed_while_away, moment_of
from giftbot.services.invites.ports import MemberSeen

_log = structlog.get_logger(__name__)

SAME_JOIN = timedelta(seconds=1)
"""Two moments of one membership are no further apart."""


async def note_missed(book: Book, looker: Looker) -> tuple[Join, ...]:
    """Put joins that were not told into the inbox, as events; memberships that ended meanwhile.

    Raises `InviteLookError` when the members cannot be seen, or `StoreError`; then nothing has changed.
    """
    asked_at = looker.clock.now()
    members = await looker.directory.members(book.guild_id)
    await looker.clock.sleep(looker.times.grace)  # joins and leaves that the answer shows are told within this
    await book.inbox.keep()
    missed, gone = await _compared(book, members, looker, book.ledger.since or book.ledger.taken_at)
    # Who is among the members, and is told to have left since then and since they joined, left after that answer.
    left = {event.user_id: event for event in _about(book, InviteEventKind.LEFT) if event.received_at >= asked_at}
    for event in _left_undecided(book, members, asked_at):
        book.inbox.put(attrs.evolve(event, seq=looker.numbers.next(), received_at=looker.clock.now()))
    for member in missed:
        book.inbox.put(_joined(book, member, looker))
        leave = left.get(member.user_id)
        if leave is not None and leave.received_at >= member.joined_at:
            book.inbox.put(attrs.evolve(leave, seq=looker.numbers.next()))
    await book.inbox.keep()
    return gone


async def note_unknown(
    book: Book,
    looker: Looker,
    since: datetime,
    commit: Callable[[Decision], Awaitable[bool]],
    circumstances: Callable[[list[Arrival]], Awaitable[Circumstances]],
) -> bool:
    """Write down those who joined after `since` and before the baseline and have no row, and who is gone.

    Whether that was possible; raises `StoreError`.
    """
    try:
        arrivals, ended = await _unknown(book, looker, since)
    except InviteLookError as error:
        _log.warning("members not seen", guild=book.guild_id, why=str(error))
        return False
    if ended and not await commit(book.without_look(ended, ())):
        return False
    if not arrivals:
        return True
    around = await circumstances(arrivals)
    decision = await asyncio.to_thread(before_baseline, book.ledger, arrivals, around, looker.clock.now())
    return await commit(decision)


async def _unknown(book: Book, looker: Looker, since: datetime) -> tuple[list[Arrival], tuple[Join, ...]]:
    """Those people, and memberships that have ended. Raises `InviteLookError`, `StoreError`."""
    first = book.ledger.since or book.ledger.taken_at
    if first is None:
        return [], ()
    asked_at = looker.clock.now()
    members = await looker.directory.members(book.guild_id)
    await looker.clock.sleep(looker.times.grace)
    await book.inbox.keep()
    missed, gone = await _compared(book, members, looker, since)
    left = {event.user_id: event for event in _about(book, InviteEventKind.LEFT) if event.received_at >= asked_at}
    before = [member for member in missed if member.joined_at <= first]
    last = await book.store.last_joins(book.guild_id, [member.user_id for member in before])
    arrivals, unseen = [], []
    for member in before:
        previous, leave = last.get(member.user_id), left.get(member.user_id)
        if previous is not None and previous.is_open:
            previous = attrs.evolve(
                previous, left_at=member.joined_at, left=Left.UNSEEN, updated_at=looker.clock.now()
            )
            unseen.append(previous)
        arrivals.append(Arrival(_joined(book, member, looker), previous=previous, left=leave))
    return arrivals, (*gone, *unseen)


async def _compared(
    book: Book, members: Sequence[MemberSeen], looker: Looker, since: datetime | None
) -> tuple[list[MemberSeen], tuple[Join, ...]]:
    """Members whose join was missed, and memberships whose end was. Of joins before `since` nothing is known."""
    if since is None:
        return [], ()
    heard = {event.user_id: moment_of(event) for event in _about(book, InviteEventKind.JOINED)}
    newer = [
        member
        for member in members
        if member.joined_at > since
        and member.user_id != looker.directory.bot_id
        and not _is_same(member, heard.get(member.user_id))
    ]
    known = await book.store.last_joins(book.guild_id, [member.user_id for member in newer])
    missed = [
        member
        for member in newer
        if member.user_id not in known or not _is_same(member, known[member.user_id].joined_at)
    ]
    told = {event.user_id for event in _about(book, InviteEventKind.LEFT)} | set(heard)
    present = {member.user_id for member in members} | told
    now = looker.clock.now()
    open_joins = await book.store.open_joins(book.guild_id)
    gone = tuple(closed_while_away(join, now) for join in open_joins if join.user_id not in present)
    return missed, gone


def _left_undecided(book: Book, members: Sequence[MemberSeen], asked_at: datetime) -> list[InviteEvent]:
    """Leaves that nobody told, of those whose join is not decided yet: they have no row that could be ended."""
    present = {member.user_id for member in members}
    told = {event.user_id: event.seq for event in _about(book, InviteEventKind.LEFT)}
    joined = {event.user_id: event for event in _about(book, InviteEventKind.JOINED)}
    return [
        attrs.evolve(event, kind=InviteEventKind.LEFT)
        for user_id, event in joined.items()
        if user_id not in present and event.received_at < asked_at and told.get(user_id, 0) < event.seq
    ]


def _is_same(member: MemberSeen, joined_at: datetime | None) -> bool:
    """Whether that join, if there is one, is the one the member shows, or a later one."""
    return joined_at is not None and member.joined_at - joined_at <= SAME_JOIN


def _about(book: Book, kind: InviteEventKind) -> list[InviteEvent]:
    return [event for event in book.inbox.events if event.kind is kind]


def _joined(book: Book, member: MemberSeen, looker: Looker) -> InviteEvent:
    return InviteEvent(
        guild_id=book.guild_id,
        seq=looker.numbers.next(),
        kind=InviteEventKind.JOINED,
        received_at=looker.clock.now(),
        user_id=member.user_id,
        user_name=member.user_name,
        is_bot=member.is_bot,
        joined_at=member.joined_at,
        role_ids=member.role_ids,
        flags=member.flags,
    )
