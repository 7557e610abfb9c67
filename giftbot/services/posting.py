"""The workers of the outbox: find what is due, claim it, and see it delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime

import attrs
import structlog

from giftbot.errors import GiftbotError, StoreError, TokenError
from giftbot.logs import new_reference
from giftbot.models.announcement import (
    Announcement,
    AnnouncementState,
    Attempt,
    Claim,
    Mark,
    derive_nonce,
    derive_reference,
)
from giftbot.models.ids import announcement_id
from giftbot.models.times import PostingTimes
from giftbot.services.delivery import Deliveries, Dispatch
from giftbot.services.marks import Marks
from giftbot.services.ports import Announcer, Clock, Store
from giftbot.services.posts import fitting
from giftbot.services.signal import Signal
from giftbot.services.surroundings import Surroundings, code_of, keys_of

_log = structlog.get_logger(__name__)

MOST = 256
"""Messages on their way at once, at most: a store may take longer to note what was sent than it took to send it."""
AHEAD = 2.0
"""Seconds' worth of messages that are claimed; what waits for longer than `PostingTimes.margin` is written anew."""
GROUPS = 4
"""Rows are claimed when at least this share of all is free: few round trips for many rows."""
STARTS = 8
"""Messages that are started without a look at anything else: each computes half a millisecond before it waits."""

Deliver = Callable[[Dispatch, Callable[[], bool]], Coroutine[None, None, None]]


def concurrency(rate: float | None) -> int:
    """How many messages may be on their way at once, at `rate` messages a second; None is no limit."""
    return MOST if rate is None else max(1, min(MOST, round(rate * AHEAD)))


class Posting:
    """Runs the outbox. Several processes may run one each on the same store."""

    def __init__(
        self,
        *,
        store: Store,
        marks: Marks,
        announcer: Announcer,
        deliveries: Deliveries,
        clock: Clock,
        times: PostingTimes,
        wake: Signal,
        owner: str,
        rate: float | None,
    ) -> None:
        """Take `owner`, a name of this process incarnation that no other ever had, and the pacer's `rate`."""
        self._store = store
        self._marks = marks
        self._announcer = announcer
        self._deliveries = deliveries
        self._clock = clock
        self._times = times
        self._wake = wake
        self._owner = owner
        self._concurrency = concurrency(rate)
        self._in_flight: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._stopping = False
        self._fatal: GiftbotError | None = None
        self._held: str | None = None
        self.halted: str | None = None
        """Why nothing is sent at present, as a sentence; None while posting goes on."""

    async def run(self) -> None:
        """Work until stopped. A store that is away pauses the work and loses nothing.

        Raises the error that made sending impossible for good.
        """
        while not self._stopping:
            worked = False
            try:
                worked = await self._round()
            except StoreError as error:
                self.halted = f"The store is out of reach: {error}"
                _log.warning("posting paused", why=str(error))
            except Exception:
                _log.exception("a round of posting failed", ref=new_reference())
            if not worked and not self._stopping:
                await self._wake.wait(self._times.poll)
        if self._fatal is not None:
            _log.critical("posting stopped", why=str(self._fatal))
            raise self._fatal

    async def stop(self) -> None:
        """Claim nothing more, and give what is in flight `times.drain` seconds to end."""
        self._stopping = True
        self._wake.set()
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=self._times.drain)
        for task in self._in_flight:
            task.cancel()
        await asyncio.gather(*self._in_flight, return_exceptions=True)
        await self._marks.aclose()

    def hold(self, why: str) -> None:
        """Claim nothing until `let_go`; `why` is a sentence."""
        self._held = self.halted = why

    def let_go(self) -> None:
        """Go on."""
        self._held = self.halted = None
        self._wake.set()

    def halt(self, error: GiftbotError) -> None:
        """Send nothing any more, whatever is due; `run` ends with this error."""
        self._stopping = True
        self._fatal, self.halted = error, str(error)
        self._wake.set()
        self._freed.set()

    @property
    def _has_room(self) -> bool:
        return (self._concurrency - len(self._in_flight)) * GROUPS >= self._concurrency

    async def _round(self) -> bool:
        """Claim and dispatch what is due; False when nothing was."""
        while not self._has_room and not self._stopping:
            self._freed.clear()
            await self._freed.wait()
        if self._stopping:
            return False
        await self._marks.replay()
        if self._held is not None:
            self.halted = self._held
            return False
        began, now = self._clock.monotonic(), self._clock.now()
        free = self._concurrency - len(self._in_flight)
        claims = await self._store.claim_due(self._owner, now, now + self._times.lease_span, limit=free)
        self.halted = None
        if claims:
            await self._dispatch(claims, now, began + self._times.lease)
        return bool(claims)

    async def _dispatch(self, claims: Sequence[Claim], now: datetime, lease_ends: float) -> None:
        """Decide on each claim, write the attempts, and start the deliveries."""
        guilds, codes = await asyncio.gather(
            self._store.get_guilds({claim.anchor.guild_id for claim in claims}),
            self._store.get_codes(keys_of(claims)),
        )
        around = Surroundings(guilds=guilds, codes=codes, now=now, lease_ends=lease_ends)
        plans = []
        for claim in claims:
            if claim.anchor.is_prepared:
                self._start(self._deliveries.recover, await self._resumed(claim.anchor, around))
            elif obstacle := around.obstacle(claim.anchor):
                await self._skip(claim.anchor, obstacle)
            else:
                plans.append(self._plan(claim, around))
        planned = await asyncio.gather(*plans, return_exceptions=True)
        dispatches = [dispatch for dispatch in planned if isinstance(dispatch, Dispatch)]
        for error in planned:
            if isinstance(error, StoreError):
                raise error
            if isinstance(error, BaseException):  # one bad row does not keep the others waiting
                _log.error("a message could not be composed", ref=new_reference(), exc_info=error)
        if not dispatches:
            return
        attempts = [Attempt(dispatch.anchor, dispatch.joined) for dispatch in dispatches]
        written = await self._store.prepare(attempts)
        for number, dispatch in enumerate(dispatches, start=1):
            if dispatch.anchor.announcement_id in written:
                self._start(self._deliveries.deliver, dispatch)
            if number % STARTS == 0:
                await asyncio.sleep(0)

    async def _plan(self, claim: Claim, around: Surroundings) -> Dispatch:
        """Fix the batch of a claim that was never sent: its rows, nonce, reference and channel."""
        anchor = claim.anchor
        joined = await self._join(claim, around)
        around, joined = await self._shown(joined, around)
        rows = sorted((anchor, *joined), key=lambda row: row.code)
        entries = tuple(f"{row.code}@{row.code_epoch}" for row in rows)
        nonce = derive_nonce(self._announcer.application_id, anchor.guild_id, anchor.guild_epoch, entries)
        anchor = attrs.evolve(
            anchor,
            codes=entries,
            nonce=nonce,
            reference=derive_reference(nonce),
            channel_id=around.guilds[anchor.guild_id].channel_id,
            first_attempt_at=around.now,
            last_attempt_at=around.now,
            window_at=around.now,
            attempts=1,
            updated_at=around.now,
        )
        return around.dispatch(anchor, joined)

    async def _join(self, claim: Claim, around: Surroundings) -> list[Announcement]:
        """Let as many of the server's due codes ride along as one message can show.

        What an earlier claim let join before it died, fits: then nothing more is added.
        """
        anchor = claim.anchor
        if anchor.fence > 1 and (riding := await self._store.join(anchor, (), around.now)):
            return riding
        if not claim.others:
            return []
        riders = [
            code
            for other in claim.others
            if (code := around.codes.get(code_of(other))) is not None and around.is_postable(code)
        ]
        room = fitting([around.codes[anchor.code], *riders], around.now) - 1
        ids = [announcement_id(anchor.guild_id, code.key) for code in riders[:room]]
        return await self._store.join(anchor, ids, around.now)

    async def _shown(
        self, joined: list[Announcement], around: Surroundings
    ) -> tuple[Surroundings, list[Announcement]]:
        """Those of the joined rows that the message can show; the others are left to `release_orphans`.

        The codes of rows that an earlier claim let join were not read with this claim.
        """
        unread = {row.code for row in joined} - around.codes.keys()
        if unread:
            codes = {**around.codes, **await self._store.get_codes(unread)}
            around = attrs.evolve(around, codes=codes)
        shown = [row for row in joined if (code := around.codes.get(row.code)) and around.is_postable(code)]
        return around, shown

    async def _resumed(self, anchor: Announcement, around: Surroundings) -> Dispatch:
        """The dispatch of an anchor that an earlier claim prepared: the same batch, nonce and channel."""
        joined = await self._store.join(anchor, (), around.now) if len(anchor.codes) > 1 else []
        return around.dispatch(anchor, joined)

    async def _skip(self, anchor: Announcement, reason: str) -> None:
        await self._marks.write(
            Mark(anchor=anchor, state=AnnouncementState.SKIPPED, at=self._clock.now(), reason=reason)
        )
        _log.info("skipped", id=anchor.announcement_id, why=reason)

    def _start(self, deliver: Deliver, dispatch: Dispatch) -> None:
        task = asyncio.create_task(self._carry(deliver, dispatch))
        self._in_flight.add(task)
        task.add_done_callback(self._finished)

    async def _carry(self, deliver: Deliver, dispatch: Dispatch) -> None:
        try:
            await deliver(dispatch, self._may_send)
        except TokenError as error:
            self.halt(error)
        except OSError as error:
            self.halt(StoreError(f"What was sent cannot be written down any more: {error}"))
        except Exception:
            _log.exception("delivery failed", id=dispatch.anchor.announcement_id, ref=new_reference())

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if self._has_room:
            self._freed.set()

    def _may_send(self) -> bool:
        return not self._stopping
