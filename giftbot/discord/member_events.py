"""What Discord's events say of members and invites, numbered and handed on before anything is awaited."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta

import attrs
import hikari

from giftbot.discord.invite_entries import cut, invite_of_event
from giftbot.discord.invites import DiscordInvites
from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.services.invites.actors import Actors
from giftbot.services.ports import Clock

NEW_FOR = timedelta(minutes=15)
"""For so long after a join a member's roles say something about the invite."""
_REMEMBERED = 5_000
"""Of so many members the roles are remembered, for when they leave."""
_MORE = (Coverage.NONE, Coverage.BARE, Coverage.CHANNELS, Coverage.FULL)


class MemberEvents:
    """Listens for the actors, and keeps the directory's knowledge of the bot's own roles."""

    def __init__(self, actors: Actors, directory: DiscordInvites, clock: Clock) -> None:
        self._actors = actors
        self._directory = directory
        self._clock = clock
        self._roles: OrderedDict[tuple[GuildId, UserId], tuple[RoleId, ...]] = OrderedDict()
        self._covered: dict[GuildId, Coverage] = {}

    def listen(self, bot: hikari.GatewayBot) -> None:
        """Subscribe to all of it."""
        bot.subscribe(hikari.MemberCreateEvent, self._on_join)
        bot.subscribe(hikari.MemberUpdateEvent, self._on_change)
        bot.subscribe(hikari.MemberDeleteEvent, self._on_leave)
        bot.subscribe(hikari.InviteCreateEvent, self._on_invite)
        bot.subscribe(hikari.InviteDeleteEvent, self._on_invite_gone)
        bot.subscribe(hikari.GuildChannelDeleteEvent, self._on_channel_gone)
        bot.subscribe(hikari.GuildAvailableEvent, self._on_server)
        bot.subscribe(hikari.GuildJoinEvent, self._on_server)
        bot.subscribe(hikari.GuildLeaveEvent, self._on_server_left)
        bot.subscribe(hikari.RoleUpdateEvent, self._on_role)
        bot.subscribe(hikari.RoleDeleteEvent, self._on_role)
        bot.subscribe(hikari.GuildChannelUpdateEvent, self._on_channel)

    async def _on_join(self, event: hikari.MemberCreateEvent) -> None:
        if int(event.user_id) != self._directory.bot_id:
            self._remember(event.member)
            self._tell_member(InviteEventKind.JOINED, event.member)

    async def _on_change(self, event: hikari.MemberUpdateEvent) -> None:
        guild_id = GuildId(int(event.guild_id))
        if int(event.user_id) == self._directory.bot_id:
            self._directory.rights.note(guild_id, event.member.role_ids)
            self._compare_rights(guild_id)
            return
        self._remember(event.member)
        joined_at = event.member.joined_at
        if joined_at is not None and self._clock.now() - joined_at < NEW_FOR:
            self._tell_member(InviteEventKind.ROLES, event.member)

    async def _on_leave(self, event: hikari.MemberDeleteEvent) -> None:
        guild_id, user_id = GuildId(int(event.guild_id)), UserId(int(event.user_id))
        roles = self._roles.pop((guild_id, user_id), ())
        if user_id == self._directory.bot_id:
            return
        left = self._event(guild_id, InviteEventKind.LEFT)
        self._actors.tell(attrs.evolve(left, user_id=user_id, user_name=event.user.username, role_ids=roles))

    async def _on_invite(self, event: hikari.InviteCreateEvent) -> None:
        invite = invite_of_event(event.invite)
        if event.invite.guild_id is None:
            return
        guild_id = GuildId(int(event.invite.guild_id))
        self._directory.note_invite_in(guild_id, invite.channel_id)
        made = self._event(guild_id, InviteEventKind.CREATED)
        self._actors.tell(attrs.evolve(made, code=invite.code, channel_id=invite.channel_id, invite=invite))

    async def _on_invite_gone(self, event: hikari.InviteDeleteEvent) -> None:
        if event.guild_id is None:
            return
        gone = self._event(GuildId(int(event.guild_id)), InviteEventKind.DELETED)
        channel_id = ChannelId(int(event.channel_id))
        self._actors.tell(attrs.evolve(gone, code=InviteCode(event.code), channel_id=channel_id))

    async def _on_channel_gone(self, event: hikari.GuildChannelDeleteEvent) -> None:
        gone = self._event(GuildId(int(event.guild_id)), InviteEventKind.CHANNEL_GONE)
        self._actors.tell(attrs.evolve(gone, channel_id=ChannelId(int(event.channel_id))))

    async def _on_server(self, event: hikari.GuildAvailableEvent | hikari.GuildJoinEvent) -> None:
        guild_id = GuildId(int(event.guild_id))
        own = event.members.get(hikari.Snowflake(self._directory.bot_id))
        if own is not None:
            self._directory.rights.note(guild_id, own.role_ids)
        self._directory.note_invite_in(guild_id, None)
        self._covered[guild_id] = self._directory.coverage(guild_id)
        self._actors.catch_up(guild_id)

    async def _on_server_left(self, event: hikari.GuildLeaveEvent) -> None:
        guild_id = GuildId(int(event.guild_id))
        self._directory.rights.forget(guild_id)
        self._covered.pop(guild_id, None)

    async def _on_role(self, event: hikari.RoleUpdateEvent | hikari.RoleDeleteEvent) -> None:
        self._compare_rights(GuildId(int(event.guild_id)))

    async def _on_channel(self, event: hikari.GuildChannelUpdateEvent) -> None:
        self._compare_rights(GuildId(int(event.guild_id)))

    def _compare_rights(self, guild_id: GuildId) -> None:
        """See whether more can be seen of a server than before: then there is something to catch up with."""
        if guild_id not in self._covered:
            return
        before, now = self._covered[guild_id], self._directory.coverage(guild_id)
        self._covered[guild_id] = now
        self._directory.note_invite_in(guild_id, None)
        if _MORE.index(now) > _MORE.index(before):
            self._actors.catch_up(guild_id)

    def _tell_member(self, kind: InviteEventKind, member: hikari.Member) -> None:
        guild_id, user_id = GuildId(int(member.guild_id)), UserId(int(member.id))
        event = attrs.evolve(
            self._event(guild_id, kind),
            user_id=user_id,
            user_name=member.username,
            is_bot=member.is_bot,
            joined_at=None if member.joined_at is None else cut(member.joined_at),
            role_ids=_roles_of(member),
            flags=int(member.guild_flags),
        )
        self._actors.tell(event)

    def _remember(self, member: hikari.Member) -> None:
        key = GuildId(int(member.guild_id)), UserId(int(member.id))
        self._roles.pop(key, None)
        if roles := _roles_of(member):
            self._roles[key] = roles
            if len(self._roles) > _REMEMBERED:
                self._roles.popitem(last=False)

    def _event(self, guild_id: GuildId, kind: InviteEventKind) -> InviteEvent:
        return InviteEvent(guild_id, self._actors.numbers.next(), kind, self._clock.now())


def _roles_of(member: hikari.Member) -> tuple[RoleId, ...]:
    """Their roles without the one that everybody has, which hikari adds."""
    return tuple(RoleId(int(role)) for role in member.role_ids if role != member.guild_id)
