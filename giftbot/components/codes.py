"""`/giftcode`, and the buttons on every post."""

import asyncio
from collections.abc import Sequence

import alluka
import tanjun

from giftbot.discord.messages import (
    ACTIVE,
    ROUTE_COPY,
    ROUTE_REDEEM,
    ROUTE_REFRESH,
    embeds_of,
    post_buttons,
    shown_codes,
)
from giftbot.discord.player_forms import (
    ROUTE_REGISTER,
    ROUTE_REGISTERED,
    read_register_form,
    register_button,
    register_form,
)
from giftbot.discord.press import Press
from giftbot.discord.replies import reply
from giftbot.discord.router import Routes
from giftbot.errors import UserError
from giftbot.models.code import GiftCode
from giftbot.models.player import Player
from giftbot.services.history import History
from giftbot.services.players import Players
from giftbot.services.ports import Clock
from giftbot.services.posts import overview, pages_of
from giftbot.text import players as player_texts
from giftbot.text import posts as post_texts

LOOK_UP = 1.0
"""Seconds to find out whether somebody has players: a modal must be the first answer, within Discord's 3 s."""

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
        await reply(ctx, post_texts.NO_ACTIVE_CODES)
        return
    await reply(ctx, embeds=embeds_of(overview(codes, clock.now())), components=post_buttons(ACTIVE))


async def _codes_of(press: Press, history: History) -> list[GiftCode]:
    """The codes that the pressed message shows; on a list of active codes those that are active now."""
    if press.argument == ACTIVE:
        return await history.active()
    codes = await history.posted(press.guild_id, press.argument, shown_codes(press.embeds))
    if not codes:
        raise UserError(post_texts.POST_NOT_FOUND)
    return codes


@routes.on(ROUTE_COPY)
async def copy(press: Press, history: alluka.Injected[History]) -> None:
    """Give the codes in a block, one a line, ready to be copied."""
    codes = await _codes_of(press, history)
    await press.answer(
        post_texts.codes_to_copy([code.display for code in codes]) if codes else post_texts.NO_ACTIVE_CODES
    )


@routes.on(ROUTE_REDEEM)
async def redeem(press: Press, history: alluka.Injected[History], players: alluka.Injected[Players]) -> None:
    """Redeem this message's codes for one's own players; who has none is asked for one."""
    guild_id = press.guild_id
    try:
        async with asyncio.timeout(LOOK_UP):
            owned = await players.owned(guild_id, press.user_id)
    except TimeoutError:
        await press.answer(player_texts.LOOK_UP_SLOW, components=register_button(press.argument))
        return
    if not owned:
        await open_form(press)
        return
    await press.defer()
    await press.answer(await _redeem(press, history, players, owned))


@routes.on(ROUTE_REGISTER)
async def open_form(press: Press) -> None:
    """Ask for a player, to redeem this message's codes for."""
    await press.ask(player_texts.REGISTER_TITLE, f"{ROUTE_REGISTERED}:{press.argument}", register_form())


@routes.on(ROUTE_REGISTERED)
async def register_and_redeem(
    press: Press, history: alluka.Injected[History], players: alluka.Injected[Players]
) -> None:
    """Register the player that was typed, and redeem the message's codes for them."""
    player_id, kingdom = read_register_form(press.fields)
    await press.defer()
    done = await players.add(press.guild_id, player_id, kingdom, press.user_id)
    sentence = player_texts.registered(done)
    await press.answer(sentence)
    results = await _redeem(press, history, players, [done.player])
    await press.answer(f"{sentence}\n{results}")


async def _redeem(press: Press, history: History, players: Players, owned: Sequence[Player]) -> str:
    """Redeem the codes of the pressed message; what became of each, in sentences."""
    codes = await _codes_of(press, history)
    if not codes:
        return post_texts.NO_ACTIVE_CODES
    results = await players.redeem_now(owned, codes)
    return player_texts.redeemed_for(results, {code.key: code.display for code in codes}, players.site)


@routes.on(ROUTE_REFRESH, updates=True)
async def refresh(press: Press, history: alluka.Injected[History], clock: alluka.Injected[Clock]) -> None:
    """Show the codes of this message as they are now."""
    codes, now = await _codes_of(press, history), clock.now()
    if not codes:
        await press.update(post_texts.NO_ACTIVE_CODES, embeds=[])
        return
    if press.argument == ACTIVE:
        pages = overview(codes, now)
    else:
        title = post_texts.refreshed_title(sum(not code.is_over(now) for code in codes), len(codes))
        pages = pages_of(codes, title, post_texts.post_footer(press.argument), now)
    await press.update(embeds=embeds_of(pages), components=post_buttons(press.argument))


loader = component.load_from_scope().make_loader()
