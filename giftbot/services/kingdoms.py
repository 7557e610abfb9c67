"""A server's default kingdom: choosing another one repairs the players who are registered without their own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import attrs
import structlog

from giftbot.errors import StoreError
from giftbot.models.ids import GuildId, PlayerId
from giftbot.models.player import ASKABLE, Player, PlayerState
from giftbot.services.guilds import Guilds
from giftbot.services.ports import Clock, PlayerStore
from giftbot.text import players as texts

_log = structlog.get_logger(__name__)

_PAGE = 500
_SAVED_AT_ONCE = 25
_TRIES = 5
_CONCERNED = ASKABLE | {PlayerState.WRONG_KINGDOM}


class EnrolsPlayers(Protocol):
    """What redemption does for repaired players: `giftbot.services.redemptions.Redemptions`."""

    async def enrol_players(self, guild_id: GuildId, players: Sequence[Player]) -> int:
        """Redeem all active codes for players who were repaired; for how many codes they are asked."""
        ...


class Kingdoms:
    """Chooses default kingdoms, with what follows for players."""

    def __init__(self, *, guilds: Guilds, store: PlayerStore, redemptions: EnrolsPlayers, clock: Clock) -> None:
        self._guilds = guilds
        self._store = store
        self._redemptions = redemptions
        self._clock = clock

    async def choose(self, guild_id: GuildId, kingdom: int | None) -> int:
        """Take this default kingdom, or none; how many players were in the wrong one and are asked for again.

        Everybody without a kingdom of their own gets what is missing. Done again after a crash in between it
        does the rest: whoever was repaired, but not enrolled, is enrolled then.
        """
        await self._guilds.choose_kingdom(guild_id, kingdom)
        if kingdom is None:
            return 0
        repaired, after = 0, None
        while page := await self._store.list_players(
            guild_id=guild_id, states=_CONCERNED, after=after, limit=_PAGE
        ):
            after = page[-1].player_id
            concerned = [player for player in page if player.kingdom is None]
            wrong = [player for player in concerned if player.state is PlayerState.WRONG_KINGDOM]
            saved = await self._repair_all(guild_id, [player.player_id for player in wrong])
            repaired += len(saved)
            askable = [player for player in concerned if player.state in ASKABLE]
            await self._redemptions.enrol_players(guild_id, [*saved, *askable])
        if repaired:
            _log.info("players repaired by the default kingdom", guild=guild_id, kingdom=kingdom, players=repaired)
        return repaired

    async def _repair_all(self, guild_id: GuildId, player_ids: Sequence[PlayerId]) -> list[Player]:
        saved: list[Player] = []
        for start in range(0, len(player_ids), _SAVED_AT_ONCE):
            some = player_ids[start : start + _SAVED_AT_ONCE]
            done = await asyncio.gather(*(self._repair(guild_id, player_id) for player_id in some))
            saved += [player for player in done if player is not None]
        return saved

    async def _repair(self, guild_id: GuildId, player_id: PlayerId) -> Player | None:
        """The player as repaired; None when somebody else did meanwhile. Raises `StoreError`."""
        for _ in range(_TRIES):
            stored = (await self._store.get_players(guild_id, [player_id])).get(player_id)
            if stored is None or stored.state is not PlayerState.WRONG_KINGDOM or stored.kingdom is not None:
                return None
            player = attrs.evolve(stored, state=PlayerState.UNPROVED, updated_at=self._clock.now())
            if await self._store.save_player(player):
                return attrs.evolve(player, revision=player.revision + 1)
        raise StoreError(texts.PLAYER_BUSY)
