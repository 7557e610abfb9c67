"""Players and whose they are: registered by themselves with a proof, or by admins without one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeGuard

import attrs
import structlog

from giftbot.errors import InvalidInputError, NotAllowedError, StoreError, UserError
from giftbot.models.code import GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import GuildId, PlayerId, UserId
from giftbot.models.player import Player, PlayerState
from giftbot.models.player_views import PlayerResults, PlayerView
from giftbot.models.registration import Proof, Registered
from giftbot.models.roster import ImportReport
from giftbot.services.allowance import Allowance
from giftbot.services.ports import Clock, GuildStore, PlayerStore, RedemptionStore
from giftbot.services.proving import Proving
from giftbot.services.redeems import Redeems
from giftbot.services.rosters import Progress, Rosters
from giftbot.text import answers as answer_texts
from giftbot.text import jobs as job_texts
from giftbot.text import players as player_texts

_log = structlog.get_logger(__name__)

MOST_OWNED = 25
"""Players that one person may register in one server; admins may assign more."""
SHOWN_RESULTS = 5
"""Results of each player that their owner sees."""
PROBES = 10
PROBES_WITHIN = 60.0
"""One person may have so many players proved within so many seconds: each costs a call that others wait for."""
PATIENCE = 600.0
"""Seconds that a person waits for results; Discord takes an answer for 900 s."""
_TRIES = 5


class Players:
    """Registers players, and lets those whom they belong to look after them."""

    def __init__(
        self,
        *,
        store: PlayerStore,
        results: RedemptionStore,
        guilds: GuildStore,
        proving: Proving,
        rosters: Rosters,
        redemptions: Redeems,
        clock: Clock,
        site: str,
        patience: float = PATIENCE,
    ) -> None:
        self._store = store
        self._results = results
        self._guilds = guilds
        self._proving = proving
        self._rosters = rosters
        self._redemptions = redemptions
        self._clock = clock
        self._patience = patience
        self._allowance = Allowance(clock, times=PROBES, seconds=PROBES_WITHIN)
        self._redeeming: set[tuple[GuildId, PlayerId]] = set()
        self.site = site
        """The page on which players redeem by hand."""

    @property
    def halted(self) -> str | None:
        """Why nothing is redeemed now, and what to do, in sentences for people; None while it is."""
        return self._redemptions.halted

    async def add(
        self,
        guild_id: GuildId,
        player_id: PlayerId,
        kingdom: int | None,
        owner: UserId,
        nickname: str | None = None,
    ) -> Registered:
        """Register a player for their owner once the game knows them; also to repair a kingdom, or to claim one.

        Without a kingdom the one that the player has counts, then the server's default. Done again it is harmless,
        and makes up for a crash between storing the player and redeeming for them. Raises `InvalidInputError` for
        what the game says is wrong, `NotAllowedError` for somebody else's player.
        """
        default = (await self._guild(guild_id)).default_kingdom
        stored = await self._find(guild_id, player_id)
        await self._require_room(guild_id, stored, owner)
        known = stored.kingdom if stored is not None and stored.owner_id == owner else None
        asked = kingdom or known or default
        if asked is None:
            raise InvalidInputError(player_texts.KINGDOM_NEEDED)
        if _is_settled(stored, owner, asked):
            renamed = await self._rename(stored, nickname)
            missed = await self._redemptions.make_up_for(guild_id, [renamed])
            return Registered(renamed, Proof.NOT_ASKED, missed, is_new=False, halted=self.halted)
        self._allowance.pass_or_refuse(owner)
        is_default = kingdom is None and known is None
        proof = await self._proving.prove(guild_id, player_id, asked, is_default=is_default)
        kept = None if is_default and proof is not Proof.PROVED else asked
        player, is_new = await self._register(
            guild_id, player_id, owner, kingdom=kept, nickname=nickname, proof=proof
        )
        _log.info("player registered", guild=guild_id, player=player_id, owner=owner, new=is_new, proof=proof.value)
        was_paused = stored is not None and stored.state is PlayerState.PAUSED
        codes = await self._redemptions.enrol_player(player)
        return Registered(player, proof, codes, is_new, was_paused, self.halted)

    async def remove(self, guild_id: GuildId, player_id: PlayerId, by: UserId, *, is_admin: bool) -> Player:
        """Forget a player; what they were granted stays. Raises `NotAllowedError` for somebody else's."""
        player = await self._get(guild_id, player_id)
        _require_own(player, by, is_admin=is_admin)
        await self._store.remove_player(guild_id, player_id)
        _log.info("player removed", guild=guild_id, player=player_id, by=by)
        return player

    async def toggle_pause(
        self, guild_id: GuildId, player_id: PlayerId, by: UserId, *, is_admin: bool
    ) -> tuple[Player, int]:
        """Pause a player, or resume one: the player, and how many codes they missed and get now.

        Raises `InvalidInputError` for one whom nothing is redeemed for anyway.
        """

        def toggled(player: Player) -> Player:
            _require_own(player, by, is_admin=is_admin)
            if player.state in (PlayerState.WRONG_KINGDOM, PlayerState.NOT_FOUND):
                raise InvalidInputError(job_texts.player_not_askable(player_id, player.state))
            if player.state is not PlayerState.PAUSED:
                return attrs.evolve(player, state=PlayerState.PAUSED)
            state = PlayerState.ACTIVE if player.proved_at is not None else PlayerState.UNPROVED
            return attrs.evolve(player, state=state)

        player = await self._change(guild_id, player_id, toggled)
        _log.info("player paused or resumed", guild=guild_id, player=player_id, by=by, state=player.state)
        return player, await self._redemptions.enrol_player(player)

    async def assign(self, guild_id: GuildId, player_id: PlayerId, owner: UserId) -> Player:
        """Let a player belong to somebody, whoever they belonged to; for admins."""
        player = await self._change(guild_id, player_id, lambda player: attrs.evolve(player, owner_id=owner))
        _log.info("player assigned", guild=guild_id, player=player_id, owner=owner)
        return player

    async def owned(self, guild_id: GuildId, owner: UserId) -> list[Player]:
        """A person's players in a server, oldest first."""
        return await self._store.list_owned(guild_id, owner)

    async def mine(self, guild_id: GuildId, owner: UserId) -> list[PlayerView]:
        """A person's players in a server with what the game answered last, oldest first."""
        players = await self.owned(guild_id, owner)
        default = (await self._guild(guild_id)).default_kingdom
        results = await asyncio.gather(
            *(
                self._results.list_redemptions(guild_id=guild_id, player_id=player.player_id, limit=SHOWN_RESULTS)
                for player in players
            )
        )
        now, halted = self._clock.now(), self.halted
        return [
            PlayerView(player, player.kingdom or default, tuple(rows), now, halted)
            for player, rows in zip(players, results, strict=True)
        ]

    async def redeem_now(self, players: Sequence[Player], codes: Sequence[GiftCode]) -> list[PlayerResults]:
        """Redeem codes for some players while a person waits; what became of each player, in their order."""
        return list(await asyncio.gather(*(self._redeem(player, codes) for player in players)))

    async def import_csv(
        self,
        guild_id: GuildId,
        words: str,
        added_by: UserId | None,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> ImportReport:
        """See `Rosters.import_csv`."""
        return await self._rosters.import_csv(guild_id, words, added_by, dry_run=dry_run, progress=progress)

    async def export_csv(self, guild_id: GuildId) -> str:
        """See `Rosters.export_csv`."""
        return await self._rosters.export_csv(guild_id)

    async def _redeem(self, player: Player, codes: Sequence[GiftCode]) -> PlayerResults:
        key = (player.guild_id, player.player_id)
        if key in self._redeeming:
            return PlayerResults(player, problem=player_texts.REDEEMING_ALREADY)
        self._redeeming.add(key)
        try:
            async with asyncio.timeout(self._patience):
                return PlayerResults(player, tuple(await self._redemptions.redeem_now(player, codes)))
        except TimeoutError:
            return PlayerResults(player, problem=player_texts.REDEEMING_TOOK_TOO_LONG)
        except UserError as error:
            return PlayerResults(player, problem=str(error))
        except StoreError as error:
            _log.warning("redemption failed", guild=player.guild_id, player=player.player_id, why=str(error))
            return PlayerResults(player, problem=answer_texts.STORE_AWAY)
        finally:
            self._redeeming.discard(key)

    async def _register(
        self,
        guild_id: GuildId,
        player_id: PlayerId,
        owner: UserId,
        *,
        kingdom: int | None,
        nickname: str | None,
        proof: Proof,
    ) -> tuple[Player, bool]:
        """Store a player whom the game did not refuse, as they are now; whether they are new."""
        for _ in range(_TRIES):
            stored, now = await self._find(guild_id, player_id), self._clock.now()
            if stored is not None and stored.owner_id is None and proof is not Proof.PROVED:
                raise UserError(player_texts.CLAIM_NEEDS_PROOF)
            _require_free(stored, owner)
            before = stored or Player(
                guild_id, player_id, PlayerState.UNPROVED, created_at=now, updated_at=now, added_by=owner
            )
            player = attrs.evolve(
                before,
                state=PlayerState.ACTIVE if proof is Proof.PROVED else PlayerState.UNPROVED,
                proved_at=now if proof is Proof.PROVED else None,
                kingdom=kingdom,
                owner_id=owner,
                nickname=nickname or before.nickname,
                updated_at=now,
            )
            if stored is None and await self._store.insert_players([player]):
                return player, True
            if stored is not None and await self._store.save_player(player):
                return attrs.evolve(player, revision=player.revision + 1), False
        raise StoreError(player_texts.PLAYER_BUSY)

    async def _rename(self, player: Player, nickname: str | None) -> Player:
        if nickname is None or nickname == player.nickname:
            return player
        return await self._change(
            player.guild_id, player.player_id, lambda player: attrs.evolve(player, nickname=nickname)
        )

    async def _change(
        self, guild_id: GuildId, player_id: PlayerId, transition: Callable[[Player], Player]
    ) -> Player:
        for _ in range(_TRIES):
            player = attrs.evolve(transition(await self._get(guild_id, player_id)), updated_at=self._clock.now())
            if await self._store.save_player(player):
                return attrs.evolve(player, revision=player.revision + 1)
        raise StoreError(player_texts.PLAYER_BUSY)

    async def _find(self, guild_id: GuildId, player_id: PlayerId) -> Player | None:
        return (await self._store.get_players(guild_id, [player_id])).get(player_id)

    async def _get(self, guild_id: GuildId, player_id: PlayerId) -> Player:
        player = await self._find(guild_id, player_id)
        if player is None:
            raise InvalidInputError(player_texts.player_not_registered(player_id))
        return player

    async def _guild(self, guild_id: GuildId) -> GuildSettings:
        return (await self._guilds.get_guilds([guild_id])).get(guild_id) or GuildSettings(guild_id=guild_id)

    async def _require_room(self, guild_id: GuildId, stored: Player | None, owner: UserId) -> None:
        _require_free(stored, owner)
        if stored is None or stored.owner_id is None:
            owned = await self.owned(guild_id, owner)
            if len(owned) >= MOST_OWNED:
                raise InvalidInputError(player_texts.too_many_own_players(MOST_OWNED))


def _is_settled(stored: Player | None, owner: UserId, kingdom: int) -> TypeGuard[Player]:
    """Whether there is nothing left to prove."""
    return (
        stored is not None
        and stored.owner_id == owner
        and stored.state is PlayerState.ACTIVE
        and stored.kingdom == kingdom
    )


def _require_free(stored: Player | None, owner: UserId) -> None:
    if stored is not None and stored.owner_id not in (None, owner):
        raise NotAllowedError(player_texts.somebody_elses_player(stored.player_id))


def _require_own(player: Player, by: UserId, *, is_admin: bool) -> None:
    if player.owner_id != by and not is_admin:
        if player.owner_id is None:
            raise NotAllowedError(player_texts.nobodys_player(player.player_id))
        raise NotAllowedError(player_texts.somebody_elses_player(player.player_id))
