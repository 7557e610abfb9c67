"""Credits that wait for a person: the buttons under each, and the queue of `/vip review`."""

from collections.abc import Awaitable

import alluka
import hikari

from giftbot.discord.press import Press
from giftbot.discord.router import Routes
from giftbot.discord.vip_views import (
    ROUTE_APPROVE,
    ROUTE_CHOOSE,
    ROUTE_CHOSEN,
    ROUTE_NEXT,
    ROUTE_PAGE,
    ROUTE_REJECT,
    ROUTE_SHOW,
    ROUTE_UNTRACKED,
    choice_rows,
    decided_embed,
    parse_page,
    queue_row,
    queue_rows,
    review_embed,
    review_row,
)
from giftbot.errors import InvalidInputError, UserError
from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import CreditId, MessageId, UserId
from giftbot.services.invites.reviews import Reviews
from giftbot.text import vip as texts

routes = Routes()


@routes.on(ROUTE_APPROVE, updates=True)
async def approve(press: Press, reviews: alluka.Injected[Reviews]) -> None:
    """Let a credit count for whom it names."""
    press.require_manager()
    credit_id = CreditId(press.argument)
    await _decide(press, reviews, credit_id, reviews.approve(press.guild_id, credit_id, by=press.user_id))


@routes.on(ROUTE_REJECT, updates=True)
async def reject(press: Press, reviews: alluka.Injected[Reviews]) -> None:
    """Let a credit count for nobody."""
    press.require_manager()
    credit_id = CreditId(press.argument)
    await _decide(press, reviews, credit_id, reviews.reject(press.guild_id, credit_id, by=press.user_id))


@routes.on(ROUTE_CHOOSE, updates=True)
async def ask_whom(press: Press, reviews: alluka.Injected[Reviews]) -> None:
    """Offer the staff members, candidates first."""
    press.require_manager()
    await _offer(press, reviews, CreditId(press.argument), 0)


@routes.on(ROUTE_PAGE, updates=True)
async def turn_choice(press: Press, reviews: alluka.Injected[Reviews]) -> None:
    """Offer other staff members."""
    press.require_manager()
    number, credit_id = parse_page(press.argument)
    await _offer(press, reviews, credit_id, number)


@routes.on(ROUTE_CHOSEN, updates=True)
async def choose(press: Press, reviews: alluka.Injected[Reviews]) -> None:
    """Let a credit count for the staff member who was chosen."""
    press.require_manager()
    credit_id, staff_id = CreditId(press.argument), UserId(int(press.values[0]))
    await _decide(press, reviews, credit_id, reviews.choose(press.guild_id, credit_id, staff_id, by=press.user_id))


@routes.on(ROUTE_SHOW, updates=True)
async def show(press: Press, reviews: alluka.Injected[Reviews]) -> None:
    """Show a review's buttons again."""
    press.require_manager()
    found = await reviews.get(press.guild_id, CreditId(press.argument))
    if found.state is not CreditState.PENDING:
        await _show_decided(press, found, texts.decided_already(found))
        return
    rows = await reviews.pending(press.guild_id)
    await press.update(components=queue_rows(rows, found) if _is_private(press) else [review_row(found)])


@routes.on(ROUTE_NEXT, updates=True)
async def show_next(press: Press, reviews: alluka.Injected[Reviews]) -> None:
    """Show the review after this one; after the last the first."""
    press.require_manager()
    await _show_next(press, reviews, CreditId(press.argument))


@routes.on(ROUTE_UNTRACKED, updates=True)
async def reject_untracked(press: Press, reviews: alluka.Injected[Reviews]) -> None:
    """Let all credits of whom nothing is known count for nobody."""
    press.require_manager()
    rejected = await reviews.reject_untracked(press.guild_id, by=press.user_id)
    await _show_next(press, reviews, None, texts.untracked_rejected(len(rejected)))
    for row in rejected:
        await reviews.close(row)


async def _offer(press: Press, reviews: Reviews, credit_id: CreditId, number: int) -> None:
    found = await reviews.get(press.guild_id, credit_id)
    if found.state is not CreditState.PENDING:
        await _show_decided(press, found, texts.decided_already(found))
        return
    staff = await reviews.staff_for(found)
    if not staff:
        raise UserError(texts.NOBODY_TO_CHOOSE)
    await press.update(components=choice_rows(found, staff, number))


async def _decide(press: Press, reviews: Reviews, credit_id: CreditId, decision: Awaitable[Credit]) -> None:
    """Take a decision, or show which one was taken before."""
    try:
        done, note = await decision, None
    except InvalidInputError as error:
        done, note = await reviews.get(press.guild_id, credit_id), str(error)
        if done.state is CreditState.PENDING:
            raise
    await _show_decided(press, done, note)
    message = press.interaction.message
    await reviews.close(done, answered=None if message is None else MessageId(int(message.id)))


async def _show_decided(press: Press, done: Credit, note: str | None = None) -> None:
    await press.update(
        embeds=[decided_embed(done, note)], components=[queue_row(done)] if _is_private(press) else []
    )


async def _show_next(press: Press, reviews: Reviews, after: CreditId | None, note: str | None = None) -> None:
    rows = await reviews.pending(press.guild_id)
    if not rows:
        await press.update(note or texts.NOTHING_TO_REVIEW, embeds=[], components=[])
        return
    place = next((index + 1 for index, row in enumerate(rows) if row.credit_id == after), 0)
    found = rows[place % len(rows)]
    await press.update(note or "", embeds=[review_embed(found, len(rows))], components=queue_rows(rows, found))


def _is_private(press: Press) -> bool:
    """Whether that message is one person's own, not one of the channel for reviews."""
    message = press.interaction.message
    return message is not None and bool(message.flags & hikari.MessageFlag.EPHEMERAL)
