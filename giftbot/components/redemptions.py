"""`/autoredeem`: the jobs of a server, for its admins; and `/redeem`: a code now, for one's own players."""

from typing import Annotated

import alluka
import hikari
import tanjun
from hikari.impl import MessageActionRowBuilder
from tanjun.annotations import Length, Str

from giftbot.discord.access import MANAGER, require_guild, require_manager
from giftbot.discord.attachments import table_file
from giftbot.discord.messages import COLOUR
from giftbot.discord.player_choices import own_players, player_choices
from giftbot.discord.press import Press
from giftbot.discord.replies import reply
from giftbot.discord.router import Routes
from giftbot.errors import InvalidInputError, UserError
from giftbot.models.code import GiftCode, display_form, fold
from giftbot.models.ids import CodeKey, GuildId, UserId
from giftbot.models.job import JobState, Trigger
from giftbot.models.player import Player
from giftbot.services.auto_redeem import AutoRedeem
from giftbot.services.codes import Codes
from giftbot.services.governor import Governor
from giftbot.services.guilds import Guilds
from giftbot.services.history import History
from giftbot.services.job_pages import ends_at, is_resting
from giftbot.services.job_results import JobResults
from giftbot.services.players import Players
from giftbot.services.ports import Clock
from giftbot.services.redemptions import JobView, Redemptions, Started
from giftbot.text import players as player_texts
from giftbot.text import redemptions as redemption_texts

ROUTE_EXPORT = "job-results"
LISTED = 10
"""Jobs in a list: so many have a button each in two rows."""
_ROW = 5

component = tanjun.Component(name="redemptions")
routes = Routes()
autoredeem = component.with_slash_command(
    tanjun.slash_command_group(
        "autoredeem",
        "Redeem gift codes for the players of this server",
        default_to_ephemeral=True,
        default_member_permissions=MANAGER,
    )
)


def _managed(ctx: tanjun.abc.SlashContext) -> tuple[GuildId, UserId]:
    """The server and its admin. Raises `NotAllowedError` for anybody else."""
    require_manager(ctx.member if isinstance(ctx.member, hikari.InteractionMember) else None)
    return require_guild(ctx.guild_id), UserId(int(ctx.author.id))


@autoredeem.as_sub_command("on", "Redeem new codes, and those that are active now, for every player")
async def autoredeem_on(ctx: tanjun.abc.SlashContext, auto_redeem: alluka.Injected[AutoRedeem]) -> None:
    """Turn it on."""
    guild_id, user_id = _managed(ctx)
    await reply(ctx, await auto_redeem.turn_on(guild_id, user_id))


@autoredeem.as_sub_command("off", "Redeem nothing by itself any more, and stop what runs")
async def autoredeem_off(ctx: tanjun.abc.SlashContext, auto_redeem: alluka.Injected[AutoRedeem]) -> None:
    """Turn it off."""
    guild_id, _ = _managed(ctx)
    await reply(ctx, await auto_redeem.turn_off(guild_id))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@autoredeem.as_sub_command("run", "Redeem a code, or all active ones, for every player of this server")
async def autoredeem_run(
    ctx: tanjun.abc.SlashContext,
    codes: alluka.Injected[Codes],
    redemptions: alluka.Injected[Redemptions],
    code: Annotated[Str | None, "The code; all active ones without it", Length(1, 100)] = None,
) -> None:
    """Start jobs by hand."""
    guild_id, user_id = _managed(ctx)
    if code is None:
        started = await redemptions.start_all(guild_id, Trigger.MANUAL, user_id)
        await reply(ctx, redemption_texts.jobs_started(started, redemptions.halted))
        return
    found = await _active(codes, code)
    result = await redemptions.start(guild_id, found, Trigger.MANUAL, user_id)
    answers = {
        Started.STARTED: redemption_texts.job_started(found.display, redemptions.halted),
        Started.RUNNING: redemption_texts.job_running(found.display, redemptions.halted),
        Started.NOBODY: redemption_texts.NOBODY_REGISTERED,
    }
    await reply(ctx, answers[result])


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@autoredeem.as_sub_command("stop", "Stop redeeming one code; others go on")
async def autoredeem_stop(
    ctx: tanjun.abc.SlashContext,
    code: Annotated[Str, "The code that is being redeemed", Length(1, 100)],
    auto_redeem: alluka.Injected[AutoRedeem],
) -> None:
    """Stop one job."""
    guild_id, _ = _managed(ctx)
    stopped = await auto_redeem.stop(guild_id, fold(code))
    name = display_form(code)
    await reply(ctx, redemption_texts.job_stopped(name) if stopped else redemption_texts.not_running(name))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@autoredeem.as_sub_command("resume", "Go on redeeming a code that was stopped")
async def autoredeem_resume(
    ctx: tanjun.abc.SlashContext,
    code: Annotated[Str, "The code that was stopped", Length(1, 100)],
    redemptions: alluka.Injected[Redemptions],
) -> None:
    """Resume one job."""
    guild_id, _ = _managed(ctx)
    resumed = await redemptions.resume(guild_id, fold(code))
    name = display_form(code)
    await reply(
        ctx,
        redemption_texts.job_resumed(name, redemptions.halted) if resumed else redemption_texts.not_stopped(name),
    )


@autoredeem.as_sub_command("status", "Show what is being redeemed in this server, and how far it is")
async def autoredeem_status(
    ctx: tanjun.abc.SlashContext,
    codes: alluka.Injected[Codes],
    guilds: alluka.Injected[Guilds],
    redemptions: alluka.Injected[Redemptions],
    governor: alluka.Injected[Governor],
    clock: alluka.Injected[Clock],
) -> None:
    """List running and stopped jobs, and say how the game is asked."""
    guild_id, _ = _managed(ctx)
    guild = await guilds.get(guild_id)
    views = await redemptions.jobs(guild_id, (JobState.OPEN, JobState.STOPPED), limit=LISTED)
    embed = hikari.Embed(title=redemption_texts.JOBS_TITLE, colour=COLOUR)
    embed.description = "\n".join(await _lines(views, codes, clock)) or redemption_texts.NO_JOBS
    embed.add_field(
        redemption_texts.AUTO_FIELD,
        redemption_texts.auto_redeem_line(is_on=guild.auto_redeem, channel_id=guild.redeem_channel_id),
    )
    embed.add_field(redemption_texts.GAME_FIELD, redemption_texts.game_line(governor.state))
    await reply(ctx, embeds=[embed])


@autoredeem.as_sub_command("history", "Show the last finished redemptions of this server, and export their results")
async def autoredeem_history(
    ctx: tanjun.abc.SlashContext,
    codes: alluka.Injected[Codes],
    redemptions: alluka.Injected[Redemptions],
    clock: alluka.Injected[Clock],
) -> None:
    """List finished jobs, with a button each for their results."""
    guild_id, _ = _managed(ctx)
    views = await redemptions.jobs(guild_id, (JobState.DONE,), limit=LISTED)
    if not views:
        await reply(ctx, redemption_texts.NO_HISTORY)
        return
    embed = hikari.Embed(title=redemption_texts.HISTORY_TITLE, colour=COLOUR)
    embed.description = "\n".join(await _lines(views, codes, clock))
    await reply(ctx, embeds=[embed], components=_export_buttons([view.job.code for view in views]))


@routes.on(ROUTE_EXPORT)
async def export_results(press: Press, results: alluka.Injected[JobResults]) -> None:
    """Give the results of one job of this server as a table."""
    press.require_manager()
    code = fold(press.argument)
    await press.defer()
    table = await results.export(press.guild_id, code)
    if table is None:
        raise UserError(redemption_texts.NO_RESULTS)
    await press.answer(redemption_texts.RESULTS_EXPORTED, attachment=table_file(f"redemptions-{code}.csv", table))


@tanjun.annotations.with_annotated_args(follow_wrapped=True)
@tanjun.as_slash_command("redeem", "Redeem a gift code now, for your own players", default_to_ephemeral=True)
async def redeem(
    ctx: tanjun.abc.SlashContext,
    code: Annotated[Str, "The gift code", Length(1, 100)],
    codes: alluka.Injected[Codes],
    players: alluka.Injected[Players],
    player: Annotated[Str | None, "One of your players; all of them without it", Length(1, 100)] = None,
) -> None:
    """Ask the game before everybody who waits in jobs, and say what came of it."""
    guild_id = require_guild(ctx.guild_id)
    found = await _active(codes, code)
    chosen = await _own_players(players, guild_id, UserId(int(ctx.author.id)), player)
    await ctx.defer(ephemeral=True)
    results = await players.redeem_now(chosen, [found])
    await reply(ctx, player_texts.redeemed_for(results, {found.key: found.display}, players.site))


@autoredeem_run.with_str_autocomplete("code")
@redeem.with_str_autocomplete("code")
async def suggest_active(
    ctx: tanjun.abc.AutocompleteContext, value: str, history: alluka.Injected[History]
) -> None:
    """Offer active codes that begin with what was typed."""
    await ctx.set_choices({code: code for code in history.suggest(value)})


@autoredeem_stop.with_str_autocomplete("code")
async def suggest_running(
    ctx: tanjun.abc.AutocompleteContext, value: str, results: alluka.Injected[JobResults]
) -> None:
    """Offer codes that are being redeemed here."""
    await _suggest_jobs(ctx, value, results, JobState.OPEN)


@autoredeem_resume.with_str_autocomplete("code")
async def suggest_stopped(
    ctx: tanjun.abc.AutocompleteContext, value: str, results: alluka.Injected[JobResults]
) -> None:
    """Offer codes whose jobs were stopped here."""
    await _suggest_jobs(ctx, value, results, JobState.STOPPED)


@redeem.with_str_autocomplete("player")
async def suggest_own_player(
    ctx: tanjun.abc.AutocompleteContext, value: str, players: alluka.Injected[Players]
) -> None:
    """Offer one's own players whose id or name has what was typed."""
    if ctx.guild_id is None:
        return
    found = await own_players(players, GuildId(int(ctx.guild_id)), UserId(int(ctx.author.id)), value)
    await ctx.set_choices(player_choices(found))


async def _suggest_jobs(
    ctx: tanjun.abc.AutocompleteContext, value: str, results: JobResults, state: JobState
) -> None:
    if ctx.guild_id is None:
        return
    typed = value.strip().upper()
    codes = await results.codes(GuildId(int(ctx.guild_id)), state)
    await ctx.set_choices([(str(code), str(code)) for code in codes if code.startswith(typed)])


async def _active(codes: Codes, raw: str) -> GiftCode:
    """The active code that somebody named. Raises `InvalidInputError`."""
    key = fold(raw)
    found = next((code for code in await codes.active() if code.key == key), None)
    if found is None:
        raise InvalidInputError(redemption_texts.code_not_active(key))
    return found


async def _own_players(players: Players, guild_id: GuildId, user_id: UserId, named: str | None) -> list[Player]:
    """The player that somebody named, or all of theirs. Raises `InvalidInputError`."""
    own = await players.owned(guild_id, user_id)
    if not own:
        raise InvalidInputError(player_texts.NO_PLAYERS)
    if named is None:
        return own
    wanted = named.strip()
    for names in ([str(player.player_id) for player in own], [player.nickname for player in own]):
        if wanted in names:
            return [own[names.index(wanted)]]
    raise InvalidInputError(redemption_texts.NOT_OWN_PLAYER)


async def _lines(views: list[JobView], codes: Codes, clock: Clock) -> list[str]:
    """The jobs of a list, a line each."""
    known = await codes.get([view.job.code for view in views])
    now = clock.now()
    return [
        redemption_texts.job_line(
            known[view.job.code].display if view.job.code in known else view.job.code,
            view.job,
            view.counts,
            ends_at(view.eta, now),
            rests=is_resting(view.job, now),
        )
        for view in views
    ]


def _export_buttons(codes: list[CodeKey]) -> list[MessageActionRowBuilder]:
    rows = []
    for start in range(0, len(codes), _ROW):
        row = MessageActionRowBuilder()
        for code in codes[start : start + _ROW]:
            row.add_interactive_button(
                hikari.ButtonStyle.SECONDARY, f"{ROUTE_EXPORT}:{code}", label=redemption_texts.export_button(code)
            )
        rows.append(row)
    return rows


component.add_slash_command(redeem)
loader = component.make_loader()
