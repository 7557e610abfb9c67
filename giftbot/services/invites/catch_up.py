"""What happened while nobody watched: who is there now and was not, who was there and is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Join
from giftbot.services.invites.book import Book
from giftbot.services.invites.looking import Looker
from giftbot.services.invites.memberships import closed_while_away
from giftbot.services.invites.ports import MemberSeen

SAME_JOIN = timedelta(seconds=1)
"""Two moments of one membership are no further apart."""


async def note_missed(book: Book, looker: Looker) -> tuple[Join, ...]:
    """Put joins that were not told into the inbox, as events; memberships that ended meanwhile.

    Raises `InviteLookError` when the members cannot be seen, or `StoreError`; then nothing has changed.
    """
    members = await looker.directory.members(book.guild_id)
    await book.inbox.keep()
    events, gone = await _missed(book, members, looker)
    for event in events:
        book.inbox.put(event)
    await book.inbox.keep()
    return gone


async def _missed(
    book: Book, members: Sequence[MemberSeen], looker: Looker
) -> tuple[list[InviteEvent], tuple[Join, ...]]:
    """Joins of before the baseline are not among them: they are not known, or they were decided."""
    since = book.ledger.taken_at
    if since is None:
        return [], ()
    waiting = [event for event in book.inbox.events if event.user_id is not None]
    heard = {event.user_id for event in waiting if event.kind is InviteEventKind.JOINED}
    left = {event.user_id for event in waiting if event.kind is InviteEventKind.LEFT}
    newer = [member for member in members if member.joined_at > since and member.user_id not in heard]
    known = await book.store.last_joins(book.guild_id, [member.user_id for member in newer])
    events = []
    for member in newer:
        last = known.get(member.user_id)
        if member.user_id == looker.directory.bot_id or (
            last is not None and member.joined_at - last.joined_at <= SAME_JOIN
        ):
            continue
        events.append(
            InviteEvent(
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
        )
    present = {member.user_id for member in members} | heard | left
    now = looker.clock.now()
    gone = tuple(
        closed_while_away(join, now)
        for join in await book.store.open_joins(book.guild_id)
        if join.user_id not in present
    )
    return events, gone
