"""What keeps the member search from being asked while it does not work."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs
import structlog

from giftbot.models.audit_times import AuditTimes
from giftbot.models.ids import GuildId
from giftbot.services.ports import Clock

_log = structlog.get_logger(__name__)


@attrs.define
class _Fuse:
    until: float
    """Monotonic."""
    span: float
    why: str


class Breaker:
    """Off for a time that doubles until it works again; in one server, or (None) in all. Said once in the log."""

    def __init__(self, clock: Clock, times: AuditTimes) -> None:
        self._clock = clock
        self._times = times
        self._fuses: dict[GuildId | None, _Fuse] = {}

    def is_open(self, guild_id: GuildId) -> bool:
        """Whether the search is to be left alone in that server."""
        now = self._clock.monotonic()
        return any(key in self._fuses and now < self._fuses[key].until for key in (None, guild_id))

    def pause(self, guild_id: GuildId) -> tuple[datetime, str] | None:
        """Until when it is left alone in that server, and why; None where it may be asked."""
        now = self._clock.monotonic()
        fuses = [self._fuses[key] for key in (None, guild_id) if key in self._fuses]
        longest = max(fuses, key=lambda fuse: fuse.until, default=None)
        if longest is None or longest.until <= now:
            return None
        return self._clock.now() + timedelta(seconds=longest.until - now), longest.why

    def trip(self, guild_id: GuildId | None, why: str) -> None:
        """It does not work there."""
        now = self._clock.monotonic()
        fuse = self._fuses.get(guild_id)
        if fuse is None:
            fuse = self._fuses[guild_id] = _Fuse(now, self._times.off, why)
            _log.warning("member search switched off", guild=guild_id or "all", seconds=round(fuse.span), why=why)
        else:
            fuse.span = min(fuse.span * 2, self._times.off_limit)
            fuse.why = why
        fuse.until = now + fuse.span

    def reset(self, guild_id: GuildId) -> None:
        """It works there."""
        for key in (None, guild_id):
            if self._fuses.pop(key, None) is not None:
                _log.info("member search works again", guild=key or "all")
