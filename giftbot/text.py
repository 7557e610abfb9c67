"""Every sentence that a user reads. What happened, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.ids import ChannelId, GuildId

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
