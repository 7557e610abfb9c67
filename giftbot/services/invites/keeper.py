"""Writes copies to one place: the newest, one at a time, again until it worked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs
import structlog

from giftbot.errors import CopyError, CopyRefusedError, StoreError
from giftbot.logs import new_reference
from giftbot.models.copy_status import CopyStatus
from giftbot.services.invites.ports import Copy, CopyPlace
from giftbot.services.invites.restoring import Restoring
from giftbot.services.ports import Clock

_log = structlog.get_logger(__name__)


class Keeper:
    """One place, and what is to be written there. A copy is whole, so only the newest waits."""

    def __init__(
        self,
        place: CopyPlace,
        *,
        restoring: Restoring,
        clock: Clock,
        done: str,
        settle: float,
        backoff: float,
        backoff_limit: float,
        merged: Callable[[], None],
    ) -> None:
        """Take the log's event for a copy that is there, the pauses in seconds, and whom to tell of a merge."""
        self.label = place.label
        self.may_write = False
        """Whether it is known what is there."""
        self._place = place
        self._restoring = restoring
        self._clock = clock
        self._done = done
        self._settle = settle
        self._backoff = backoff
        self._backoff_limit = backoff_limit
        self._merged = merged
        self._copy: Copy | None = None
        self._failures = 0
        self._is_outdated = False
        """Whether the last copy was refused because another process wrote in between, and that was taken in."""
        self._offered = asyncio.Event()
        self._working = asyncio.Lock()

    def offer(self, copy: Copy) -> None:
        """Have this written next, in place of what waits."""
        self._copy = copy
        self._offered.set()

    def status(self) -> CopyStatus:
        """How the place stands."""
        return attrs.evolve(self._restoring.statuses[self.label], is_waiting=self._copy is not None)

    async def run(self) -> None:
        """Write what is offered until cancelled."""
        while True:
            if self.may_write and not self._failures:
                await self._offered.wait()
                await self._clock.sleep(self._settle)
            elif self._failures:
                await self._clock.sleep(min(self._backoff * 2 ** (self._failures - 1), self._backoff_limit))
            await self._step()

    async def finish(self) -> bool:
        """Make one attempt at what waits now; whether another one makes sense at once."""
        self._is_outdated = False
        if self._copy is not None or not self.may_write:
            await self._step()
        return self._is_outdated or (self._copy is not None and not self._failures)

    async def _step(self) -> None:
        async with self._working:
            try:
                went_well = await self._read() if not self.may_write else await self._write()
            except StoreError as error:
                _log.warning("copy failed", layer=self.label, why=str(error))
                went_well = False
            except Exception:
                reference = new_reference()
                _log.exception("copy failed", layer=self.label, ref=reference)
                self._note(failed=f"Something went wrong inside giftbot; the log has it under {reference}.")
                went_well = False
            self._failures = 0 if went_well else self._failures + 1

    async def _read(self) -> bool:
        """Learn what is there, and take in what is newer; whether the place may be written to now."""
        before = self._restoring.series.sequence
        was_read = await self._restoring.read_late(self._place)
        status = self._restoring.statuses[self.label]
        self.may_write = was_read and status.held is None
        if self.may_write and (status.sequence is not None or self._restoring.series.sequence != before):
            self._copy = None
            self._offered.clear()
            self._merged()
        return self.may_write

    async def _write(self) -> bool:
        copy = self._copy
        self._offered.clear()
        if copy is None:
            return True
        try:
            await self._place.write(copy)
        except CopyRefusedError as error:
            _log.warning("copy refused", layer=self.label, why=str(error), sequence=copy.sequence)
            self._note(failed=str(error))
            self.may_write = False
            self._is_outdated = await self._read()
            return False
        except CopyError as error:
            _log.warning("copy failed", layer=self.label, why=str(error), sequence=copy.sequence)
            self._note(failed=str(error))
            return False
        if self._copy is copy:
            self._copy = None
        _log.info(self._done, layer=self.label, sequence=copy.sequence)
        before = self._restoring.statuses[self.label]
        self._restoring.statuses[self.label] = CopyStatus(
            self.label,
            epoch=copy.epoch,
            sequence=copy.sequence,
            taken_at=copy.taken_at,
            replaced=before.refused or before.replaced,
            refused_entries=before.refused_entries,
        )
        return True

    def _note(self, *, failed: str) -> None:
        self._restoring.statuses[self.label] = attrs.evolve(self._restoring.statuses[self.label], failed=failed)
