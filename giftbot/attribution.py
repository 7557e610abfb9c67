"""Wiring of attribution: who brought whom. Nothing is opened here, and nothing runs."""

from __future__ import annotations

import attrs

from giftbot.models.invite_times import InviteTimes
from giftbot.models.times import PostingTimes
from giftbot.outside import Discord, Outside
from giftbot.services.invites.actors import Actors
from giftbot.services.invites.alerts import Alerts
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.notices import Notices


@attrs.frozen
class Attribution:
    """The services of attribution, wired."""

    actors: Actors
    alerts: Alerts
    choices: InviteChoices


def assemble_attribution(
    outside: Outside, discord: Discord, *, notices: Notices, times: PostingTimes
) -> Attribution | None:
    """Wire them; None where Discord's invites are not watched."""
    directory, clock = discord.invites, outside.clock
    if directory is None:
        return None
    choices = InviteChoices(store=outside.store, clock=clock)
    alerts = Alerts(directory=directory, choices=choices, notices=notices)
    actors = Actors(
        store=outside.store,
        directory=directory,
        clock=clock,
        times=InviteTimes().scaled(times.factor),
        complain=alerts.complain,
    )
    actors.subscribe(alerts.on_decided)
    return Attribution(actors=actors, alerts=alerts, choices=choices)
