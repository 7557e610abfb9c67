"""Questions about joins: who brought somebody, how that is known, whom somebody brought."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from giftbot.models.ids import GuildId, UserId
from giftbot.models.invite_board import Standing
from giftbot.models.invite_event import InviteEventKind
from giftbot.models.join import Join
from giftbot.services.invites.leaderboard import Leaderboard
from giftbot.services.remembering_invites import InviteStore

MEMBERSHIPS = 20
"""Of one member, the newest."""
LINES = 10
"""Of whom somebody brought, on a page."""


@attrs.frozen
class Brought:
    """A page of the joins that count for one inviter."""

    standing: Standing
    joins: tuple[Join, ...]
    """The newest first."""
    number: int
    """Of the page, from 0."""
    has_more: bool


class Inquiries:
    """Reads, and changes nothing."""

    def __init__(self, *, store: InviteStore, leaderboard: Leaderboard) -> None:
        self._store = store
        self._leaderboard = leaderboard

    async def memberships(self, guild_id: GuildId, user_id: UserId) -> Sequence[Join]:
        """Somebody's memberships with the names of their inviters, the newest first."""
        joins = await self._store.list_joins(guild_id, user_id=user_id, limit=MEMBERSHIPS)
        return [await self._named(join) for join in joins]

    async def is_pending(self, guild_id: GuildId, user_id: UserId) -> bool:
        """Whether it is being found out how somebody came."""
        waiting = await self._store.list_events(guild_id)
        return any(event.user_id == user_id and event.kind is InviteEventKind.JOINED for event in waiting)

    async def by(self, guild_id: GuildId, owner_id: UserId, number: int = 0, *, is_turned: bool = False) -> Brought:
        """Whom somebody brought; page `number`, counted from 0, or the last one that there is.

        With `is_turned` the figures may be those of the page before, up to a minute old.
        """
        standing = await self._leaderboard.standing(guild_id, owner_id, is_new=not is_turned)
        number = max(0, number)
        joins: Sequence[Join] = await self._store.list_joins(
            guild_id, owner_id=owner_id, limit=(number + 1) * LINES + 1
        )
        number = min(number, max(0, (len(joins) - 1) // LINES))
        start = number * LINES
        return Brought(standing, tuple(joins[start : start + LINES]), number, len(joins) > start + LINES)

    async def _named(self, join: Join) -> Join:
        """That join, with the inviter's name as last seen where the join has none."""
        if join.owner_id is None or join.owner_name:
            return join
        links = await self._store.list_links(join.guild_id, staff_id=join.owner_id)
        names = [link.staff_name for link in links if link.staff_name]
        if not names:
            own = await self._store.last_joins(join.guild_id, [join.owner_id])
            names = [one.user_name for one in own.values() if one.user_name]
        return attrs.evolve(join, owner_name=names[-1]) if names else join
