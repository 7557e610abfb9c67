"""Routes about users, the application and the gateway."""

from __future__ import annotations

from giftbot.sandbox import refusals, shapes
from giftbot.sandbox.routing import Call, Reply, Route


def get_gateway(call: Call) -> Reply:
    """Return the gateway's address."""
    return 200, {"url": f"ws://{call.host}/gateway"}


def get_gateway_bot(call: Call) -> Reply:
    """Return the gateway's address with the budget of sessions."""
    world = call.world
    return 200, {
        "url": f"ws://{call.host}/gateway",
        "shards": world.recommended_shards,
        "session_start_limit": shapes.session_limit(world.session_limit),
    }


def get_own_user(call: Call) -> Reply:
    """Return the bot."""
    return 200, shapes.own_user(call.world.bot)


def get_user(call: Call) -> Reply:
    """Return any user."""
    user = call.world.users.get(call.id("user_id"))
    if user is None:
        raise refusals.unknown("User")
    return 200, shapes.user(user)


def create_direct_channel(call: Call) -> Reply:
    """Open the direct messages with a user."""
    recipient = str(call.form().get("recipient_id", ""))
    if not recipient.isdecimal() or int(recipient) not in call.world.users:
        raise refusals.ApiError(400, 50033, "Invalid Recipient(s)")
    return 200, shapes.channel(call.world.direct_channel(int(recipient)))


def get_application(call: Call) -> Reply:
    """Return the bot's application."""
    return 200, shapes.application(call.world.application, len(call.world.guilds))


def get_own_guilds(call: Call) -> Reply:
    """Return the guilds the bot is in, by id."""
    guilds = sorted(call.world.guilds.values(), key=lambda guild: guild.id)
    after = call.query_id("after") or 0
    page = [guild for guild in guilds if guild.id > after][: call.query_id("limit") or 200]
    return 200, [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(guild.bot_permissions()),
            "features": [],
            "approximate_member_count": len(guild.members),
            "approximate_presence_count": 1,
        }
        for guild in page
    ]


def get_own_member(call: Call) -> Reply:
    """Return the bot as a member of a guild."""
    guild = call.world.guilds.get(call.id("guild_id"))
    if guild is None:
        raise refusals.unknown("Guild")
    return 200, shapes.member(guild.members[call.world.bot.id])


def leave_guild(call: Call) -> Reply:
    """Let the bot leave a guild."""
    guild_id = call.id("guild_id")
    if guild_id not in call.world.guilds:
        raise refusals.unknown("Guild")
    call.world.remove_guild(guild_id)
    return 204, None


ROUTES: tuple[Route, ...] = (
    ("GET", "/gateway", get_gateway),
    ("GET", "/gateway/bot", get_gateway_bot),
    ("GET", "/users/@me", get_own_user),
    ("GET", "/users/{user_id}", get_user),
    ("POST", "/users/@me/channels", create_direct_channel),
    ("GET", "/oauth2/applications/@me", get_application),
    ("GET", "/applications/@me", get_application),
    ("GET", "/users/@me/guilds", get_own_guilds),
    ("GET", "/users/@me/guilds/{guild_id}/member", get_own_member),
    ("DELETE", "/users/@me/guilds/{guild_id}", leave_guild),
)
