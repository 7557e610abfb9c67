"""Figure 9: how long the event loop is held by the largest table of players that is taken."""

from __future__ import annotations

import gc
from collections.abc import Sequence

from bench.figures import Figure, ms
from bench.lateness import probing
from bench.places import STORES
from bench.session import Session
from giftbot.clock import SystemClock
from giftbot.models.ids import GuildId, UserId
from giftbot.models.player import Player
from giftbot.models.roster import MOST_LINES, LineResult
from giftbot.services.rosters import Rosters, report_csv

GUILD, ADMIN = GuildId(10**17), UserId(1)
LONGEST_HOLD = 0.05
"""Seconds for which the loop may be held."""


class NoCodes:
    """Redeems nothing, for there is no code."""

    halted = None

    async def enrol_players(self, guild_id: GuildId, players: Sequence[Player]) -> int:
        """For no code."""
        return 0

    async def make_up_for(self, guild_id: GuildId, players: Sequence[Player]) -> int:
        """For no code."""
        return 0


async def measure(session: Session) -> list[Figure]:
    """Import as many lines as may be, import them again, report and export them; on both stores."""
    words = "".join(f"{number},312,Player number {number}\n" for number in range(MOST_LINES))
    figures = []
    for kind in STORES:
        async with session.places.new(kind).open() as store, probing() as probe:
            rosters = Rosters(store=store, guilds=store, redemptions=NoCodes(), clock=SystemClock())
            gc.collect()
            gc.freeze()  # as the bot does at its start
            await session.watch.idle.ask("late")
            probe.take()
            report = await rosters.import_csv(GUILD, words, ADMIN)
            again = await rosters.import_csv(GUILD, words, ADMIN)
            await report_csv(report)
            await rosters.export_csv(GUILD)
            late, busy = probe.take()
            still = (await session.watch.idle.ask("late"))["worst"]
            gc.unfreeze()
        assert report.counts[LineResult.ADDED] == again.counts[LineResult.KNOWN] == MOST_LINES
        beyond = max(late - still, 0.0)
        figures.append(
            Figure(
                "9",
                f"{kind}: a table of {MOST_LINES} players in and out again: longest hold of the loop",
                f"<= {ms(LONGEST_HOLD)} beyond an idle loop",
                f"{ms(beyond)} (worst {ms(late)}, computing {ms(busy)}; idle loop {ms(still)})",
                beyond <= LONGEST_HOLD,
                {"beyond": beyond, "worst": late, "computing": busy, "idle": still},
            )
        )
    return figures
