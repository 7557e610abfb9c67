"""The REST routes of the sandbox, a module per kind of thing."""

from __future__ import annotations

from giftbot.sandbox.routes import (
    audit,
    channels,
    commands,
    guilds,
    invites,
    member_search,
    roles,
    users,
    webhooks,
)

ALL = (
    *users.ROUTES,
    *guilds.ROUTES,
    *roles.ROUTES,
    *invites.ROUTES,
    *audit.ROUTES,
    *member_search.ROUTES,
    *channels.ROUTES,
    *commands.ROUTES,
    *webhooks.ROUTES,
)
