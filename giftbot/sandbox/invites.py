"""The invites of a guild and its own address."""

from __future__ import annotations

import datetime
import secrets
import string
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import attrs

from giftbot.sandbox import invite_shapes
from giftbot.sandbox.invite_shapes import Blemish
from giftbot.sandbox.nouns import Channel, Invite, Member, Role, User
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.permissions import BITS
from giftbot.sandbox.refused import DriverRefused

if TYPE_CHECKING:
    from giftbot.sandbox.guild import Guild

_SIGNS = string.ascii_letters + string.digits
LIMIT = 1_000
"""How many invites a guild can have."""


class Invites:
    """The invites of one guild. What is done here, people do; the bot hears of it as far as Discord says."""

    def __init__(self, guild: Guild) -> None:
        self._guild = guild
        self._live: dict[str, Invite] = {}
        self._ends: dict[str, datetime.datetime] = {}
        self._blemishes: dict[str, Blemish] = {}

    def __getitem__(self, code: str) -> Invite:
        """Return an invite that people can use.

        Raises:
            DriverRefused: There is none of this code, or it is over.
        """
        invite = self.find(code)
        if invite is None:
            msg = f"no invite {code!r} in {self._guild.name!r}, there are {sorted(self._live)}"
            raise DriverRefused(msg)
        return invite

    def __iter__(self) -> Iterator[Invite]:
        self._expire()
        return iter(tuple(self._live.values()))

    def __len__(self) -> int:
        self._expire()
        return len(self._live)

    def find(self, code: str) -> Invite | None:
        """Return an invite that people can use, None if there is none of this code."""
        self._expire()
        return self._live.get(code)

    def create(
        self,
        channel: Channel | None = None,
        inviter: Member | User | None = None,
        *,
        code: str | None = None,
        uses: int = 0,
        max_uses: int = 0,
        max_age: float = 0,
        temporary: bool = False,
        roles: Iterable[Role | int] = (),
        guests: bool = False,
        target_type: int | None = None,
        widget: bool = False,
        reason: str | None = None,
    ) -> Invite:
        """Make an invite, by default for the first channel and by the guild's owner; INVITE_CREATE tells of it.

        A widget's invite has no inviter.
        """
        guild = self._guild
        maker = inviter.user if isinstance(inviter, Member) else inviter or guild.world.users[guild.owner_id]
        invite = Invite(
            code or "".join(secrets.choice(_SIGNS) for _ in range(8)),
            guild.id,
            channel or next(iter(guild.channels.values())),
            None if widget else maker,
            datetime.datetime.now(datetime.UTC),
            uses=uses,
            max_uses=max_uses,
            max_age=max_age,
            temporary=temporary,
            role_ids=tuple(role if isinstance(role, int) else role.id for role in roles),
            flags=1 if guests else 0,
            target_type=target_type,
        )
        self.restore(invite)
        guild.audit.invite_created(invite, invite.inviter.id if invite.inviter is not None else None, reason)
        self._tell("INVITE_CREATE", invite, invite_shapes.created(invite))
        return invite

    def revoke(self, invite: Invite | str, by: Member | User | None = None, reason: str | None = None) -> Invite:
        """Delete an invite as a moderator does: the audit log has its uses, INVITE_DELETE has not."""
        gone = self._take(invite)
        who = by.user.id if isinstance(by, Member) else by.id if by is not None else self._guild.owner_id
        self._guild.audit.invite_deleted(gone, who, reason)
        self.tell_deleted(gone)
        return gone

    def expire(self, invite: Invite | str) -> Invite:
        """Let the time of an invite be over: nothing tells of it."""
        return self._take(invite)

    def count(self, invite: Invite | str, uses: int = 1) -> Invite:
        """Raise the uses of an invite, or with a negative number lower them; the last use takes it off the list."""
        old = self[invite if isinstance(invite, str) else invite.code]
        changed = attrs.evolve(old, uses=old.uses + uses)
        self._live[changed.code] = changed
        if changed.is_used_up:
            self._take(changed)
        return changed

    def restore(self, invite: Invite) -> None:
        """Let an invite be there, without a word; one that was gone is there again after a fault of Discord's."""
        self._live[invite.code] = invite
        if invite.expires_at is not None:
            self._ends[invite.code] = invite.expires_at

    def drop_channel(self, channel_id: int) -> None:
        """Forget the invites of a channel that is deleted; only CHANNEL_DELETE tells of it."""
        for invite in tuple(self._live.values()):
            if invite.channel.id == channel_id:
                self._take(invite)

    def spoil(self, invite: Invite | str, blemish: Blemish | None) -> None:
        """Let one entry of the lists be malformed, or with None right again."""
        code = self[invite if isinstance(invite, str) else invite.code].code
        if blemish is None:
            self._blemishes.pop(code, None)
        else:
            self._blemishes[code] = blemish

    def listing(self, channel_id: int | None = None, *, metadata: bool = True) -> list[Payload | None]:
        """Return what REST lists: all of them, or those of one channel."""
        about = invite_shapes.guild_part(self._guild)
        return [
            self._shape(invite, metadata=metadata, about=about)
            for invite in self
            if invite.is_listed and channel_id in {None, invite.channel.id}
        ]

    def tell_deleted(self, invite: Invite) -> None:
        """Send INVITE_DELETE."""
        self._tell("INVITE_DELETE", invite, invite_shapes.deleted(invite))

    def _shape(self, invite: Invite, *, metadata: bool, about: Payload) -> Payload | None:
        shape = invite_shapes.listed(self._guild, invite, metadata=metadata, about=about)
        blemish = self._blemishes.get(invite.code)
        return shape if blemish is None else invite_shapes.spoilt(shape, blemish)

    def _take(self, invite: Invite | str) -> Invite:
        code = self[invite].code if isinstance(invite, str) else invite.code
        self._blemishes.pop(code, None)
        self._ends.pop(code, None)
        return self._live.pop(code)

    def _expire(self) -> None:
        now = datetime.datetime.now(datetime.UTC)
        for code in [code for code, end in self._ends.items() if end <= now]:
            self._take(self._live[code])

    def _tell(self, event: str, invite: Invite, data: Payload) -> None:
        channel = self._guild.channels.get(invite.channel.id)
        if channel is not None and self._guild.bot_permissions(channel) & BITS["MANAGE_CHANNELS"]:
            self._guild.tell(event, lambda: data)
