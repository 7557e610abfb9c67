"""What players are registered with in tests: a real store, a game that knows some of them, and who was enrolled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import attrs

from giftbot.errors import GameHaltedError
from giftbot.models.code import GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import GuildId, PlayerId, UserId
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import GameAnswer, Redemption, RedemptionOutcome
from giftbot.services.player_pages import PlayerPages
from giftbot.services.players import Players
from giftbot.services.ports import Store
from giftbot.services.proving import PATIENCE, Proving
from giftbot.services.rosters import Rosters
from tests.fakes import ManualClock

GUILD = GuildId(1)
ADA, BOB = UserId(100), UserId(200)
ONE, TWO = PlayerId("10000001"), PlayerId("10000002")
SITE = "https://example.test/redeem"


@attrs.define
class Oracle:
    """Knows who plays where, as the game does; nobody but `homes` exists."""

    homes: dict[str, int] = attrs.Factory(dict)
    outcome: RedemptionOutcome | None = None
    """What everybody is told instead."""
    halted: bool = False
    silent: bool = False
    """Whether no answer ever comes."""
    meanwhile: Callable[[], Awaitable[object]] | None = None
    """What happens elsewhere while the game is asked."""
    asked: list[tuple[PlayerId, int, str, bool]] = attrs.Factory(list)

    async def ask(
        self, *, guild_id: GuildId, player_id: PlayerId, kingdom: int, code: GiftCode, urgent: bool = False
    ) -> GameAnswer:
        """Answer as it was told."""
        self.asked.append((player_id, kingdom, code.display, urgent))
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.halted:
            raise GameHaltedError("Redemption is switched off.")
        if self.silent:
            await asyncio.Event().wait()
        return GameAnswer(self.outcome or self._outcome(player_id, kingdom))

    def _outcome(self, player_id: PlayerId, kingdom: int) -> RedemptionOutcome:
        home = self.homes.get(player_id)
        if home is None:
            return RedemptionOutcome.NO_SUCH_PLAYER
        return RedemptionOutcome.NOT_FOUND if home == kingdom else RedemptionOutcome.WRONG_KINGDOM


@attrs.define
class Enrolled:
    """Notes whom codes are to be redeemed for; there are two of them."""

    players: list[Player] = attrs.Factory(list)
    now: Callable[[Player, Sequence[GiftCode]], Awaitable[list[Redemption]]] | None = None
    """What redeeming at once gives."""
    halted: str | None = None
    """Why nothing is redeemed at present."""

    async def enrol_player(self, player: Player) -> int:
        """Note one."""
        return await self.enrol_players(player.guild_id, [player])

    async def enrol_players(self, guild_id: GuildId, players: Sequence[Player]) -> int:
        """Note those who may be asked for."""
        askable = [player for player in players if player.state in (PlayerState.ACTIVE, PlayerState.UNPROVED)]
        self.players += askable
        return 2 if askable else 0

    async def make_up_for(self, guild_id: GuildId, players: Sequence[Player]) -> int:
        """Nobody was kept from anything."""
        return 0

    async def redeem_now(self, player: Player, codes: Sequence[GiftCode]) -> list[Redemption]:
        """Redeem at once."""
        assert self.now is not None
        return await self.now(player, codes)

    @property
    def ids(self) -> list[PlayerId]:
        """Who was enrolled."""
        return [player.player_id for player in self.players]


@attrs.frozen
class Club:
    """The services of players over one store."""

    store: Store
    clock: ManualClock
    oracle: Oracle
    enrolled: Enrolled
    players: Players
    rosters: Rosters
    pages: PlayerPages

    async def default_kingdom(self, kingdom: int) -> None:
        """Let the server have a default kingdom."""
        assert await self.store.save_guild(GuildSettings(guild_id=GUILD, default_kingdom=kingdom))

    async def stored(self, player_id: str) -> Player:
        """A player as they are stored."""
        [player] = (await self.store.get_players(GUILD, [PlayerId(player_id)])).values()
        return player

    async def is_stored(self, player_id: str) -> bool:
        """Whether there is such a player."""
        return bool(await self.store.get_players(GUILD, [PlayerId(player_id)]))

    async def put(
        self,
        player_id: str,
        state: PlayerState = PlayerState.ACTIVE,
        *,
        owner: UserId | None = ADA,
        kingdom: int | None = 312,
        nickname: str | None = None,
    ) -> Player:
        """Store a player as if they had been registered before."""
        now = self.clock.now()
        player = Player(
            guild_id=GUILD,
            player_id=PlayerId(player_id),
            state=state,
            created_at=now,
            updated_at=now,
            kingdom=kingdom,
            nickname=nickname,
            owner_id=owner,
            proved_at=now if state is PlayerState.ACTIVE else None,
        )
        assert await self.store.insert_players([player])
        return player


def make_club(store: Store, *, patience: float = PATIENCE) -> Club:
    """The services of players, who wait so many seconds for answers; the game knows nobody yet."""
    clock, oracle, enrolled = ManualClock(), Oracle(), Enrolled()
    rosters = Rosters(store=store, guilds=store, redemptions=enrolled, clock=clock)
    players = Players(
        store=store,
        results=store,
        guilds=store,
        proving=Proving(governor=oracle, clock=clock, patience=patience),
        rosters=rosters,
        redemptions=enrolled,
        clock=clock,
        site=SITE,
        patience=patience,
    )
    return Club(store, clock, oracle, enrolled, players, rosters, PlayerPages(store))
