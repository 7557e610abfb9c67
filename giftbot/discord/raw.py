"""Requests whose answers are read entry by entry, sent by hikari within its rate limits.

The one place that uses what hikari keeps to itself: its own readers lose a whole list over one odd entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

import hikari
from hikari.internal import data_binding, routes

from giftbot.models.ids import ChannelId, GuildId

PAGE = 1_000
"""Members of one answer, as many as Discord gives."""
LOG_PAGE = 100
"""Entries of the audit log in one answer."""
_MEMBER_SEARCH = routes.Route("POST", "/guilds/{guild}/members-search")


class _Requests(Protocol):
    async def _request(
        self,
        compiled_route: routes.CompiledRoute,
        *,
        query: data_binding.StringMapBuilder | None = None,
        json: Mapping[str, object] | None = None,
    ) -> object: ...


async def guild_invites(rest: hikari.api.RESTClient, guild_id: GuildId) -> object:
    """All invites of a server."""
    return await _ask(rest, routes.GET_GUILD_INVITES.compile(guild=guild_id))


async def channel_invites(rest: hikari.api.RESTClient, channel_id: ChannelId) -> object:
    """The invites of a channel."""
    return await _ask(rest, routes.GET_CHANNEL_INVITES.compile(channel=channel_id))


async def vanity_url(rest: hikari.api.RESTClient, guild_id: GuildId) -> object:
    """A server's own address."""
    return await _ask(rest, routes.GET_GUILD_VANITY_URL.compile(guild=guild_id))


async def audit_log(
    rest: hikari.api.RESTClient, guild_id: GuildId, action: int, *, before: int | None = None
) -> object:
    """The newest entries of one kind, or those before one."""
    query: dict[str, int] = {"action_type": action, "limit": LOG_PAGE}
    if before is not None:
        query["before"] = before
    return await _ask(rest, routes.GET_GUILD_AUDIT_LOGS.compile(guild=guild_id), query)


async def members(rest: hikari.api.RESTClient, guild_id: GuildId, *, after: int) -> object:
    """The members with the next higher ids."""
    return await _ask(rest, routes.GET_GUILD_MEMBERS.compile(guild=guild_id), {"limit": PAGE, "after": after})


async def member_search(rest: hikari.api.RESTClient, guild_id: GuildId, form: Mapping[str, object]) -> object:
    """Members of a server that match, with how they came. Discord does not document it."""
    requests = cast("_Requests", rest)
    return await requests._request(_MEMBER_SEARCH.compile(guild=guild_id), json=form)


async def _ask(
    rest: hikari.api.RESTClient, route: routes.CompiledRoute, query: Mapping[str, int] | None = None
) -> object:
    builder = data_binding.StringMapBuilder()
    for name, value in (query or {}).items():
        builder.put(name, value)
    requests = cast("_Requests", rest)
    return await requests._request(route, query=builder)
