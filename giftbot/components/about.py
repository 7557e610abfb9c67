"""`/giftcode_status`, `/help` and `/about`."""

import alluka
import hikari
import tanjun

from giftbot import __version__
from giftbot.discord.access import require_guild
from giftbot.discord.messages import COLOUR
from giftbot.discord.replies import reply
from giftbot.services.invites.inquiries import Inquiries
from giftbot.services.ports import Clock
from giftbot.services.status import Status
from giftbot.text import answers as texts
from giftbot.text import invites as invite_texts

component = tanjun.Component(name="about")


@component.with_slash_command
@tanjun.as_slash_command("giftcode_status", "Show the bot's status", default_to_ephemeral=True)
async def giftcode_status(
    ctx: tanjun.abc.SlashContext, status: alluka.Injected[Status], clock: alluka.Injected[Clock]
) -> None:
    """Show the last check, the sources, the queue and the store, to everyone."""
    report = await status.report(require_guild(ctx.guild_id))
    embed = hikari.Embed(title=texts.STATUS_TITLE, colour=COLOUR)
    for name, value in texts.status_fields(report, clock.now()):
        embed.add_field(name, value)
    await reply(ctx, embeds=[embed])


@component.with_slash_command
@tanjun.as_slash_command("help", "Show what this bot can do", default_to_ephemeral=True)
async def help_(ctx: tanjun.abc.SlashContext, inquiries: alluka.Injected[Inquiries | None] = None) -> None:
    """List the commands; those about invites only where there are any."""
    words = texts.HELP if inquiries is None else f"{texts.HELP}\n\n{invite_texts.HELP}"
    await reply(ctx, embeds=[hikari.Embed(title=texts.HELP_TITLE, description=words, colour=COLOUR)])


@component.with_slash_command
@tanjun.as_slash_command("about", "Show what this bot is", default_to_ephemeral=True)
async def about(ctx: tanjun.abc.SlashContext) -> None:
    """Say what this bot is, and its version."""
    await reply(ctx, embeds=[hikari.Embed(title="giftbot", description=texts.about(__version__), colour=COLOUR)])


loader = component.load_from_scope().make_loader()
