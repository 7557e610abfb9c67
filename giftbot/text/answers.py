"""Answers to commands, and everything that can go wrong in them."""

from __future__ import annotations

from datetime import datetime

from giftbot.models.code import GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId
from giftbot.models.report import ReportResult
from giftbot.models.source import SourceHealth, SourceState
from giftbot.models.statistics import GuildStatistics
from giftbot.models.status import StatusReport
from giftbot.text.panel import posting_state
from giftbot.text.redemptions import game_line
from giftbot.text.words import counted, plain, relative, source_name

NO_CHANNEL_YET = "No channel is set, or posting there is not possible. Choose one with /giftcodesettings first."
EXPIRY_IS_PAST = "This expiry is in the past. Give a moment that is still to come, or leave it out."
BAD_EXPIRY = "This is not a date. Write it as 2026-12-31 or 2026-12-31 23:59 (UTC)."
ORIGIN_NAMES = {
    "auto": "automatic",
    "api": "code API or shared list",
    "website": "web page",
    "rss": "RSS feed",
    "manual": "reported by hand",
    "migration": "an earlier bot",
}
NOT_ALLOWED = "You need the permission “Manage Server” for this."
NOT_INVOKER = "Only the person who ran the command can use these buttons."
TOO_LATE = "This question has expired, and nothing was changed. Run the command again."
CANCELLED = "Cancelled. Nothing was changed."
STORE_AWAY = "The bot cannot reach its store right now, so nothing was changed. Try again in a minute."
DISCORD_FORBIDS = "Discord does not let the bot do this here. Check the bot's permissions in this channel."
ONLY_IN_SERVERS = "This works in servers only."


def code_is_over(display: str, expired_at: datetime | None) -> str:
    """Why a reported code is not posted."""
    when = f" since {relative(expired_at)}" if expired_at else ""
    return f"**{plain(display)}** is over{when}, so it is not posted."


def error_with_reference(reference: str) -> str:
    """What a user reads when something went wrong inside the bot."""
    return (
        f"Something went wrong on my side, and it was logged. If it stays, tell the bot's owner this: `{reference}`"
    )


BUTTON_RESET = "Post all again"
BUTTON_CANCEL = "Cancel"
STATS_TITLE = "Gift codes posted here"
STATUS_TITLE = "Bot status"
HELP_TITLE = "What this bot can do"
HELP = (
    "New gift codes are posted in the channel that this server chose, and redeemed for its registered players.\n\n"
    "**/giftcode** shows the codes that can be used now\n"
    "**/player** registers your players, and shows what was redeemed for them\n"
    "**/redeem** redeems one code for you now\n"
    "**/giftcode_status** shows the bot's status\n"
    "**/about** says what this bot is\n\n"
    "With the permission “Manage Server”:\n"
    "**/giftcodesettings** chooses channel, role, what is posted, and what redemption needs\n"
    "**/autoredeem** redeems codes for all players of this server, and shows how that goes\n"
    "**/player import**, **export**, **list** and **assign** look after this server's players\n"
    "**/giftcode_add** posts a code that you know, in this server\n"
    "**/giftcode_stats** shows what was posted here\n"
    "**/giftcode_reset** forgets that, so that all active codes are posted again"
)


def report_answer(result: ReportResult, code: GiftCode, channel_id: ChannelId | None) -> str:
    """After a code was reported by hand."""
    name = f"**{plain(code.display)}**"
    if result is ReportResult.ALREADY_SENT:
        return f"{name} was posted in this server already."
    if result is ReportResult.POSTED:
        return f"{name} is being posted in <#{channel_id}>."
    return (
        f"{name} is being posted in <#{channel_id}>, in this server only. "
        "Other servers get it once a source or the bot's owner confirms it."
    )


def reset_question(sent: int, active: int, guild: GuildSettings) -> str:
    """What a reset would do."""
    where = f"in <#{guild.channel_id}>" if guild.is_posting else "once posting is on"
    return (
        f"This forgets that {counted(sent, 'code')} were posted in this server. "
        f"The {counted(active, 'code')} active now will be posted again {where}. Other servers are not touched. "
        "You have 60 seconds to decide."
    )


def reset_done(again: int, guild: GuildSettings) -> str:
    """After a reset."""
    if not guild.is_posting:
        return "Done. The codes that are active then will be posted once posting is on."
    if not again:
        return "Done. There is no active code to post again."
    return f"Done. {counted(again, 'code')} will be posted again in a moment."


def statistics(stats: GuildStatistics) -> list[tuple[str, str]]:
    """Figures as titled values."""
    last = f"{stats.last_code}" if stats.last_code else "none yet"
    return [
        ("Total", f"{stats.total_codes:,}"),
        ("Last code", last),
        ("Last sent", relative(stats.last_sent_at) if stats.last_sent_at else "never"),
        ("Last 24 hours", f"{stats.day:,}"),
        ("Last 7 days", f"{stats.week:,}"),
        ("Last 30 days", f"{stats.month:,}"),
        ("Sources", ", ".join(ORIGIN_NAMES.get(name, name) for name in stats.sources) or "none"),
    ]


def status_fields(report: StatusReport, now: datetime) -> list[tuple[str, str]]:
    """The state of the bot as titled values."""
    return [
        ("Store", f"{report.store}, {'normal' if report.problem is None else plain(report.problem)}"),
        ("Last check", relative(report.last_check_at) if report.last_check_at else "none yet"),
        ("Sources", "\n".join(source_line(health, now) for health in report.sources) or "none are set"),
        ("This server", posting_state(report.guild)),
        ("Queue", queue_line(report)),
        ("Redemption", game_line(report.pace)),
    ]


def source_line(health: SourceHealth, now: datetime) -> str:
    """One source in a line."""
    name = source_name(health.name)
    if health.state is SourceState.UNASKED:
        return f"{name}: not asked yet"
    if health.state is SourceState.OK:
        return f"{name}: fine, {counted(health.codes, 'code')}"
    well = f", last fine {relative(health.last_ok_at)}" if health.last_ok_at else ""
    word = "failing" if health.state is SourceState.FAILING else "held back"
    return f"{name}: {word}{well} ({plain(health.problem or 'unknown')})"[:250]


def queue_line(report: StatusReport) -> str:
    """The open work of a server in a line."""
    counts = report.outbox
    waiting = counts.pending + counts.claimed
    parts = [f"{counted(waiting, 'code')} waiting" if waiting else "empty"]
    if counts.unknown:
        parts.append(f"{counts.unknown} not certain (see /giftcodesettings)")
    if counts.failed:
        parts.append(f"{counts.failed} failed")
    return ", ".join(parts)


def about(version: str) -> str:
    """What this bot is."""
    return (
        f"giftbot {version}: a self-hosted bot that finds new gift codes and posts each of them once. "
        "Free software under the MIT licence. It is not affiliated with any game's publisher. "
        "It keeps which codes were posted where, this server's settings, who reported a code by hand, and of "
        "registered players their id, kingdom, name, who registered them and what was redeemed for them."
    )
