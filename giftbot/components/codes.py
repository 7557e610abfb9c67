"""`/giftcode`, and the buttons on every post."""

import alluka
import tanjun

from giftbot import text
from giftbot.discord.messages import (
    ACTIVE,
    ROUTE_COPY,
    ROUTE_REDEEM,
    ROUTE_REFRESH,
    code_pages,
    post_buttons,
)
from giftbot.discord.press import Press
from giftbot.discord.router import Routes
from giftbot.errors import UserError
from giftbot.models.code import GiftCode
from giftbot.services.history import History
from giftbot.services.ports import Clock

component = tanjun.Component(name="codes")
routes = Routes()


@component.with_slash_command
@tanjun.as_slash_command("giftcode", "Show the gift codes that can be used now", default_to_ephemeral=True)
async def giftcode(
    ctx: tanjun.abc.SlashContext, history: alluka.Injected[History], clock: alluka.Injected[Clock]
) -> None:
    """List the active codes, to everyone."""
    codes = await history.active()
    if not codes:
        await ctx.respond(text.NO_ACTIVE_CODES)
        return
    embeds = code_pages(codes, text.active_title(len(codes)), None, clock.now())
    await ctx.respond(embeds=embeds, components=post_buttons(ACTIVE))


async def _codes_of(press: Press, history: History) -> list[GiftCode]:
    """The codes that the pressed message shows; on a list of active codes those that are active now."""
    if press.argument == ACTIVE:
        return await history.active()
    codes = await history.posted(press.guild_id, press.argument)
    if not codes:
        raise UserError(text.POST_NOT_FOUND)
    return codes


@routes.on(ROUTE_COPY)
async def copy(press: Press, history: alluka.Injected[History]) -> None:
    """Give the codes as plain text, one a line, ready to be copied on a telephone."""
    codes = await _codes_of(press, history)
    await press.answer("\n".join(code.display for code in codes) or text.NO_ACTIVE_CODES)


@routes.on(ROUTE_REDEEM)
async def redeem(press: Press) -> None:
    """Say how to redeem by hand."""
    await press.answer(text.REDEEM_NOT_ENABLED)


@routes.on(ROUTE_REFRESH, updates=True)
async def refresh(press: Press, history: alluka.Injected[History], clock: alluka.Injected[Clock]) -> None:
    """Show the codes of this message as they are now."""
    codes, now = await _codes_of(press, history), clock.now()
    if not codes:
        await press.update(text.NO_ACTIVE_CODES, embeds=[])
        return
    if press.argument == ACTIVE:
        title, footer = text.active_title(len(codes)), None
    else:
        title = text.refreshed_title(sum(not code.is_over(now) for code in codes), len(codes))
        footer = text.post_footer(press.argument)
    await press.update(embeds=code_pages(codes, title, footer, now), components=post_buttons(press.argument))


loader = component.load_from_scope().make_loader()
