"""What a Discord consists of, as frozen values; Discord's words, ids as integers."""

from __future__ import annotations

import attrs


@attrs.frozen
class User:
    """A person or a bot."""

    id: int
    name: str
    bot: bool = False


@attrs.frozen
class Role:
    """A role of a guild; the one whose id is the guild's is @everyone."""

    id: int
    name: str
    permissions: int
    mentionable: bool = False
    position: int = 0
    bot_id: int | None = None
    """The bot whose invitation created the role."""


@attrs.frozen
class Overwrite:
    """What a channel allows and denies to one role (kind 0) or member (kind 1)."""

    id: int
    kind: int
    allow: int
    deny: int


@attrs.frozen
class Channel:
    """A channel of a guild, or the direct messages with one user."""

    id: int
    guild_id: int | None
    name: str
    kind: int = 0
    """0 text, 1 direct messages, 2 voice, 4 category, 5 announcements."""

    position: int = 0
    overwrites: tuple[Overwrite, ...] = ()
    recipient: User | None = None
    """The other side of direct messages."""


@attrs.frozen
class Member:
    """A user in a guild."""

    guild_id: int
    user: User
    roles: tuple[int, ...]
    joined_at: str
    nickname: str | None = None


@attrs.define
class SessionLimit:
    """How many gateway sessions may still be started; change it to simulate a nearly used up budget."""

    total: int = 1000
    remaining: int = 1000
    reset_after_ms: int = 86_400_000
    max_concurrency: int = 16


@attrs.define
class Application:
    """The bot's application; change the fields to simulate other registrations."""

    id: int
    name: str
    owner: User
    flags: int = 0
    team: tuple[User, ...] = ()
    """Members of the team that owns the application; empty for a single owner."""

    public: bool = True
