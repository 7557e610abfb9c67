"""`/giftcode_stats` and `/giftcode_reset`: what was sent in a server, and forgetting it."""

import alluka
import hikari
import tanjun
from hikari.impl import MessageActionRowBuilder

from giftbot.discord.access import MANAGER, require_guild, require_manager
from giftbot.discord.confirmations import Confirmations
from giftbot.discord.messages import COLOUR
from giftbot.discord.press import Press
from giftbot.discord.replies import reply
from giftbot.discord.router import Routes
from giftbot.models.ids import UserId
from giftbot.services.announcements import Announcements
from giftbot.services.guilds import Guilds
from giftbot.services.history import History
from giftbot.text import answers as texts

ROUTE_RESET = "reset"
ROUTE_CANCEL = "cancel"

component = tanjun.Component(name="records")
routes = Routes()


@component.with_slash_command
@tanjun.as_slash_command(
    "giftcode_stats",
    "Show what was posted in this server",
    default_to_ephemeral=True,
    default_member_permissions=MANAGER,
)
async def giftcode_stats(ctx: tanjun.abc.SlashContext, announcements: alluka.Injected[Announcements]) -> None:
    """Show the figures of this server."""
    require_manager(ctx.member if isinstance(ctx.member, hikari.InteractionMember) else None)
    stats = await announcements.get_stats(require_guild(ctx.guild_id))
    embed = hikari.Embed(title=texts.STATS_TITLE, colour=COLOUR)
    for name, value in texts.statistics(stats):
        embed.add_field(name, value, inline=True)
    await reply(ctx, embeds=[embed])


@component.with_slash_command
@tanjun.as_slash_command(
    "giftcode_reset",
    "Forget what was posted in this server, so that all active codes are posted again",
    default_to_ephemeral=True,
    default_member_permissions=MANAGER,
)
async def giftcode_reset(
    ctx: tanjun.abc.SlashContext,
    announcements: alluka.Injected[Announcements],
    guilds: alluka.Injected[Guilds],
    history: alluka.Injected[History],
    confirmations: alluka.Injected[Confirmations],
) -> None:
    """Say what a reset would do, and ask."""
    require_manager(ctx.member if isinstance(ctx.member, hikari.InteractionMember) else None)
    guild_id = require_guild(ctx.guild_id)
    token = confirmations.ask(UserId(int(ctx.author.id)), guild_id)
    row = MessageActionRowBuilder()
    row.add_interactive_button(hikari.ButtonStyle.DANGER, f"{ROUTE_RESET}:{token}", label=texts.BUTTON_RESET)
    row.add_interactive_button(hikari.ButtonStyle.SECONDARY, f"{ROUTE_CANCEL}:{token}", label=texts.BUTTON_CANCEL)
    stats = await announcements.get_stats(guild_id)
    active = len(await history.active())
    question = texts.reset_question(stats.total_codes, active, await guilds.get(guild_id))
    await reply(ctx, question, components=[row])


@routes.on(ROUTE_RESET, updates=True)
async def confirm_reset(
    press: Press,
    announcements: alluka.Injected[Announcements],
    guilds: alluka.Injected[Guilds],
    confirmations: alluka.Injected[Confirmations],
) -> None:
    """Do it."""
    press.require_manager()
    guild_id = confirmations.take(press.argument, press.user_id)
    again = await announcements.reset(guild_id)
    await press.update(texts.reset_done(again, await guilds.get(guild_id)), components=[])


@routes.on(ROUTE_CANCEL, updates=True)
async def cancel_reset(press: Press, confirmations: alluka.Injected[Confirmations]) -> None:
    """Leave everything as it is."""
    confirmations.take(press.argument, press.user_id)
    await press.update(texts.CANCELLED, components=[])


loader = component.load_from_scope().make_loader()
