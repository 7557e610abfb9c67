"""`/invites leaderboard`, as admins read it."""

from __future__ import annotations

from giftbot.models.invite_board import Board, Period, Standing
from giftbot.text.invites import percent, person
from giftbot.text.words import counted

PERIOD_NAMES = {
    Period.ALL: "all time",
    Period.WEEK: "7 days",
    Period.DAYS30: "30 days",
    Period.MONTH: "this month",
}
NOBODY = "Nobody brought anybody in this time, as far as I know."


def title(period: Period) -> str:
    """The heading."""
    return f"Invites: {PERIOD_NAMES[period]}"


def line(place: int, standing: Standing) -> str:
    """One inviter: two lines."""
    first = (
        f"**{place}.** {person(standing.owner_id, standing.owner_name)}: **{standing.real:,}**"
        f" ({standing.joined:,} joined, {standing.here:,} here, {standing.left:,} left)"
    )
    if standing.possible:
        first += f", perhaps {standing.possible:.1f} more ({percent(standing.uncertain)} uncertain)"
    return f"{first}\n{_stays(standing)}{_fakes(standing)}"


def figures(standing: Standing) -> str:
    """Somebody's figures, for the list of those whom they brought."""
    parts = [f"{counted(standing.joined, 'join')}, {standing.here:,} still here, {standing.left:,} left"]
    if standing.possible:
        parts.append(f"perhaps {standing.possible:.1f} more")
    return f"{', '.join(parts)}\n{_stays(standing)}{_fakes(standing)}"


def footer(board: Board, page: int, pages: int) -> str:
    """What the figures do not show."""
    parts = [f"page {page + 1} of {pages}"] if pages > 1 else []
    parts.append(f"{counted(board.joined, 'join')} in all")
    if board.without:
        parts.append(f"{board.without:,} without an inviter")
    if board.joined:
        parts.append(f"{percent(board.uncertain)} uncertain")
    return " · ".join(parts)


LEGEND = "Ranked by joins without own invites, rejoins and accounts younger than a day."


def _stays(standing: Standing) -> str:
    shown = [f"{stay.days} d {stay.stayed:,} of {stay.old_enough:,}" for stay in standing.stays if stay.old_enough]
    return f"stayed {', '.join(shown)}" if shown else "all of them came within a day"


def _fakes(standing: Standing) -> str:
    flags = []
    if standing.own:
        flags.append(counted(standing.own, "own invite"))
    if standing.rejoined:
        flags.append(f"{standing.rejoined:,} came again")
    if standing.young:
        flags.append(f"{counted(standing.young, 'account')} younger than a day")
    return f" · {', '.join(flags)}" if flags else ""
