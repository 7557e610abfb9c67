"""The JSON copy of channels and sent codes, in the shape that earlier bots read."""

from __future__ import annotations

import structlog

from giftbot.services.ports import Clock, StateFile, Store

_log = structlog.get_logger(__name__)

AT_MOST_EVERY = 60.0
"""Seconds; it is one file for all servers."""


class StateCopy:
    """A projection of the store, written after changes, at most once a minute."""

    def __init__(self, *, store: Store, file: StateFile, clock: Clock) -> None:
        self._store = store
        self._file = file
        self._clock = clock
        self._written_at: float | None = None
        self._changes_copied: str | None = None
        self._is_held = False

    def hold(self, why: str) -> None:
        """Leave the file as it is until `let_go`: it may be an earlier bot's, which is still to be read."""
        self._is_held = True

    def let_go(self) -> None:
        """Write it again when it is due."""
        self._is_held = False

    async def write_if_due(self) -> bool:
        """Write it if something changed and the last copy is old enough; whether it was written."""
        if self._is_held:
            return False
        now = self._clock.monotonic()
        if self._written_at is not None and now - self._written_at < AT_MOST_EVERY:
            return False
        mark = await self._store.last_change()
        if mark == self._changes_copied:
            return False
        channels = {}
        async for guilds in self._store.scan_guilds(posting_only=False):
            channels.update({guild.guild_id: guild.channel_id for guild in guilds if guild.channel_id is not None})
        try:
            await self._file.write(channels, self._store.scan_sent())
        except OSError as error:
            _log.warning("persistence failed", file="giftcode_state.json", why=str(error))
            return False
        self._written_at, self._changes_copied = now, mark
        _log.debug("copy written", servers=len(channels))
        return True
