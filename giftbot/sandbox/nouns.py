"""What a Discord consists of, as frozen values; Discord's words, ids as integers."""

from __future__ import annotations

import datetime

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
    flags: int = 0
    """1 joined before, 4 exempt from verification, 16 a guest."""


@attrs.frozen
class Invite:
    """A link into a guild."""

    code: str
    guild_id: int
    channel: Channel
    inviter: User | None
    """None for a widget's."""

    created_at: datetime.datetime
    uses: int = 0
    max_uses: int = 0
    """0 for no limit."""

    max_age: float = 0
    """Seconds until it expires, 0 for never; Discord's are whole, a test's may be shorter."""

    temporary: bool = False
    role_ids: tuple[int, ...] = ()
    """Roles that it gives to whoever joins by it."""

    flags: int = 0
    """1 for guests."""

    target_type: int | None = None
    """1 a stream, 2 an activity; 3 to 5 are in no list."""

    @property
    def expires_at(self) -> datetime.datetime | None:
        """When it stops to let people in."""
        return self.created_at + datetime.timedelta(seconds=self.max_age) if self.max_age else None

    @property
    def is_used_up(self) -> bool:
        """Whether its last use has been taken."""
        return 0 < self.max_uses <= self.uses

    @property
    def is_listed(self) -> bool:
        """Whether the lists show it."""
        return self.target_type is None or self.target_type < 3


@attrs.frozen
class Vanity:
    """A guild's own address."""

    code: str
    uses: int = 0


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
