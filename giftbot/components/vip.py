"""`/vip`: credit for members who became VIP, and the decisions that only a person can take."""

from collections.abc import Awaitable
from typing import Annotated

import alluka
import hikari
import tanjun
from tanjun.annotations import Member, Role, User

from giftbot.discord.access import MANAGER, require_guild, require_manager
from giftbot.discord.press import Press
from giftbot.discord.replies import reply
from giftbot.discord.router import Routes
from giftbot.discord.staff_events import member_seen
from giftbot.discord.staff_views import asking_discord
from giftbot.discord.vip_views import (
    ROUTE_APPROVE,
    ROUTE_CHANNEL,
    ROUTE_CHOOSE,
    ROUTE_CHOSEN,
    ROUTE_NEXT,
    ROUTE_NO_CHANNEL,
    ROUTE_NO_ROLE,
    ROUTE_REJECT,
    ROUTE_ROLE,
    ROUTE_SHOW,
    ROUTE_UNTRACKED,
    VipPanel,
    choice_rows,
    decided_embed,
    queue_row,
    review_embed,
    review_row,
)
from giftbot.errors import InvalidInputError, UserError
from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import ChannelId, CreditId, GuildId, RoleId, UserId
from giftbot.services.invites.credits import Credits
from giftbot.services.invites.reviews import Reviews
from giftbot.services.invites.vip_settings import VipSettings
from giftbot.text import vip as texts

component = tanjun.Component(name="vip")
routes = Routes()
vip = tanjun.slash_command_group(
    "vip", "Credit for members who became VIP", default_to_ephemeral=True, default_member_permissions=MANAGER
)
component.add_slash_command(vip)


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@vip.as_sub_command("credit", "Credit a member to a staff member by hand")
async def credit(
    ctx: tanjun.abc.SlashContext,
    member: Annotated[Member, "Who became VIP"],
    staff: Annotated[Member, "Who brought them"],
    ledger: alluka.Injected[Credits],
) -> None:
    """Credit somebody."""
    guild_id = _manager_of(ctx)
    seen = member_seen(member)
    if seen is None:
        raise InvalidInputError(texts.NOT_A_MEMBER)
    if staff.is_bot:
        raise InvalidInputError(texts.NOT_TO_BOTS)
    staff_id = UserId(int(staff.id))
    done = await ledger.credit(guild_id, seen, staff_id, staff.username, by=UserId(int(ctx.author.id)))
    await reply(ctx, texts.decided(done))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@vip.as_sub_command("revoke", "Take a member's credit back")
async def revoke(
    ctx: tanjun.abc.SlashContext,
    member: Annotated[User, "Whose credit it is, also if they left"],
    ledger: alluka.Injected[Credits],
) -> None:
    """Take a credit back; its history stays."""
    guild_id = _manager_of(ctx)
    done = await ledger.revoke(guild_id, UserId(int(member.id)), by=UserId(int(ctx.author.id)))
    await reply(ctx, texts.decided(done))


@vip.as_sub_command("review", "Decide on credits that are not certain")
async def review(ctx: tanjun.abc.SlashContext, reviews: alluka.Injected[Reviews]) -> None:
    """Show the first credit that waits."""
    guild_id = _manager_of(ctx)
    rows = await reviews.pending(guild_id)
    if not rows:
        await reply(ctx, texts.NOTHING_TO_REVIEW)
        return
    await reply(ctx, embeds=[review_embed(rows[0], len(rows))], components=_queue(rows, rows[0]))


@vip.as_sub_command("sync", "Credit everybody who has the VIP role already")
async def sync(
    ctx: tanjun.abc.SlashContext, ledger: alluka.Injected[Credits], settings: alluka.Injected[VipSettings]
) -> None:
    """Compare who has the role with the ledger."""
    guild_id = _manager_of(ctx)
    await ctx.defer()
    if (await settings.get(guild_id)).vip_role_id is None:
        raise UserError(texts.NO_VIP_ROLE)
    with asking_discord():
        done = await ledger.sync(guild_id)
    await reply(ctx, texts.synced(done.holders, len(done.credited), len(done.pending), done.waiting))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@vip.as_sub_command("role", "Choose the VIP role, and where reviews are shown")
async def role(
    ctx: tanjun.abc.SlashContext,
    settings: alluka.Injected[VipSettings],
    reviews: alluka.Injected[Reviews],
    vip_role: Annotated[
        Role | None, "The VIP role; without it the panel opens", tanjun.annotations.Name("role")
    ] = None,
) -> None:
    """Open the panel, or choose the role at once."""
    guild_id = _manager_of(ctx)
    note = None
    if vip_role is not None:
        role_id = RoleId(int(vip_role.id))
        await settings.choose_role(guild_id, role_id)
        note = texts.role_chosen(role_id)
    panel = await _panel(settings, reviews, guild_id, note)
    await reply(ctx, embeds=panel.embeds(), components=panel.components())


@routes.on(ROUTE_ROLE, updates=True)
async def choose_role(
    press: Press, settings: alluka.Injected[VipSettings], reviews: alluka.Injected[Reviews]
) -> None:
    """Credit whoever gains the chosen role."""
    press.require_manager()
    role_id = RoleId(int(press.values[0]))
    await _choose(
        press, settings, reviews, settings.choose_role(press.guild_id, role_id), texts.role_chosen(role_id)
    )


@routes.on(ROUTE_NO_ROLE, updates=True)
async def choose_no_role(
    press: Press, settings: alluka.Injected[VipSettings], reviews: alluka.Injected[Reviews]
) -> None:
    """Credit nobody by itself."""
    press.require_manager()
    await _choose(press, settings, reviews, settings.choose_role(press.guild_id, None), texts.ROLE_REMOVED)


@routes.on(ROUTE_CHANNEL, updates=True)
async def choose_channel(
    press: Press, settings: alluka.Injected[VipSettings], reviews: alluka.Injected[Reviews]
) -> None:
    """Show reviews in the chosen channel."""
    press.require_manager()
    channel_id = ChannelId(int(press.values[0]))
    choice = settings.choose_channel(press.guild_id, channel_id)
    await _choose(press, settings, reviews, choice, texts.review_channel_chosen(channel_id))


@routes.on(ROUTE_NO_CHANNEL, updates=True)
async def choose_no_channel(
    press: Press, settings: alluka.Injected[VipSettings], reviews: alluka.Injected[Reviews]
) -> None:
    """Show reviews nowhere."""
    press.require_manager()
    await _choose(press, settings, reviews, settings.choose_channel(press.guild_id, None), texts.CHANNEL_REMOVED)


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
    """Offer the staff members."""
    press.require_manager()
    found = await reviews.get(press.guild_id, CreditId(press.argument))
    if found.state is not CreditState.PENDING:
        await _show_decided(press, found, texts.decided_already(found))
        return
    staff = await reviews.staff_for(found)
    if not staff:
        raise UserError(texts.NOBODY_TO_CHOOSE)
    await press.update(components=choice_rows(found, staff))


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
    await press.update(components=_queue(rows, found) if _is_private(press) else [review_row(found)])


@routes.on(ROUTE_NEXT, updates=True)
async def show_next(press: Press, reviews: alluka.Injected[Reviews]) -> None:
    """Show the review after this one; after the last the first."""
    press.require_manager()
    await _show_next(press, reviews, CreditId(press.argument))


@routes.on(ROUTE_UNTRACKED, updates=True)
async def reject_untracked(press: Press, reviews: alluka.Injected[Reviews]) -> None:
    """Let all credits of whom nothing is known count for nobody."""
    press.require_manager()
    count = await reviews.reject_untracked(press.guild_id, by=press.user_id)
    await _show_next(press, reviews, None, texts.untracked_rejected(count))


async def _decide(press: Press, reviews: Reviews, credit_id: CreditId, decision: Awaitable[Credit]) -> None:
    """Take a decision, or show which one was taken before."""
    try:
        done, note = await decision, None
    except InvalidInputError as error:
        done, note = await reviews.get(press.guild_id, credit_id), str(error)
        if done.state is CreditState.PENDING:
            raise
    await _show_decided(press, done, note)


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
    await press.update(note or "", embeds=[review_embed(found, len(rows))], components=_queue(rows, found))


def _queue(rows: list[Credit], shown: Credit) -> list[hikari.impl.MessageActionRowBuilder]:
    untracked = sum(row.join_id is None and not row.candidates for row in rows)
    return [review_row(shown), queue_row(shown, untracked)]


def _is_private(press: Press) -> bool:
    """Whether that message is one person's own, not one of the channel for reviews."""
    message = press.interaction.message
    return message is not None and bool(message.flags & hikari.MessageFlag.EPHEMERAL)


async def _panel(settings: VipSettings, reviews: Reviews, guild_id: GuildId, note: str | None) -> VipPanel:
    chosen = await settings.get(guild_id)
    pending = len(await reviews.pending(guild_id))
    return VipPanel(chosen.vip_role_id, chosen.review_channel_id, pending, note)


async def _choose(
    press: Press, settings: VipSettings, reviews: Reviews, choice: Awaitable[object], note: str
) -> None:
    """Make a choice, and show the panel with what became of it."""
    try:
        await choice
    except UserError as error:
        note = str(error)
    panel = await _panel(settings, reviews, press.guild_id, note)
    await press.update(embeds=panel.embeds(), components=panel.components())


def _manager_of(ctx: tanjun.abc.SlashContext) -> GuildId:
    require_manager(ctx.member if isinstance(ctx.member, hikari.InteractionMember) else None)
    return require_guild(ctx.guild_id)


loader = component.make_loader()
