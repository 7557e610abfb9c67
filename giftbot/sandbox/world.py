"""The state of the sandbox: who and what there is, and who is told when it changes."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Protocol

import attrs

from giftbot.sandbox import permissions, shapes
from giftbot.sandbox.arrivals import Arrivals
from giftbot.sandbox.declarations import Declarations
from giftbot.sandbox.guild import Guild, overwrite_for
from giftbot.sandbox.habits import Habits
from giftbot.sandbox.ids import Snowflakes, earlier
from giftbot.sandbox.interactions import InteractionDesk
from giftbot.sandbox.member_search import MemberSearch
from giftbot.sandbox.messages import MessageStore
from giftbot.sandbox.nouns import Application, Channel, Member, Role, SessionLimit, User
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.pulse import Pulse
from giftbot.sandbox.uploads import Uploads

_FLAGS = {"GUILD_PRESENCES": 1 << 13, "GUILD_MEMBERS": 1 << 15, "MESSAGE_CONTENT": 1 << 19}


class Listener(Protocol):
    """Who hears of changes: the gateway."""

    def dispatch(self, event: str, guild_id: int | None, build: Callable[[], Payload]) -> None:
        """Send an event to the sessions that want it; `build` is called only if there is one."""

    def open_guild(self, guild: Guild, *, joined: bool) -> None:
        """Send GUILD_CREATE."""


class World:
    """Everything that exists. Methods change it as users and moderators would; the bot hears the events."""

    def __init__(
        self,
        *,
        nonce_window: float = 300.0,
        history_delay: float = 0.0,
        answer_deadline: float = 3.0,
        token_life: float = 900.0,
    ) -> None:
        self.ids = Snowflakes()
        self.pulse = Pulse()
        self.uploads = Uploads(self.ids)
        self.habits = Habits()
        self.arrivals = Arrivals()
        self.member_search = MemberSearch()
        self.findings: list[str] = []
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.owner = self.add_user("operator")
        self.bot = self.add_user("giftbot", bot=True)
        self.application = Application(self.bot.id, "giftbot", self.owner)
        self.session_limit = SessionLimit()
        self.recommended_shards = 1
        self.declarations = Declarations(self.ids, self.application)
        self.store = MessageStore(self, nonce_window=nonce_window, history_delay=history_delay)
        self.interactions = InteractionDesk(self, answer_deadline=answer_deadline, token_life=token_life)
        self.refuses_direct_messages: set[int] = set()
        """Ids of users whose direct messages answer 403 50007."""

        self.listener: Listener | None = None
        self._direct: dict[int, Channel] = {}

    def tell(self, event: str, guild_id: int | None, build: Callable[[], Payload]) -> None:
        """Dispatch an event, if anybody listens."""
        if self.listener is not None:
            self.listener.dispatch(event, guild_id, build)

    def grant_intents(self, *names: str) -> None:
        """Switch privileged intents on for the application: GUILD_MEMBERS, MESSAGE_CONTENT, GUILD_PRESENCES."""
        for name in names:
            self.application.flags |= _FLAGS[name]

    def withdraw_intents(self, *names: str) -> None:
        """Switch privileged intents off again; sessions that have them stay as they are."""
        for name in names:
            self.application.flags &= ~_FLAGS[name]

    def add_user(self, name: str, *, bot: bool = False, age: datetime.timedelta = datetime.timedelta()) -> User:
        """Register a user who is in no guild yet, and whose account is so old."""
        user = User(earlier(self.ids.take(), age), name, bot)
        self.users[user.id] = user
        return user

    def rename(self, user: User | Member | int, name: str) -> User:
        """Let a user take another name; GUILD_MEMBER_UPDATE tells each guild they are in."""
        user_id = user if isinstance(user, int) else user.user.id if isinstance(user, Member) else user.id
        changed = self.users[user_id] = attrs.evolve(self.users[user_id], name=name)
        for guild in self.guilds.values():
            if user_id in guild.members:
                member = guild.members[user_id] = attrs.evolve(guild.members[user_id], user=changed)
                guild.tell_member(member)
        return changed

    def add_guild(
        self,
        name: str = "guild",
        *,
        members: int = 1,
        channels: Iterable[str] = ("general", "codes"),
        bot_permissions: permissions.Permissionish = permissions.BOT,
    ) -> Guild:
        """Create a guild with the bot in it, `members` people of whom the first owns it, and text channels."""
        owner = self.add_user(f"owner of {name}") if members else self.owner
        guild = Guild(self, self.ids.take_for_guild(), name, owner)
        guild.roles[guild.id] = Role(guild.id, "@everyone", permissions.EVERYONE)
        guild.bot_role_id = self.ids.take()
        guild.roles[guild.bot_role_id] = Role(
            guild.bot_role_id,
            self.bot.name,
            permissions.parse(bot_permissions),
            position=1,
            bot_id=self.bot.id,
        )
        guild.members[self.bot.id] = Member(guild.id, self.bot, (guild.bot_role_id,), guild.joined_at)
        for number in range(members):
            user = owner if number == 0 else self.add_user(f"member {number} of {name}")
            guild.members[user.id] = Member(guild.id, user, (), guild.joined_at)
        for position, channel in enumerate(channels):
            guild.put_channel(Channel(self.ids.take(), guild.id, channel, position=position))
        self.guilds[guild.id] = guild
        if self.listener is not None:
            self.listener.open_guild(guild, joined=True)
        return guild

    def remove_guild(self, guild: Guild | int) -> None:
        """Kick the bot from a guild."""
        gone = self.guilds.pop(guild if isinstance(guild, int) else guild.id)
        for channel_id in gone.channels:
            self.channels.pop(channel_id, None)
        self.tell("GUILD_DELETE", gone.id, lambda: {"id": str(gone.id)})

    def return_guild(self, guild: Guild) -> None:
        """Invite the bot to a guild that it was kicked from, with everything that was there."""
        self.guilds[guild.id] = guild
        self.channels.update(guild.channels)
        if self.listener is not None:
            self.listener.open_guild(guild, joined=True)

    def outage(self, guild: Guild) -> None:
        """Make a guild unavailable."""
        guild.available = False
        self.tell("GUILD_DELETE", guild.id, lambda: {"id": str(guild.id), "unavailable": True})

    def end_outage(self, guild: Guild) -> None:
        """Make a guild available again."""
        guild.available = True
        if self.listener is not None:
            self.listener.open_guild(guild, joined=False)

    def delete_channel(self, channel: Channel | int) -> None:
        """Delete a channel of a guild with its messages."""
        gone = self.channels.pop(channel if isinstance(channel, int) else channel.id)
        guild = self.guilds[gone.guild_id or 0]
        guild.channels.pop(gone.id)
        guild.invites.drop_channel(gone.id)
        self.store.forget_channel(gone.id)
        self.tell("CHANNEL_DELETE", guild.id, lambda: shapes.channel(gone))

    def set_overwrite(
        self,
        channel: Channel | int,
        target: Role | Member,
        *,
        allow: permissions.Permissionish = 0,
        deny: permissions.Permissionish = 0,
    ) -> Channel:
        """Set what a channel allows and denies to a role or a member; return the channel as it is now."""
        old = self.channels[channel if isinstance(channel, int) else channel.id]
        overwrite = overwrite_for(target, permissions.parse(allow), permissions.parse(deny))
        others = tuple(one for one in old.overwrites if one.id != overwrite.id)
        changed = attrs.evolve(old, overwrites=(*others, overwrite))
        guild = self.guilds[changed.guild_id or 0]
        guild.put_channel(changed)
        self.tell("CHANNEL_UPDATE", guild.id, lambda: shapes.channel(changed))
        return changed

    def direct_channel(self, user_id: int) -> Channel:
        """Return the channel of direct messages between the bot and a user."""
        if user_id not in self._direct:
            channel = Channel(self.ids.take(), None, "", kind=1, recipient=self.users[user_id])
            self._direct[user_id] = self.channels[channel.id] = channel
        return self._direct[user_id]

    def direct_messages(self, user: User | Member | int) -> list[Payload]:
        """Return the direct messages between the bot and a user, oldest first."""
        user_id = user if isinstance(user, int) else user.user.id if isinstance(user, Member) else user.id
        channel = self._direct.get(user_id)
        return self.store.of_channel(channel.id) if channel is not None else []

    def messages(self, channel: Channel | int) -> list[Payload]:
        """Return the messages of a channel as stored, oldest first, without ephemeral ones."""
        return self.store.of_channel(channel if isinstance(channel, int) else channel.id)

    def delete_message(self, message: Payload | int) -> None:
        """Delete a message as a moderator would."""
        self.store.delete(message if isinstance(message, int) else int(message["id"]))

    def post(self, channel: Channel | int, author: User | Member, content: str) -> Payload:
        """Write a message as a user."""
        user = author.user if isinstance(author, Member) else author
        where = self.channels[channel if isinstance(channel, int) else channel.id]
        return self.store.create(where, user, {"content": content})

    def guild_of(self, channel: Channel) -> Guild | None:
        """Return the guild of a channel, None for direct messages."""
        return self.guilds.get(channel.guild_id) if channel.guild_id is not None else None
