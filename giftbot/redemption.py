"""Wiring of redemption: every code for every registered player. Nothing is opened here, and nothing runs."""

from __future__ import annotations

import attrs

from giftbot.models.times import RedeemingTimes
from giftbot.outside import Discord, Outside
from giftbot.services.asking import Asking
from giftbot.services.codes import Codes
from giftbot.services.enrolment import Enrolment
from giftbot.services.governor import Governor
from giftbot.services.job_progress import JobProgress
from giftbot.services.job_run import Tools, ahead_of
from giftbot.services.notices import Notices
from giftbot.services.players import Players
from giftbot.services.proving import Proving
from giftbot.services.records import Records
from giftbot.services.redeeming import Redeeming
from giftbot.services.redemptions import Redemptions
from giftbot.services.rosters import Rosters
from giftbot.services.running import Running
from giftbot.services.signal import Signal
from giftbot.services.verdicts import Verdicts
from giftbot.settings import Settings


@attrs.frozen
class Redemption:
    """The services of redemption, wired."""

    governor: Governor
    players: Players
    redemptions: Redemptions
    redeeming: Redeeming
    progress: JobProgress


def assemble_redemption(
    settings: Settings,
    outside: Outside,
    discord: Discord,
    *,
    codes: Codes,
    notices: Notices,
    owner: str,
    times: RedeemingTimes,
) -> Redemption:
    """Wire the services. Nothing is opened and nothing runs yet."""
    store, clock, game = outside.store, outside.clock, outside.game
    wake, running = Signal(), Running()
    governor = Governor(
        game=game,
        store=store,
        clock=clock,
        per_minute=settings.game_rate_per_minute,
        spacing=settings.game_player_spacing,
        owner=owner,
        notices=notices,
    )
    enrolment = Enrolment(store=store, clock=clock)
    verdicts = Verdicts(store=store, codes=codes, notices=notices, errands=governor.errands, clock=clock)
    asking = Asking(governor=governor, store=store, records=Records(store), verdicts=verdicts, clock=clock)
    redemptions = Redemptions(
        store=store,
        codes=codes,
        enrolment=enrolment,
        asking=asking,
        governor=governor,
        running=running,
        clock=clock,
        wake=wake,
    )
    progress = JobProgress(board=discord.board, store=store, guilds=store, codes=store, clock=clock, site=game.site)
    tools = Tools(
        store=store,
        asking=asking,
        enrolment=enrolment,
        governor=governor,
        progress=progress,
        clock=clock,
        times=times,
        ahead=ahead_of(settings.game_rate_per_minute),
    )
    redeeming = Redeeming(
        store=store,
        tools=tools,
        governor=governor,
        clock=clock,
        times=times,
        running=running,
        wake=wake,
        owner=owner,
    )
    players = Players(
        store=store,
        results=store,
        guilds=store,
        proving=Proving(governor=governor, clock=clock),
        rosters=Rosters(store=store, guilds=store, redemptions=redemptions, clock=clock),
        redemptions=redemptions,
        clock=clock,
        site=game.site,
    )
    return Redemption(governor, players, redemptions, redeeming, progress)
