"""`/giftcode`, and the buttons on every post."""

import alluka
import tanjun

from giftbot import text
from giftbot.discord.messages import (
    ACTIVE,
    ROUTE_COPY,
    ROUTE_REDEEM,
    ROUTE_REFRESH,
    embeds_of,
    post_buttons,
    shown_codes,
)
from giftbot.discord.press import Press
from giftbot.discord.replies import reply
from giftbot.discord.router import Routes
from giftbot.errors import UserError
from giftbot.models.code import GiftCode
from giftbot.services.history import History
from giftbot.services.ports import Clock
from giftbot.services.posts import overview, pages_of

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
        await reply(ctx, text.NO_ACTIVE_CODES)
        return
    await reply(ctx, embeds=embeds_of(overview(codes, clock.now())), components=post_buttons(ACTIVE))


async def _codes_of(press: Press, history: History) -> list[GiftCode]:
    """The codes that the pressed message shows; on a list of active codes those that are active now."""
    if press.argument == ACTIVE:
        return await history.active()
    codes = await history.posted(press.guild_id, press.argument, shown_codes(press.embeds))
    if not codes:
        raise UserError(text.POST_NOT_FOUND)
    return codes


@routes.on(ROUTE_COPY)
async def copy(press: Press, history: alluka.Injected[History]) -> None:
    """Give the codes in a block, one a line, ready to be copied."""
    codes = await _codes_of(press, history)
    await press.answer(text.codes_to_copy([code.display for code in codes]) if codes else text.NO_ACTIVE_CODES)


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
        pages = overview(codes, now)
    else:
        title = text.refreshed_title(sum(not code.is_over(now) for code in codes), len(codes))
        pages = pages_of(codes, title, text.post_footer(press.argument), now)
    await press.update(embeds=embeds_of(pages), components=post_buttons(press.argument))


loader = component.load_from_scope().make_loader()
