"""What progress is shown with in tests: a clock that the test moves, and a channel that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import attrs

from giftbot.models.ids import ChannelId, CodeKey, GuildId, MessageId
from giftbot.models.job import Counts, Job, JobState, Trigger
from giftbot.models.post import Page
from giftbot.models.redemption import RedemptionOutcome
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.job_progress import JobProgress
from giftbot.services.ports import Store
from tests.fakes import START
from tests.observed import ObservedStore

SERVER, CHANNEL = GuildId(1), ChannelId(10)
JOB = Job(
    guild_id=SERVER,
    code=CodeKey("SUMMER"),
    state=JobState.OPEN,
    trigger=Trigger.AUTO,
    created_at=START,
    updated_at=START,
    due_at=START,
)


async def until(condition: Callable[[], object]) -> None:
    """Let everybody act until this is so; the store answers from a thread of its own."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0)


class PatientClock:
    """A clock on which sleepers sleep until the test moves it."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The present moment."""
        return START + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved so far."""
        sleeper = (self.elapsed + seconds, asyncio.get_running_loop().create_future())
        self.sleepers.append(sleeper)
        try:
            await sleeper[1]
        finally:
            self.sleepers.remove(sleeper)

    async def wake_next(self) -> None:
        """Move on to the moment of whoever sleeps shortest, and wake them."""
        await until(lambda: self.sleepers)
        self.elapsed, done = min(self.sleepers, key=lambda sleeper: sleeper[0])
        done.set_result(None)
        await until(done.done)
        await until(lambda: all(sleeper[1] is not done for sleeper in self.sleepers))


@attrs.define
class RememberingBoard:
    """A channel that keeps its messages, and knows nonces as Discord does."""

    clock: PatientClock
    messages: dict[MessageId, Page] = attrs.Factory(dict)
    nonces: dict[str, MessageId] = attrs.Factory(dict)
    writes: list[tuple[float, Page]] = attrs.Factory(list)
    """Every post and edit, with its moment."""
    attempts: list[float] = attrs.Factory(list)
    open: asyncio.Event = attrs.Factory(asyncio.Event)
    """Cleared, nothing is answered."""
    works: bool = True
    at_once: int = 0
    most_at_once: int = 0

    def __attrs_post_init__(self) -> None:
        self.open.set()

    async def post(self, channel_id: ChannelId, page: Page, nonce: str) -> MessageId | None:
        """Send a message; an old nonce gives the old message."""
        assert channel_id == CHANNEL
        assert len(nonce) <= 25
        if not await self._answers(page):
            return None
        if nonce not in self.nonces:
            self.nonces[nonce] = MessageId(100 + len(self.nonces))
            self.messages[self.nonces[nonce]] = page
        return self.nonces[nonce]

    async def edit(self, channel_id: ChannelId, message_id: MessageId, page: Page) -> bool | None:
        """Change a message."""
        if not await self._answers(page):
            return None
        if message_id not in self.messages:
            return False
        self.messages[message_id] = page
        return True

    async def _answers(self, page: Page) -> bool:
        self.attempts.append(self.clock.elapsed)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.open.wait()
        self.at_once -= 1
        if self.works:
            self.writes.append((self.clock.elapsed, page))
        return self.works


@attrs.frozen
class Scene:
    """Progress over a real store and a channel under the test's control."""

    store: Store
    observed: ObservedStore
    """The same store, for the test to let it fail."""
    clock: PatientClock
    board: RememberingBoard
    made: list[JobProgress]

    def progress(self) -> JobProgress:
        """A process of its own."""
        progress = JobProgress(
            board=self.board,
            store=self.store,
            guilds=self.store,
            codes=self.store,
            clock=self.clock,
            site="https://redeem.example",
        )
        self.made.append(progress)
        return progress

    @property
    def shown(self) -> list[str]:
        """What the messages say, in the order in which they were sent."""
        return [f"{page.title}\n{page.description}" for _, page in sorted(self.board.messages.items())]


def counts(redeemed: int) -> Counts:
    """So many of 100 have it."""
    return Counts({RedemptionOutcome.REDEEMED: redeemed, RedemptionOutcome.WAITING: 100 - redeemed})


def show(progress: JobProgress, redeemed: int, *, eta: float | None = None, final: bool = False) -> None:
    """Let the job's message show this."""
    progress.show(JOB, counts(redeemed), eta=eta, final=final)
