"""Snowflake ids and the moments in them, as Discord writes them."""

from __future__ import annotations

import datetime
import time

EPOCH_MS = 1_420_070_400_000
"""Discord's epoch: the first second of 2015, in Unix milliseconds."""

_GUILDS_ARE_OLDER_MS = 3_600_000


class Snowflakes:
    """Gives out ids that only ever grow and whose timestamps are the moments they were taken.

    Guild ids are an hour older and one millisecond apart, so that neighbours fall into different shards.
    """

    def __init__(self) -> None:
        self._last = 0
        self._guild_ms = time.time_ns() // 1_000_000 - EPOCH_MS - _GUILDS_ARE_OLDER_MS

    def take(self) -> int:
        """Return the next id."""
        now = (time.time_ns() // 1_000_000 - EPOCH_MS) << 22
        self._last = now if now > self._last else self._last + 1
        return self._last

    def take_for_guild(self) -> int:
        """Return the next id of a guild."""
        self._guild_ms += 1
        return (self._guild_ms << 22) | 1


def earlier(snowflake: int, age: datetime.timedelta) -> int:
    """Return the id that was given out so long before another one."""
    return snowflake - (age // datetime.timedelta(milliseconds=1) << 22)


def unix_time(snowflake: int) -> float:
    """Return the moment in an id, in Unix seconds."""
    return ((snowflake >> 22) + EPOCH_MS) / 1000


def iso_time(snowflake: int) -> str:
    """Return the moment in an id as ISO 8601 with an offset."""
    return datetime.datetime.fromtimestamp(unix_time(snowflake), datetime.UTC).isoformat()


def iso_now() -> str:
    """Return this moment as ISO 8601 with an offset."""
    return datetime.datetime.now(datetime.UTC).isoformat()
