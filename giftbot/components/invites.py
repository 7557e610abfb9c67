"""`/invites`: who brought whom, for those who manage the server."""

from collections.abc import Sequence
from typing import Annotated

import alluka
import hikari
import tanjun
from tanjun.annotations import Choices, Length, Str, User

from giftbot.discord.access import MANAGER, require_guild, require_manager
from giftbot.discord.attachments import table_file
from giftbot.discord.greetings import (
    FIELD_TEXT,
    ROUTE_CHANNEL,
    ROUTE_OFF,
    ROUTE_PREVIEW,
    ROUTE_TEXT,
    ROUTE_TYPED,
    GreetingPanel,
    text_field,
)
from giftbot.discord.invite_lists import (
    ROUTE_BOARD,
    ROUTE_BY,
    board_components,
    board_embed,
    by_components,
    by_embed,
    explain_embed,
    parse_board,
    parse_by,
    who_embed,
)
from giftbot.discord.press import Press
from giftbot.discord.replies import reply
from giftbot.discord.router import Routes
from giftbot.errors import UserError
from giftbot.models.ids import ChannelId, GuildId, UserId
from giftbot.models.invite_board import Period
from giftbot.models.join import Join
from giftbot.services.invites.greetings import Greetings
from giftbot.services.invites.inquiries import Inquiries
from giftbot.services.invites.invite_codes import parse_code
from giftbot.services.invites.leaderboard import Leaderboard
from giftbot.services.invites.news import Occasion
from giftbot.services.invites.records import JoinRecords, Statement
from giftbot.text import greetings as greeting_texts
from giftbot.text import invites as texts
from giftbot.text import leaderboards

EXPORT_NAME = "joins.csv"
PERIODS = {name: period.value for period, name in leaderboards.PERIOD_NAMES.items()}

component = tanjun.Component(name="invites")
routes = Routes()
invites = tanjun.slash_command_group(
    "invites", "Who brought your members", default_to_ephemeral=True, default_member_permissions=MANAGER
)
component.add_slash_command(invites)


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@invites.as_sub_command("who", "Who brought this member")
async def who(
    ctx: tanjun.abc.SlashContext,
    member: Annotated[User, "The member, or somebody who left"],
    inquiries: alluka.Injected[Inquiries],
) -> None:
    """Say who brought somebody."""
    joins = await _memberships(ctx, member, inquiries)
    if joins:
        await reply(ctx, embeds=[who_embed(joins)])


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@invites.as_sub_command("explain", "How it is known who brought this member")
async def explain(
    ctx: tanjun.abc.SlashContext,
    member: Annotated[User, "The member, or somebody who left"],
    inquiries: alluka.Injected[Inquiries],
) -> None:
    """Show level, method, evidence and candidates."""
    joins = await _memberships(ctx, member, inquiries)
    if joins:
        await reply(ctx, embeds=[explain_embed(joins)])


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@invites.as_sub_command("by", "Whom this member brought")
async def by(
    ctx: tanjun.abc.SlashContext,
    inviter: Annotated[User, "The inviter, who may have left"],
    inquiries: alluka.Injected[Inquiries],
) -> None:
    """Open the list of somebody's joins."""
    brought = await inquiries.by(_manager_of(ctx), UserId(int(inviter.id)))
    await reply(ctx, embeds=[by_embed(brought, inviter.username)], components=by_components(brought))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@invites.as_sub_command("leaderboard", "Who brought how many, and how many stayed")
async def leaderboard(
    ctx: tanjun.abc.SlashContext,
    board: alluka.Injected[Leaderboard],
    period: Annotated[Str, "Joins of which time", Choices(PERIODS)] = Period.ALL.value,
) -> None:
    """Open the leaderboard."""
    guild_id = _manager_of(ctx)
    await ctx.defer()
    found = await board.board(guild_id, Period(period))
    await reply(ctx, embeds=[board_embed(found, 0)], components=board_components(found, 0))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@invites.as_sub_command("record", "Record by hand who brought a member")
async def record(
    ctx: tanjun.abc.SlashContext,
    member: Annotated[User, "The member"],
    inviter: Annotated[User, "Who brought them"],
    records: alluka.Injected[JoinRecords],
    code: Annotated[Str | None, "The invite, if you know it: its code or link", Length(2, 200)] = None,
) -> None:
    """Let a join count for somebody; what was known before is kept with it."""
    guild_id = _manager_of(ctx)
    if member.is_bot:
        raise UserError(texts.RECORD_BOT)
    statement = Statement(
        user_id=UserId(int(member.id)),
        user_name=member.username,
        joined_at=member.joined_at if isinstance(member, hikari.Member) else None,
        owner_id=UserId(int(inviter.id)),
        owner_name=inviter.username,
        code=parse_code(code) if code else None,
        by=UserId(int(ctx.author.id)),
    )
    done = await records.record(guild_id, statement)
    await reply(ctx, texts.recorded(done.join, done.before, done.code_owner))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@invites.as_sub_command("export", "Get all joins as a table")
async def export(
    ctx: tanjun.abc.SlashContext,
    records: alluka.Injected[JoinRecords],
    period: Annotated[Str, "Joins of which time", Choices(PERIODS)] = Period.ALL.value,
) -> None:
    """Give all joins as a CSV file."""
    guild_id = _manager_of(ctx)
    await ctx.defer()
    words, count = await records.export(guild_id, Period(period))
    await reply(ctx, texts.exported(count), attachments=[table_file(EXPORT_NAME, words)])


@invites.as_sub_command("messages", "Set up messages when somebody joins or leaves")
async def messages(ctx: tanjun.abc.SlashContext, greetings: alluka.Injected[Greetings]) -> None:
    """Open the panel."""
    panel = GreetingPanel(await greetings.get(_manager_of(ctx)))
    await reply(ctx, embeds=panel.embeds(), components=panel.components())


@routes.on(ROUTE_BY, updates=True)
async def turn_by(press: Press, inquiries: alluka.Injected[Inquiries]) -> None:
    """Show another page of somebody's joins."""
    press.require_manager()
    owner_id, number = parse_by(press.argument)
    brought = await inquiries.by(press.guild_id, owner_id, number, is_turned=True)
    await press.update(embeds=[by_embed(brought)], components=by_components(brought))


@routes.on(ROUTE_BOARD, updates=True)
async def turn_board(press: Press, board: alluka.Injected[Leaderboard]) -> None:
    """Show another page of the leaderboard."""
    press.require_manager()
    period, number = parse_board(press.argument)
    found = await board.kept(press.guild_id, period)
    await press.update(embeds=[board_embed(found, number)], components=board_components(found, number))


@routes.on(ROUTE_CHANNEL, updates=True)
async def choose_channel(press: Press, greetings: alluka.Injected[Greetings]) -> None:
    """Say it in the chosen channel from now on, if the bot can."""
    press.require_manager()
    channel_id = ChannelId(int(press.values[0]))
    try:
        await greetings.choose_channel(press.guild_id, Occasion(press.argument), channel_id)
    except UserError as error:
        await _show(press, greetings, str(error))
        return
    await _show(press, greetings, greeting_texts.chosen(channel_id))


@routes.on(ROUTE_OFF, updates=True)
async def turn_off(press: Press, greetings: alluka.Injected[Greetings]) -> None:
    """Say it nowhere."""
    press.require_manager()
    await greetings.turn_off(press.guild_id, Occasion(press.argument))
    await _show(press, greetings, greeting_texts.TURNED_OFF)


@routes.on(ROUTE_TEXT)
async def ask_text(press: Press, greetings: alluka.Injected[Greetings]) -> None:
    """Ask for a text."""
    press.require_manager()
    field = text_field(await greetings.get(press.guild_id), Occasion(press.argument))
    await press.ask(greeting_texts.TEXT_TITLE, f"{ROUTE_TYPED}:{press.argument}", [field])


@routes.on(ROUTE_TYPED, updates=True)
async def choose_text(press: Press, greetings: alluka.Injected[Greetings]) -> None:
    """Take the text that was typed."""
    press.require_manager()
    try:
        words = await greetings.choose_text(
            press.guild_id, Occasion(press.argument), press.fields.get(FIELD_TEXT, "")
        )
    except UserError as error:
        await _show(press, greetings, str(error))
        return
    await _show(press, greetings, greeting_texts.TEXT_SAVED if words else greeting_texts.TEXT_USUAL)


@routes.on(ROUTE_PREVIEW)
async def preview(press: Press, greetings: alluka.Injected[Greetings]) -> None:
    """Show both messages, to this admin only."""
    press.require_manager()
    user = press.interaction.user
    await press.answer(await greetings.preview(press.guild_id, press.user_id, user.username))


async def _memberships(ctx: tanjun.abc.SlashContext, member: hikari.User, inquiries: Inquiries) -> Sequence[Join]:
    """Somebody's memberships, the newest first; where there are none, that is answered."""
    guild_id, user_id = _manager_of(ctx), UserId(int(member.id))
    joins = await inquiries.memberships(guild_id, user_id)
    if not joins:
        is_pending = await inquiries.is_pending(guild_id, user_id)
        await reply(ctx, (texts.pending if is_pending else texts.nothing_known)(user_id, member.username))
    return joins


async def _show(press: Press, greetings: Greetings, note: str) -> None:
    panel = GreetingPanel(await greetings.get(press.guild_id), note)
    await press.update(embeds=panel.embeds(), components=panel.components())


def _manager_of(ctx: tanjun.abc.SlashContext) -> GuildId:
    """The server, if whoever asks manages it. Raises `NotAllowedError`."""
    require_manager(ctx.member if isinstance(ctx.member, hikari.InteractionMember) else None)
    return require_guild(ctx.guild_id)


loader = component.make_loader()
