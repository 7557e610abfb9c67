"""The JSON shapes of invites, as lists and events carry them, and entries that are not as they should be."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from giftbot.sandbox import shapes
from giftbot.sandbox.nouns import Invite
from giftbot.sandbox.payload import Payload

if TYPE_CHECKING:
    from giftbot.sandbox.guild import Guild

_GUILD_FIELDS = ("id", "name", "splash", "banner", "description", "icon", "features", "verification_level")
_GUILD_NUMBERS = ("vanity_url_code", "nsfw_level", "premium_subscription_count")
_STREAM, _ACTIVITY = 1, 2
_GAME: Payload = {
    "id": "755600276941176913",
    "name": "An activity",
    "icon": None,
    "description": "",
    "type": None,
    "verify_key": "00" * 32,
    "flags": 0,
    "flags_new": "0",
}
_ROLE_FIELDS = ("id", "name", "position", "color", "colors", "icon", "unicode_emoji", "permissions")


class Blemish(enum.Enum):
    """What is wrong with an entry of a list."""

    NULL_ENTRY = "null entry"
    NULL_INVITER = "null inviter"
    NULL_CHANNEL = "null channel"
    NO_MAX_USES = "max_uses"
    NO_USES = "uses"
    NO_CREATED_AT = "created_at"
    NO_CODE = "code"
    ODD_FLAGS = "odd flags"
    """Bits and a target type that nobody knows yet."""


def guild_part(guild: Guild) -> Payload:
    """Return what every invite of a list says about its guild."""
    shape = shapes.guild(guild)
    return {**{key: shape[key] for key in (*_GUILD_FIELDS, *_GUILD_NUMBERS)}, "nsfw": False}


def listed(guild: Guild, invite: Invite, *, metadata: bool, about: Payload | None = None) -> Payload:
    """Return an invite as REST gives it; its uses and limits are metadata.

    A list gives the part about the guild, which is the same for all of them, as `about`.
    """
    shape: Payload = {
        "type": 0,
        "code": invite.code,
        "expires_at": invite.expires_at.isoformat() if invite.expires_at is not None else None,
        "flags": invite.flags,
        "guild": about if about is not None else guild_part(guild),
        "guild_id": str(guild.id),
        "channel": {"id": str(invite.channel.id), "type": invite.channel.kind, "name": invite.channel.name},
    }
    if invite.inviter is not None:
        shape["inviter"] = shapes.user(guild.world.users[invite.inviter.id])
    shape |= _target(invite)
    roles = [shapes.role(guild.roles[one]) for one in invite.role_ids if one in guild.roles]
    if roles:
        shape["roles"] = [{key: role[key] for key in _ROLE_FIELDS} for role in roles]
    return {**shape, **_metadata(invite)} if metadata else shape


def created(invite: Invite) -> Payload:
    """Return an invite as INVITE_CREATE carries it: nobody has used it."""
    shape: Payload = {
        "type": 0,
        "channel_id": str(invite.channel.id),
        "guild_id": str(invite.guild_id),
        "code": invite.code,
        "expires_at": invite.expires_at.isoformat() if invite.expires_at is not None else None,
        "flags": invite.flags,
        **_metadata(invite),
        "uses": 0,
    }
    if invite.inviter is not None:
        shape["inviter"] = shapes.user(invite.inviter)
    shape |= _target(invite)
    if invite.role_ids:
        shape["role_ids"] = [str(one) for one in invite.role_ids]
    return shape


def deleted(invite: Invite) -> Payload:
    """Return what INVITE_DELETE says: neither uses nor a reason."""
    return {"channel_id": str(invite.channel.id), "guild_id": str(invite.guild_id), "code": invite.code}


def spoilt(shape: Payload, blemish: Blemish) -> Payload | None:
    """Return an entry of a list with something wrong about it."""
    if blemish is Blemish.NULL_ENTRY:
        return None
    if blemish is Blemish.NULL_INVITER:
        return {**shape, "inviter": None}
    if blemish is Blemish.NULL_CHANNEL:
        return {**shape, "channel": None}
    if blemish is Blemish.ODD_FLAGS:
        return {**shape, "flags": 1 << 14, "target_type": 9}
    return {key: value for key, value in shape.items() if key != blemish.value}


def _target(invite: Invite) -> Payload:
    """Return what an invite says of the stream or the activity that it leads to."""
    if invite.target_type is None:
        return {}
    if invite.target_type == _STREAM and invite.inviter is not None:
        return {"target_type": _STREAM, "target_user": shapes.user(invite.inviter)}
    if invite.target_type == _ACTIVITY:
        return {"target_type": _ACTIVITY, "target_application": _GAME}
    return {"target_type": invite.target_type}


def _metadata(invite: Invite) -> Payload:
    return {
        "uses": invite.uses,
        "max_uses": invite.max_uses,
        "max_age": invite.max_age,
        "temporary": invite.temporary,
        "created_at": invite.created_at.isoformat(),
    }
