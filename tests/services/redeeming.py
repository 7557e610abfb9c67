"""The services of redemption over a real store and a scripted game; jobs are opened, and nobody works on them."""

from __future__ import annotations

from datetime import timedelta

import attrs

from giftbot.clock import SystemClock
from giftbot.models.code import CodeStatus, Finding, GiftCode, discovered, display_form, fold
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import CodeKey, GuildId, PlayerId, job_id, redemption_id
from giftbot.models.job import Job
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.asking import Asking
from giftbot.services.codes import Codes
from giftbot.services.enrolment import Enrolment
from giftbot.services.governor import Governor
from giftbot.services.notices import Notices
from giftbot.services.ports import Store
from giftbot.services.records import Records
from giftbot.services.redemptions import Redemptions
from giftbot.services.running import Running
from giftbot.services.signal import Signal
from giftbot.services.verdicts import Verdicts
from tests.fakes import ListeningPeople, ScriptedGame
from tests.observed import ObservedStore, observe

GUILD = GuildId(1)
OTHER = GuildId(2)


@attrs.frozen
class Workshop:
    """Everything that a job needs, and what a test looks at."""

    store: Store
    observed: ObservedStore
    clock: SystemClock
    game: ScriptedGame
    people: ListeningPeople
    codes: Codes
    governor: Governor
    running: Running
    enrolment: Enrolment
    verdicts: Verdicts
    asking: Asking
    redemptions: Redemptions

    def advance(self, **span: float) -> None:
        """Let so much time have passed."""
        self.clock.offset += timedelta(**span)

    async def code(self, name: str, *, redeem: bool = False) -> GiftCode:
        """An active code."""
        finding = Finding(fold(name), display_form(name))
        found = discovered("json", finding, CodeStatus.ACTIVE, self.clock.now())
        await self.store.insert_codes([attrs.evolve(found, redeem=redeem)])
        return (await self.store.get_codes([found.key]))[found.key]

    async def server(self, guild_id: GuildId = GUILD, *, auto_redeem: bool = True, kingdom: int | None = 1) -> None:
        """A server with settings."""
        settings = GuildSettings(guild_id=guild_id, auto_redeem=auto_redeem, default_kingdom=kingdom)
        assert await self.store.save_guild(settings)

    async def player(
        self,
        player_id: str = "100",
        *,
        guild_id: GuildId = GUILD,
        state: PlayerState = PlayerState.UNPROVED,
        kingdom: int | None = 312,
    ) -> Player:
        """A registered player."""
        now = self.clock.now()
        player = Player(
            guild_id=guild_id,
            player_id=PlayerId(player_id),
            state=state,
            created_at=now,
            updated_at=now,
            kingdom=kingdom,
        )
        assert await self.store.insert_players([player])
        return player

    async def stored_player(self, player_id: str = "100", guild_id: GuildId = GUILD) -> Player:
        """A player as they are stored."""
        return (await self.store.get_players(guild_id, [PlayerId(player_id)]))[PlayerId(player_id)]

    async def job(self, code: str, guild_id: GuildId = GUILD) -> Job | None:
        """A job as it is stored."""
        key = job_id(guild_id, CodeKey(code))
        return (await self.store.get_jobs([key])).get(key)

    async def row(self, code: str, player_id: str = "100", guild_id: GuildId = GUILD) -> Redemption | None:
        """A redemption as it is stored."""
        key = redemption_id(guild_id, CodeKey(code), PlayerId(player_id))
        return (await self.store.get_redemptions([key])).get(key)

    def waiting(self, code: GiftCode, player_id: str = "100", guild_id: GuildId = GUILD) -> Redemption:
        """A row that nobody was asked for yet."""
        now = self.clock.now()
        return Redemption(
            guild_id=guild_id,
            code=code.key,
            player_id=PlayerId(player_id),
            outcome=RedemptionOutcome.WAITING,
            created_at=now,
            updated_at=now,
            next_attempt_at=now,
        )


def workshop(store: Store, *, per_minute: float = 600_000) -> Workshop:
    """The services over a store. Whoever opens one stops its governor."""
    clock = SystemClock()
    game, people = ScriptedGame(clock, latency=lambda: 0.0), ListeningPeople()
    observing, observed = observe(store)
    notices = Notices(store=observing, notifier=people, clock=clock)
    codes = Codes(store=observing, clock=clock)
    governor = Governor(
        game=game, store=observing, clock=clock, per_minute=per_minute, spacing=0, owner="a test", notices=notices
    )
    running, enrolment = Running(), Enrolment(store=observing, clock=clock)
    verdicts = Verdicts(store=observing, codes=codes, notices=notices, errands=governor.errands, clock=clock)
    asking = Asking(governor=governor, store=observing, records=Records(observing), verdicts=verdicts, clock=clock)
    redemptions = Redemptions(
        store=observing,
        codes=codes,
        enrolment=enrolment,
        asking=asking,
        governor=governor,
        running=running,
        clock=clock,
        wake=Signal(),
    )
    return Workshop(
        store=observing,
        observed=observed,
        clock=clock,
        game=game,
        people=people,
        codes=codes,
        governor=governor,
        running=running,
        enrolment=enrolment,
        verdicts=verdicts,
        asking=asking,
        redemptions=redemptions,
    )
