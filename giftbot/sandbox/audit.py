"""A guild's audit log: who changed what.

Source: https://docs.discord.com/developers/resources/audit-log
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from giftbot.sandbox.nouns import Invite, Role, User
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.permissions import BITS

if TYPE_CHECKING:
    from giftbot.sandbox.guild import Guild

MEMBER_ROLE_UPDATE, BOT_ADD, ROLE_CREATE, INVITE_CREATE, INVITE_DELETE = 25, 28, 30, 40, 42


class AuditLog:
    """The entries of one guild, oldest first; the bot hears of them with View Audit Log."""

    def __init__(self, guild: Guild) -> None:
        self._guild = guild
        self.entries: list[Payload] = []

    def bot_added(self, bot: User, by: int) -> None:
        """Note that somebody added a bot."""
        self._add(BOT_ADD, by, bot.id, [])

    def invite_created(self, invite: Invite, by: int | None, reason: str | None = None) -> None:
        """Note a new invite."""
        self._add(INVITE_CREATE, by, None, [_new(key, value) for key, value in _fields(invite)], reason)

    def invite_deleted(self, invite: Invite, by: int | None, reason: str | None = None) -> None:
        """Note that somebody deleted an invite, with what it counted."""
        hidden = set() if self._guild.world.habits.deletions_show_uses else {"uses"}
        changes = [_old(key, value) for key, value in _fields(invite) if key not in hidden]
        self._add(INVITE_DELETE, by, None, changes, reason)

    def role_created(self, role: Role, by: int, reason: str | None = None) -> None:
        """Note a new role."""
        self._add(ROLE_CREATE, by, role.id, [_new("name", role.name)], reason)

    def roles_changed(self, user_id: int, by: int, *, given: Iterable[Role], taken: Iterable[Role]) -> None:
        """Note that somebody gave or took roles."""
        changes = [
            _new(key, [{"id": str(role.id), "name": role.name} for role in roles])
            for key, roles in (("$add", list(given)), ("$remove", list(taken)))
            if roles
        ]
        self._add(MEMBER_ROLE_UPDATE, by, user_id, changes)

    def _add(
        self, action: int, by: int | None, target: int | None, changes: list[Payload], reason: str | None = None
    ) -> None:
        entry: Payload = {
            "id": str(self._guild.world.ids.take()),
            "action_type": action,
            "user_id": str(by) if by is not None else None,
            "target_id": str(target) if target is not None else None,
            "changes": changes,
        }
        if reason is not None:
            entry["reason"] = reason
        self.entries.append(entry)
        if self._guild.bot_permissions() & BITS["VIEW_AUDIT_LOG"]:
            self._guild.tell("GUILD_AUDIT_LOG_ENTRY_CREATE", lambda: {**entry, "guild_id": str(self._guild.id)})


def _fields(invite: Invite) -> list[tuple[str, object]]:
    return [
        ("code", invite.code),
        ("channel_id", str(invite.channel.id)),
        ("inviter_id", str(invite.inviter.id) if invite.inviter is not None else None),
        ("uses", invite.uses),
        ("max_uses", invite.max_uses),
        ("max_age", invite.max_age),
        ("temporary", invite.temporary),
        ("flags", invite.flags),
    ]


def _new(key: str, value: object) -> Payload:
    return {"key": key, "new_value": value}


def _old(key: str, value: object) -> Payload:
    return {"key": key, "old_value": value}
