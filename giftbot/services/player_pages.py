"""Looking through the players of a server, page by page."""

from __future__ import annotations

import asyncio

import attrs

from giftbot.models.ids import GuildId, PlayerId
from giftbot.models.player import Player, PlayerState
from giftbot.models.player_views import PlayerPage
from giftbot.services.ports import PlayerStore

PAGE = 20
_CHUNK = 500
_SUGGESTED = 25
"""As many as Discord takes."""


class PlayerPages:
    """Reads for admins. Nothing is remembered between two pages: what a page needs is in its buttons."""

    def __init__(self, store: PlayerStore) -> None:
        self._store = store

    async def after(
        self, guild_id: GuildId, state: PlayerState | None, after: PlayerId | None = None, *, start: int = 0
    ) -> PlayerPage:
        """The page that begins after a player; the first one without. `start` is its place, for people."""
        players = await self._store.list_players(
            guild_id=guild_id, states=_states(state), after=after, limit=PAGE + 1
        )
        return await self._page(guild_id, state, players, 0 if after is None else start)

    async def before(
        self, guild_id: GuildId, state: PlayerState | None, before: PlayerId, *, start: int
    ) -> PlayerPage:
        """The page that ends before a player; the first one when there is less. Reads all that come before."""
        last: list[Player] = []
        after: PlayerId | None = None
        while chunk := await self._store.list_players(
            guild_id=guild_id, states=_states(state), after=after, limit=_CHUNK
        ):
            earlier = [player for player in chunk if player.player_id < before]
            last = [*last, *earlier][-PAGE:]
            if len(earlier) < len(chunk):
                break
            after = chunk[-1].player_id
            await asyncio.sleep(0)
        if start < PAGE or len(last) < PAGE:
            return await self.after(guild_id, state)
        more = await self._store.list_players(
            guild_id=guild_id, states=_states(state), after=last[-1].player_id, limit=1
        )
        return await self._page(guild_id, state, [*last, *more], start - PAGE)

    async def suggest(self, guild_id: GuildId, beginning: str) -> list[Player]:
        """Players whose id begins with what somebody typed so far."""
        typed = beginning.strip()
        if typed and not (typed.isascii() and typed.isdecimal()):
            return []
        exact = await self._store.get_players(guild_id, [PlayerId(typed)]) if typed else {}
        following = await self._store.list_players(
            guild_id=guild_id, after=PlayerId(typed) if typed else None, limit=_SUGGESTED
        )
        found = [*exact.values(), *(player for player in following if player.player_id.startswith(typed))]
        return found[:_SUGGESTED]

    async def _page(
        self, guild_id: GuildId, state: PlayerState | None, players: list[Player], start: int
    ) -> PlayerPage:
        counts = await self._store.count_players(guild_id)
        page = PlayerPage(tuple(players[:PAGE]), state, counts, start, has_more=len(players) > PAGE)
        # The place comes from a button: players may have been removed since, or it is no button of ours.
        return attrs.evolve(page, start=min(start, max(0, page.total - len(page.players))))


def _states(state: PlayerState | None) -> tuple[PlayerState, ...]:
    return () if state is None else (state,)
