"""Which intent an event needs, and which intents need a grant.

Source: https://docs.discord.com/developers/events/gateway#gateway-intents
"""

from __future__ import annotations

GUILDS, MEMBERS, MODERATION, INVITES, PRESENCES, GUILD_MESSAGES, DIRECT_MESSAGES, CONTENT = (
    1 << 0,
    1 << 1,
    1 << 2,
    1 << 6,
    1 << 8,
    1 << 9,
    1 << 12,
    1 << 15,
)
_PRIVILEGED = ((PRESENCES, 1 << 12 | 1 << 13), (MEMBERS, 1 << 14 | 1 << 15), (CONTENT, 1 << 18 | 1 << 19))


def intent_of(event: str, guild_id: int | None) -> int:
    """Return the intent an event needs, 0 for those that come unasked."""
    if event.startswith("MESSAGE_"):
        return GUILD_MESSAGES if guild_id is not None else DIRECT_MESSAGES
    if event.startswith("GUILD_MEMBER_"):
        return MEMBERS
    if event.startswith("INVITE_"):
        return INVITES
    if event == "GUILD_AUDIT_LOG_ENTRY_CREATE":
        return MODERATION
    if event.startswith(("GUILD_", "CHANNEL_")):
        return GUILDS
    return 0


def disallowed(intents: int, application_flags: int) -> bool:
    """Say whether privileged intents are asked for that the application has not been granted."""
    return any(intents & bit and not application_flags & flags for bit, flags in _PRIVILEGED)
