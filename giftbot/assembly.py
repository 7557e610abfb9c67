"""Wiring: every service over the ports that it needs. Nothing is opened here, and nothing runs."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from giftbot.attribution import Attribution, assemble_attribution
from giftbot.models.times import PostingTimes, RedeemingTimes
from giftbot.outside import Discord, Outside
from giftbot.redemption import assemble_redemption
from giftbot.services.aftermath import Aftermath
from giftbot.services.announcements import Announcements
from giftbot.services.checks import Checks
from giftbot.services.codes import Codes
from giftbot.services.delivery import Deliveries
from giftbot.services.detection import Detection
from giftbot.services.governor import Governor
from giftbot.services.guilds import Guilds
from giftbot.services.history import History
from giftbot.services.invites.actors import Actors
from giftbot.services.job_progress import JobProgress
from giftbot.services.job_results import JobResults
from giftbot.services.marks import Marks
from giftbot.services.migration.first_start import FirstStart, Waiting
from giftbot.services.migration.migrating import Migrating
from giftbot.services.notices import Notices
from giftbot.services.pacer import Pacer
from giftbot.services.players import Players
from giftbot.services.ports import Clock, OwnerDirectory, Source, Store
from giftbot.services.posting import Posting
from giftbot.services.redeeming import Redeeming
from giftbot.services.redemptions import Redemptions
from giftbot.services.reports import Reports
from giftbot.services.rollups import Rollups
from giftbot.services.rulings import Rulings
from giftbot.services.signal import Signal
from giftbot.services.state_copy import StateCopy
from giftbot.services.status import Status
from giftbot.services.trials import Trials
from giftbot.services.upkeep import Upkeep
from giftbot.services.verification import Verification
from giftbot.settings import Settings


@attrs.frozen
class Services:
    """Every service, wired."""

    settings: Settings
    store: Store
    clock: Clock
    sources: tuple[Source, ...]
    owners: OwnerDirectory
    codes: Codes
    announcements: Announcements
    guilds: Guilds
    history: History
    reports: Reports
    rulings: Rulings
    notices: Notices
    detection: Detection
    checks: Checks
    trials: Trials
    marks: Marks
    posting: Posting
    status: Status
    upkeep: Upkeep
    governor: Governor
    players: Players
    redemptions: Redemptions
    redeeming: Redeeming
    progress: JobProgress
    results: JobResults
    migrating: Migrating
    verification: Verification | None
    """None unless codes are tried with a player before they are announced."""
    attribution: Attribution | None = None
    """None unless it is switched on."""
    first_start: FirstStart | None = None
    """Takes over earlier bots' data; None in a process that is no bot."""

    @property
    def actors(self) -> Actors | None:
        """Who decides who brought whom; None unless attribution is switched on."""
        return self.attribution.actors if self.attribution is not None else None


@attrs.frozen
class _Ground:
    """What the parts stand on."""

    settings: Settings
    outside: Outside
    discord: Discord
    notices: Notices
    owner: str
    """The name of this process incarnation."""
    times: PostingTimes


def assemble(
    settings: Settings, outside: Outside, discord: Discord, *, owner: str, times: PostingTimes
) -> Services:
    """Wire the services. Nothing is opened and nothing runs yet."""
    store, clock = outside.store, outside.clock
    notices = Notices(store=store, notifier=discord.notifier, clock=clock)
    is_verifying = settings.verify_player is not None and settings.game_rate_per_minute > 0
    codes = Codes(store=store, clock=clock, verify=is_verifying)
    ground = _Ground(settings, outside, discord, notices, owner, times)
    posting = _assemble_posting(ground)
    redeeming = assemble_redemption(
        settings,
        outside,
        discord,
        codes=codes,
        notices=notices,
        owner=owner,
        times=RedeemingTimes().scaled(times.factor),
    )
    detection = Detection(
        outside.sources, codes=codes, notices=notices, clock=clock, interval=settings.giftcode_check_interval
    )
    verification = None
    if is_verifying and settings.verify_player is not None:
        verification = Verification(
            codes=codes,
            governor=redeeming.governor,
            outlets=(posting.announcements, redeeming.redemptions),
            notices=notices,
            clock=clock,
            player=settings.verify_player,
            poll=times.upkeep,
        )
    checks = Checks(
        detection=detection,
        announcements=posting.announcements,
        redemptions=redeeming.redemptions,
        clock=clock,
    )
    migrating = Migrating(store=store, clock=clock, owner=owner)
    copy = StateCopy(store=store, file=outside.state_file, clock=clock)
    return Services(
        settings=settings,
        store=store,
        clock=clock,
        sources=outside.sources,
        owners=discord.owners,
        codes=codes,
        announcements=posting.announcements,
        guilds=posting.guilds,
        history=History(store=store, codes=codes),
        rulings=Rulings(store=store, codes=codes, announcements=posting.announcements, clock=clock),
        reports=Reports(codes=codes, announcements=posting.announcements, notices=notices, clock=clock),
        notices=notices,
        detection=detection,
        checks=checks,
        trials=Trials(announcer=discord.announcer, pacer=posting.pacer, clock=clock),
        marks=posting.marks,
        posting=posting.posting,
        status=Status(store=store, detection=detection, posting=posting.posting, governor=redeeming.governor),
        upkeep=Upkeep(
            checks=checks,
            detection=detection,
            codes=codes,
            announcements=posting.announcements,
            redemptions=redeeming.redemptions,
            notices=notices,
            rollups=Rollups(store=store, clock=clock, settles=6 * times.upkeep),
            copy=copy,
            store=store,
            clock=clock,
            interval=settings.giftcode_check_interval,
            upkeep_interval=times.upkeep,
        ),
        governor=redeeming.governor,
        players=redeeming.players,
        redemptions=redeeming.redemptions,
        redeeming=redeeming.redeeming,
        progress=redeeming.progress,
        results=JobResults(store=store),
        migrating=migrating,
        verification=verification,
        attribution=assemble_attribution(outside, discord, notices=notices, times=times),
        first_start=_assemble_first_start(ground, migrating, checks, (posting.posting, copy)),
    )


def _assemble_first_start(
    ground: _Ground, migrating: Migrating, checks: Checks, waiting: Sequence[Waiting]
) -> FirstStart | None:
    legacy = ground.outside.legacy
    if legacy is None:
        return None
    return FirstStart(
        migrating=migrating,
        open_legacy=legacy.open_sources,
        open_report=legacy.open_report,
        waiting=waiting,
        look=checks.regular,
        notices=ground.notices,
        clock=ground.outside.clock,
    )


@attrs.frozen
class _PostingPart:
    announcements: Announcements
    guilds: Guilds
    marks: Marks
    pacer: Pacer
    posting: Posting


def _assemble_posting(ground: _Ground) -> _PostingPart:
    store, clock, wake = ground.outside.store, ground.outside.clock, Signal()
    discord, notices, rate = ground.discord, ground.notices, ground.settings.post_rate_per_second
    announcements = Announcements(store=store, notices=notices, clock=clock, wake=wake)
    guilds = Guilds(
        store=store, announcements=announcements, channels=discord.channels, notices=notices, clock=clock
    )
    marks = Marks(store, ground.outside.journal)
    pacer = Pacer(rate, clock)
    deliveries = Deliveries(
        store=store,
        marks=marks,
        announcer=discord.announcer,
        clock=clock,
        pacer=pacer,
        times=ground.times,
        aftermath=Aftermath(guilds=guilds, notices=notices),
    )
    posting = Posting(
        store=store,
        marks=marks,
        announcer=discord.announcer,
        deliveries=deliveries,
        clock=clock,
        times=ground.times,
        wake=wake,
        owner=ground.owner,
        rate=rate,
    )
    return _PostingPart(announcements, guilds, marks, pacer, posting)
