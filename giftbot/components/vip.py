"""`/vip`: credit for members who became VIP."""

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
    ROUTE_CHANNEL,
    ROUTE_NO_CHANNEL,
    ROUTE_NO_ROLE,
    ROUTE_ROLE,
    VipPanel,
    queue_rows,
    review_embed,
)
from giftbot.errors import InvalidInputError, UserError
from giftbot.models.ids import ChannelId, GuildId, RoleId, UserId
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
    reviews: alluka.Injected[Reviews],
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
    await reviews.close(done)


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@vip.as_sub_command("revoke", "Take a member's credit back")
async def revoke(
    ctx: tanjun.abc.SlashContext,
    member: Annotated[User, "Whose credit it is, also if they left"],
    ledger: alluka.Injected[Credits],
    reviews: alluka.Injected[Reviews],
) -> None:
    """Take a credit back; its history stays."""
    guild_id = _manager_of(ctx)
    done = await ledger.revoke(guild_id, UserId(int(member.id)), by=UserId(int(ctx.author.id)))
    await reply(ctx, texts.decided(done))
    await reviews.close(done)


@vip.as_sub_command("review", "Decide on credits that are not certain")
async def review(ctx: tanjun.abc.SlashContext, reviews: alluka.Injected[Reviews]) -> None:
    """Show the first credit that waits."""
    guild_id = _manager_of(ctx)
    rows = await reviews.pending(guild_id)
    if not rows:
        await reply(ctx, texts.NOTHING_TO_REVIEW)
        return
    await reply(ctx, embeds=[review_embed(rows[0], len(rows))], components=queue_rows(rows, rows[0]))


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
