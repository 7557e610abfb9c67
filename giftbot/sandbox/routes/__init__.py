"""The REST routes of the sandbox, a module per kind of thing."""

from __future__ import annotations

from giftbot.sandbox.routes import channels, commands, guilds, invites, users, webhooks

ALL = (*users.ROUTES, *guilds.ROUTES, *invites.ROUTES, *channels.ROUTES, *commands.ROUTES, *webhooks.ROUTES)
