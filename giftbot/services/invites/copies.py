"""Copies of what is known of invites: taken after each change, kept in a file beside us and in the cloud."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Self

import attrs
import structlog

from giftbot.collector import resting
from giftbot.errors import GiftbotError, StoreError
from giftbot.logs import new_reference
from giftbot.models.copy_status import CopyStatus
from giftbot.models.ids import GuildId, JoinId
from giftbot.models.join import Join
from giftbot.services.invites.archive import Archive, Change
from giftbot.services.invites.keeper import Keeper
from giftbot.services.invites.merging import Merging
from giftbot.services.invites.ports import Copy, CopyPlace
from giftbot.services.invites.restoring import Restoring, SinceListener
from giftbot.services.invites.sections import Documents
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore
from giftbot.services.signal import Signal

_log = structlog.get_logger(__name__)

TABLES = "tables"
_OVERLAP = timedelta(minutes=10)
"""A ledger whose look is older than this by the time it is written is told by `changed`."""
_ATTEMPTS = 5
"""How often a copy that another process came before is made anew at the end."""


@attrs.frozen
class CopyTimes:
    """Seconds. What changed is in the local file within 2 s, and in the cloud within 5 s."""

    settle: float = 0.8
    """From the first change to the copy: what changes meanwhile is in it, too."""
    remote_settle: float = 2.0
    """Longer, for places that are far."""
    whole: float = 1800.0
    """Everything is read and written anew, changed or not."""
    backoff: float = 5.0
    """After the first failure; doubled by each further one."""
    backoff_limit: float = 300.0
    patience: float = 7.0
    """How long a start without tables waits for a place that does not answer."""
    stop: float = 8.0
    """What the last copies may take at the end."""

    def scaled(self, factor: float) -> Self:
        """All of them multiplied."""
        return attrs.evolve(self, **{name: getattr(self, name) * factor for name in attrs.fields_dict(type(self))})


class Copies:
    """The three layers. `restore` before anything connects, then `run` until `stop`.

    Nothing is written to a place before it is known what is there.
    """

    def __init__(
        self,
        *,
        store: InviteStore,
        documents: Documents,
        local: CopyPlace | None,
        remote: Sequence[CopyPlace],
        clock: Clock,
        times: CopyTimes | None = None,
    ) -> None:
        """Take the tables, the file beside them (None for none), and the places that outlive this machine."""
        self._store = store
        self._clock = clock
        self._times = times or CopyTimes()
        self._archive = Archive(store, documents)
        places = [*([local] if local is not None else []), *remote]
        self._restoring = Restoring(
            store=store,
            merging=Merging(store, documents),
            places=places,
            clock=clock,
            patience=self._times.patience,
        )
        self._keepers = tuple(
            Keeper(
                place,
                restoring=self._restoring,
                clock=clock,
                done="copy written" if place is local else "copy sent",
                settle=0.0 if place is local else self._times.remote_settle,
                backoff=self._times.backoff,
                backoff_limit=self._times.backoff_limit,
                merged=self._merged,
            )
            for place in places
        )
        self._changes: dict[GuildId, set[JoinId]] = {}
        self._wants_everything = True
        self._read_at = 0.0
        self._ledgers_read_at: datetime | None = None
        self._taken_at: datetime | None = None
        self._wake = Signal()
        self._taking = asyncio.Lock()
        self._is_restored = False
        self._stopping = False

    async def restore(self, *, ledgers: bool = True) -> None:
        """Bring the tables in step with the newest whole copy. Raises `StoreError` when they are out of reach.

        `ledgers` is False beside a bot that decides joins: what is known of the invites is left to it.
        """
        with resting():
            readable = await self._restoring.run(ledgers=ledgers)
        for keeper in self._keepers:
            keeper.may_write = keeper.label in readable and self._restoring.statuses[keeper.label].held is None
        self._is_restored = True

    def subscribe(self, listener: SinceListener) -> None:
        """Tell this one of copies that are taken in after the start."""
        self._restoring.listeners.append(listener)

    def changed(self, guild_id: GuildId, joins: Iterable[Join] = ()) -> None:
        """Note that something of a server's invites, links, credits or settings changed, and which of its joins."""
        self._changes.setdefault(guild_id, set()).update(join.join_id for join in joins)
        self._wake.set()

    async def run(self) -> None:
        """Copy what changes until stopped. `restore` must have succeeded."""
        if not self._is_restored:
            raise RuntimeError("Copies are written after a restore only.")
        tasks = [asyncio.create_task(keeper.run()) for keeper in self._keepers]
        pause = 0.0
        try:
            while not self._stopping:
                pause = await self._round(pause)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Write what is not written yet, and end `run`."""
        self._stopping = True
        try:
            async with asyncio.timeout(self._times.stop):
                if self._is_restored:
                    await self._write_out()
        except TimeoutError:
            _log.warning("copies not finished", why=f"they took longer than {self._times.stop:g} s")
        except StoreError as error:
            _log.warning("copy failed", layer=TABLES, why=str(error))
        self._wake.set()

    async def back_up(self) -> tuple[CopyStatus, ...]:
        """Copy everything to every place now, and say how that went. Raises `StoreError`."""
        self._wants_everything = True
        await self._write_out()
        return self.status()

    def status(self) -> tuple[CopyStatus, ...]:
        """The tables first, then each place."""
        series = self._restoring.series
        tables = CopyStatus(
            TABLES,
            epoch=series.epoch or None,
            sequence=series.sequence,
            taken_at=self._taken_at,
            is_waiting=self._has_changes or self._taking.locked(),
        )
        return (tables, *(keeper.status() for keeper in self._keepers))

    @property
    def _has_changes(self) -> bool:
        return bool(self._changes) or self._wants_everything

    async def _write_out(self) -> None:
        """Copy what changed to every place; again where another process wrote in between."""
        for _ in range(_ATTEMPTS):
            await self._take()
            outdated = await asyncio.gather(*(keeper.finish() for keeper in self._keepers))
            if not (self._has_changes or self._taking.locked() or any(outdated)):
                return

    def _merged(self) -> None:
        """A place held more than the tables: all of it is copied anew."""
        self._wants_everything = True
        self._wake.set()

    async def _round(self, pause: float) -> float:
        """Wait for something to copy, and copy it; how long to pause before the next attempt."""
        if pause:
            await self._clock.sleep(pause)
        elif not self._has_changes:
            rest = self._read_at + self._times.whole - self._clock.monotonic()
            if rest > 0:
                await self._wake.wait(rest)
            if self._clock.monotonic() - self._read_at >= self._times.whole:
                self._wants_everything = True
        if self._stopping or not self._has_changes:
            return 0.0
        await self._clock.sleep(self._times.settle)
        try:
            await self._take()
        except StoreError as error:
            _log.warning("copy failed", layer=TABLES, why=str(error))
        except Exception:
            _log.exception("a copy could not be taken", ref=new_reference())
        else:
            return 0.0
        return min(max(self._times.backoff, pause * 2), self._times.backoff_limit)

    async def _take(self) -> None:
        """Read what changed, number it, hand it to the keepers. Raises `StoreError`, and forgets nothing then."""
        async with self._taking:
            if not self._has_changes:
                return
            changes, everything = self._changes, self._wants_everything
            self._changes, self._wants_everything = {}, False
            try:
                copy = await self._read(changes, everything=everything)
            except BaseException:
                for guild_id, joins in changes.items():
                    self._changes.setdefault(guild_id, set()).update(joins)
                self._wants_everything = self._wants_everything or everything
                raise
            for keeper in self._keepers:
                keeper.offer(copy)

    async def _read(self, changes: dict[GuildId, set[JoinId]], *, everything: bool) -> Copy:
        if everything:
            began, now = self._clock.monotonic(), self._clock.now()
            await self._archive.read_everything(self._ledgers_read_at)
            self._ledgers_read_at = now - _OVERLAP
            self._read_at = began
            await self._archive.read_again(Change(guild_id) for guild_id in changes)
        else:
            await self._archive.read_again(
                Change(guild_id, frozenset(joins)) for guild_id, joins in changes.items()
            )
        carried = await self._store.get_carried()
        series = self._restoring.series
        series.sequence += 1
        await series.save(self._store)
        self._taken_at = self._clock.now()
        data = self._archive.data(carried, self._taken_at)
        return Copy(epoch=series.epoch, sequence=series.sequence, taken_at=self._taken_at, data=data)


def worst(statuses: Iterable[CopyStatus]) -> GiftbotError | None:
    """What is to be told of places that could not be written; None when all is well."""
    wrong = [f"{one.label}: {one.held or one.failed}" for one in statuses if one.held or one.failed]
    return GiftbotError(" ".join(wrong)) if wrong else None
