"""Workers that crash, stall and overtake each other: each code is in one message, and none is lost."""

from __future__ import annotations

import random

import attrs
import pytest

from giftbot.models.announcement import AnnouncementState, Attempt, Claim
from giftbot.services.ports import Store
from tests.stores.build import GUILD, claim, later, mark, prepared, row, states
from tests.stores.lacking import bulk_updates

pytestmark = bulk_updates

CODES = ("AAA", "BBB", "CCC", "DDD")
WORKERS = ("a", "b", "c")
STEPS = 250


class Posting:
    """One server, a few codes, three workers, and a Discord that is a table of nonces."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.chance = random.Random(seed)
        self.seconds = 0
        self.epoch = 0
        self.enqueued: set[str] = set()
        self.held: dict[str, Claim | tuple[Claim, Attempt] | Attempt] = {}
        """What each worker has in hand: a claim, a claim with its plan, or an attempt that was written."""
        self.messages: dict[str, tuple[str, ...]] = {}
        """What Discord shows: codes by nonce, each with both epochs."""

    async def step(self) -> None:
        """Something happens: mostly a worker goes on, at times something goes wrong."""
        happening = self.chance.random()
        worker = self.chance.choice(WORKERS)
        if happening < 0.70:
            await self.work(worker)
        elif happening < 0.85:
            self.seconds += 60  # all leases end, while whoever holds one stalls
        elif happening < 0.89:
            await self.store.release_orphans(later(self.seconds))
        elif happening < 0.93:
            self.held.pop(worker, None)  # a crash
        elif happening < 0.95:
            await self.give_up(worker)
        elif happening < 0.96:
            await self.replay(worker)
        elif happening < 0.97:
            await self.enqueue(set(self.chance.sample(CODES, 2)))
        else:
            await self.reset()

    async def work(self, worker: str) -> None:
        """A worker's next step: claim, join, prepare, send, finish."""
        now, in_hand = later(self.seconds), self.held.pop(worker, None)
        if in_hand is None:
            for claimed in await claim(self.store, worker, now, limit=1):
                self.held[worker] = claimed
        elif isinstance(in_hand, Claim):
            room = 0 if in_hand.anchor.is_prepared else self.chance.randint(0, len(CODES))
            joined = await self.store.join(in_hand.anchor, in_hand.others[:room], now)
            self.held[worker] = (in_hand, prepared(in_hand.anchor, tuple(joined), now))
        elif isinstance(in_hand, tuple):
            if await self.store.prepare([in_hand[1]]):
                self.held[worker] = in_hand[1]
        elif self.is_sent(in_hand):
            await self.store.finish([mark(in_hand, now=now)])
        elif self.chance.random() < 0.3:
            await self.store.finish([mark(in_hand, AnnouncementState.CLAIMED, now)])
        else:
            self.send(in_hand)
            self.held[worker] = in_hand

    def send(self, attempt: Attempt) -> None:
        """Discord takes the message, or knows the nonce; perhaps long after the lease ended."""
        anchor = attempt.anchor
        assert anchor.nonce is not None
        shown = tuple(f"{anchor.guild_epoch}/{code}" for code in anchor.codes)
        assert self.messages.setdefault(anchor.nonce, shown) == shown
        every = [code for codes in self.messages.values() for code in codes]
        assert len(every) == len(set(every)), "a code is in two messages"

    def is_sent(self, attempt: Attempt) -> bool:
        """Whether Discord shows the message."""
        return attempt.anchor.nonce in self.messages

    async def give_up(self, worker: str) -> None:
        """A worker lets a claim go before anything was prepared."""
        in_hand = self.held.get(worker)
        if isinstance(in_hand, tuple):
            del self.held[worker]
            bare = attrs.evolve(in_hand[1], anchor=in_hand[0].anchor)
            await self.store.finish([mark(bare, AnnouncementState.PENDING, later(self.seconds))])

    async def replay(self, worker: str) -> None:
        """A worker's mark went to the journal, and comes from there."""
        in_hand = self.held.get(worker)
        if isinstance(in_hand, Attempt) and self.is_sent(in_hand):
            await self.store.replay([mark(in_hand, now=later(self.seconds))])

    async def enqueue(self, codes: set[str]) -> None:
        """Codes are found, some of them again."""
        rows = [row(code, guild_epoch=self.epoch, now=later(self.seconds)) for code in sorted(codes)]
        assert await self.store.enqueue(rows) == len(codes - self.enqueued)
        self.enqueued |= codes

    async def reset(self) -> None:
        """The server asks for all codes again."""
        self.epoch += 1
        again, self.enqueued = self.enqueued, set()
        await self.enqueue(again)
        await self.store.clear_guild_codes(GUILD, before_epoch=self.epoch)

    async def drain(self) -> None:
        """One worker that never fails works until nothing is due."""
        self.held.clear()
        for _ in range(3 * len(CODES)):
            self.seconds += 60
            await self.store.release_orphans(later(self.seconds))
            await self.work("a")
            while self.held:
                await self.work("a")


@pytest.mark.parametrize("seed", range(12))
async def test_each_code_is_in_one_message_and_none_is_lost(store: Store, seed: int) -> None:
    """Whatever the order, per epoch of the server; in the end every row is sent and shown."""
    posting = Posting(store, seed)
    await posting.enqueue({"AAA", "BBB"})
    for _ in range(STEPS):
        await posting.step()
    await posting.drain()
    assert await states(store) == dict.fromkeys(posting.enqueued, AnnouncementState.SENT)
    shown = {code for codes in posting.messages.values() for code in codes}
    assert {f"{posting.epoch}/{code}@0" for code in posting.enqueued} <= shown
