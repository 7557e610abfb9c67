"""`/debug_invites` and `/refresh_invite_cache`: what is known of a server's invites, and looking anew."""

import alluka
import hikari
import tanjun

from giftbot.discord.access import MANAGER, require_guild, require_manager
from giftbot.discord.invite_lists import (
    OVERVIEW,
    ROUTE_CHANNELS,
    ROUTE_DEBUG,
    channels_components,
    channels_embed,
    debug_components,
    debug_embed,
    invites_components,
    invites_embed,
    refreshed_embed,
)
from giftbot.discord.press import Press
from giftbot.discord.replies import reply
from giftbot.discord.router import Routes
from giftbot.errors import UserError
from giftbot.services.invites.health import InviteHealth
from giftbot.text import answers as texts

component = tanjun.Component(name="invite_debug")
routes = Routes()


@component.with_slash_command
@tanjun.as_slash_command(
    "debug_invites",
    "Show what is known of this server's invites, and what is missing",
    default_to_ephemeral=True,
    default_member_permissions=MANAGER,
)
async def debug_invites(ctx: tanjun.abc.SlashContext, health: alluka.Injected[InviteHealth]) -> None:
    """Look once, and show how everything stands."""
    require_manager(ctx.member if isinstance(ctx.member, hikari.InteractionMember) else None)
    guild_id = require_guild(ctx.guild_id)
    await ctx.defer()
    await reply(ctx, embeds=[debug_embed(await health.examine(guild_id))], components=debug_components())


@component.with_slash_command
@tanjun.as_slash_command(
    "refresh_invite_cache",
    "Look at this server's invites now, and say what changed",
    default_to_ephemeral=True,
    default_member_permissions=MANAGER,
)
async def refresh_invite_cache(ctx: tanjun.abc.SlashContext, health: alluka.Injected[InviteHealth]) -> None:
    """Look, decide, save, copy."""
    require_manager(ctx.member if isinstance(ctx.member, hikari.InteractionMember) else None)
    guild_id = require_guild(ctx.guild_id)
    await ctx.defer()
    await reply(ctx, embeds=[refreshed_embed(await health.refresh(guild_id))])


@routes.on(ROUTE_DEBUG, updates=True)
async def turn_debug(press: Press, health: alluka.Injected[InviteHealth]) -> None:
    """Show a page of the invites, or the overview with another look."""
    press.require_manager()
    if press.argument == OVERVIEW:
        found = await health.examine(press.guild_id)
        await press.update(embeds=[debug_embed(found)], components=debug_components())
        return
    if not press.argument.isdecimal():
        raise UserError(texts.TOO_LATE)
    page = await health.invites(press.guild_id, int(press.argument))
    await press.update(embeds=[invites_embed(page)], components=invites_components(page))


@routes.on(ROUTE_CHANNELS, updates=True)
async def turn_channels(press: Press, health: alluka.Injected[InviteHealth]) -> None:
    """Show a page of the channels."""
    press.require_manager()
    if not press.argument.isdecimal():
        raise UserError(texts.TOO_LATE)
    page = health.channels(press.guild_id, int(press.argument))
    await press.update(embeds=[channels_embed(page)], components=channels_components(page))


loader = component.load_from_scope().make_loader()
