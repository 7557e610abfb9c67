"""The record of what the sandbox's game was asked, and what it shows about the one who asked."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator

import attrs
from aiohttp import web

from giftbot.sandbox.pulse import PATIENCE, Pulse


@attrs.define(eq=False, kw_only=True)
class GameCall:
    """One call as it was received, and what it was answered with."""

    number: int
    """From 1, in the order of their beginnings."""

    player_id: str
    kingdom: str
    code: str
    connection: int
    """The number of the connection on which it came, from 1."""

    begun: float
    """Monotonic seconds."""

    ended: float | None = None
    """When it was answered, or its connection was lost."""

    status: int = 0
    """The HTTP status; 0 without an answer."""

    err_code: int | None = None
    """The game's number; None without an answer in JSON."""

    msg: str = ""
    granted: bool = False
    """It gave the player the code."""

    told: bool = False
    """It was answered in full that the player has the code, now or from before."""


class CallLog:
    """All calls so far, oldest first. What it finds wrong is added to `findings`."""

    def __init__(self, pulse: Pulse, findings: list[str]) -> None:
        self._pulse = pulse
        self._findings = findings
        self._calls: list[GameCall] = []
        self._going_on: dict[GameCall, web.Request] = {}
        self._connections: dict[object, int] = {}
        self._connection_count = 0
        self.overlaps: list[tuple[GameCall, GameCall]] = []
        """Calls for one player that were going on at the same time."""

    def __iter__(self) -> Iterator[GameCall]:
        return iter(tuple(self._calls))

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def connections(self) -> int:
        """On how many connections there were calls."""
        return self._connection_count

    def of(self, player_id: object = None, code: str | None = None) -> list[GameCall]:
        """The calls for this player and this code."""
        return [
            one
            for one in self._calls
            if (player_id is None or one.player_id == str(player_id)) and (code is None or one.code == code)
        ]

    def begin(self, request: web.Request, *, player_id: str, kingdom: str, code: str) -> GameCall:
        """Note that a call came."""
        call = GameCall(
            number=len(self._calls) + 1,
            player_id=player_id,
            kingdom=kingdom,
            code=code,
            connection=self._connection(request),
            begun=time.monotonic(),
        )
        for other in [one for one in self._going_on if one.player_id == player_id]:
            if is_lost(self._going_on[other]):
                self.end(other)
            else:
                self.overlaps.append((other, call))
                self._findings.append(f"game: player {player_id} is asked for {code} and {other.code} at once")
        self._calls.append(call)
        self._going_on[call] = request
        self._pulse.beat()
        return call

    def end(self, call: GameCall) -> None:
        """Note that a call is over."""
        self._going_on.pop(call, None)
        call.ended = call.ended or time.monotonic()
        self._pulse.beat()

    def forget(self) -> None:
        """Begin anew: no calls, no overlaps."""
        self._calls.clear()
        self.overlaps.clear()

    def most_in(self, seconds: float = 60.0) -> int:
        """The highest number of calls that began within any so many seconds."""
        moments = [one.begun for one in self._calls]
        return max(
            (index + 1 - bisect_left(moments, at - seconds) for index, at in enumerate(moments)),
            default=0,
        )

    def closest(self) -> float | None:
        """The shortest time in seconds between the beginnings of two calls for one player; None without two."""
        last: dict[str, float] = {}
        gaps: list[float] = []
        for one in self._calls:
            if one.player_id in last:
                gaps.append(one.begun - last[one.player_id])
            last[one.player_id] = one.begun
        return min(gaps, default=None)

    def asked_after_grant(self, *, lost: bool = False) -> list[GameCall]:
        """The calls for a player and code after the game had answered that the player has it.

        With `lost` also those after a grant whose answer never came: whoever asks then could not know.
        """
        owned: dict[tuple[str, str], float] = {}
        for one in self._calls:
            if one.ended is not None and (one.told or (lost and one.granted)):
                pair = (one.player_id, one.code)
                owned[pair] = min(one.ended, owned.get(pair, one.ended))
        return [one for one in self._calls if owned.get((one.player_id, one.code), one.begun) < one.begun]

    async def wait(
        self, count: int = 1, *, player_id: object = None, code: str | None = None, timeout: float = PATIENCE
    ) -> list[GameCall]:
        """Wait until so many matching calls are over, and return them."""

        def over() -> list[GameCall]:
            return [one for one in self.of(player_id, code) if one.ended is not None]

        await self._pulse.until(lambda: len(over()) >= count, timeout=timeout, what=f"{count} calls of the game")
        return over()

    def _connection(self, request: web.Request) -> int:
        protocol = request.protocol
        if protocol not in self._connections:
            self._connection_count += 1
            self._connections[protocol] = self._connection_count
        return self._connections[protocol]


def is_lost(request: web.Request) -> bool:
    """Whether nobody waits for the answer any more."""
    return request.transport is None or request.transport.is_closing()
