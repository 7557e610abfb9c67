"""Progress of redemption jobs: one message per job in the server's redeem channel, edited now and then."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import datetime, timedelta

import attrs
import structlog

from giftbot.errors import StoreError
from giftbot.logs import new_reference
from giftbot.models.ids import ChannelId, JobId, MessageId
from giftbot.models.job import Counts, Job
from giftbot.models.post import Page
from giftbot.services.job_pages import ends_at, job_page
from giftbot.services.pacer import Pacer
from giftbot.services.ports import Clock, CodeStore, GuildStore, JobStore, ProgressBoard

_log = structlog.get_logger(__name__)

PAUSE = 5.0
"""Seconds between two edits of one message."""
RATE = 4.0
"""Progress messages and edits per second over all jobs: what posting leaves of Discord's 50 requests a second."""
RESTATED = timedelta(seconds=60)
"""An estimate that moved less than this is not worth an edit by itself."""
MOST_TRIES = 8
"""So often a state is tried to be shown when that does not work, with pauses that grow."""
LONGEST_FACTOR = 64
"""By this the pause grows at most: to about five minutes."""
LONGEST_WAIT = 5.0
"""Seconds for which the newest states are still shown at the end."""


@attrs.frozen
class _State:
    """What a message is to show."""

    job: Job
    counts: Counts
    ends_at: datetime | None
    final: bool

    def says_the_same_as(self, other: _State) -> bool:
        """Whether nobody would miss an edit from the one to the other."""
        return (
            not self.final
            and self.counts == other.counts
            and (self.job.state, self.job.reason) == (other.job.state, other.job.reason)
            and not _has_moved(self.ends_at, other.ends_at)
        )


@attrs.define
class _Sheet:
    """The message of one job, while there is something to write on it."""

    newest: _State | None = None
    shown: _State | None = None
    hurry: asyncio.Event = attrs.Factory(asyncio.Event)
    """Set when what waits is final: it does not wait longer than any other, however often others failed."""
    task: asyncio.Task[None] | None = None
    display: str | None = None
    """The code as published; None before it was looked up."""
    channel_id: ChannelId | None = None
    message_id: MessageId | None = None
    is_noted: bool = True
    """Whether the store knows where the message is."""
    failures: int = 0

    def take(self, known: _State) -> _State:
        """The newest state, which is then no longer waiting; `known` when nothing is."""
        state, self.newest = self.newest or known, None
        self.hurry.clear()
        return state


class JobProgress:
    """Notes the newest state of each job, and shows it in its own time: nobody who redeems waits for Discord."""

    def __init__(
        self,
        *,
        board: ProgressBoard,
        store: JobStore,
        guilds: GuildStore,
        codes: CodeStore,
        clock: Clock,
        site: str,
        pause: float = PAUSE,
    ) -> None:
        """Take `site`, where players redeem by hand, and `pause`, the seconds between two edits of a message."""
        self._board = board
        self._store = store
        self._guilds = guilds
        self._codes = codes
        self._clock = clock
        self._site = site
        self._pause = pause
        self._pacer = Pacer(RATE * PAUSE / pause if pause else None, clock)
        self._sheets: dict[JobId, _Sheet] = {}
        self._closing = asyncio.Event()

    def __len__(self) -> int:
        return len(self._sheets)

    def show(self, job: Job, counts: Counts, *, eta: float | None, final: bool) -> None:
        """Let the job's message show this once its pause is over. Never waits, never raises.

        What is `final` is shown even when nobody seems to miss it, and is not put off because others failed.

        `eta` is in seconds from now.
        """
        if self._closing.is_set():
            return
        sheet = self._sheets.get(job.job_id)
        if sheet is None:
            sheet = self._sheets[job.job_id] = _Sheet()
            sheet.task = asyncio.create_task(self._keep(job.job_id, sheet))
        sheet.newest = _State(job, counts, ends_at(eta, self._clock.now()), final)
        if final:
            sheet.hurry.set()

    def forget(self, job_id: JobId) -> None:
        """Show nothing more of a job that may be somebody else's: what waits here is older than what they show."""
        sheet = self._sheets.get(job_id)
        if sheet is not None and sheet.newest is not None and not sheet.newest.final:
            sheet.newest = None

    async def aclose(self) -> None:
        """Show the newest states, as far as that is done soon, and end."""
        self._closing.set()
        tasks = [sheet.task for sheet in self._sheets.values() if sheet.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=LONGEST_WAIT)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, job_id: JobId, sheet: _Sheet) -> None:
        """Write on one message until there is nothing new, one edit at a time."""
        try:
            while sheet.newest is not None:
                state = sheet.take(sheet.newest)
                if sheet.shown is None or not state.says_the_same_as(sheet.shown):
                    await self._try(sheet, state)
                await self._rest(sheet)
        finally:
            del self._sheets[job_id]

    async def _rest(self, sheet: _Sheet) -> None:
        """Wait until the message may be changed again: whatever there is to show, never twice within the pause."""
        began = self._clock.monotonic()
        if sheet.failures:
            await self._sleep(self._pause * min(2**sheet.failures, LONGEST_FACTOR), self._closing, sheet.hurry)
        if (left := began + self._pause - self._clock.monotonic()) > 0:
            await self._sleep(left, self._closing)

    async def _sleep(self, seconds: float, *unless: asyncio.Event) -> None:
        """Wait so many seconds, or until something of this happens."""
        if any(event.is_set() for event in unless):
            return
        tasks: list[asyncio.Task[object]] = [asyncio.create_task(self._clock.sleep(seconds))]
        tasks += [asyncio.create_task(event.wait()) for event in unless]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def _try(self, sheet: _Sheet, state: _State) -> None:
        """Show a state; one that could not be shown is tried again, unless there is a newer one by then."""
        try:
            await self._look_up(sheet, state.job)
            channel_id = await self._channel_of(state.job) if sheet.message_id is None else None
            if sheet.message_id is None and channel_id is None:
                return
            await self._pacer.wait()
            state = sheet.take(state)
            shown = await self._put(sheet, state, channel_id)
        except StoreError as error:
            _log.warning("progress put off", guild=state.job.guild_id, code=state.job.code, why=str(error))
            shown = False
        except Exception:
            _log.exception("progress not shown", guild=state.job.guild_id, code=state.job.code, ref=new_reference())
            shown = False
        if shown:
            sheet.failures, sheet.shown = 0, state
            return
        sheet.failures = min(sheet.failures + 1, MOST_TRIES)
        if sheet.failures < MOST_TRIES and sheet.newest is None and not self._closing.is_set():
            sheet.newest = state

    async def _put(self, sheet: _Sheet, state: _State, channel_id: ChannelId | None) -> bool:
        """Edit the job's message, or send it to this channel; whether that worked."""
        page = job_page(
            state.job,
            state.counts,
            display=sheet.display or state.job.code,
            ends_at=state.ends_at,
            now=self._clock.now(),
            site=self._site,
        )
        shown = await self._edit(sheet, page)
        if shown is False:
            channel_id = channel_id or await self._channel_of(state.job)
            shown = channel_id is None or await self._post(sheet, state, page, channel_id)
        if not sheet.is_noted and sheet.channel_id is not None:
            now = self._clock.now()
            await self._store.set_job_message(state.job.job_id, sheet.channel_id, sheet.message_id, now)
            sheet.is_noted = True
        return bool(shown)

    async def _look_up(self, sheet: _Sheet, job: Job) -> None:
        """Find out where the message is. The worker's job was read before its message was sent."""
        if sheet.display is not None:
            return
        stored = (await self._store.get_jobs([job.job_id])).get(job.job_id)
        if stored is not None:
            sheet.channel_id, sheet.message_id = stored.channel_id, stored.message_id
        code = (await self._codes.get_codes([job.code])).get(job.code)
        sheet.display = code.display if code is not None else job.code

    async def _channel_of(self, job: Job) -> ChannelId | None:
        """Where the server wants to see progress."""
        settings = (await self._guilds.get_guilds([job.guild_id])).get(job.guild_id)
        return settings.redeem_channel_id if settings is not None and settings.left_at is None else None

    async def _edit(self, sheet: _Sheet, page: Page) -> bool | None:
        if sheet.channel_id is None or sheet.message_id is None:
            return False
        return await self._board.edit(sheet.channel_id, sheet.message_id, page)

    async def _post(self, sheet: _Sheet, state: _State, page: Page, channel_id: ChannelId) -> bool:
        """Send the message, in place of the one that is gone."""
        message_id = await self._board.post(channel_id, page, progress_nonce(state.job, sheet.message_id))
        if message_id is None:
            return False
        sheet.channel_id, sheet.message_id, sheet.is_noted = channel_id, message_id, False
        if state.final:
            # The nonce may have led to a message that was sent before a crash, and shows what was true then.
            await self._edit(sheet, page)
        return True


def progress_nonce(job: Job, gone: MessageId | None) -> str:
    """What Discord knows the message by: the same after a crash, another one in place of a message that is gone."""
    words = f"progress|{job.job_id}|{job.created_at.isoformat()}|{gone or ''}"
    return base64.urlsafe_b64encode(hashlib.sha256(words.encode()).digest())[:24].decode()


def _has_moved(one: datetime | None, other: datetime | None) -> bool:
    if one is None or other is None:
        return one is not other
    return abs(one - other) >= RESTATED
