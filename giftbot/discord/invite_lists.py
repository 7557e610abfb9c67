"""Answers about invites as Discord shows them: embeds, and buttons that know where they are."""

from __future__ import annotations

from collections.abc import Sequence

import hikari
from hikari.impl import MessageActionRowBuilder

from giftbot.discord.messages import COLOUR
from giftbot.errors import UserError
from giftbot.models.ids import UserId
from giftbot.models.invite_board import Board, Period
from giftbot.models.invite_health import ChannelPage, Health, InvitePage, Refreshed
from giftbot.models.join import Join
from giftbot.services.invites.inquiries import Brought
from giftbot.text import answers as answer_texts
from giftbot.text import invite_debug as debug_texts
from giftbot.text import invites as texts
from giftbot.text import leaderboards
from giftbot.text import players as player_texts
from giftbot.text import posts as post_texts

ROUTE_BY = "inv-by"
ROUTE_BOARD = "inv-board"
ROUTE_DEBUG = "inv-debug"
ROUTE_CHANNELS = "inv-channels"
OVERVIEW = "overview"
PLACES = 10
"""Inviters on a page of the leaderboard."""


def who_embed(joins: Sequence[Join]) -> hikari.Embed:
    """Somebody's newest membership, and those before."""
    embed = hikari.Embed(title=texts.WHO_TITLE, description=texts.who(joins[0]), colour=COLOUR)
    if len(joins) > 1:
        embed.add_field("Before", texts.earlier(joins[1:]))
    return embed


def explain_embed(joins: Sequence[Join]) -> hikari.Embed:
    """How somebody's newest membership was decided."""
    embed = hikari.Embed(title=texts.EXPLAIN_TITLE, description=texts.who(joins[0]), colour=COLOUR)
    for name, words in texts.explanation(joins[0]):
        embed.add_field(name, words)
    if len(joins) > 1:
        embed.add_field("Before", texts.earlier(joins[1:]))
    return embed.set_footer(texts.explain_footer(joins[0]))


def by_embed(brought: Brought, name: str | None = None) -> hikari.Embed:
    """A page of whom somebody brought."""
    standing = brought.standing
    lines = [texts.person(standing.owner_id, standing.owner_name or name), leaderboards.figures(standing), ""]
    lines += [texts.by_line(join) for join in brought.joins] or [texts.NOBODY_CAME]
    embed = hikari.Embed(title=texts.BY_TITLE, description="\n".join(lines)[:4096], colour=COLOUR)
    return embed.set_footer(f"page {brought.number + 1}") if brought.number or brought.has_more else embed


def by_components(brought: Brought) -> Sequence[MessageActionRowBuilder]:
    """The ways to the pages around this one."""
    route = f"{ROUTE_BY}:{brought.standing.owner_id}"
    return _ways(route, brought.number, has_more=brought.has_more)


def parse_by(argument: str) -> tuple[UserId, int]:
    """Whose page a button leads to, and which. Raises `UserError`."""
    match argument.split(":"):
        case [user_id, number] if user_id.isdecimal() and number.isdecimal():
            return UserId(int(user_id)), int(number)
        case _:
            raise UserError(answer_texts.TOO_LATE)


def board_embed(board: Board, number: int) -> hikari.Embed:
    """A page of the leaderboard; the last one when there are less."""
    pages = _pages(len(board.standings))
    number = min(number, pages - 1)
    start = number * PLACES
    lines = [
        leaderboards.line(start + place, standing)
        for place, standing in enumerate(board.standings[start : start + PLACES], start=1)
    ]
    words = "\n".join([leaderboards.LEGEND, *lines] if lines else [leaderboards.NOBODY])
    embed = hikari.Embed(title=leaderboards.title(board.period), description=words[:4096], colour=COLOUR)
    return embed.set_footer(leaderboards.footer(board, number, pages))


def board_components(board: Board, number: int) -> Sequence[MessageActionRowBuilder]:
    """The ways to the pages around this one."""
    pages = _pages(len(board.standings))
    number = min(number, pages - 1)
    return _ways(f"{ROUTE_BOARD}:{board.period.value}", number, has_more=number + 1 < pages)


def parse_board(argument: str) -> tuple[Period, int]:
    """Which period and page a button leads to. Raises `UserError`."""
    match argument.split(":"):
        case [period, number] if number.isdecimal() and period in tuple(Period):
            return Period(period), int(number)
        case _:
            raise UserError(answer_texts.TOO_LATE)


def debug_embed(health: Health) -> hikari.Embed:
    """How attribution stands."""
    return _fields(debug_texts.DEBUG_TITLE, None, debug_texts.overview(health))


def debug_components() -> Sequence[MessageActionRowBuilder]:
    """The ways to invites and channels, and the way to look again."""
    row = _labelled(MessageActionRowBuilder(), f"{ROUTE_DEBUG}:{OVERVIEW}", post_texts.BUTTON_REFRESH)
    _labelled(row, f"{ROUTE_DEBUG}:0", debug_texts.BUTTON_INVITES)
    return [_labelled(row, f"{ROUTE_CHANNELS}:0", debug_texts.BUTTON_CHANNELS)]


def invites_embed(page: InvitePage) -> hikari.Embed:
    """A page of the invites."""
    lines = "\n".join(debug_texts.invite_line(line) for line in page.lines) or debug_texts.NO_INVITES
    embed = hikari.Embed(title=debug_texts.INVITES_TITLE, description=lines[:4096], colour=COLOUR)
    return embed.set_footer(debug_texts.invites_footer(page))


def invites_components(page: InvitePage) -> Sequence[MessageActionRowBuilder]:
    """The ways to the pages around this one, and back to the overview."""
    return _within(ROUTE_DEBUG, page.number, page.pages)


def channels_embed(page: ChannelPage) -> hikari.Embed:
    """A page of the channels."""
    lines = "\n".join(debug_texts.channel_line(line) for line in page.lines) or debug_texts.NO_CHANNELS
    embed = hikari.Embed(title=debug_texts.CHANNELS_TITLE, description=lines[:4096], colour=COLOUR)
    return embed.set_footer(debug_texts.channels_footer(page))


def channels_components(page: ChannelPage) -> Sequence[MessageActionRowBuilder]:
    """The ways to the pages around this one, and back to the overview."""
    return _within(ROUTE_CHANNELS, page.number, page.pages)


def refreshed_embed(done: Refreshed) -> hikari.Embed:
    """What a refresh changed."""
    return _fields(debug_texts.REFRESHED_TITLE, debug_texts.refreshed_summary(done), debug_texts.refreshed(done))


def _fields(title: str, words: str | None, fields: Sequence[tuple[str, str]]) -> hikari.Embed:
    """Fields within Discord's 6,000 characters in all."""
    embed = hikari.Embed(title=title, description=words, colour=COLOUR)
    left = 5_800 - len(title) - len(words or "")
    for name, value in fields:
        share = value[: max(1, left - len(name))]
        embed.add_field(name, share)
        left -= len(name) + len(share)
    return embed


def _ways(route: str, number: int, *, has_more: bool) -> Sequence[MessageActionRowBuilder]:
    """Back and forth; nothing when there is only one page."""
    if not number and not has_more:
        return []
    row = MessageActionRowBuilder()
    back = f"{route}:{number - 1}" if number else f"{route}:none"
    row.add_interactive_button(
        hikari.ButtonStyle.SECONDARY, back, label=player_texts.BUTTON_BACK, is_disabled=not number
    )
    row.add_interactive_button(
        hikari.ButtonStyle.SECONDARY,
        f"{route}:{number + 1}",
        label=player_texts.BUTTON_NEXT,
        is_disabled=not has_more,
    )
    return [row]


def _within(route: str, number: int, pages: int) -> Sequence[MessageActionRowBuilder]:
    rows = _ways(route, number, has_more=number + 1 < pages)
    row = rows[0] if rows else MessageActionRowBuilder()
    return [_labelled(row, f"{ROUTE_DEBUG}:{OVERVIEW}", debug_texts.BUTTON_OVERVIEW)]


def _labelled(row: MessageActionRowBuilder, custom_id: str, label: str) -> MessageActionRowBuilder:
    row.add_interactive_button(hikari.ButtonStyle.SECONDARY, custom_id, label=label)
    return row


def _pages(count: int) -> int:
    return max(1, -(-count // PLACES))
