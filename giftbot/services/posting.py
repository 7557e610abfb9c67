"""The workers of the outbox: find what is due, claim it, and see it delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime

import attrs
import structlog

from giftbot.errors import StoreError
from giftbot.logs import new_reference
from giftbot.models.announcement import (
    Announcement,
    AnnouncementState,
    Attempt,
    Claim,
    Mark,
    Origin,
    derive_nonce,
    derive_reference,
)
from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import AnnouncementId, CodeKey, GuildId
from giftbot.models.times import PostingTimes
from giftbot.services.delivery import Deliveries, Dispatch
from giftbot.services.marks import Marks
from giftbot.services.ports import Announcer, Clock, Store
from giftbot.services.posts import compose, fitting
from giftbot.services.signal import Signal

_log = structlog.get_logger(__name__)

CONCURRENCY = 64
"""Messages on their way at once: enough for 44 a second at an answer time of more than a second."""
GROUP = 32
"""Rows are claimed when at least so many more may be on their way: few round trips for many rows."""

Deliver = Callable[[Dispatch, Callable[[], bool]], Coroutine[None, None, None]]


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
    ) -> None:
        """Take `owner`, a name of this process incarnation that no other ever had."""
        self._store = store
        self._marks = marks
        self._announcer = announcer
        self._deliveries = deliveries
        self._clock = clock
        self._times = times
        self._wake = wake
        self._owner = owner
        self._in_flight: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._stopping = False
        self.halted: str | None = None
        """Why nothing is sent at present, as a sentence; None while posting goes on."""

    async def run(self) -> None:
        """Work until cancelled or stopped. A store that is away pauses the work and loses nothing."""
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

    def halt(self, reason: str) -> None:
        """Send nothing any more, whatever is due."""
        self._stopping = True
        self.halted = reason
        self._wake.set()
        self._freed.set()

    async def _round(self) -> bool:
        """Claim and dispatch what is due; False when nothing was."""
        while CONCURRENCY - len(self._in_flight) < GROUP and not self._stopping:
            self._freed.clear()
            await self._freed.wait()
        if self._stopping:
            return False
        await self._marks.replay()
        began, now = self._clock.monotonic(), self._clock.now()
        free = CONCURRENCY - len(self._in_flight)
        claims = await self._store.claim_due(self._owner, now, now + self._times.lease_span, limit=free)
        self.halted = None
        if claims:
            await self._dispatch(claims, now, began + self._times.lease)
        return bool(claims)

    async def _dispatch(self, claims: Sequence[Claim], now: datetime, lease_ends: float) -> None:
        """Decide on each claim, write the attempts, and start the deliveries."""
        guilds = await self._store.get_guilds({claim.anchor.guild_id for claim in claims})
        codes = await self._store.get_codes(_keys(claims))
        plans = []
        for claim in claims:
            if claim.anchor.is_prepared:
                dispatch = await self._resumed(claim.anchor, guilds, codes, now, lease_ends)
                self._start(self._deliveries.recover, dispatch)
            elif obstacle := _obstacle(claim.anchor, guilds, codes, now):
                await self._skip(claim.anchor, obstacle)
            else:
                plans.append(self._plan(claim, guilds[claim.anchor.guild_id], codes, now, lease_ends))
        dispatches = await asyncio.gather(*plans)
        if not dispatches:
            return
        attempts = [Attempt(dispatch.anchor, dispatch.joined) for dispatch in dispatches]
        written = await self._store.prepare(attempts)
        for dispatch in dispatches:
            if dispatch.anchor.announcement_id in written:
                self._start(self._deliveries.deliver, dispatch)

    async def _plan(
        self,
        claim: Claim,
        guild: GuildSettings,
        codes: Mapping[CodeKey, GiftCode],
        now: datetime,
        lease_ends: float,
    ) -> Dispatch:
        """Fix the batch of a claim that was never sent: its rows, nonce, reference and channel."""
        anchor = claim.anchor
        joined = await self._join(claim, codes, now)
        rows = sorted((anchor, *joined), key=lambda row: row.code)
        entries = tuple(f"{row.code}@{row.code_epoch}" for row in rows)
        nonce = derive_nonce(self._announcer.application_id, anchor.guild_id, anchor.guild_epoch, entries)
        anchor = attrs.evolve(
            anchor,
            codes=entries,
            nonce=nonce,
            reference=derive_reference(nonce),
            channel_id=guild.channel_id,
            first_attempt_at=now,
            last_attempt_at=now,
            window_at=now,
            attempts=1,
            updated_at=now,
        )
        return self._compose(anchor, joined, guild, codes, now, lease_ends)

    async def _join(self, claim: Claim, codes: Mapping[CodeKey, GiftCode], now: datetime) -> list[Announcement]:
        """Let as many of the server's due codes ride along as one message can show."""
        anchor = claim.anchor
        if not claim.others and anchor.fence <= 1:
            return []
        riders = [
            code
            for other in claim.others
            if (code := codes.get(_code_of(other))) is not None and _is_postable(code, now)
        ]
        room = fitting([codes[anchor.code], *riders], now) - 1
        ids = [AnnouncementId(f"{anchor.guild_id}:{code.key}") for code in riders[:room]]
        return await self._store.join(anchor, ids, now)

    async def _resumed(
        self,
        anchor: Announcement,
        guilds: Mapping[GuildId, GuildSettings],
        codes: Mapping[CodeKey, GiftCode],
        now: datetime,
        lease_ends: float,
    ) -> Dispatch:
        """The dispatch of an anchor that an earlier claim prepared: the same batch, nonce and channel."""
        joined = await self._store.join(anchor, (), now) if len(anchor.codes) > 1 else []
        guild = guilds.get(anchor.guild_id) or GuildSettings(guild_id=anchor.guild_id)
        return self._compose(anchor, joined, guild, codes, now, lease_ends)

    def _compose(
        self,
        anchor: Announcement,
        joined: Sequence[Announcement],
        guild: GuildSettings,
        codes: Mapping[CodeKey, GiftCode],
        now: datetime,
        lease_ends: float,
    ) -> Dispatch:
        shown = [codes[key] for key in anchor.batch_keys if key in codes]
        post = compose(shown, anchor.reference or "", now, ping_role_id=guild.ping_role_id)
        return Dispatch(
            anchor=anchor,
            joined=tuple(row.announcement_id for row in joined),
            post=post,
            lease_ends=lease_ends,
        )

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
        except OSError as error:
            self.halt(f"What was sent cannot be written down any more: {error}")
            _log.critical("posting stopped", id=dispatch.anchor.announcement_id, why=str(error))
        except Exception:
            _log.exception("delivery failed", id=dispatch.anchor.announcement_id, ref=new_reference())

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._freed.set()

    def _may_send(self) -> bool:
        return not self._stopping


def _keys(claims: Sequence[Claim]) -> set[CodeKey]:
    """Every code that these claims may show."""
    keys: set[CodeKey] = set()
    for claim in claims:
        keys.add(claim.anchor.code)
        keys.update(claim.anchor.batch_keys)
        keys.update(_code_of(other) for other in claim.others)
    return keys


def _code_of(row: AnnouncementId) -> CodeKey:
    return CodeKey(row.partition(":")[2])


def _is_postable(code: GiftCode, now: datetime) -> bool:
    return code.status is CodeStatus.ACTIVE and not (code.expires_at and code.expires_at <= now)


def _obstacle(
    anchor: Announcement, guilds: Mapping[GuildId, GuildSettings], codes: Mapping[CodeKey, GiftCode], now: datetime
) -> str | None:
    """Why this row is not to be posted any more; None when it is."""
    guild, code = guilds.get(anchor.guild_id), codes.get(anchor.code)
    by_hand = anchor.source is Origin.MANUAL
    if guild is None or guild.channel_id is None:
        return "no channel is set"
    if guild.left_at is not None:
        return "the server was left"
    if guild.disabled_reason is not None:
        return f"the channel is disabled: {guild.disabled_reason}"
    if not guild.auto_post and not by_hand:
        return "posting is off"
    if anchor.guild_epoch < guild.epoch:
        return "the server was reset"
    if code is None:
        return "the code is gone"
    if not (_is_postable(code, now) or (by_hand and code.status is CodeStatus.HELD)):
        return "the code is over"
    return None
