"""Messages: creating, deduplicating by nonce, editing, deleting and reading them back."""

from __future__ import annotations

import re
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from giftbot.sandbox import permissions, refusals, shapes
from giftbot.sandbox.ids import iso_now, iso_time, unix_time
from giftbot.sandbox.nouns import Channel, User
from giftbot.sandbox.payload import Payload

if TYPE_CHECKING:
    from giftbot.sandbox.world import World

EPHEMERAL = 1 << 6
LOADING = 1 << 7

_ROLE_MENTION = re.compile(r"<@&(\d+)>")
_USER_MENTION = re.compile(r"<@!?(\d+)>")


def _id(message: Payload) -> int:
    return int(message["id"])


class MessageStore:
    """All messages, as the JSON objects that REST returns."""

    def __init__(self, world: World, *, nonce_window: float, history_delay: float) -> None:
        self._world = world
        self._by_id: dict[int, Payload] = {}
        self._by_channel: dict[int, list[Payload]] = {}
        self._nonces: dict[tuple[int, str], tuple[int, float]] = {}
        self._authors: dict[int, Payload] = {}
        self.nonce_window = nonce_window
        """Seconds for which an enforced nonce returns the original message."""

        self.history_delay = history_delay
        """Seconds after which a new message appears in the channel's history."""

        self.created = 0
        self.deduplicated = 0
        """How often an enforced nonce prevented a second message."""

    def get(self, message_id: int, channel_id: int | None = None) -> Payload:
        """Return a message, also an ephemeral one.

        Raises:
            ApiError: There is none (10008).
        """
        message = self._by_id.get(message_id)
        if message is None or (channel_id is not None and message["channel_id"] != str(channel_id)):
            raise refusals.unknown("Message")
        return message

    def find(self, message_id: int) -> Payload | None:
        """Return a message, or None if it does not exist (any more)."""
        return self._by_id.get(message_id)

    def of_channel(self, channel_id: int) -> list[Payload]:
        """Return the messages of a channel, oldest first."""
        return list(self._by_channel.get(channel_id, ()))

    def seen_nonce(self, author: User, nonce: str) -> Payload | None:
        """Return the message that this author created with this nonce inside the window.

        Raises:
            ApiError: It was created and has been deleted since (10008).
        """
        now = time.monotonic()
        while self._nonces:
            key = next(iter(self._nonces))
            if now - self._nonces[key][1] <= self.nonce_window:
                break
            del self._nonces[key]
        seen = self._nonces.get((author.id, nonce))
        if seen is None:
            return None
        self.deduplicated += 1
        return self.get(seen[0])

    def create(
        self, channel: Channel, author: User, form: Payload, *, extra: Payload | None = None, may: int = 0
    ) -> Payload:
        """Store a message from a checked form; `may` are the author's permissions, for mentions."""
        message_id = self._world.ids.take()
        flags = form.get("flags") or 0
        message: Payload = {
            "id": str(message_id),
            "channel_id": str(channel.id),
            "type": 0,
            "author": self._author(author),
            "content": form.get("content") or "",
            "embeds": form.get("embeds") or [],
            "components": form.get("components") or [],
            "attachments": form.get("attachments") or [],
            "timestamp": iso_time(message_id),
            "edited_timestamp": None,
            "tts": False,
            "pinned": False,
            "flags": flags,
        }
        message.update(self._mentions(channel, form, may))
        if reference := form.get("message_reference"):
            message.update(type=19, message_reference={"channel_id": str(channel.id), **reference})
        if extra is not None:
            message.update(extra)
        self._by_id[message_id] = message
        self.created += 1
        nonce = form.get("nonce")
        if not flags & EPHEMERAL:
            self._by_channel.setdefault(channel.id, []).append(message)
            self._tell("MESSAGE_CREATE", channel, message, {"nonce": nonce} if nonce is not None else {})
        if nonce is not None and form.get("enforce_nonce"):
            self._nonces[author.id, str(nonce)] = (message_id, time.monotonic())
        return message

    def edit(self, message: Payload, form: Payload, may: int = 0) -> Payload:
        """Change the fields of a stored message that the form names."""
        for field in ("content", "embeds", "components", "attachments"):
            if field in form:
                message[field] = form[field] or ("" if field == "content" else [])
        if form.get("flags") is not None:
            kept = message["flags"] & EPHEMERAL
            message["flags"] = (form["flags"] & ~EPHEMERAL) | kept
        message["flags"] &= ~LOADING
        message["edited_timestamp"] = iso_now()
        channel = self._world.channels[int(message["channel_id"])]
        message.update(self._mentions(channel, message, may))
        if not message["flags"] & EPHEMERAL:
            self._tell("MESSAGE_UPDATE", channel, message, {})
        return message

    def delete(self, message_id: int) -> None:
        """Remove a message.

        Raises:
            ApiError: There is none (10008).
        """
        message = self.get(message_id)
        del self._by_id[message_id]
        channel_id = int(message["channel_id"])
        if not message["flags"] & EPHEMERAL:
            self._by_channel[channel_id].remove(message)
            channel = self._world.channels[channel_id]
            gone = {"id": message["id"], "channel_id": message["channel_id"]}
            if channel.guild_id is not None:
                gone["guild_id"] = str(channel.guild_id)
            self._world.tell("MESSAGE_DELETE", channel.guild_id, lambda: gone)
        self._world.pulse.beat()

    def forget_channel(self, channel_id: int) -> None:
        """Drop the messages of a deleted channel."""
        for message in self._by_channel.pop(channel_id, []):
            del self._by_id[_id(message)]

    def history(
        self,
        channel_id: int,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
    ) -> list[Payload]:
        """Return a page of a channel's messages, newest first."""
        messages: Sequence[Payload] = self._by_channel.get(channel_id, [])
        if self.history_delay:
            newest = time.time() - self.history_delay
            messages = [one for one in messages if unix_time(_id(one)) <= newest]
        if around is not None:
            start = max(0, bisect_left(messages, around, key=_id) - limit // 2)
            page = messages[start : start + limit]
        elif after is not None:
            start = bisect_right(messages, after, key=_id)
            page = messages[start : start + limit]
        else:
            end = len(messages) if before is None else bisect_left(messages, before, key=_id)
            page = messages[max(0, end - limit) : end]
        return list(reversed(page))

    def _author(self, author: User) -> Payload:
        shape = self._authors.get(author.id)
        if shape is None:
            shape = self._authors[author.id] = shapes.user(author)
        return shape

    def _mentions(self, channel: Channel, form: Payload, may: int) -> Payload:
        """Work out whom a message pings: allowed mentions, the role's own switch, and Mention Everyone."""
        content = form.get("content") or ""
        if "@" not in content:
            return {"mentions": [], "mention_roles": [], "mention_everyone": False}
        allowed = form.get("allowed_mentions")
        parse = {"roles", "users", "everyone"} if allowed is None else set(allowed.get("parse") or ())
        explicit = allowed or {}
        guild = self._world.guild_of(channel)
        free = bool(may & permissions.BITS["MENTION_EVERYONE"])
        roles = [
            role_id
            for role_id in dict.fromkeys(_ROLE_MENTION.findall(content))
            if ("roles" in parse or role_id in explicit.get("roles", ()))
            and guild is not None
            and (role := guild.roles.get(int(role_id))) is not None
            and (free or role.mentionable)
        ]
        users = [
            self._author(self._world.users[int(user_id)])
            for user_id in dict.fromkeys(_USER_MENTION.findall(content))
            if ("users" in parse or user_id in explicit.get("users", ())) and int(user_id) in self._world.users
        ]
        everyone = free and "everyone" in parse and ("@everyone" in content or "@here" in content)
        return {"mentions": users, "mention_roles": roles, "mention_everyone": everyone}

    def _tell(self, event: str, channel: Channel, message: Payload, extra: Payload) -> None:
        def build() -> Payload:
            shape = {**message, **extra}
            guild = self._world.guild_of(channel)
            if guild is not None:
                shape["guild_id"] = str(guild.id)
                member = guild.members.get(int(message["author"]["id"]))
                if member is not None:
                    shape["member"] = shapes.member(member, with_user=False)
            return shape

        self._world.tell(event, channel.guild_id, build)
        self._world.pulse.beat()
