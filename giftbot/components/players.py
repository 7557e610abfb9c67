"""`/player`: what everybody does for their own players, and admins for their server's."""

from typing import Annotated

import alluka
import hikari
import tanjun
from tanjun.annotations import Attachment, Choices, Int, Length, Max, Member, Min, Name, Str

from giftbot.discord.access import is_manager, require_guild, require_manager
from giftbot.discord.attachments import download, table_file
from giftbot.discord.player_choices import own_players, player_choices
from giftbot.discord.player_forms import ROUTE_IMPORTED, read_roster_form, roster_form
from giftbot.discord.player_lists import (
    ROUTE_FILTER,
    ROUTE_MINE,
    ROUTE_PAGE,
    list_components,
    list_embed,
    mine_components,
    mine_embed,
    parse_place,
    parse_state,
)
from giftbot.discord.press import Press
from giftbot.discord.replies import reply
from giftbot.discord.router import Routes
from giftbot.models.ids import GuildId, UserId
from giftbot.models.player import HIGHEST_KINGDOM, parse_nickname, parse_player_id
from giftbot.models.player_views import PlayerPage
from giftbot.models.roster import MOST_BYTES
from giftbot.services.player_pages import PlayerPages
from giftbot.services.players import Players
from giftbot.services.roster_lines import decode_csv
from giftbot.services.rosters import report_csv
from giftbot.text import players as player_texts
from giftbot.text import rosters as roster_texts

IMPORT_NAME = "import.csv"
EXPORT_NAME = "players.csv"

component = tanjun.Component(name="players")
routes = Routes()
player = tanjun.slash_command_group("player", "Your players in the game", default_to_ephemeral=True)
component.add_slash_command(player)


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@player.as_sub_command("add", "Register your player: gift codes are redeemed for them")
async def add(
    ctx: tanjun.abc.SlashContext,
    player_id: Annotated[Str, "The player id, from your profile in the game", Name("id"), Length(1, 40)],
    players: alluka.Injected[Players],
    kingdom: Annotated[
        Int | None, "The kingdom (state); without it this server's default", Min(1), Max(HIGHEST_KINGDOM)
    ] = None,
    nickname: Annotated[Str | None, "A name to know the player by", Length(1, 100)] = None,
) -> None:
    """Register a player of one's own, repair their kingdom, or claim one that was imported."""
    guild_id, number = require_guild(ctx.guild_id), parse_player_id(player_id)
    await ctx.defer()
    done = await players.add(guild_id, number, kingdom, UserId(int(ctx.author.id)), parse_nickname(nickname))
    await reply(ctx, player_texts.registered(done))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@player.as_sub_command("remove", "Forget a player of yours")
async def remove(
    ctx: tanjun.abc.SlashContext,
    player_id: Annotated[Str, "The player id", Name("player"), Length(1, 40)],
    players: alluka.Injected[Players],
) -> None:
    """Forget one's own player; admins: any."""
    guild_id, user_id = require_guild(ctx.guild_id), UserId(int(ctx.author.id))
    removed = await players.remove(
        guild_id, parse_player_id(player_id), user_id, is_admin=is_manager(_member_of(ctx))
    )
    await reply(ctx, player_texts.player_removed(removed))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@player.as_sub_command("pause", "Pause a player of yours, or go on with one that is paused")
async def pause(
    ctx: tanjun.abc.SlashContext,
    player_id: Annotated[Str, "The player id", Name("player"), Length(1, 40)],
    players: alluka.Injected[Players],
) -> None:
    """Pause or resume one's own player; admins: any."""
    guild_id, user_id = require_guild(ctx.guild_id), UserId(int(ctx.author.id))
    toggled, codes = await players.toggle_pause(
        guild_id, parse_player_id(player_id), user_id, is_admin=is_manager(_member_of(ctx))
    )
    await reply(ctx, player_texts.player_toggled(toggled, codes, players.halted))


@player.as_sub_command("mine", "Show your players, and what was redeemed for them")
async def mine(ctx: tanjun.abc.SlashContext, players: alluka.Injected[Players]) -> None:
    """Show one's own players."""
    views = await players.mine(require_guild(ctx.guild_id), UserId(int(ctx.author.id)))
    if not views:
        await reply(ctx, player_texts.NO_PLAYERS)
        return
    await reply(ctx, embeds=[mine_embed(views, 0, players.site)], components=mine_components(views, 0))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@player.as_sub_command("assign", "Admins: say whose player this is")
async def assign(
    ctx: tanjun.abc.SlashContext,
    player_id: Annotated[Str, "The player id", Name("player"), Length(1, 40)],
    member: Annotated[Member, "Whose player it is from now on"],
    players: alluka.Injected[Players],
) -> None:
    """Give a player to a member of the server."""
    require_manager(_member_of(ctx))
    owner = UserId(int(member.id))
    assigned = await players.assign(require_guild(ctx.guild_id), parse_player_id(player_id), owner)
    await reply(ctx, player_texts.player_assigned(assigned, owner))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@player.as_sub_command("list", "Admins: show the players of this server")
async def list_(
    ctx: tanjun.abc.SlashContext,
    pages: alluka.Injected[PlayerPages],
    state: Annotated[
        Str | None,
        "Only players who are",
        Choices({name: state.value for state, name in player_texts.STATE_NAMES.items()}),
    ] = None,
) -> None:
    """Open the list at its first page."""
    require_manager(_member_of(ctx))
    page = await pages.after(require_guild(ctx.guild_id), parse_state(state) if state else None)
    await reply(ctx, embeds=[list_embed(page)], components=list_components(page))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@player.as_sub_command("import", "Admins: register many players from a table (id, kingdom, nickname)")
async def import_(
    ctx: tanjun.abc.SlashContext,
    players: alluka.Injected[Players],
    file: Annotated[Attachment | None, "A CSV file; without it you can type the lines"] = None,
) -> None:
    """Import a file, or ask for the lines."""
    require_manager(_member_of(ctx))
    guild_id = require_guild(ctx.guild_id)
    if file is None:
        await ctx.create_modal_response(roster_texts.IMPORT_TITLE, f"{ROUTE_IMPORTED}:", components=roster_form())
        return
    await ctx.defer()
    words = decode_csv(await download(file, MOST_BYTES))
    answer, report = await _import(players, guild_id, words, UserId(int(ctx.author.id)))
    await reply(ctx, answer, attachments=[report])


@player.as_sub_command("export", "Admins: get the players of this server as a table")
async def export(ctx: tanjun.abc.SlashContext, players: alluka.Injected[Players]) -> None:
    """Give all players as a CSV file."""
    require_manager(_member_of(ctx))
    guild_id = require_guild(ctx.guild_id)
    await ctx.defer()
    words = await players.export_csv(guild_id)
    await reply(ctx, roster_texts.EXPORTED, attachments=[table_file(EXPORT_NAME, words)])


@remove.with_str_autocomplete("player")
@pause.with_str_autocomplete("player")
async def suggest_own(
    ctx: tanjun.abc.AutocompleteContext,
    value: str,
    players: alluka.Injected[Players],
    pages: alluka.Injected[PlayerPages],
) -> None:
    """Offer one's own players; to admins all others, too, once they begin to type."""
    guild_id = require_guild(ctx.guild_id)
    found = await own_players(players, guild_id, UserId(int(ctx.author.id)), value)
    if value and is_manager(_member_of(ctx)):
        found += [one for one in await pages.suggest(guild_id, value) if one not in found]
    await ctx.set_choices(player_choices(found))


@assign.with_str_autocomplete("player")
async def suggest_any(ctx: tanjun.abc.AutocompleteContext, value: str, pages: alluka.Injected[PlayerPages]) -> None:
    """Offer players of the server, to admins."""
    is_admin = is_manager(_member_of(ctx))
    await ctx.set_choices(
        player_choices(await pages.suggest(require_guild(ctx.guild_id), value) if is_admin else ())
    )


@routes.on(ROUTE_IMPORTED)
async def import_lines(press: Press, players: alluka.Injected[Players]) -> None:
    """Import the lines that were typed."""
    press.require_manager()
    await press.defer()
    answer, report = await _import(players, press.guild_id, read_roster_form(press.fields), press.user_id)
    await press.answer(answer, attachment=report)


@routes.on(ROUTE_PAGE, updates=True)
async def turn_page(press: Press, pages: alluka.Injected[PlayerPages]) -> None:
    """Show the page after or before this one."""
    press.require_manager()
    place = parse_place(press.argument)
    page = await (
        pages.before(press.guild_id, place.state, place.player_id, start=place.start)
        if place.is_back
        else pages.after(press.guild_id, place.state, place.player_id, start=place.start)
    )
    await _show(press, page)


@routes.on(ROUTE_FILTER, updates=True)
async def filter_list(press: Press, pages: alluka.Injected[PlayerPages]) -> None:
    """Show only players in one state."""
    press.require_manager()
    await _show(press, await pages.after(press.guild_id, parse_state(press.values[0])))


@routes.on(ROUTE_MINE, updates=True)
async def turn_own_page(press: Press, players: alluka.Injected[Players]) -> None:
    """Show another page of one's own players."""
    views = await players.mine(press.guild_id, press.user_id)
    number = int(press.argument) if press.argument.isdecimal() else 0
    await press.update(embeds=[mine_embed(views, number, players.site)], components=mine_components(views, number))


async def _show(press: Press, page: PlayerPage) -> None:
    await press.update(embeds=[list_embed(page)], components=list_components(page))


async def _import(players: Players, guild_id: GuildId, words: str, by: UserId) -> tuple[str, hikari.Bytes]:
    """The answer to an import, and the table that says what became of each line."""
    report = await players.import_csv(guild_id, words, by)
    return roster_texts.imported(report), table_file(IMPORT_NAME, await report_csv(report))


def _member_of(
    ctx: tanjun.abc.SlashContext | tanjun.abc.AutocompleteContext,
) -> hikari.InteractionMember | None:
    return ctx.member if isinstance(ctx.member, hikari.InteractionMember) else None


loader = component.make_loader()
