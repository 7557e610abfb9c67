"""One gateway session: its events, the buffer for resuming, and the connection it has at present."""

from __future__ import annotations

import asyncio
import json
import secrets
import zlib
from collections import deque

from aiohttp import web

from giftbot.sandbox.payload import Payload

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT = 0, 1, 2, 3, 6, 7
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11

BUFFERED_EVENTS = 2_000
"""How many events a session keeps for a resume."""


def encode(payload: Payload) -> str:
    """Return a payload as compact JSON."""
    return json.dumps(payload, separators=(",", ":"))


class Connection:
    """A websocket with its compression; what is queued is sent in order by one task."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, *, compressed: bool) -> None:
        self.socket = socket
        self.host = request.host
        self._request = request
        self._deflate = zlib.compressobj() if compressed else None
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write(), name="sandbox gateway writer")

    def send(self, text: str) -> None:
        """Queue a payload."""
        self._queue.put_nowait(text)

    async def _write(self) -> None:
        try:
            while (text := await self._queue.get()) is not None:
                if self._deflate is None:
                    await self.socket.send_str(text)
                else:
                    data = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(data)
        except (ConnectionError, RuntimeError):
            pass  # the peer is gone; the session keeps its events for a resume

    def abort(self) -> None:
        """Cut the connection without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self, code: int, reason: str = "") -> None:
        """Send what is queued, then a close frame."""
        self._queue.put_nowait(None)
        await self._writer
        await self.socket.close(code=code, message=reason.encode(), drain=False)

    async def finish(self) -> None:
        """End the writer once the connection is over."""
        self._writer.cancel()
        await asyncio.wait([self._writer])


class Session:
    """What one shard of one process has identified as."""

    def __init__(self, shard: tuple[int, int], intents: int) -> None:
        self.id = secrets.token_hex(16)
        self.shard = shard
        self.intents = intents
        self.connection: Connection | None = None
        self._sequence = 0
        self._events: deque[tuple[int, str]] = deque(maxlen=BUFFERED_EVENTS)

    def hears(self, guild_id: int | None) -> bool:
        """Say whether events of a guild, or with None of direct messages, belong to this shard."""
        number, count = self.shard
        return ((guild_id >> 22) % count if guild_id is not None else 0) == number

    def dispatch(self, event: str, data: Payload) -> None:
        """Send an event now, or keep it for the resume."""
        self._sequence += 1
        text = encode({"op": DISPATCH, "t": event, "s": self._sequence, "d": data})
        self._events.append((self._sequence, text))
        if self.connection is not None:
            self.connection.send(text)

    def replay(self, connection: Connection, sequence: int) -> bool:
        """Attach a new connection and send what it missed; False if too much was missed."""
        if sequence > self._sequence or (self._events and self._events[0][0] > sequence + 1):
            return False
        self.connection = connection
        for number, text in self._events:
            if number > sequence:
                connection.send(text)
        self.dispatch("RESUMED", {"_trace": []})
        return True
