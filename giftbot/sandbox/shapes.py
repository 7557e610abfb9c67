"""The JSON shape of each noun, as Discord sends it over REST and gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giftbot.sandbox.nouns import Application, Channel, Member, Role, SessionLimit, User
from giftbot.sandbox.payload import Payload

if TYPE_CHECKING:
    from giftbot.sandbox.guild import Guild


def user(value: User) -> Payload:
    """Return a user."""
    shape: Payload = {
        "id": str(value.id),
        "username": value.name,
        "discriminator": "0",
        "global_name": None if value.bot else value.name,
        "avatar": None,
        "public_flags": 0,
        "flags": 0,
    }
    if value.bot:
        shape["bot"] = True
    return shape


def own_user(value: User) -> Payload:
    """Return the bot's own user, with the fields only it sees."""
    return {**user(value), "mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}


def role(value: Role) -> Payload:
    """Return a role."""
    shape: Payload = {
        "id": str(value.id),
        "name": value.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": value.position,
        "permissions": str(value.permissions),
        "managed": value.bot_id is not None,
        "mentionable": value.mentionable,
        "flags": 0,
    }
    if value.bot_id is not None:
        shape["tags"] = {"bot_id": str(value.bot_id)}
    return shape


def channel(value: Channel) -> Payload:
    """Return a channel of a guild, or of direct messages."""
    if value.guild_id is None:
        recipients = [user(value.recipient)] if value.recipient is not None else []
        return {"id": str(value.id), "type": 1, "last_message_id": None, "flags": 0, "recipients": recipients}
    shape: Payload = {
        "id": str(value.id),
        "type": value.kind,
        "guild_id": str(value.guild_id),
        "name": value.name,
        "position": value.position,
        "parent_id": None,
        "flags": 0,
        "nsfw": False,
        "permission_overwrites": [
            {"id": str(one.id), "type": one.kind, "allow": str(one.allow), "deny": str(one.deny)}
            for one in value.overwrites
        ],
    }
    if value.kind in {0, 5}:
        shape.update(topic=None, last_message_id=None, last_pin_timestamp=None, rate_limit_per_user=0)
    if value.kind == 2:
        shape.update(bitrate=64000, user_limit=0, rtc_region=None)
    return shape


def member(value: Member, *, with_user: bool = True) -> Payload:
    """Return a member; messages carry it without the user."""
    shape: Payload = {
        "nick": value.nickname,
        "avatar": None,
        "roles": [str(role_id) for role_id in value.roles],
        "joined_at": value.joined_at,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": value.flags,
        "communication_disabled_until": None,
    }
    if with_user:
        shape["user"] = user(value.user)
    return shape


def guild(value: Guild) -> Payload:
    """Return a guild as REST gives it."""
    return {
        "id": str(value.id),
        "name": value.name,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "owner_id": str(value.owner_id),
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 1,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "features": sorted(value.features),
        "emojis": [],
        "stickers": [],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "vanity_url_code": value.vanity.code if value.vanity is not None else None,
        "description": None,
        "banner": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": value.locale,
        "nsfw_level": 0,
        "max_members": 500_000,
        "max_presences": None,
        "roles": [role(one) for one in value.roles.values()],
    }


def gateway_guild(value: Guild, *, joined: bool, all_members: bool) -> Payload:
    """Return a guild as GUILD_CREATE carries it.

    A guild the bot has just joined lacks `unavailable`; members other than the bot need their intent.
    """
    bot = value.world.bot.id
    members = [one for one in value.members.values() if all_members or one.user.id == bot]
    shape = guild(value)
    shape.update(
        joined_at=value.joined_at,
        large=len(value.members) > 250,
        member_count=len(value.members),
        members=[member(one) for one in members[:250]],
        channels=[channel(one) for one in value.channels.values()],
        threads=[],
        presences=[],
        voice_states=[],
        stage_instances=[],
        guild_scheduled_events=[],
    )
    if not joined:
        shape["unavailable"] = False
    return shape


def application(value: Application, guild_count: int) -> Payload:
    """Return the application as its bot sees it."""
    shape: Payload = {
        "id": str(value.id),
        "name": value.name,
        "icon": None,
        "description": "",
        "bot_public": value.public,
        "bot_require_code_grant": False,
        "verify_key": "00" * 32,
        "flags": value.flags,
        "owner": user(value.owner),
        "team": None,
        "approximate_guild_count": guild_count,
        "approximate_user_install_count": 0,
        "integration_types_config": {"0": {}},
        "install_params": None,
        "tags": [],
    }
    if value.team:
        team_id = str(value.id + 1)
        shape["team"] = {
            "id": team_id,
            "name": f"Team {value.name}",
            "icon": None,
            "owner_user_id": str(value.team[0].id),
            "members": [
                {
                    "membership_state": 2,
                    "permissions": ["*"],
                    "team_id": team_id,
                    "role": "admin",
                    "user": user(one),
                }
                for one in value.team
            ],
        }
    return shape


def session_limit(value: SessionLimit) -> Payload:
    """Return the budget of gateway sessions."""
    return {
        "total": value.total,
        "remaining": value.remaining,
        "reset_after": value.reset_after_ms,
        "max_concurrency": value.max_concurrency,
    }
