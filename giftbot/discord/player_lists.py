"""Lists of players as Discord shows them: embeds, and buttons that know where they are."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import hikari
from hikari.impl import MessageActionRowBuilder

from giftbot.discord.messages import COLOUR
from giftbot.errors import UserError
from giftbot.models.ids import PlayerId
from giftbot.models.player import PlayerState
from giftbot.models.player_views import PlayerPage, PlayerView
from giftbot.text import answers as answer_texts
from giftbot.text import players as player_texts
from giftbot.text import redemptions as redemption_texts

ROUTE_PAGE = "players"
ROUTE_FILTER = "players-filter"
ROUTE_MINE = "players-mine"
ALL = "all"
_MINE = 5
"""Players on a page of somebody's own; five full fields are within Discord's 6,000 characters."""


@attrs.frozen
class Place:
    """Where a button of the list leads, as its `custom_id` says it."""

    state: PlayerState | None
    player_id: PlayerId
    """The page begins after this player, or ends before them."""
    is_back: bool
    start: int
    """How many players come before the page's first one; for a way back, before the page that was left."""

    def __str__(self) -> str:
        return f"{self.state or ALL}:{'back' if self.is_back else 'next'}:{self.player_id}:{self.start}"


def parse_state(word: str) -> PlayerState | None:
    """A state as a button or a menu names it; None for all. Raises `UserError`."""
    try:
        return None if word == ALL else PlayerState(word)
    except ValueError:
        raise UserError(answer_texts.TOO_LATE) from None


def parse_place(argument: str) -> Place:
    """Where a button leads. Raises `UserError` when it is none of ours."""
    match argument.split(":"):
        case [state, ("back" | "next") as way, player_id, start] if player_id.isdecimal() and start.isdecimal():
            return Place(parse_state(state), PlayerId(player_id), way == "back", int(start))
        case _:
            raise UserError(answer_texts.TOO_LATE)


def list_embed(page: PlayerPage) -> hikari.Embed:
    """A page of a server's players."""
    lines = "\n".join(player_texts.list_line(player) for player in page.players)
    embed = hikari.Embed(
        title=player_texts.LIST_TITLE, description=lines or player_texts.NO_PLAYERS_LISTED, colour=COLOUR
    )
    return embed.set_footer(player_texts.list_footer(page))


def list_components(page: PlayerPage) -> Sequence[MessageActionRowBuilder]:
    """The filter, and the ways to the pages around this one, if there are any."""
    states = MessageActionRowBuilder()
    menu = states.add_text_menu(f"{ROUTE_FILTER}:", placeholder=player_texts.LIST_FILTER)
    menu.add_option(player_texts.LIST_ALL, ALL, is_default=page.state is None)
    for state, name in player_texts.STATE_NAMES.items():
        menu.add_option(name.capitalize(), state.value, is_default=page.state is state)
    if not page.start and not page.has_more:
        return [states]
    first, last = (page.players[0], page.players[-1]) if page.players else (None, None)
    ways = MessageActionRowBuilder()
    back = Place(page.state, first.player_id, True, page.start) if first else "none"
    ways.add_interactive_button(
        hikari.ButtonStyle.SECONDARY,
        f"{ROUTE_PAGE}:{back}",
        label=player_texts.BUTTON_BACK,
        is_disabled=not page.start,
    )
    following = Place(page.state, last.player_id, False, page.start + len(page.players)) if last else "none-more"
    ways.add_interactive_button(
        hikari.ButtonStyle.SECONDARY,
        f"{ROUTE_PAGE}:{following}",
        label=player_texts.BUTTON_NEXT,
        is_disabled=not page.has_more,
    )
    return [states, ways]


def mine_embed(views: Sequence[PlayerView], number: int, site: str) -> hikari.Embed:
    """A page of somebody's own players, counted from 0; the last one when there are less."""
    halted = redemption_texts.nothing_now(views[0].halted) if views and views[0].halted is not None else None
    embed = hikari.Embed(
        title=player_texts.MINE_TITLE, description=halted if views else player_texts.NO_PLAYERS, colour=COLOUR
    )
    number = _existing(number, views)
    for view in views[number * _MINE : (number + 1) * _MINE]:
        embed.add_field(*player_texts.own_player(view, site))
    if len(views) > _MINE:
        embed.set_footer(player_texts.mine_footer(number, _MINE, len(views)))
    return embed


def mine_components(views: Sequence[PlayerView], number: int) -> Sequence[MessageActionRowBuilder]:
    """The ways to the pages around this one; none when there is only this one."""
    if len(views) <= _MINE:
        return []
    number = _existing(number, views)
    row = MessageActionRowBuilder()
    row.add_interactive_button(
        hikari.ButtonStyle.SECONDARY,
        f"{ROUTE_MINE}:{number - 1}",
        label=player_texts.BUTTON_BACK,
        is_disabled=number == 0,
    )
    row.add_interactive_button(
        hikari.ButtonStyle.SECONDARY,
        f"{ROUTE_MINE}:{number + 1}",
        label=player_texts.BUTTON_NEXT,
        is_disabled=(number + 1) * _MINE >= len(views),
    )
    return [row]


def _existing(number: int, views: Sequence[PlayerView]) -> int:
    """The page of this number, or the last one: players may have been removed since a button was drawn."""
    return min(number, max(0, (len(views) - 1) // _MINE))
