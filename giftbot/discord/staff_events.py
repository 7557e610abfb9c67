"""What Discord's events say of members who may have gained the VIP role."""

from __future__ import annotations

import hikari

from giftbot.models.ids import GuildId, RoleId, UserId
from giftbot.services.invites.ports import MemberSeen
from giftbot.services.invites.staff_work import StaffWork


class StaffEvents:
    """Listens for the worker; nothing is awaited."""

    def __init__(self, work: StaffWork) -> None:
        self._work = work

    def listen(self, bot: hikari.GatewayBot) -> None:
        """Subscribe to all of it."""
        bot.subscribe(hikari.MemberCreateEvent, self._on_member)
        bot.subscribe(hikari.MemberUpdateEvent, self._on_member)
        bot.subscribe(hikari.GuildAvailableEvent, self._on_server)
        bot.subscribe(hikari.GuildJoinEvent, self._on_server)
        bot.subscribe(hikari.GuildLeaveEvent, self._on_server_left)

    async def _on_member(self, event: hikari.MemberCreateEvent | hikari.MemberUpdateEvent) -> None:
        member = member_seen(event.member)
        if member is not None:
            self._work.saw(GuildId(int(event.guild_id)), member)

    async def _on_server(self, event: hikari.GuildAvailableEvent | hikari.GuildJoinEvent) -> None:
        self._work.arrived(GuildId(int(event.guild_id)))

    async def _on_server_left(self, event: hikari.GuildLeaveEvent) -> None:
        self._work.left(GuildId(int(event.guild_id)))


def member_seen(member: hikari.Member) -> MemberSeen | None:
    """A member as the services take them; None without the moment of their join (guests)."""
    if member.joined_at is None:
        return None
    return MemberSeen(
        user_id=UserId(int(member.id)),
        user_name=member.username,
        joined_at=member.joined_at,
        role_ids=tuple(RoleId(int(role)) for role in member.role_ids if role != member.guild_id),
        is_bot=member.is_bot,
        flags=int(member.guild_flags),
    )
