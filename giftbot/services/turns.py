"""Who waits to ask the game, and who is next.

Whom a person waits for goes first, but for every tenth turn, so that jobs go on, too. Then servers take turns;
within a server the newest code goes first, then who came first. Who cannot be asked right now holds up nobody: they
are set aside until their player is free.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Iterator
from datetime import datetime
from itertools import count

import attrs

from giftbot.models.code import GiftCode
from giftbot.models.ids import GuildId, PlayerId
from giftbot.models.redemption import GameAnswer

URGENT_RUN = 9
"""So many urgent turns in a row, at most, while others wait."""


@attrs.frozen
class Turn:
    """Leave to make one call."""

    moment: datetime | None
    """The reserved moment; None when calls are not paced."""
    canary: bool = False
    """Whether this call shows if a game that seemed broken is well again."""


@attrs.define(eq=False)
class Waiter:
    """One call that somebody wants to make."""

    guild_id: GuildId
    player_id: PlayerId
    kingdom: int
    code: GiftCode
    urgent: bool
    number: int = 0
    """The order of arrival; 0 before the first `Turns.join`, and kept when it has to wait again."""
    waits: bool = False
    """Whether it is in the line."""
    turn: asyncio.Future[Turn | GameAnswer] = attrs.field(
        factory=lambda: asyncio.get_running_loop().create_future()
    )
    """What it waits for: its turn, or an answer without one."""


@attrs.define(eq=False)
class _Lane:
    """The waiters of one server and one urgency."""

    place: int
    """Lanes are served in ascending order; whoever was served goes to the end."""
    heap: list[tuple[float, int, Waiter]] = attrs.Factory(list)
    """Newest code first, then by arrival; may hold some who left."""
    waiting: int = 0
    """How many wait, with those who are set aside."""
    is_listed: bool = False


class _Line:
    """All waiters of one urgency."""

    def __init__(self, places: Iterator[int]) -> None:
        self._places = places
        self._lanes: dict[GuildId, _Lane] = {}
        self._order: list[tuple[int, _Lane]] = []
        """Lanes that may have somebody to serve, as a heap; each once. No two have the same place."""

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def join(self, waiter: Waiter) -> None:
        """Add somebody at the end of their server's lane; a server that is new goes behind all others."""
        lane = self._lanes.get(waiter.guild_id)
        if lane is None:
            lane = self._lanes[waiter.guild_id] = _Lane(next(self._places))
        lane.waiting += 1
        self.push(waiter)

    def push(self, waiter: Waiter) -> None:
        """Put somebody back who was set aside."""
        lane = self._lanes[waiter.guild_id]
        heapq.heappush(lane.heap, (-waiter.code.created_at.timestamp(), waiter.number, waiter))
        if not lane.is_listed:
            lane.is_listed = True
            heapq.heappush(self._order, (lane.place, lane))

    def leave(self, waiter: Waiter) -> None:
        """Forget somebody who waits."""
        lane = self._lanes[waiter.guild_id]
        lane.waiting -= 1
        if not lane.waiting:  # what is left of it in `_order` is empty, and goes when its place comes
            del self._lanes[waiter.guild_id]
            lane.heap.clear()

    def first(self, passed_over: _Players) -> Waiter | None:
        """Who is next; those whose players are not free are set aside on the way."""
        while self._order:
            lane = self._order[0][1]
            while lane.heap:
                waiter = lane.heap[0][2]
                if not passed_over.takes(waiter):
                    return waiter
                heapq.heappop(lane.heap)
            heapq.heappop(self._order)
            lane.is_listed = False
        return None

    def take(self, waiter: Waiter) -> None:
        """Serve who was `first` right now: they leave, and their server goes to the end."""
        lane = self._order[0][1]
        heapq.heappop(lane.heap)
        lane.place = next(self._places)
        heapq.heapreplace(self._order, (lane.place, lane))
        self.leave(waiter)


class _Players:
    """Players who are not free: being asked, or resting after it. Keeps those who wait for them."""

    def __init__(self) -> None:
        self._kept: set[PlayerId] = set()
        self._ends: list[tuple[float, PlayerId]] = []
        self._aside: dict[PlayerId, list[Waiter]] = {}

    def takes(self, waiter: Waiter) -> bool:
        """Whether this waiter is out of the way: left already, or set aside because the player is not free."""
        if not waiter.waits:
            return True
        if waiter.player_id not in self._kept:
            return False
        self._aside.setdefault(waiter.player_id, []).append(waiter)
        return True

    def keep(self, player_id: PlayerId) -> None:
        """Let nobody else ask for this player."""
        self._kept.add(player_id)

    def free(self, player_id: PlayerId, at: float) -> None:
        """Let others ask for a player who is kept, from then on (a monotonic moment)."""
        heapq.heappush(self._ends, (at, player_id))

    def freed(self, now: float) -> list[Waiter]:
        """Those who were set aside for players who are free by now, and still wait."""
        back: list[Waiter] = []
        while self._ends and self._ends[0][0] <= now:
            _, player_id = heapq.heappop(self._ends)
            self._kept.discard(player_id)
            back += [waiter for waiter in self._aside.pop(player_id, ()) if waiter.waits]
        return back

    @property
    def next_end(self) -> float:
        """When the next player is free again (monotonic); infinite if that is not known."""
        return self._ends[0][0] if self._ends else math.inf


class Turns:
    """The waiting line of one process."""

    def __init__(self) -> None:
        self._numbers = count(1)
        places = count()
        self._urgent, self._regular = _Line(places), _Line(places)
        self._players = _Players()
        self._waiters: dict[int, Waiter] = {}
        self._run = 0
        """Urgent turns since the last other one, while others waited."""

    def __len__(self) -> int:
        return len(self._waiters)

    def join(self, waiter: Waiter) -> None:
        """Wait for a turn, or again for another one."""
        waiter.number = waiter.number or next(self._numbers)
        self._waiters[waiter.number] = waiter
        waiter.waits = True
        self._line_of(waiter).join(waiter)

    def leave(self, waiter: Waiter) -> None:
        """Wait no longer. Nothing, if they do not wait."""
        if self._waiters.pop(waiter.number, None) is not None:
            waiter.waits = False
            self._line_of(waiter).leave(waiter)

    def dismiss(self, *, only_urgent: bool = False) -> list[Waiter]:
        """Let all (urgent) ones leave; who they are, first come first."""
        gone = [waiter for waiter in self._waiters.values() if waiter.urgent or not only_urgent]
        for waiter in gone:
            self.leave(waiter)
        return gone

    def wait(self, now: float) -> float:
        """Seconds until somebody can be served: 0 when somebody can now, infinite when that is not known."""
        if not self._waiters:
            return math.inf
        return 0.0 if self._first(now) is not None else self._players.next_end - now

    def take(self, now: float) -> Waiter | None:
        """Serve the next one: from here on their player is not free, until `free` says otherwise."""
        waiter = self._first(now)
        if waiter is None:
            return None
        self._run = self._run + 1 if waiter.urgent and self._regular else 0
        self._line_of(waiter).take(waiter)
        waiter.waits = False
        del self._waiters[waiter.number]
        self._players.keep(waiter.player_id)
        return waiter

    def free(self, player_id: PlayerId, at: float) -> None:
        """Let the player of somebody who was served be asked for again, from then on (a monotonic moment)."""
        self._players.free(player_id, at)

    def _first(self, now: float) -> Waiter | None:
        for back in self._players.freed(now):
            self._line_of(back).push(back)
        if self._run >= URGENT_RUN and (waiter := self._regular.first(self._players)):
            return waiter
        return self._urgent.first(self._players) or self._regular.first(self._players)

    def _line_of(self, waiter: Waiter) -> _Line:
        return self._urgent if waiter.urgent else self._regular
