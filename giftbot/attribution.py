"""Wiring of attribution: who brought whom. Nothing is opened here, and nothing runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping

import attrs

from giftbot.models.audit_times import AuditTimes
from giftbot.models.ids import GuildId
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.invite_times import InviteTimes
from giftbot.models.join import Join
from giftbot.models.times import PostingTimes
from giftbot.outside import Discord, Outside
from giftbot.services.invites.actors import Actors
from giftbot.services.invites.alerts import Alerts
from giftbot.services.invites.auditor import Auditor
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.invites.copies import Copies
from giftbot.services.invites.greetings import Greetings
from giftbot.services.invites.health import InviteHealth
from giftbot.services.invites.inquiries import Inquiries
from giftbot.services.invites.leaderboard import Leaderboard
from giftbot.services.invites.records import JoinRecords
from giftbot.services.invites.staff_work import TURN
from giftbot.services.notices import Notices
from giftbot.staffing import Staffing, assemble_staffing


@attrs.frozen
class Attribution:
    """The services of attribution, wired."""

    actors: Actors
    alerts: Alerts
    auditor: Auditor | None
    choices: InviteChoices
    copies: Copies | None
    greetings: Greetings
    health: InviteHealth
    inquiries: Inquiries
    leaderboard: Leaderboard
    records: JoinRecords
    staffing: Staffing

    async def begin(self) -> None:
        """Restore what copies have, before anything connects. Raises `StoreError`."""
        if self.copies is not None:
            await self.copies.restore()
        await self.choices.load()

    def workers(self) -> Mapping[str, Coroutine[None, None, None]]:
        """What runs until it is cancelled, by name."""
        found = {
            "attribution": self.actors.run(),
            "alerts": self.alerts.run(),
            "greetings": self.greetings.run(),
            "staffing": self.staffing.work.run(),
        }
        if self.auditor is not None:
            found["auditor"] = self.auditor.run()
        if self.copies is not None:
            found["copies"] = self.copies.run()
        return found

    async def stop(self) -> None:
        """Store what was told last, and copy what was decided last."""
        await self.actors.stop()
        if self.copies is not None:
            await self.copies.stop()


def assemble_attribution(
    outside: Outside, discord: Discord, *, notices: Notices, times: PostingTimes
) -> Attribution | None:
    """Wire them; None where Discord's invites are not watched."""
    directory, outlet, desk = discord.invites, discord.greeter, discord.desk
    if directory is None or outlet is None or desk is None:
        return None
    store, clock, copies = outside.store, outside.clock, outside.copies
    copied = _copied if copies is None else copies.changed
    choices = InviteChoices(store=store, clock=clock, changed=copied)
    alerts = Alerts(directory=directory, choices=choices, notices=notices)
    greetings = Greetings(
        store=store, choices=choices, outlet=outlet, channels=discord.channels, notices=notices, clock=clock
    )
    actors = Actors(
        store=store,
        directory=directory,
        clock=clock,
        times=InviteTimes().scaled(times.factor),
        complain=alerts.complain,
    )
    staffing = assemble_staffing(
        outside,
        discord,
        directory,
        desk,
        choices=choices,
        notices=notices,
        refresh=actors.refresh,
        changed=copied,
        turn=TURN * times.factor,
    )

    def recorded(guild_id: GuildId, joins: Iterable[Join]) -> None:
        found = tuple(joins)
        copied(guild_id, found)
        staffing.work.recorded(guild_id, found)

    records = JoinRecords(store=store, clock=clock, changed=recorded)
    if copies is not None:
        actors.subscribe(_copier(copies))
        copies.subscribe(actors.known_since)
    actors.subscribe(alerts.on_decided)
    actors.subscribe(greetings.on_decided)
    actors.subscribe_arrivals(greetings.arrived)
    actors.subscribe(staffing.work.on_decided)
    auditor = None
    if discord.search is not None:
        auditor = Auditor(
            store=store,
            search=discord.search,
            directory=directory,
            clock=clock,
            times=AuditTimes().scaled(times.factor),
            changed=recorded,
        )
        actors.subscribe(auditor.on_decided)
    leaderboard = Leaderboard(store=store, clock=clock)
    return Attribution(
        actors=actors,
        alerts=alerts,
        auditor=auditor,
        choices=choices,
        copies=copies,
        greetings=greetings,
        health=InviteHealth(
            store=store,
            directory=directory,
            refresh=actors.refresh,
            copies=copies,
            clock=clock,
            search=None if auditor is None else auditor.state,
        ),
        inquiries=Inquiries(store=store, leaderboard=leaderboard),
        leaderboard=leaderboard,
        records=records,
        staffing=staffing,
    )


def _copied(_guild_id: GuildId, _joins: Iterable[Join] = ()) -> None:
    """Nothing is copied."""


def _copier(copies: Copies) -> Callable[[InviteBatch], Awaitable[None]]:
    async def note(batch: InviteBatch) -> None:
        copies.changed(batch.guild_id, batch.joins)

    return note
