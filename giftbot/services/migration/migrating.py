"""A migration: sources are read one after the other, under a lease, and what became of each is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Protocol

import attrs
import structlog

from giftbot import __version__
from giftbot.errors import InvalidInputError, LegacyError, StoreError, StoreUnavailableError
from giftbot.logs import new_reference
from giftbot.models.ids import GuildId
from giftbot.models.legacy import Skip
from giftbot.models.migration import Counts, Migration, MigrationState
from giftbot.services.migration.ahead import reading_ahead
from giftbot.services.migration.desk import Desk, Tally
from giftbot.services.migration.homes import NO_HOME
from giftbot.services.migration.ports import LegacySource
from giftbot.services.ports import Clock, Store

_log = structlog.get_logger(__name__)

LEASE = "migration"
HOLDS_FOR = 60.0
"""Seconds after which another process may go on where one has died."""
LOOKS_AGAIN = 2.0
"""Seconds after which a process that waits looks whether the other one is done."""

Progress = Callable[[LegacySource, int, int, int], None]
"""Called now and then with a source, how much of it was read, how much there is, and how many values that gave."""


class Report(Protocol):
    """Takes down each row that is not taken over."""

    def skip(self, source: LegacySource, skips: Sequence[Skip]) -> None:
        """Write them down."""
        ...


@attrs.frozen
class Outcome:
    """What became of one source in this run."""

    migration: Migration
    was_done: bool = False
    """Whether it had been taken over before, and was left alone."""
    is_known: bool = False
    """Whether all that was ever found there had been taken over before it could no longer be looked at."""
    is_passing: bool = False
    """Whether it failed because a server was out of reach, which may be for seconds only."""


class Migrating:
    """Takes over what earlier bots left. Every part may be interrupted and repeated."""

    def __init__(self, *, store: Store, clock: Clock, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._references: dict[tuple[str, type[Exception]], str] = {}

    async def run(
        self,
        sources: Sequence[LegacySource],
        *,
        report: Report,
        named: GuildId | None = None,
        dry_run: bool = False,
        again: bool = False,
        progress: Progress = lambda source, done, size, values: None,
        waiting: Callable[[], None] = lambda: None,
    ) -> list[Outcome]:
        """Take over all of them; what became of each. With `again` also those that were done before.

        A source that fails does not stop the others. Another process that does the same is waited for. `named` is
        the server of rows that name none. `waiting` is called once when another process is waited for.

        With `dry_run` the store is one to be thrown away, which is written to: nothing else tells which rows can be
        used. The sources are left as they are, nobody is waited for, and no row counts as changed.
        """
        ordered = sorted(sources, key=lambda source: (source.is_fallback, source.rank))
        if not ordered:
            return []  # without a lease: a start after a crash would wait for the dead process's
        if not dry_run:
            await self._take_lease(waiting)
        try:
            outcomes: list[Outcome] = []
            missing: Migration | None = None
            begun = await self._store.list_migrations()
            for source in ordered:
                done = await self._store.list_migrations()
                before = None if again else _given_up(done, source) or await self._before(done, source, named)
                if before is not None:
                    outcomes.append(Outcome(before, was_done=True))
                    continue
                if source.is_fallback and missing is not None:
                    outcomes.append(await self._put_off(source, missing))
                    continue
                known = {guild for one in done if not one.is_fallback for guild in one.servers}
                besides = known if source.is_fallback else set()
                outcome = await self._read(
                    source, report, progress, named=named, dry_run=dry_run, besides=besides, begun=begun
                )
                outcomes.append(outcome)
                if outcome.migration.is_failed and source.has_servers and not outcome.is_known:
                    missing = missing or outcome.migration
            return outcomes
        finally:
            if not dry_run:
                await self._store.drop_lease(LEASE, self._owner)

    async def give_up(self, name: str, *, dry_run: bool = False) -> Migration:
        """Go on without a source that failed, or at which a process died.

        Raises `InvalidInputError` when there is none of that name.
        """
        failed = {one.name: one for one in await self._store.list_migrations() if one.is_open}
        if name not in failed:
            others = f"These have: {', '.join(failed)}." if failed else "None has."
            raise InvalidInputError(f"No source “{name}” has failed. {others}")
        given_up = attrs.evolve(failed[name], state=MigrationState.GIVEN_UP, finished_at=self._clock.now())
        if not dry_run:
            await self._store.save_migration(given_up)
        return given_up

    async def list_waiting(self, sources: Sequence[LegacySource]) -> list[LegacySource]:
        """Those of the sources of which something is left to be taken over."""
        done = await self._store.list_migrations()
        return [
            source
            for source in sources
            if _given_up(done, source) is None and await self._before(done, source, None) is None
        ]

    async def _put_off(self, source: LegacySource, failed: Migration) -> Outcome:
        """Leave a copy unread while nobody knows of which servers what failed knows: players were removed there."""
        now = self._clock.now()
        problem = f"{source.title} is not read before {failed.title} can be: players who were removed are in it."
        migration = Migration(
            name=source.name,
            title=source.title,
            state=MigrationState.FAILED,
            started_at=now,
            fingerprint="",
            version=__version__,
            finished_at=now,
            problem=problem,
            is_fallback=True,
        )
        await self._store.save_migration(migration)
        return Outcome(migration)

    async def _before(
        self, done: Sequence[Migration], source: LegacySource, named: GuildId | None
    ) -> Migration | None:
        """When the same contents were taken over before, under this name or another: files are moved.

        Where rows were left because nobody knew their server, they are read again once the operator names one.
        """
        if not any(one.state is MigrationState.DONE for one in done):
            return None  # without a look at all that is there: a fingerprint costs one
        try:
            fingerprint = await source.fingerprint()
        except StoreError:
            raise
        except Exception:  # whoever reads it meets it again, and says so
            return None
        found = (one for one in done if one.is_done_with(fingerprint))
        return next((one for one in found if named is None or NO_HOME not in one.counts.skipped), None)

    async def _read(
        self,
        source: LegacySource,
        report: Report,
        progress: Progress,
        *,
        named: GuildId | None,
        dry_run: bool,
        besides: Collection[GuildId] = (),
        begun: Sequence[Migration] = (),
    ) -> Outcome:
        desk, tally, changed = Desk(self._store, self._clock, named=named, besides=besides), Tally(), 0
        # What a source said of servers before stays said: rows that are gone from it since were taken over.
        records = await self._store.list_migrations()
        known = {one.name: one.servers for one in records}
        migration = Migration(
            name=source.name,
            title=source.title,
            state=MigrationState.RUNNING,
            started_at=self._clock.now(),
            fingerprint="",
            version=__version__,
            is_fallback=source.is_fallback,
            servers=known.get(source.name, ()),
        )
        problem, is_passing = None, False
        try:
            migration = attrs.evolve(migration, fingerprint=await source.fingerprint())
            await self._store.save_migration(migration)
            size = await source.size()
            renewed = self._clock.monotonic()
            async with reading_ahead(source.read(dry_run=dry_run)) as chunks:
                async for chunk in chunks:
                    report.skip(source, tally.add(chunk.found))
                    changed += await desk.take(chunk.found)
                    unused, desk.skips = desk.skips, []
                    report.skip(source, tally.add(unused))
                    if not dry_run and self._clock.monotonic() - renewed > HOLDS_FOR / 4:
                        await self._take_lease(lambda: None)
                        renewed = self._clock.monotonic()
                    progress(source, chunk.done, size, tally.total)
                    await asyncio.sleep(0)
            changed += await desk.finish()
        except LegacyError as error:
            problem, is_passing = str(error), _is_passing(error)
        except StoreError:
            raise
        except Exception as error:  # the other sources can be read all the same
            problem = self._mistake(source, error)
        counts = Counts(found=dict(tally.found), changed=0 if dry_run else changed, skipped=dict(tally.skipped))
        migration = attrs.evolve(
            migration,
            state=MigrationState.FAILED if problem else MigrationState.DONE,
            finished_at=self._clock.now(),
            counts=counts,
            problem=problem,
            servers=tuple(sorted({*migration.servers, *desk.servers})),
        )
        is_known = migration.is_failed and not migration.fingerprint and _is_known(begun, source)
        if not is_known:
            decided = _given_up(records, source) if migration.is_failed else None
            await self._store.save_migration(decided or migration)
        _log.info(
            "data of an earlier bot read",
            source=source.name,
            state=migration.state.value,
            found=counts.total,
            changed=changed,
            skipped=counts.skips,
            dry_run=dry_run,
            why=problem,
        )
        return Outcome(migration, is_known=is_known, is_passing=is_passing)

    def _mistake(self, source: LegacySource, error: Exception) -> str:
        """Say that nobody foresaw what a source raises; the same each time, so that it is told once."""
        reference = self._references.setdefault((source.name, type(error)), new_reference())
        _log.exception("reading an earlier bot's data failed", source=source.name, ref=reference)
        return f"{source.title} cannot be read: something went wrong ({reference}); the log has the details."

    async def _take_lease(self, waiting: Callable[[], None]) -> None:
        is_first = True
        while True:
            now = self._clock.now()
            until = now + timedelta(seconds=HOLDS_FOR)
            if await self._store.take_lease(LEASE, self._owner, now, until) is None:
                return
            if is_first:
                waiting()
            is_first = False
            await self._clock.sleep(LOOKS_AGAIN)


def _given_up(done: Sequence[Migration], source: LegacySource) -> Migration | None:
    """When somebody went on without a source: without this one, not without one of the same name elsewhere."""
    given_up = (one for one in done if one.state is MigrationState.GIVEN_UP)
    return next((one for one in given_up if (one.name, one.title) == (source.name, source.title)), None)


def _is_passing(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, StoreUnavailableError):
        error = error.__cause__
    return error is not None


def _is_known(records: Sequence[Migration], source: LegacySource) -> bool:
    """Whether all that these records know of a source's place was taken over after the place failed last."""
    found = [one for one in records if source.covers(one.name)]
    done = [one.finished_at for one in found if one.state is MigrationState.DONE and one.finished_at is not None]
    if not done or any(one.state is MigrationState.RUNNING for one in found):
        return False
    failed = [one for one in found if one.is_failed]
    return all(one.name == source.name and (one.finished_at or max(done)) < max(done) for one in failed)
