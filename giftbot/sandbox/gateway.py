"""The gateway: websockets on which the bot hears what happens.

Source: https://docs.discord.com/developers/events/gateway
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

import attrs
from aiohttp import WSMsgType, web

from giftbot.sandbox import shapes
from giftbot.sandbox.chunks import Chunks
from giftbot.sandbox.delivery import Delivery
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.intents import CONTENT, GUILDS, MEMBERS, PRESENCES, disallowed, intent_of
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.pulse import PATIENCE
from giftbot.sandbox.session import (
    HEARTBEAT,
    HEARTBEAT_ACK,
    HELLO,
    IDENTIFY,
    INVALID_SESSION,
    RECONNECT,
    REQUEST_MEMBERS,
    RESUME,
    Connection,
    Session,
    encode,
)
from giftbot.sandbox.world import World


@attrs.frozen
class Identify:
    """One accepted IDENTIFY."""

    shard: tuple[int, int]
    intents: int
    at: float
    """Monotonic seconds."""


class Gateway:
    """All sessions, and the switches to disturb them."""

    def __init__(self, world: World, token: str) -> None:
        self._world = world
        self._token = token
        self._connections: set[Connection] = set()
        self.sessions: dict[str, Session] = {}
        self.identifies: list[Identify] = []
        self.resumes = 0
        self.heartbeat_interval = 41.25
        """Seconds."""

        self.identify_spacing = 0.0
        """Seconds that must lie between two identifies of one concurrency bucket; Discord's are 5."""

        self.acknowledging = True
        self.heartbeats: list[float] = []
        """When heartbeats came, over all connections; monotonic seconds."""

        self.delivery = Delivery()
        self.chunks = Chunks(world)
        self.is_down = False
        self._closing = False
        self._last_identify: dict[int, float] = {}

    @property
    def connected(self) -> int:
        """How many sessions have a connection."""
        return sum(session.connection is not None for session in self.sessions.values())

    async def wait_connected(self, count: int = 1, timeout: float = PATIENCE) -> None:
        """Wait until so many sessions have a connection."""
        await self._world.pulse.until(
            lambda: self.connected >= count, timeout=timeout, what=f"{count} connected shards"
        )

    def dispatch(self, event: str, guild_id: int | None, build: Callable[[], Payload]) -> None:
        """Send an event to every session that hears the guild and asked for this kind of event."""
        intent = intent_of(event, guild_id)
        data: Payload | None = None
        if event == "GUILD_MEMBER_UPDATE":
            data = build()
            intent = 0 if data["user"]["id"] == str(self._world.bot.id) else intent  # its own comes unasked
        if self.delivery.lost(event):
            return
        copies = self.delivery.copies(event)
        for session in self.sessions.values():
            if session.hears(guild_id) and (not intent or session.intents & intent):
                data = build() if data is None else data
                self._carry(session, event, self._readable(event, session, data), copies)

    def _carry(self, session: Session, event: str, data: Payload, copies: list[float]) -> None:
        def deliver() -> None:
            session.dispatch(event, data)

        self.delivery.carry(session.id, event, deliver)
        for seconds in copies:
            self.delivery.carry_later(seconds, session.id, event, deliver)

    def _readable(self, event: str, session: Session, data: Payload) -> Payload:
        hidden = (
            event in {"MESSAGE_CREATE", "MESSAGE_UPDATE"}
            and "guild_id" in data
            and not session.intents & CONTENT
            and data["author"]["id"] != str(self._world.bot.id)
        )
        return {**data, "content": "", "embeds": [], "components": [], "attachments": []} if hidden else data

    def open_guild(self, guild: Guild, *, joined: bool) -> None:
        """Send GUILD_CREATE to the sessions of the guild."""
        for session in self.sessions.values():
            if session.hears(guild.id) and session.intents & GUILDS:
                self._carry(session, "GUILD_CREATE", _whole(session, guild, joined=joined), [])

    def drop_connections(self, *, resumable: bool = True) -> None:
        """Cut every connection; without `resumable` the sessions are forgotten as well."""
        for connection in self._connections:
            connection.abort()
        for session in self.sessions.values():
            session.connection = None
        if not resumable:
            self.sessions.clear()

    def go_down(self) -> None:
        """Cut every connection, and let none in until `come_up`; what happens meanwhile is kept for RESUME."""
        self.is_down = True
        self.drop_connections()

    def come_up(self, *, resumable: bool = True) -> None:
        """Let connections in again; without `resumable` the sessions, and what they missed, are forgotten."""
        if not resumable:
            self.sessions.clear()
        self.is_down = False
        self._world.pulse.beat()

    def ask_to_reconnect(self) -> None:
        """Send RECONNECT to every session."""
        for connection in self._connections:
            connection.send(encode({"op": RECONNECT, "d": None}))

    def invalidate_sessions(self, *, resumable: bool = False) -> None:
        """Send INVALID_SESSION to every session."""
        for connection in self._connections:
            connection.send(encode({"op": INVALID_SESSION, "d": resumable}))
        if not resumable:
            self.sessions.clear()

    def stop_acks(self) -> None:
        """Leave heartbeats unanswered, as a frozen gateway does."""
        self.acknowledging = False

    def resume_acks(self) -> None:
        """Answer heartbeats again."""
        self.acknowledging = True

    async def close(self) -> None:
        """Close every connection, and let no more in."""
        self.delivery.close()
        self._closing = True
        self._world.pulse.beat()
        await asyncio.gather(*(one.close(1001, "sandbox stops") for one in tuple(self._connections)))

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Speak with one connection until it ends."""
        await self._world.pulse.until(
            lambda: self._closing or not self.is_down, timeout=3600.0, what="the end of an outage"
        )
        if self._closing:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(compress=False, max_msg_size=1 << 20)
        await socket.prepare(request)
        compressed = request.query.get("compress") == "zlib-stream"
        connection = Connection(socket, request, compressed=compressed)
        self._connections.add(connection)
        connection.send(encode({"op": HELLO, "d": {"heartbeat_interval": int(self.heartbeat_interval * 1000)}}))
        session: Session | None = None
        try:
            async for message in socket:
                if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    break
                session = await self._receive(connection, session, json.loads(message.data))
        finally:
            self._connections.discard(connection)
            if session is not None and session.connection is connection:
                session.connection = None
                if socket.close_code in {1000, 1001}:  # the bot has said goodbye: nothing to resume
                    self.sessions.pop(session.id, None)
            await connection.finish()
            self._world.pulse.beat()
        return socket

    async def _receive(self, connection: Connection, session: Session | None, message: Payload) -> Session | None:
        op: int = message["op"]
        data: Payload = message.get("d") or {}  # the body of a heartbeat is a number and not looked at
        if op == HEARTBEAT:
            self.heartbeats.append(time.monotonic())
            if self.acknowledging:
                connection.send(encode({"op": HEARTBEAT_ACK, "d": None}))
        elif op == IDENTIFY and session is None:
            return await self._identify(connection, data)
        elif op == RESUME and session is None:
            return await self._resume(connection, data)
        elif op == REQUEST_MEMBERS and session is not None:
            self.chunks.send(session, data)
        elif session is None:
            await connection.close(4003, "Not authenticated.")
        return session

    async def _identify(self, connection: Connection, data: Payload) -> Session | None:
        shard = tuple(data.get("shard") or (0, 1))
        if data["token"] != self._token:
            await connection.close(4004, "Authentication failed.")
        elif shard[0] >= shard[1]:
            await connection.close(4010, "Invalid shard.")
        elif disallowed(data["intents"], self._world.application.flags):
            await connection.close(4014, "Disallowed intent(s).")
        elif self._too_soon(shard[0]):
            connection.send(encode({"op": INVALID_SESSION, "d": False}))
        else:
            return self._open(connection, (int(shard[0]), int(shard[1])), int(data["intents"]))
        return None

    def _too_soon(self, shard_id: int) -> bool:
        bucket = shard_id % self._world.session_limit.max_concurrency
        now = time.monotonic()
        last = self._last_identify.get(bucket)
        self._last_identify[bucket] = now
        return last is not None and now - last < self.identify_spacing

    def _open(self, connection: Connection, shard: tuple[int, int], intents: int) -> Session:
        world = self._world
        session = Session(shard, intents)
        session.connection = connection
        self.sessions[session.id] = session
        self.identifies.append(Identify(shard, intents, time.monotonic()))
        world.session_limit.remaining = max(0, world.session_limit.remaining - 1)
        guilds = [guild for guild in world.guilds.values() if session.hears(guild.id)]
        session.dispatch(
            "READY",
            {
                "v": 10,
                "user": shapes.own_user(world.bot),
                "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
                "session_id": session.id,
                "resume_gateway_url": f"ws://{connection.host}/gateway",
                "shard": list(shard),
                "application": {"id": str(world.application.id), "flags": world.application.flags},
            },
        )
        if intents & GUILDS:
            for guild in guilds:
                if guild.available:
                    session.dispatch("GUILD_CREATE", _whole(session, guild, joined=False))
        world.pulse.beat()
        return session

    async def _resume(self, connection: Connection, data: Payload) -> Session | None:
        session = self.sessions.get(data["session_id"])
        if data["token"] != self._token:
            await connection.close(4004, "Authentication failed.")
            return None
        if session is None or not session.replay(connection, int(data["seq"])):
            connection.send(encode({"op": INVALID_SESSION, "d": False}))
            return None
        self.resumes += 1
        self._world.pulse.beat()
        return session


def _whole(session: Session, guild: Guild, *, joined: bool) -> Payload:
    everybody = bool(session.intents & MEMBERS) and bool(session.intents & PRESENCES)
    return shapes.gateway_guild(guild, joined=joined, all_members=everybody)
