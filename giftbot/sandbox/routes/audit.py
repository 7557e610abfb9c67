"""The route of a guild's audit log.

Source: https://docs.discord.com/developers/resources/audit-log#get-guild-audit-log
"""

from __future__ import annotations

from giftbot.sandbox import refusals, shapes
from giftbot.sandbox.permissions import BITS
from giftbot.sandbox.routes.guilds import guild_of
from giftbot.sandbox.routing import Call, Reply, Route

_MOST = 100
_FILTERS = ("action_type", "user_id", "target_id")


def get_audit_log(call: Call) -> Reply:
    """Return a page of the audit log: the newest first, with `after` the oldest first."""
    guild = guild_of(call)
    if not guild.bot_permissions() & BITS["VIEW_AUDIT_LOG"]:
        raise refusals.no_permission()
    limit = call.query_id("limit")
    if limit is not None and not 1 <= limit <= _MOST:
        raise refusals.invalid_form("limit", "NUMBER_TYPE_MAX", f"int value should be between 1 and {_MOST}.")
    before, after = call.query_id("before"), call.query_id("after")
    entries = [
        one
        for one in guild.audit.entries
        if all(str(one[name]) == call.query[name] for name in _FILTERS if name in call.query)
        and (before is None or int(one["id"]) < before)
        and (after is None or int(one["id"]) > after)
    ]
    if after is None:
        entries.reverse()
    page = entries[: limit or 50]
    people = {int(one[name]) for one in page for name in ("user_id", "target_id") if one[name] is not None}
    return 200, {
        "audit_log_entries": page,
        "users": [shapes.user(call.world.users[one]) for one in sorted(people) if one in call.world.users],
        "integrations": [],
        "webhooks": [],
        "guild_scheduled_events": [],
        "threads": [],
        "application_commands": [],
        "auto_moderation_rules": [],
    }


ROUTES: tuple[Route, ...] = (("GET", "/guilds/{guild_id}/audit-logs", get_audit_log),)
