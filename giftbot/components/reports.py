"""`/giftcode_add`, and the owner's decision on codes that are held."""

from typing import Annotated

import alluka
import hikari
import tanjun
from tanjun.annotations import Length, Str

from giftbot.discord.access import MANAGER, require_guild, require_manager
from giftbot.discord.owners import ROUTE_DISCARD, ROUTE_RELEASE
from giftbot.discord.press import Press
from giftbot.discord.replies import reply
from giftbot.discord.router import Routes
from giftbot.errors import NotAllowedError, UserError
from giftbot.models.ids import CodeKey
from giftbot.models.notice import NoticeKind
from giftbot.services.guilds import Guilds
from giftbot.services.history import History
from giftbot.services.moments import parse_expiry
from giftbot.services.notices import Notices
from giftbot.services.ports import OwnerDirectory
from giftbot.services.reports import Reports
from giftbot.text import answers as answer_texts
from giftbot.text import notices as notice_texts

component = tanjun.Component(name="reports")
routes = Routes()


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@tanjun.as_slash_command(
    "giftcode_add",
    "Report a gift code: it is posted in this server",
    default_to_ephemeral=True,
    default_member_permissions=MANAGER,
)
async def giftcode_add(
    ctx: tanjun.abc.SlashContext,
    code: Annotated[Str, "The gift code", Length(1, 100)],
    guilds: alluka.Injected[Guilds],
    reports: alluka.Injected[Reports],
    rewards: Annotated[Str | None, "What it gives", Length(1, 300)] = None,
    expires: Annotated[Str | None, "Until when, in UTC: 2026-12-31 or 2026-12-31 23:59", Length(1, 40)] = None,
) -> None:
    """Post a code in this server on its admin's word."""
    require_manager(ctx.member if isinstance(ctx.member, hikari.InteractionMember) else None)
    guild = await guilds.get(require_guild(ctx.guild_id))
    report = await reports.report(
        guild,
        code,
        rewards=rewards,
        expires_at=parse_expiry(expires) if expires else None,
        reporter=ctx.author.username,
    )
    await reply(ctx, answer_texts.report_answer(report.result, report.code, guild.channel_id))


@giftcode_add.with_str_autocomplete("code")
async def suggest_code(ctx: tanjun.abc.AutocompleteContext, value: str, history: alluka.Injected[History]) -> None:
    """Offer known codes that begin with what was typed."""
    await ctx.set_choices({code: code for code in history.suggest(value)})


component.add_slash_command(giftcode_add)


@routes.on(ROUTE_RELEASE, updates=True)
async def release(
    press: Press,
    notices: alluka.Injected[Notices],
    reports: alluka.Injected[Reports],
    owners: alluka.Injected[OwnerDirectory],
) -> None:
    """Announce the held codes of this notice everywhere."""
    released = await reports.release(await _held_codes(press, notices, owners))
    await press.update(notice_texts.released(released) if released else notice_texts.ALREADY_DECIDED, components=[])


@routes.on(ROUTE_DISCARD, updates=True)
async def discard(
    press: Press,
    notices: alluka.Injected[Notices],
    reports: alluka.Injected[Reports],
    owners: alluka.Injected[OwnerDirectory],
) -> None:
    """Refuse the held codes of this notice."""
    discarded = await reports.discard(await _held_codes(press, notices, owners))
    await press.update(
        notice_texts.discarded(discarded) if discarded else notice_texts.ALREADY_DECIDED, components=[]
    )


async def _held_codes(press: Press, notices: Notices, owners: OwnerDirectory) -> tuple[CodeKey, ...]:
    """What the notice was about, if the person is an owner; the notice is looked up, the button is not believed."""
    if press.user_id not in await owners.owner_ids():
        raise NotAllowedError(notice_texts.NOT_OWNER)
    notice = await notices.get(f"{NoticeKind.HELD_CODES}:{press.argument}")
    if notice is None:
        raise UserError(notice_texts.ALREADY_DECIDED)
    return notice.codes


loader = component.make_loader()
