"""Routes about guilds, their channels, roles and members."""

from __future__ import annotations

from giftbot.sandbox import refusals, shapes
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.routing import Call, Reply, Route
from giftbot.sandbox.world import World

_MOST = 1_000
"""Members per page."""


def guild_of(call: Call) -> Guild:
    """Return the guild of a path.

    Raises:
        ApiError: Unknown (10004).
    """
    guild = call.world.guilds.get(call.id("guild_id"))
    if guild is None:
        raise refusals.unknown("Guild")
    return guild


def require_members_intent(world: World) -> None:
    """Refuse what only applications with the members intent may ask.

    Raises:
        ApiError: It has not been granted (50001).
    """
    if not world.application.flags & (1 << 14 | 1 << 15):
        raise refusals.no_access()


def get_guild(call: Call) -> Reply:
    """Return a guild, with counts if asked."""
    guild = guild_of(call)
    shape = shapes.guild(guild)
    if call.query.get("with_counts") == "true":
        shape.update(approximate_member_count=len(guild.members), approximate_presence_count=1)
    return 200, shape


def get_channels(call: Call) -> Reply:
    """Return the channels of a guild."""
    return 200, [shapes.channel(channel) for channel in guild_of(call).channels.values()]


def get_roles(call: Call) -> Reply:
    """Return the roles of a guild."""
    return 200, [shapes.role(role) for role in guild_of(call).roles.values()]


def get_role(call: Call) -> Reply:
    """Return one role."""
    role = guild_of(call).roles.get(call.id("role_id"))
    if role is None:
        raise refusals.unknown("Role")
    return 200, shapes.role(role)


def get_member(call: Call) -> Reply:
    """Return one member."""
    member = guild_of(call).members.get(call.id("user_id"))
    if member is None:
        raise refusals.unknown("Member")
    return 200, shapes.member(member)


def get_members(call: Call) -> Reply:
    """Return a page of members by user id; needs the members intent, as Discord demands."""
    guild = guild_of(call)
    require_members_intent(call.world)
    limit = call.query_id("limit")
    if limit is not None and not 1 <= limit <= _MOST:
        raise refusals.invalid_form("limit", "NUMBER_TYPE_MAX", f"int value should be between 1 and {_MOST}.")
    after = call.query_id("after") or 0
    members = sorted(guild.members.values(), key=lambda member: member.user.id)
    page = [member for member in members if member.user.id > after][: limit or 1]
    return 200, [shapes.member(member) for member in page]


ROUTES: tuple[Route, ...] = (
    ("GET", "/guilds/{guild_id}", get_guild),
    ("GET", "/guilds/{guild_id}/channels", get_channels),
    ("GET", "/guilds/{guild_id}/roles", get_roles),
    ("GET", "/guilds/{guild_id}/roles/{role_id}", get_role),
    ("GET", "/guilds/{guild_id}/members", get_members),
    ("GET", "/guilds/{guild_id}/members/{user_id}", get_member),
)
