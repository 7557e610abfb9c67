"""What happened while nobody watched: who is there now and was not, who was there and is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Join
from giftbot.services.invites.looking import Looker
from giftbot.services.invites.memberships import closed_while_away
from giftbot.services.invites.ports import MemberSeen
from giftbot.services.remembering_invites import InviteStore

SAME_JOIN = timedelta(seconds=1)
"""Two moments of one membership are no further apart."""


async def missed(
    store: InviteStore,
    ledger: Ledger,
    members: Sequence[MemberSeen],
    waiting: Sequence[InviteEvent],
    looker: Looker,
) -> tuple[list[InviteEvent], tuple[Join, ...]]:
    """Joins that were not told, as events, and memberships that ended meanwhile.

    Joins of before the baseline are not among them: they are not known, or they were decided.
    """
    since = ledger.taken_at
    if since is None:
        return [], ()
    heard = {event.user_id for event in waiting if event.kind is InviteEventKind.JOINED}
    newer = [member for member in members if member.joined_at > since and member.user_id not in heard]
    known = await store.last_joins(ledger.guild_id, [member.user_id for member in newer])
    events = []
    for member in newer:
        last = known.get(member.user_id)
        if member.user_id == looker.directory.bot_id or (
            last is not None and member.joined_at - last.joined_at <= SAME_JOIN
        ):
            continue
        events.append(
            InviteEvent(
                guild_id=ledger.guild_id,
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
    present = {member.user_id for member in members} | heard
    now = looker.clock.now()
    gone = tuple(
        closed_while_away(join, now)
        for join in await store.open_joins(ledger.guild_id)
        if join.user_id not in present
    )
    return events, gone
