"""Routes about channels and messages, with Discord's order of refusals."""

from __future__ import annotations

from giftbot.sandbox import forms, refusals, shapes
from giftbot.sandbox.nouns import Channel
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.permissions import ALL, BITS
from giftbot.sandbox.routing import Call, Reply, Route
from giftbot.sandbox.world import World

_VIEW, _SEND, _EMBED = BITS["VIEW_CHANNEL"], BITS["SEND_MESSAGES"], BITS["EMBED_LINKS"]
_FILES, _HISTORY, _MANAGE = BITS["ATTACH_FILES"], BITS["READ_MESSAGE_HISTORY"], BITS["MANAGE_MESSAGES"]
_MESSAGE_CONTENT = 1 << 18 | 1 << 19


def channel_for(world: World, channel_id: int) -> tuple[Channel, int]:
    """Return a channel the bot can see, and what the bot may do there.

    Raises:
        ApiError: Unknown (10003) or not visible (50001).
    """
    channel = world.channels.get(channel_id)
    if channel is None:
        raise refusals.unknown("Channel")
    if channel.guild_id is None:
        return channel, ALL
    may = world.guilds[channel.guild_id].bot_permissions(channel)
    if not may & _VIEW:
        raise refusals.no_access()
    return channel, may


def get_channel(call: Call) -> Reply:
    """Return a channel."""
    return 200, shapes.channel(channel_for(call.world, call.id("channel_id"))[0])


def create_message(call: Call) -> Reply:
    """Post a message; an enforced nonce that was seen returns the message it created."""
    world = call.world
    channel, may = channel_for(world, call.id("channel_id"))
    form = call.form()
    needed = _SEND | (_EMBED if form.get("embeds") else 0) | (_FILES if call.files else 0)
    if form.get("message_reference"):
        needed |= _HISTORY
    if may & needed != needed:
        raise refusals.no_permission()
    if channel.recipient is not None and channel.recipient.id in world.refuses_direct_messages:
        raise refusals.no_direct_messages()
    forms.check_message(form, attachments=call.files)
    nonce = form.get("nonce")
    if nonce is not None and form.get("enforce_nonce"):
        seen = world.store.seen_nonce(world.bot, str(nonce))
        if seen is not None:
            return 200, {**seen, "nonce": nonce}
    message = world.store.create(channel, world.bot, form, may=may)
    return 200, message if nonce is None else {**message, "nonce": nonce}


def get_messages(call: Call) -> Reply:
    """Return a page of the channel's history, newest first; an empty one to who may not read it (as documented)."""
    world = call.world
    channel, may = channel_for(world, call.id("channel_id"))
    limit = call.query_id("limit")
    if limit is not None and not 1 <= limit <= 100:
        raise refusals.invalid_form("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    if not may & _HISTORY:
        return 200, []
    page = world.store.history(
        channel.id,
        limit=limit or 50,
        before=call.query_id("before"),
        after=call.query_id("after"),
        around=call.query_id("around"),
    )
    return 200, [_readable(world, channel, message) for message in page]


def get_message(call: Call) -> Reply:
    """Return one message."""
    world = call.world
    channel, may = channel_for(world, call.id("channel_id"))
    if not may & _HISTORY:
        raise refusals.no_permission()
    return 200, _readable(world, channel, world.store.get(call.id("message_id"), channel.id))


def edit_message(call: Call) -> Reply:
    """Change an own message."""
    world = call.world
    channel, may = channel_for(world, call.id("channel_id"))
    message = world.store.get(call.id("message_id"), channel.id)
    if message["author"]["id"] != str(world.bot.id):
        raise refusals.not_the_author()
    forms.check_message(call.form(), partial=True)
    return 200, world.store.edit(message, call.form(), may)


def delete_message(call: Call) -> Reply:
    """Delete an own message, or with Manage Messages anybody's."""
    world = call.world
    channel, may = channel_for(world, call.id("channel_id"))
    message = world.store.get(call.id("message_id"), channel.id)
    if message["author"]["id"] != str(world.bot.id) and not may & _MANAGE:
        raise refusals.no_permission()
    world.store.delete(int(message["id"]))
    return 204, None


def trigger_typing(call: Call) -> Reply:
    """Show the bot as typing."""
    channel_for(call.world, call.id("channel_id"))
    return 204, None


def _readable(world: World, channel: Channel, message: Payload) -> Payload:
    """Return what the bot may read of a message: without the intent only its own and direct ones."""
    if (
        channel.guild_id is None
        or message["author"]["id"] == str(world.bot.id)
        or world.application.flags & _MESSAGE_CONTENT
    ):
        return message
    return {**message, "content": "", "embeds": [], "components": [], "attachments": []}


ROUTES: tuple[Route, ...] = (
    ("GET", "/channels/{channel_id}", get_channel),
    ("POST", "/channels/{channel_id}/messages", create_message),
    ("GET", "/channels/{channel_id}/messages", get_messages),
    ("GET", "/channels/{channel_id}/messages/{message_id}", get_message),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}", edit_message),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}", delete_message),
    ("POST", "/channels/{channel_id}/typing", trigger_typing),
)
