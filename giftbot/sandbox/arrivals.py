"""The truth about memberships: how each of them came about. The bot never sees it; tests compare with it."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator

import attrs


class Way(enum.IntEnum):
    """How somebody came, numbered as Discord does in its member search."""

    UNSPECIFIED = 0
    OAUTH = 1
    """A bot, or an application with the scope guilds.join."""

    INTEGRATION = 2
    DISCOVERY = 3
    HUB = 4
    INVITE = 5
    VANITY = 6
    APPROVAL = 7
    LOBBY = 8


@attrs.frozen
class Arrival:
    """One membership."""

    guild_id: int
    user_id: int
    joined_at: datetime.datetime
    way: Way
    code: str | None = None
    """Of the invite, or the guild's own address."""

    inviter_id: int | None = None
    is_temporary: bool = False
    """Whether it ends when they disconnect without having got a role."""

    left_at: datetime.datetime | None = None


class Arrivals:
    """All memberships that began since the sandbox was opened, in their order."""

    def __init__(self) -> None:
        self._all: dict[tuple[int, int], list[Arrival]] = {}
        self._order: list[tuple[int, int, int]] = []

    def begin(self, arrival: Arrival) -> None:
        """Note a new membership."""
        key = (arrival.guild_id, arrival.user_id)
        rows = self._all.setdefault(key, [])
        self._order.append((*key, len(rows)))
        rows.append(arrival)

    def end(self, guild_id: int, user_id: int) -> None:
        """Note that a membership is over; those who were there when their guild was created have no row."""
        rows = self._all.get((guild_id, user_id), [])
        if rows and rows[-1].left_at is None:
            rows[-1] = attrs.evolve(rows[-1], left_at=datetime.datetime.now(datetime.UTC))

    def move(self, guild_id: int, user_id: int, joined_at: datetime.datetime) -> None:
        """Note that Discord now gives another moment for the same membership."""
        rows = self._all.get((guild_id, user_id), [])
        if rows:
            rows[-1] = attrs.evolve(rows[-1], joined_at=joined_at)

    def of(self, guild_id: int, user_id: int) -> list[Arrival]:
        """Return the memberships of one user in a guild, oldest first."""
        return list(self._all.get((guild_id, user_id), []))

    def last(self, guild_id: int, user_id: int) -> Arrival | None:
        """Return the newest membership of a user in a guild."""
        rows = self._all.get((guild_id, user_id))
        return rows[-1] if rows else None

    def in_guild(self, guild_id: int) -> list[Arrival]:
        """Return the memberships in a guild, in the order in which they began."""
        return [one for one in self if one.guild_id == guild_id]

    def __iter__(self) -> Iterator[Arrival]:
        for guild_id, user_id, index in tuple(self._order):
            yield self._all[guild_id, user_id][index]

    def __len__(self) -> int:
        return len(self._order)
