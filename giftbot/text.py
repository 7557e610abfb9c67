"""Every sentence that a user reads. What happened, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import ChannelId, GuildId, RoleId
from giftbot.models.report import ReportResult
from giftbot.models.source import SourceHealth, SourceState
from giftbot.models.statistics import GuildStatistics
from giftbot.models.status import StatusReport

_MARKDOWN = str.maketrans({char: "\\" + char for char in "\\*_~`|>#[]()<@"})

SOURCE_NAMES = {
    "json": "code API",
    "rss": "RSS feed",
    "page": "web page",
    "api": "shared list",
    "manual": "reported by hand",
}

BUTTON_COPY = "Copy"
BUTTON_REDEEM = "Redeem"
BUTTON_REFRESH = "Refresh"

REDEEM_NOT_ENABLED = (
    "Redeeming from Discord is not enabled in this bot yet. "
    "Copy the code and enter it in the game: Settings, then Gift Code."
)
NO_ACTIVE_CODES = "There are no active gift codes right now. New ones are posted as soon as they are found."
NO_CHANNEL_YET = "No channel is set, or posting there is not possible. Choose one with /giftcodesettings first."
EXPIRY_IS_PAST = "This expiry is in the past. Give a moment that is still to come, or leave it out."
BAD_EXPIRY = "This is not a date. Write it as 2026-12-31 or 2026-12-31 23:59 (UTC)."
NOT_ALLOWED = "You need the permission “Manage Server” for this."
NOT_INVOKER = "Only the person who ran the command can use these buttons."
NOT_OWNER = "Only the bot's owner can decide this."
TOO_LATE = "This question has expired, and nothing was changed. Run the command again."
CANCELLED = "Cancelled. Nothing was changed."
ALREADY_DECIDED = "This was decided already."
POST_NOT_FOUND = "This post is no longer in the bot's records. /giftcode shows the active codes."
STORE_AWAY = "The bot cannot reach its store right now, so nothing was changed. Try again in a minute."
DISCORD_FORBIDS = "Discord does not let the bot do this here. Check the bot's permissions in this channel."
TOO_SOON = "Sources were checked a moment ago. Try again in {seconds} s."
ONLY_IN_SERVERS = "This works in servers only."


def plain(words: str) -> str:
    """`words` as they are, with nothing that Discord would format or take for a mention."""
    return words.translate(_MARKDOWN)


def relative(moment: datetime) -> str:
    """A moment as Discord shows it to each reader, relative to now."""
    return f"<t:{int(moment.timestamp())}:R>"


def full(moment: datetime) -> str:
    """A moment as Discord shows it to each reader, with date and time."""
    return f"<t:{int(moment.timestamp())}:f>"


def source_name(name: str) -> str:
    """What people call a source."""
    return SOURCE_NAMES.get(name, name)


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 code`, `2 codes`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def post_title(count: int) -> str:
    """Headline of a post."""
    return "New gift code" if count == 1 else f"{count} new gift codes"


def post_title_continued(number: int, pages: int) -> str:
    """Headline of a post's further embeds."""
    return f"New gift codes ({number} of {pages})"


def post_footer(reference: str) -> str:
    """Last line of a post; the reference is what the bot finds its own message by."""
    return f"ref {reference} · /giftcode shows all active codes"


def code_heading(status: CodeStatus, *, over: bool) -> str:
    """Heading of one code."""
    if over or status in (CodeStatus.EXPIRED, CodeStatus.INVALID):
        return "Code (expired)"
    return "Code (not confirmed yet)" if status is CodeStatus.HELD else "Code"


def code_details(*, display: str, rewards: str | None, expires_at: datetime | None, sources: Sequence[str]) -> str:
    """One code: a block to copy, then what is known of it."""
    lines = [f"```\n{display}\n```"]
    if rewards:
        lines.append(f"**Rewards** {plain(rewards)}")
    if expires_at is None:
        lines.append("**Expires** not known")
    else:
        lines.append(f"**Expires** {relative(expires_at)} ({full(expires_at)})")
    if sources:
        lines.append(f"**Source** {', '.join(map(source_name, sources))}")
    return "\n".join(lines)


def active_title(count: int) -> str:
    """Headline of the list of active codes."""
    return f"{counted(count, 'active gift code')}"


def refreshed_title(active: int, total: int) -> str:
    """Headline of a post after its Refresh button was pressed."""
    return f"Gift codes: {active} of {total} still active" if total > 1 else "Gift code"


def missing_permissions(channel_id: ChannelId, missing: Sequence[str]) -> str:
    """What the bot lacks in a channel."""
    names = ", ".join(f"**{name}**" for name in missing)
    return (
        f"I cannot post in <#{channel_id}> yet: {names} missing there. "
        "Give my role this in the channel's permissions, then choose the channel again."
    )


def channel_broken_admin(channel_id: ChannelId, reason: str) -> str:
    """What a server's owner reads when posting there stopped."""
    return (
        f"I can no longer post gift codes in <#{channel_id}> ({reason}), so posting is off in your server. "
        "Give me back the permissions there, then choose the channel again with /giftcodesettings. "
        "Codes that are still active can be posted then."
    )


def channel_broken_owner(guild_id: GuildId, channel_id: ChannelId, reason: str) -> str:
    """What the bot's owner reads when a server's channel broke."""
    return f"Posting is off in server {guild_id}: channel {channel_id} refuses messages ({reason})."


def new_code_notice(code: GiftCode) -> str:
    """What the owner reads of a new code."""
    sources = ", ".join(map(source_name, code.sources))
    return f"New gift code {plain(code.display)} from {sources}. It is being posted to every configured server."


def held_notice(codes: Sequence[GiftCode]) -> str:
    """What the owner reads of codes that wait for a decision."""
    shown = ", ".join(plain(code.display) for code in codes[:10])
    more = f" and {len(codes) - 10} more" if len(codes) > 10 else ""
    sources = ", ".join(sorted({source_name(name) for code in codes for name in code.sources}))
    return (
        f"{counted(len(codes), 'code')} held back: {shown}{more} (from {sources}). "
        "Announce them everywhere, or discard them? The same with: ops codes release, ops codes discard."
    )


def reported_notice(code: GiftCode, guild_id: GuildId, reporter: str) -> str:
    """What the owner reads of a code that somebody reported."""
    return (
        f"{plain(reporter)} reported the code {plain(code.display)} in server {guild_id}. It is posted there only. "
        "Announce it everywhere, or discard it?"
    )


def source_notice(name: str, problem: str) -> str:
    """What the owner reads of a source that fails or behaves strangely."""
    return f"The {source_name(name)} has a problem: {problem}. Codes known so far stay as they are."


def code_is_over(display: str, expired_at: datetime | None) -> str:
    """Why a reported code is not posted."""
    when = f" since {relative(expired_at)}" if expired_at else ""
    return (
        f"**{plain(display)}** has expired{when}. The bot's owner can bring it back if the game accepts it again."
    )


def error_with_reference(reference: str) -> str:
    """What a user reads when something went wrong inside the bot."""
    return (
        f"Something went wrong on my side, and it was logged. If it stays, tell the bot's owner this: `{reference}`"
    )


BUTTON_RELEASE = "Announce everywhere"
BUTTON_DISCARD = "Discard"
CHANNEL_GONE = "This channel does not exist any more. Choose another one."
NOT_POSTABLE = "Posts go to text or announcement channels of this server. Choose one of those."


def and_more(count: int) -> str:
    """What follows a list that was too long; empty when nothing is left out."""
    return f"and {counted(count, 'more code', 'more codes')}" if count > 0 else ""


PANEL_TITLE = "Gift code settings"
PANEL_CHANNEL = "Choose the channel for gift codes"
PANEL_ROLE = "Choose a role to mention (optional)"
PANEL_TURN_ON = "Turn posting on"
PANEL_TURN_OFF = "Turn posting off"
PANEL_NO_ROLE = "Mention nobody"
PANEL_AGAIN = "Post again"
PANEL_ONLY_NEW = "Only new ones"
PANEL_TEST = "Test post"
PANEL_CHECK = "Check now"
ROLE_REMOVED = "Posts mention nobody now."
POSTING_ON = "Posting is on. Choose below whether the codes that are active now are posted, too."
POSTING_OFF = (
    "Posting is off. Codes found meanwhile are not made up for, unless you ask for it when you turn it on."
)
TRIAL_TITLE = "Test post"
TRIAL_DESCRIPTION = "Posting works in this channel. New gift codes will look like this:"
TRIAL_FIELD = "```\nEXAMPLE2026\n```\n**Rewards** none, this is a test"
BUTTON_RESET = "Post all again"
BUTTON_CANCEL = "Cancel"
STATS_TITLE = "Gift codes posted here"
STATUS_TITLE = "How the bot is"
HELP_TITLE = "What this bot can do"
HELP = (
    "New gift codes are posted in the channel that this server chose.\n\n"
    "**/giftcode** shows the codes that can be used now\n"
    "**/giftcode_status** shows how the bot is\n"
    "**/about** says what this bot is\n\n"
    "With the permission “Manage Server”:\n"
    "**/giftcodesettings** chooses channel, role and what is posted\n"
    "**/giftcode_add** posts a code that you know, in this server\n"
    "**/giftcode_stats** shows what was posted here\n"
    "**/giftcode_reset** forgets that, so that all active codes are posted again"
)


def panel_post_now(count: int) -> str:
    """Label of the button that posts what is active now."""
    return f"Post the {counted(count, 'code')} active now" if count else "No codes to post now"


def posting_state(guild: GuildSettings) -> str:
    """Whether new codes are posted, and why not."""
    if guild.disabled_reason is not None:
        return f"stopped: {plain(guild.disabled_reason)}. Repair the permissions, then choose the channel again."
    if not guild.auto_post:
        return "off"
    return "on" if guild.channel_id is not None else "waits for a channel"


def undecided(count: int) -> str:
    """What the panel says of posts that may or may not have arrived."""
    return (
        f"{counted(count, 'post')} may or may not have arrived, and I may not read the channel's history to find out. "
        "Look there; if they are missing, press “Post again”."
    )


def channel_chosen(channel_id: ChannelId) -> str:
    """After a channel was chosen."""
    return (
        f"New codes go to <#{channel_id}> from now on. "
        "Choose below whether the codes that are active now are posted, too."
    )


def role_chosen(role_id: RoleId) -> str:
    """After a role was chosen."""
    return f"Posts mention <@&{role_id}> now."


def backfilled(choice: Backfill, posted: int) -> str:
    """After the choice what happens to the codes that are active now."""
    if choice is Backfill.SKIP:
        return "Only codes found from now on are posted."
    return f"{counted(posted, 'code')} will be posted in a moment." if posted else "There is nothing to post now."


def trial_sent(channel_id: ChannelId | None) -> str:
    """After a test post arrived."""
    return f"The test post is in <#{channel_id}>."


def trial_failed(channel_id: ChannelId, why: str) -> str:
    """After a test post did not arrive."""
    return f"The test post did not arrive in <#{channel_id}>: {plain(why)}. Check the bot's permissions there."


def checked(asked: int, failed: int, found: int, posted: int) -> str:
    """After a check that somebody asked for."""
    troubled = f", {failed} of them without success" if failed else ""
    news = f"{counted(posted, 'code')} will be posted here in a moment." if posted else "Nothing is new here."
    return f"Asked {counted(asked, 'source')}{troubled}: {counted(found, 'code')} listed. {news}"


def posting_again(count: int) -> str:
    """After "post again"."""
    return f"{counted(count, 'code')} will be posted again in a moment."


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


def released(codes: Sequence[GiftCode]) -> str:
    """After the owner approved held codes."""
    return f"Announced everywhere: {', '.join(plain(code.display) for code in codes[:20])}."


def discarded(codes: Sequence[GiftCode]) -> str:
    """After the owner refused held codes."""
    return f"Discarded: {', '.join(plain(code.display) for code in codes[:20])}."


def reset_question(sent: int, active: int, guild: GuildSettings) -> str:
    """What a reset would do."""
    where = f"in <#{guild.channel_id}>" if guild.is_posting else "once posting is on"
    return (
        f"This forgets that {counted(sent, 'code')} were posted in this server. "
        f"The {counted(active, 'code')} active now will be posted again {where}. Other servers are not touched. "
        "You have 60 seconds to decide."
    )


def reset_done(again: int) -> str:
    """After a reset."""
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
        ("Sources", ", ".join(stats.sources) or "none"),
    ]


def status_fields(report: StatusReport, now: datetime) -> list[tuple[str, str]]:
    """The state of the bot as titled values."""
    return [
        ("Store", f"{report.store}, {'normal' if report.problem is None else plain(report.problem)}"),
        ("Last check", relative(report.last_check_at) if report.last_check_at else "none yet"),
        ("Sources", "\n".join(source_line(health, now) for health in report.sources) or "none are set"),
        ("This server", posting_state(report.guild)),
        ("Queue", queue_line(report)),
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
        "It keeps which codes were posted where, and this server's settings; nothing about its members."
    )


def parked_notice(codes: Sequence[str], reason: str) -> str:
    """What the owner reads of a post that Discord calls malformed."""
    return f"Discord calls the post of {', '.join(codes)} malformed, so it is not sent: {plain(reason)}"[:1900]
