"""Messages when somebody joins or leaves, and the panel that sets them up."""

from __future__ import annotations

from collections.abc import Sequence

from giftbot.models.ids import ChannelId, GuildId, UserId
from giftbot.models.join import Join, Level, Source
from giftbot.text.invites import LEVEL_NAMES, code
from giftbot.text.words import counted, plain

PLACEHOLDERS = {
    "member": "who it is",
    "inviter": "who brought them",
    "code": "the invite",
    "count": "how many that inviter brought",
    "server": "this server's name",
    "level": "how certain it is",
}
USUAL_JOIN = "{member} joined. Inviter: {inviter}."
USUAL_LEAVE = "{member} left. Inviter: {inviter}."
PANEL_TITLE = "Join and leave messages"
JOIN_CHANNEL = "Where to say that somebody joined"
LEAVE_CHANNEL = "Where to say that somebody left"
BUTTON_JOIN_TEXT = "Join text…"
BUTTON_LEAVE_TEXT = "Leave text…"
BUTTON_PREVIEW = "Preview"
BUTTON_NO_JOIN = "No join messages"
BUTTON_NO_LEAVE = "No leave messages"
TEXT_TITLE = "What to say"
TEXT_LABEL = "Text; empty for the usual one"
TEXT_SAVED = "The text is saved. Preview shows it."
TEXT_USUAL = "The usual text is used from now on."
TURNED_OFF = "These messages are off."
LONE_BRACE = "A { or } stands alone. Placeholders are written like {member}; other braces cannot be used."
NO_INVITER = "none"
BY_ADDRESS = "none (the server's own address)"
WITHOUT_INVITE = "none (no invite was used)"
UNKNOWN = "not known"


def allowed() -> str:
    """The placeholders, as they are written."""
    return ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)


def unknown_placeholder(name: str) -> str:
    """A placeholder that there is not."""
    return f"There is no placeholder {{{plain(name[:40])}}}. Use any of these: {allowed()}."


def too_long(length: int, most: int) -> str:
    """A text that would not fit."""
    return f"That text has {length:,} characters; at most {most:,} fit."


def chosen(channel_id: ChannelId) -> str:
    """After a channel was chosen."""
    return f"These messages go to <#{channel_id}> from now on."


def lacking(channel_id: ChannelId, missing: Sequence[str]) -> str:
    """The bot cannot write there."""
    return f"I cannot write in <#{channel_id}>: give me {' and '.join(missing)} there, then choose it again."


def refused(guild_id: GuildId, channel_id: ChannelId, *, joined: bool) -> str:
    """What a server's admin reads when the messages had to stop."""
    what = "join" if joined else "leave"
    return (
        f"I may no longer write in <#{channel_id}>, so {what} messages are off in your server ({guild_id})."
        " Give me View Channel and Send Messages there, then choose it again: /invites messages."
    )


def many_joined(count: int) -> str:
    """One message in place of many."""
    return f"{counted(count, 'member')} joined at once. /invites leaderboard shows who brought them."


def many_left(count: int) -> str:
    """One message in place of many."""
    return f"{counted(count, 'member')} left at once."


def panel(words: str | None, usual: str, channel_id: ChannelId | None) -> str:
    """One of the two messages in the panel."""
    where = f"In <#{channel_id}>." if channel_id else "Off."
    return f"{where}\n{plain(words or usual)}"


def preview(joined: str, left: str) -> str:
    """Both messages as they would be, with the person who asked as the member."""
    return f"**When somebody joins**\n{joined[:900]}\n\n**When somebody leaves**\n{left[:900]}"


def values(join: Join, *, count: int, server: str, mentions: bool) -> dict[str, str]:
    """What stands for each placeholder. Only the member is ever mentioned."""
    member = f"<@{join.user_id}>" if mentions else _name(join.user_id, join.user_name)
    return {
        "member": member,
        "inviter": inviter(join),
        "code": code(join.code) if join.code else "no known invite",
        "count": f"{count:,}",
        "server": plain(server),
        "level": LEVEL_NAMES[join.level],
    }


def inviter(join: Join) -> str:
    """Who brought somebody, in a few words; a doubt is said."""
    if join.owner_id is not None:
        doubt = "" if join.level >= Level.OWNER else "probably "
        return f"{doubt}{_name(join.owner_id, join.owner_name)}"
    if join.source is Source.VANITY:
        return BY_ADDRESS
    if join.source is Source.OTHER:
        return WITHOUT_INVITE
    return NO_INVITER if join.level >= Level.OWNER else UNKNOWN


def _name(user_id: UserId, name: str | None) -> str:
    return f"**{plain(name)}**" if name else f"user {user_id}"
