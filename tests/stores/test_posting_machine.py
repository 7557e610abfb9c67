"""Workers that crash, stall and overtake each other: each code is in one message, and none is lost."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from giftbot.models.announcement import AnnouncementState, Attempt, Claim
from giftbot.stores.sqlite.store import SqliteStore, open_sqlite
from tests.stores.build import GUILD, claim, later, mark, prepared, row, states

T = TypeVar("T")
CODES = ("AAA", "BBB", "CCC", "DDD")
WORKERS = ("a", "b", "c")


class Posting(RuleBasedStateMachine):
    """One server, a few codes, three workers, and a Discord that is a table of nonces."""

    workers = st.sampled_from(WORKERS)

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.directory = tempfile.TemporaryDirectory()
        self.seconds = 0
        self.epoch = 0
        self.enqueued: set[str] = set()
        self.claims: dict[str, Claim] = {}
        self.plans: dict[str, Attempt] = {}
        self.attempts: dict[str, Attempt] = {}
        self.messages: dict[str, tuple[str, ...]] = {}
        """What Discord shows: the codes by nonce, each with both epochs."""

    def run_now(self, call: Coroutine[object, object, T]) -> T:
        """The result of a call of the store."""
        return self.runner.run(call)

    @initialize()
    def begin(self) -> None:
        """Open an empty store."""
        path = Path(self.directory.name) / "giftbot.sqlite"
        self.store: SqliteStore = self.run_now(self.stack.enter_async_context(open_sqlite(path)))

    def teardown(self) -> None:
        """Let one more worker finish everything, and look at the result."""
        if hasattr(self, "store"):
            self.drain()
            self.each_code_is_in_one_message()
            found = self.run_now(states(self.store))
            assert found == dict.fromkeys(self.enqueued, AnnouncementState.SENT)
            shown = {code for codes in self.messages.values() for code in codes}
            assert {f"{self.epoch}/{code}@0" for code in self.enqueued} <= shown
        self.run_now(self.stack.aclose())
        self.runner.close()
        self.directory.cleanup()

    @rule(codes=st.sets(st.sampled_from(CODES), min_size=1))
    def enqueue(self, codes: set[str]) -> None:
        """New codes are found, or the same ones again."""
        rows = [row(code, guild_epoch=self.epoch, now=later(self.seconds)) for code in sorted(codes)]
        assert self.run_now(self.store.enqueue(rows)) == len(codes - self.enqueued)
        self.enqueued |= codes

    @rule(worker=workers)
    def claim(self, worker: str) -> None:
        """A worker takes what is due; what it had before is forgotten, as after a crash."""
        self.crash(worker)
        for claimed in self.run_now(claim(self.store, worker, later(self.seconds), limit=1)):
            self.claims[worker] = claimed

    @rule(worker=workers, room=st.integers(0, len(CODES)))
    def join(self, worker: str, room: int) -> None:
        """It lets some of the other rows ride."""
        if claimed := self.claims.pop(worker, None):
            ids = () if claimed.anchor.is_prepared else claimed.others[:room]
            joined = self.run_now(self.store.join(claimed.anchor, ids, later(self.seconds)))
            self.plans[worker] = prepared(claimed.anchor, tuple(joined), later(self.seconds))

    @rule(worker=workers)
    def prepare(self, worker: str) -> None:
        """It writes down what it is about to send."""
        if (plan := self.plans.pop(worker, None)) and self.run_now(self.store.prepare([plan])):
            self.attempts[worker] = plan

    @rule(worker=workers)
    def send(self, worker: str) -> None:
        """It sends, perhaps long after its lease ended."""
        if attempt := self.attempts.get(worker):
            assert attempt.anchor.nonce is not None
            shown = tuple(f"{attempt.anchor.guild_epoch}/{code}" for code in attempt.anchor.codes)
            assert self.messages.setdefault(attempt.anchor.nonce, shown) == shown

    @rule(worker=workers)
    def finish(self, worker: str) -> None:
        """It marks what it sent, or gives back what it did not."""
        if attempt := self.attempts.pop(worker, None):
            is_sent = attempt.anchor.nonce in self.messages
            state = AnnouncementState.SENT if is_sent else AnnouncementState.CLAIMED
            self.run_now(self.store.finish([mark(attempt, state, later(self.seconds))]))

    @rule(worker=workers)
    def give_up_plan(self, worker: str) -> None:
        """It lets a claim go before anything was prepared."""
        if plan := self.plans.pop(worker, None):
            held = attrs.evolve(plan, anchor=attrs.evolve(plan.anchor, codes=(), nonce=None))
            self.run_now(self.store.finish([mark(held, AnnouncementState.PENDING, later(self.seconds))]))

    @rule(worker=workers)
    def replay(self, worker: str) -> None:
        """Its mark went to the journal, and comes from there."""
        if (attempt := self.attempts.get(worker)) and attempt.anchor.nonce in self.messages:
            self.run_now(self.store.replay([mark(attempt, now=later(self.seconds))]))

    @rule(worker=workers)
    def crash(self, worker: str) -> None:
        """A worker forgets everything."""
        self.claims.pop(worker, None)
        self.plans.pop(worker, None)
        self.attempts.pop(worker, None)

    @rule()
    def wait(self) -> None:
        """All leases end."""
        self.seconds += 60

    @rule()
    def release_orphans(self) -> None:
        """The upkeep looks after forgotten rows."""
        self.run_now(self.store.release_orphans(later(self.seconds)))

    @rule()
    def reset(self) -> None:
        """The server asks for all codes again."""
        self.epoch += 1
        rows = [row(code, guild_epoch=self.epoch, now=later(self.seconds)) for code in sorted(self.enqueued)]
        self.run_now(self.store.enqueue(rows))
        self.run_now(self.store.clear_guild_codes(GUILD, before_epoch=self.epoch))

    @invariant()
    def each_code_is_in_one_message(self) -> None:
        """Per epoch of the server."""
        shown = [code for codes in self.messages.values() for code in codes]
        assert len(shown) == len(set(shown))

    def drain(self) -> None:
        """A worker that never fails works until nothing is due."""
        for _ in range(3 * len(CODES)):
            self.wait()
            self.release_orphans()
            self.claim("a")
            self.join("a", len(CODES))
            self.prepare("a")
            self.send("a")
            self.finish("a")


Posting.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestPosting = Posting.TestCase
