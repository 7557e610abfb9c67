"""Registered players of earlier bots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

import attrs

from giftbot.models.ids import GuildId, PlayerId, UserId
from giftbot.models.legacy import Member
from giftbot.models.player import Player, PlayerState
from giftbot.services.ports import Clock, PlayerStore

L = TypeVar("L", str, UserId, datetime)


class Members:
    """Stores players as unproved and without a kingdom: they are tried with their server's default.

    Nobody is redeemed for here; auto-redeem finds them with the next code, or at its next start.
    """

    def __init__(self, *, store: PlayerStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def take(self, members: Iterable[Member]) -> int:
        """Store players of any servers; how many rows changed."""
        servers: dict[GuildId, dict[PlayerId, Member]] = {}
        for member in members:
            known = servers.setdefault(member.guild_id, {})
            known[member.player_id] = _better(known.get(member.player_id), member)
        changed = 0
        for guild_id, known in servers.items():
            changed += await self._store_members(guild_id, list(known.values()))
        return changed

    async def _store_members(self, guild_id: GuildId, members: Sequence[Member]) -> int:
        now = self._clock.now()
        inserted = await self._store.insert_players([_player(member, now) for member in members])
        others = {member.player_id: member for member in members if member.player_id not in inserted}
        stored = await self._store.get_players(guild_id, others) if others else {}
        changed = len(inserted)
        for player_id, player in stored.items():
            merged = _merged(player, others[player_id])
            if merged != player:
                changed += await self._store.save_player(merged)
        return changed


def _player(member: Member, now: datetime) -> Player:
    at = member.at or now
    return Player(
        guild_id=member.guild_id,
        player_id=member.player_id,
        state=PlayerState.UNPROVED,
        created_at=at,
        updated_at=at,
        nickname=member.nickname,
        added_by=member.added_by,
    )


def _better(one: Member | None, other: Member) -> Member:
    """What two rows say of a player, whatever the order in which they are read.

    Which name is newer nobody can tell: the game gives the right one with the first redemption.
    """
    if one is None:
        return other
    return attrs.evolve(
        one,
        nickname=_least(one.nickname, other.nickname),
        added_by=_least(one.added_by, other.added_by),
        at=_least(one.at, other.at),
    )


def _least(one: L | None, other: L | None) -> L | None:
    return min((value for value in (one, other) if value is not None), default=None)


def _merged(player: Player, member: Member) -> Player:
    """A player who is there, with what was missing. One whom somebody owns or proved is left as they are."""
    if player.owner_id is not None or player.proved_at is not None or player.kingdom is not None:
        return player
    before = Member(player.guild_id, player.player_id, player.nickname, player.added_by, player.created_at)
    both = _better(before, member)
    return attrs.evolve(
        player, nickname=both.nickname, added_by=both.added_by, created_at=both.at or player.created_at
    )
