"""`/setup_staff_invite`, `/fix_staff_usernames`, `/staff`: links of staff members, and what they brought."""

from typing import Annotated

import alluka
import hikari
import tanjun
from tanjun.annotations import Bool, Channel, Length, Member, Str, User

from giftbot.discord.access import MANAGER, is_manager, require_guild, require_manager
from giftbot.discord.press import Press
from giftbot.discord.replies import reply
from giftbot.discord.router import Routes
from giftbot.discord.staff_views import (
    ROUTE_AGAIN,
    ROUTE_END,
    ROUTE_PAGE,
    ROUTE_REISSUE,
    LinkList,
    asking_discord,
    figures_embed,
)
from giftbot.errors import InvalidInputError, NotAllowedError
from giftbot.models.ids import ChannelId, GuildId, InviteCode, UserId
from giftbot.services.invites.link_making import LinkMade
from giftbot.services.invites.link_watch import LinkWatch
from giftbot.services.invites.ports import StaffDesk
from giftbot.services.invites.staff import StaffLinks
from giftbot.services.invites.staff_news import StaffNews
from giftbot.services.invites.staff_statistics import StaffStatistics
from giftbot.text import staff as texts

component = tanjun.Component(name="staff")
routes = Routes()
staff = tanjun.slash_command_group(
    "staff", "Links of staff members, and what they brought", default_to_ephemeral=True
)
notify = staff.make_sub_group("notify", "Be told when somebody joins by your link")
component.add_slash_command(staff)


@component.with_slash_command
@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@tanjun.as_slash_command(
    "setup_staff_invite",
    "Make an invite that counts for a staff member, or let an existing one count for them",
    default_to_ephemeral=True,
    default_member_permissions=MANAGER,
)
async def setup_staff_invite(
    ctx: tanjun.abc.SlashContext,
    member: Annotated[Member, "The staff member"],
    links: alluka.Injected[StaffLinks],
    channel: Annotated[Channel | None, "Where it leads; without it a channel that everybody can see"] = None,
    existing_code: Annotated[Str | None, "An invite of this server that is there already", Length(2, 100)] = None,
    marker_role: Annotated[
        Bool, "Whether the invite gives a role without permissions, so that it is certain who came by it"
    ] = True,
) -> None:
    """Set up a link."""
    require_manager(_member_of(ctx))
    guild_id = require_guild(ctx.guild_id)
    if member.is_bot:
        raise InvalidInputError(texts.NO_BOTS)
    if existing_code is not None and channel is not None:
        raise InvalidInputError(texts.CHANNEL_AND_CODE)
    await ctx.defer()
    staff_id, name = UserId(int(member.id)), member.username
    with asking_discord():
        if existing_code is not None:
            done = await links.adopt(guild_id, staff_id, name, existing_code)
        else:
            channel_id = ChannelId(int(channel.id)) if channel is not None else None
            done = await links.make(guild_id, staff_id, name, channel_id=channel_id, wants_role=marker_role)
    await reply(ctx, _made(done))


@component.with_slash_command
@tanjun.as_slash_command(
    "fix_staff_usernames",
    "Take the names of the staff members from Discord again",
    default_to_ephemeral=True,
    default_member_permissions=MANAGER,
)
async def fix_staff_usernames(ctx: tanjun.abc.SlashContext, links: alluka.Injected[StaffLinks]) -> None:
    """Correct the names."""
    require_manager(_member_of(ctx))
    guild_id = require_guild(ctx.guild_id)
    await ctx.defer()
    with asking_discord():
        changed, missing = await links.refresh_names(guild_id)
    await reply(ctx, texts.names_fixed(changed, missing))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@staff.as_sub_command("stats", "How many members came by the staff's links, and became VIP")
async def stats(
    ctx: tanjun.abc.SlashContext,
    statistics: alluka.Injected[StaffStatistics],
    member: Annotated[User | None, "One staff member; without it all of them"] = None,
) -> None:
    """Show figures: admins those of everybody, others their own."""
    guild_id, user_id = require_guild(ctx.guild_id), UserId(int(ctx.author.id))
    wanted = UserId(int(member.id)) if member is not None else None
    if not is_manager(_member_of(ctx)):
        if wanted not in {None, user_id}:
            raise NotAllowedError(texts.NOT_YOURS)
        wanted = user_id
    await ctx.defer()
    figures = await statistics.of(guild_id, wanted)
    if figures or wanted is None:
        await reply(ctx, embeds=[figures_embed(figures)])
    else:
        await reply(ctx, texts.no_figures(wanted))


@staff.as_sub_command("links", "Admins: show the staff's links, and whether they work")
async def links_(
    ctx: tanjun.abc.SlashContext, links: alluka.Injected[StaffLinks], watch: alluka.Injected[LinkWatch]
) -> None:
    """Open the list at its first page."""
    require_manager(_member_of(ctx))
    guild_id = require_guild(ctx.guild_id)
    await ctx.defer()
    shown = await _list(links, watch, guild_id)
    await reply(ctx, embeds=shown.embeds(), components=shown.components())


@notify.as_sub_command("on", "Tell me by direct message when somebody joins by my link")
async def notify_on(
    ctx: tanjun.abc.SlashContext,
    links: alluka.Injected[StaffLinks],
    news: alluka.Injected[StaffNews],
    desk: alluka.Injected[StaffDesk],
) -> None:
    """Tell a staff member of joins, if that is possible."""
    guild_id, user_id = require_guild(ctx.guild_id), UserId(int(ctx.author.id))
    await ctx.defer()
    if not await links.is_staff(guild_id, user_id):
        raise InvalidInputError(texts.NO_LINK_OF_YOURS)
    if not await desk.write(user_id, texts.NOTIFY_TRIAL):
        raise InvalidInputError(texts.NOTIFY_REFUSED)
    await news.turn(guild_id, user_id, on=True)
    await reply(ctx, texts.NOTIFY_ON)


@notify.as_sub_command("off", "Tell me no more when somebody joins by my link")
async def notify_off(ctx: tanjun.abc.SlashContext, news: alluka.Injected[StaffNews]) -> None:
    """Tell a staff member of no more joins."""
    guild_id = require_guild(ctx.guild_id)
    await news.turn(guild_id, UserId(int(ctx.author.id)), on=False)
    await reply(ctx, texts.NOTIFY_OFF)


@routes.on(ROUTE_PAGE, updates=True)
async def turn_page(press: Press, links: alluka.Injected[StaffLinks], watch: alluka.Injected[LinkWatch]) -> None:
    """Show another page."""
    press.require_manager()
    page = int(press.argument) if press.argument.isdecimal() else 0
    await _show(press, await _list(links, watch, press.guild_id, page))


@routes.on(ROUTE_AGAIN, updates=True)
async def issue_again(press: Press, links: alluka.Injected[StaffLinks], watch: alluka.Injected[LinkWatch]) -> None:
    """Issue a link of the list again."""
    press.require_manager()
    with asking_discord():
        done = await links.reissue(press.guild_id, InviteCode(press.argument))
    await _show(press, await _list(links, watch, press.guild_id, note=_made(done)))


@routes.on(ROUTE_END, updates=True)
async def end(press: Press, links: alluka.Injected[StaffLinks], watch: alluka.Injected[LinkWatch]) -> None:
    """Let a link of the list count for nobody any more."""
    press.require_manager()
    ended = await links.end(press.guild_id, InviteCode(press.argument))
    await _show(press, await _list(links, watch, press.guild_id, note=texts.link_ended(ended)))


@routes.on(ROUTE_REISSUE, updates=True)
async def answer_warning(press: Press, links: alluka.Injected[StaffLinks]) -> None:
    """Issue the link again that a warning is about."""
    press.require_manager()
    with asking_discord():
        done = await links.reissue(press.guild_id, InviteCode(press.argument))
    await press.update(_made(done), components=[])


async def _list(
    links: StaffLinks, watch: LinkWatch, guild_id: GuildId, page: int = 0, note: str | None = None
) -> LinkList:
    """The links as they are now; those that count first."""
    await watch.check(guild_id)
    found = await links.all(guild_id)
    return LinkList(sorted(found, key=lambda link: link.valid_to is not None), page, note)


async def _show(press: Press, shown: LinkList) -> None:
    await press.update(embeds=shown.embeds(), components=shown.components())


def _made(done: LinkMade) -> str:
    return texts.link_made(
        done.link, is_new=done.is_new, invite=done.invite, before=done.before, refused_role=done.refused_role
    )


def _member_of(ctx: tanjun.abc.SlashContext) -> hikari.InteractionMember | None:
    return ctx.member if isinstance(ctx.member, hikari.InteractionMember) else None


loader = component.make_loader()
