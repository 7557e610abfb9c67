"""Routes about invites and a guild's own address.

Source: https://docs.discord.com/developers/resources/invite
"""

from __future__ import annotations

from giftbot.sandbox import invite_shapes, refusals
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.invites import LIMIT
from giftbot.sandbox.nouns import Channel, Invite
from giftbot.sandbox.permissions import BITS, may_all
from giftbot.sandbox.routes.channels import channel_for
from giftbot.sandbox.routes.guilds import guild_of
from giftbot.sandbox.routing import Call, Reply, Route

_CREATE, _MANAGE_CHANNELS = BITS["CREATE_INSTANT_INVITE"], BITS["MANAGE_CHANNELS"]
_MANAGE_GUILD, _AUDIT, _MANAGE_ROLES = BITS["MANAGE_GUILD"], BITS["VIEW_AUDIT_LOG"], BITS["MANAGE_ROLES"]
_LONGEST, _MOST_USES, _DAY = 604_800, 100, 86_400


def get_guild_invites(call: Call) -> Reply:
    """Return the invites of a guild; their uses only with Manage Server."""
    guild = guild_of(call)
    may = guild.bot_permissions()
    if not may & (_MANAGE_GUILD | _AUDIT):
        raise refusals.no_permission()
    return 200, guild.invites.listing(metadata=bool(may & _MANAGE_GUILD))


def get_channel_invites(call: Call) -> Reply:
    """Return the invites of a channel with their uses; needs Manage Channels there."""
    guild, channel, may = _place(call)
    if not may & _MANAGE_CHANNELS:
        raise refusals.no_permission()
    return 200, guild.invites.listing(channel.id)


def create_invite(call: Call) -> Reply:
    """Make an invite; unless it shall be unique, a similar one of the bot's is given back."""
    guild, channel, may = _place(call)
    form = call.form()
    max_age, max_uses = form.get("max_age"), form.get("max_uses") or 0
    seconds = _DAY if max_age is None else int(max_age)
    if not 0 <= seconds <= _LONGEST:
        raise refusals.invalid_form("max_age", "NUMBER_TYPE_MAX", f"int value should be 0 to {_LONGEST}.")
    if not 0 <= max_uses <= _MOST_USES:
        raise refusals.invalid_form("max_uses", "NUMBER_TYPE_MAX", f"int value should be 0 to {_MOST_USES}.")
    if not may & _CREATE:
        raise refusals.no_permission()
    roles = _grantable(guild, [int(one) for one in form.get("role_ids") or []])
    temporary = bool(form.get("temporary"))
    bot = call.world.bot
    if not form.get("unique"):
        for one in guild.invites:
            wanted = (channel.id, bot, seconds, max_uses, temporary, roles)
            if (one.channel.id, one.inviter, one.max_age, one.max_uses, one.temporary, one.role_ids) == wanted:
                return 200, invite_shapes.listed(guild, one, metadata=True)
    if len(guild.invites) >= LIMIT:
        raise refusals.ApiError(400, 30016, f"Maximum number of invites reached ({LIMIT})")
    invite = guild.invites.create(
        channel,
        bot,
        max_uses=max_uses,
        max_age=seconds,
        temporary=temporary,
        roles=roles,
        reason=call.reason,
    )
    return 200, invite_shapes.listed(guild, invite, metadata=True)


def delete_invite(call: Call) -> Reply:
    """Delete an invite; needs Manage Channels in its channel, or Manage Server."""
    guild, invite = _found(call)
    may = guild.bot_permissions(guild.channels.get(invite.channel.id))
    if not may & _MANAGE_CHANNELS and not guild.bot_permissions() & _MANAGE_GUILD:
        raise refusals.no_permission()
    guild.invites.revoke(invite, guild.members[call.world.bot.id], call.reason)
    return 200, invite_shapes.listed(guild, invite, metadata=False)


def get_invite(call: Call) -> Reply:
    """Return one invite; asking for single codes gets addresses banned, so that it is a finding."""
    call.world.findings.append(f"GET /invites/{call.params['code']}: a single invite is asked for")
    guild, invite = _found(call)
    return 200, invite_shapes.listed(guild, invite, metadata=False)


def get_vanity_url(call: Call) -> Reply:
    """Return the guild's own address and its uses."""
    guild = guild_of(call)
    if not guild.bot_permissions() & _MANAGE_GUILD:
        raise refusals.no_permission()
    if "VANITY_URL" not in guild.features:
        raise refusals.ApiError(400, 50020, "Invite code is either invalid or taken.")
    if guild.vanity is None or guild.vanity_flickers():
        return 200, {"code": None, "uses": 0}
    return 200, {"code": guild.vanity.code, "uses": guild.vanity.uses}


def _place(call: Call) -> tuple[Guild, Channel, int]:
    channel, may = channel_for(call.world, call.id("channel_id"))
    guild = call.world.guild_of(channel)
    if guild is None:
        raise refusals.ApiError(400, 50024, "Cannot execute action on this channel type")
    return guild, channel, may


def _found(call: Call) -> tuple[Guild, Invite]:
    for guild in call.world.guilds.values():
        invite = guild.invites.find(call.params["code"])
        if invite is not None:
            return guild, invite
    raise refusals.unknown("Invite")


def _grantable(guild: Guild, role_ids: list[int]) -> tuple[int, ...]:
    """Return the roles an invite shall give, if the bot may give them: they are below its own and grant no more."""
    if not role_ids:
        return ()
    may = guild.bot_permissions()
    if not may & _MANAGE_ROLES:
        raise refusals.no_permission()
    for role_id in role_ids:
        role = guild.roles.get(role_id)
        if role is None:
            raise refusals.unknown("Role")
        if role_id == guild.id or role.bot_id is not None:
            raise refusals.invalid_form("role_ids", "INVALID_ROLE", "This role cannot be given.")
        if not guild.is_below_bot(role) or not may_all(may, role.permissions):
            raise refusals.no_permission()
    return tuple(role_ids)


ROUTES: tuple[Route, ...] = (
    ("GET", "/guilds/{guild_id}/invites", get_guild_invites),
    ("GET", "/guilds/{guild_id}/vanity-url", get_vanity_url),
    ("GET", "/channels/{channel_id}/invites", get_channel_invites),
    ("POST", "/channels/{channel_id}/invites", create_invite),
    ("GET", "/invites/{code}", get_invite),
    ("DELETE", "/invites/{code}", delete_invite),
)
