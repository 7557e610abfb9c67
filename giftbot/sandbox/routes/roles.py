"""Routes that make roles, and give and take them.

Source: https://docs.discord.com/developers/resources/guild#create-guild-role
"""

from __future__ import annotations

from giftbot.sandbox import refusals, shapes
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Member, Role
from giftbot.sandbox.permissions import BITS, may_all
from giftbot.sandbox.routes.guilds import guild_of
from giftbot.sandbox.routing import Call, Reply, Route

_MANAGE = BITS["MANAGE_ROLES"]
_MOST = 250


def create_role(call: Call) -> Reply:
    """Make a role that grants no more than the bot itself may do."""
    guild = guild_of(call)
    form = call.form()
    may = guild.bot_permissions()
    if not may & _MANAGE:
        raise refusals.no_permission()
    everyone = guild.roles[guild.id].permissions
    granted = int(form["permissions"]) if form.get("permissions") is not None else everyone
    if not may_all(may, granted):
        raise refusals.no_permission()
    if len(guild.roles) >= _MOST:
        raise refusals.ApiError(400, 30005, f"Maximum number of guild roles reached ({_MOST})")
    role = guild.add_role(form.get("name") or "new role", granted, mentionable=bool(form.get("mentionable")))
    guild.audit.role_created(role, call.world.bot.id, call.reason)
    return 200, shapes.role(role)


def delete_role(call: Call) -> Reply:
    """Delete a role below the bot's."""
    guild = guild_of(call)
    guild.delete_role(_manageable(call, guild))
    return 204, None


def give_role(call: Call) -> Reply:
    """Give a member a role below the bot's."""
    guild = guild_of(call)
    role, member = _manageable(call, guild), _member(call, guild)
    guild.give(member, role, by=call.world.bot.id)
    return 204, None


def take_role(call: Call) -> Reply:
    """Take a role below the bot's from a member."""
    guild = guild_of(call)
    role, member = _manageable(call, guild), _member(call, guild)
    guild.take(member, role, by=call.world.bot.id)
    return 204, None


def _manageable(call: Call, guild: Guild) -> Role:
    role = guild.roles.get(call.id("role_id"))
    if role is None:
        raise refusals.unknown("Role")
    if not guild.bot_permissions() & _MANAGE or not guild.is_below_bot(role):
        raise refusals.no_permission()
    return role


def _member(call: Call, guild: Guild) -> Member:
    member = guild.members.get(call.id("user_id"))
    if member is None:
        raise refusals.unknown("Member")
    return member


ROUTES: tuple[Route, ...] = (
    ("POST", "/guilds/{guild_id}/roles", create_role),
    ("DELETE", "/guilds/{guild_id}/roles/{role_id}", delete_role),
    ("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", give_role),
    ("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", take_role),
)
