"""The route of the member search, which is not documented."""

from __future__ import annotations

from giftbot.sandbox import refusals
from giftbot.sandbox.permissions import BITS
from giftbot.sandbox.routes.guilds import guild_of, require_members_intent
from giftbot.sandbox.routing import Call, Reply, Route


def search_members(call: Call) -> Reply:
    """Search the members of a guild; needs Manage Server and the members intent."""
    guild = guild_of(call)
    require_members_intent(call.world)
    if not guild.bot_permissions() & BITS["MANAGE_GUILD"]:
        raise refusals.no_permission()
    return call.world.member_search.answer(guild, call.form())


ROUTES: tuple[Route, ...] = (("POST", "/guilds/{guild_id}/members-search", search_members),)
