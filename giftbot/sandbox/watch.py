"""What happens in the sandbox, in words: messages as people see them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from giftbot.sandbox.answer import text_of
from giftbot.sandbox.forms import BUTTON, LABEL, SELECTS, walk
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.world import Listener, World

_CHANNEL = re.compile(r"<#(\d+)>")
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_MOMENT = re.compile(r"<t:(\d+)(?::\w)?>")
_NEWS = {"MESSAGE_CREATE": "", "MESSAGE_UPDATE": ", edited"}


def readable(world: World, text: str) -> str:
    """A message's text with names and times in place of Discord's marks."""
    roles = {number: role.name for guild in world.guilds.values() for number, role in guild.roles.items()}
    channels = {number: channel.name for number, channel in world.channels.items()}
    users = {number: user.name for number, user in world.users.items()}
    text = _CHANNEL.sub(lambda found: f"#{channels.get(int(found[1]), found[1])}", text)
    text = _USER.sub(lambda found: f"@{users.get(int(found[1]), found[1])}", text)
    text = _ROLE.sub(lambda found: f"@{roles.get(int(found[1]), found[1])}", text)
    return _MOMENT.sub(lambda found: f"{datetime.fromtimestamp(int(found[1]), UTC):%Y-%m-%d %H:%M} UTC", text)


def describe(world: World, message: Payload) -> list[str]:
    """A message, line by line: its text, its buttons, its menus and what they offer."""
    lines = readable(world, text_of(message)).splitlines()
    lines += [f"file: {one['filename']}" for one in message.get("attachments") or []]
    parts = [one for one in walk(message.get("components") or []) if not one.get("disabled")]
    buttons = [f"[{one.get('label') or one.get('custom_id')}]" for one in parts if one["type"] == BUTTON]
    if buttons:
        lines.append(" ".join(buttons))
    for menu in (one for one in parts if one["type"] in SELECTS):
        offered = " | ".join(option["label"] for option in menu.get("options") or [])
        lines.append(f"menu: {menu.get('placeholder') or menu['custom_id']}{f' ({offered})' if offered else ''}")
    return [f"  {line}" for line in lines]


def describe_form(modal: Payload) -> list[str]:
    """A form that a command or a button opened, with the names of its fields."""
    labels = [one.get("label") for one in walk(modal["components"]) if one["type"] == LABEL or one.get("label")]
    return [f"  form: {modal['title']}", *(f"  field: {label}" for label in labels if label)]


class Watch:
    """Says every message, and every change of one, and passes all events on."""

    def __init__(self, world: World, inner: Listener, say: Callable[[str], object]) -> None:
        self._world = world
        self._inner = inner
        self._say = say

    def dispatch(self, event: str, guild_id: int | None, build: Callable[[], Payload]) -> None:
        """Pass an event on, and say it when it is a message."""
        self._inner.dispatch(event, guild_id, build)
        if event in _NEWS:
            message = build()
            author = message["author"]["username"]
            self._say(f"{self._place(int(message['channel_id']))}, {author}{_NEWS[event]}:")
            for line in describe(self._world, message):
                self._say(line)

    def open_guild(self, guild: Guild, *, joined: bool) -> None:
        """Pass it on."""
        self._inner.open_guild(guild, joined=joined)

    def _place(self, channel_id: int) -> str:
        channel = self._world.channels[channel_id]
        guild = self._world.guild_of(channel)
        if guild is not None:
            return f"#{channel.name} in {guild.name}"
        return f"direct messages of {channel.recipient.name}" if channel.recipient else "direct messages"
