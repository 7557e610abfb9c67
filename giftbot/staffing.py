"""Wiring of staff links and VIP credit. Nothing is opened here, and nothing runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs

from giftbot.models.ids import GuildId
from giftbot.models.invite_batch import Ledger
from giftbot.outside import Discord, Outside
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.invites.credits import Credits
from giftbot.services.invites.link_watch import LinkWatch
from giftbot.services.invites.ports import InviteDirectory, StaffDesk
from giftbot.services.invites.reviews import Reviews
from giftbot.services.invites.staff import StaffLinks
from giftbot.services.invites.staff_news import StaffNews
from giftbot.services.invites.staff_statistics import StaffStatistics
from giftbot.services.invites.staff_work import TURN, StaffWork
from giftbot.services.invites.vip_settings import VipSettings
from giftbot.services.notices import Notices


@attrs.frozen
class Staffing:
    """The services of staff links and VIP credit, wired."""

    links: StaffLinks
    watch: LinkWatch
    reviews: Reviews
    credits: Credits
    news: StaffNews
    statistics: StaffStatistics
    vip: VipSettings
    desk: StaffDesk
    work: StaffWork

    @property
    def dependencies(self) -> dict[type[object], object]:
        """What the commands are given."""
        return {
            StaffLinks: self.links,
            LinkWatch: self.watch,
            Reviews: self.reviews,
            Credits: self.credits,
            StaffNews: self.news,
            StaffStatistics: self.statistics,
            VipSettings: self.vip,
            StaffDesk: self.desk,
        }


def assemble_staffing(
    outside: Outside,
    discord: Discord,
    directory: InviteDirectory,
    desk: StaffDesk,
    *,
    choices: InviteChoices,
    notices: Notices,
    refresh: Callable[[GuildId], Awaitable[Ledger]],
    changed: Callable[[GuildId], None] = lambda _guild_id: None,
    turn: float = TURN,
) -> Staffing:
    """Wire them.

    `refresh` looks at a server's invites now; `changed` is told of servers with new rows; `turn` is in seconds.
    """
    store, clock = outside.store, outside.clock
    reviews = Reviews(store=store, choices=choices, desk=desk, clock=clock, changed=changed)
    credit = Credits(store=store, directory=directory, choices=choices, reviews=reviews, clock=clock)
    watch = LinkWatch(
        store=store, directory=directory, choices=choices, desk=desk, notices=notices, clock=clock, changed=changed
    )
    news = StaffNews(choices=choices, desk=desk, clock=clock)
    return Staffing(
        links=StaffLinks(store=store, directory=directory, clock=clock, refresh=refresh, changed=changed),
        watch=watch,
        reviews=reviews,
        credits=credit,
        news=news,
        statistics=StaffStatistics(store),
        vip=VipSettings(choices=choices, channels=discord.channels),
        desk=desk,
        work=StaffWork(
            choices=choices, ledger=credit, reviews=reviews, links=watch, news=news, clock=clock, turn=turn
        ),
    )
