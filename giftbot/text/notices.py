"""Messages to the bot's owner and to a server's owner."""

from __future__ import annotations

from collections.abc import Sequence

from giftbot.models.code import GiftCode
from giftbot.models.ids import ChannelId, GuildId
from giftbot.text.words import counted, plain, source_name

NOT_OWNER = "Only the bot's owner can decide this."
ALREADY_DECIDED = "This was decided already."


def channel_broken_admin(channel_id: ChannelId, reason: str) -> str:
    """What a server's owner reads when posting there stopped."""
    return (
        f"I can no longer post gift codes in <#{channel_id}> ({reason}), so posting has stopped in your server. "
        "Give me back the permissions there, or choose another channel if it is gone: /giftcodesettings. "
        "Codes that are still active can be posted then."
    )


def channel_broken_owner(guild_id: GuildId, channel_id: ChannelId, reason: str) -> str:
    """What the bot's owner reads when a server's channel broke."""
    return (
        f"Posting has stopped in server {guild_id}: channel {channel_id} refuses messages ({reason}). "
        f"Its owner was told what to do; ops doctor --live --guild {guild_id} shows what is missing."
    )


def new_codes_notice(codes: Sequence[GiftCode]) -> str:
    """What the owner reads of new codes."""
    shown = ", ".join(plain(code.display) for code in codes[:10])
    more = f" and {len(codes) - 10} more" if len(codes) > 10 else ""
    sources = ", ".join(sorted({source_name(name) for code in codes for name in code.sources}))
    word = "New gift code" if len(codes) == 1 else f"{len(codes)} new gift codes"
    return f"{word}: {shown}{more} (from {sources}). Every configured server gets it."


def disputed_notice(code: GiftCode) -> str:
    """What the owner reads when a trusted source lists a code that was discarded."""
    sources = ", ".join(map(source_name, code.sources))
    return (
        f"{plain(code.display)} was discarded, and is listed now (by {sources}). "
        "It stays discarded. Announce it everywhere after all?"
    )


def held_notice(codes: Sequence[GiftCode]) -> str:
    """What the owner reads of codes that wait for a decision."""
    shown = ", ".join(plain(code.display) for code in codes[:10])
    more = f" and {len(codes) - 10} more" if len(codes) > 10 else ""
    sources = ", ".join(sorted({source_name(name) for code in codes for name in code.sources}))
    return (
        f"{counted(len(codes), 'code')} held back: {shown}{more} (from {sources}). "
        "Announce everywhere, or discard? The same with: ops codes release, ops codes discard."
    )


def reported_notice(code: GiftCode, guild_id: GuildId, reporter: str) -> str:
    """What the owner reads of a code that somebody reported."""
    return (
        f"{plain(reporter)} reported the code {plain(code.display)} in server {guild_id}. It is posted there only. "
        "Announce it everywhere, or discard it?"
    )


def source_notice(name: str, problem: str) -> str:
    """What the owner reads of a source that fails or behaves strangely."""
    return f"The {source_name(name)} has a problem: {problem.rstrip('.')}. Codes known so far stay as they are."


BUTTON_RELEASE = "Announce everywhere"
BUTTON_DISCARD = "Discard"


def released(codes: Sequence[GiftCode]) -> str:
    """After the owner approved held codes."""
    return f"Announced everywhere: {', '.join(plain(code.display) for code in codes[:20])}."


def discarded(codes: Sequence[GiftCode]) -> str:
    """After the owner refused held codes."""
    return f"Discarded: {', '.join(plain(code.display) for code in codes[:20])}."


def parked_notice(codes: Sequence[str], reason: str) -> str:
    """What the owner reads of a post that Discord calls malformed."""
    return f"Discord calls the post of {', '.join(codes)} malformed, so it is not sent: {plain(reason)}"[:1900]


def unknown_answer_notice(raw: str) -> str:
    """The game said something that is not known."""
    return (
        f"The game gave an answer that this version does not know: “{raw}”. The players concerned are parked."
        " When it is known what it means, let them be tried again: `ops jobs retry`."
    )
