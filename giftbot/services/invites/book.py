"""A server's ledger and the events that no batch has dealt with, and the commit that joins them."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import structlog

from giftbot.errors import StoreUnavailableError
from giftbot.models.ids import GuildId
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.join import Join
from giftbot.services.invites.evidence import Decision
from giftbot.services.invites.inbox import Inbox
from giftbot.services.invites.ledgers import ledger_told
from giftbot.services.invites.numbers import Numbers
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore

_log = structlog.get_logger(__name__)

Publish = Callable[[InviteBatch], None]
"""Takes each batch once it is committed."""
STORE_AGAIN = 2.0
"""Seconds between two tries while the store is away."""
_NEWEST = 20
"""So many batches another process may have written while this one waited for the store."""


class Book:
    """What is stored of one server, as this process knows it. Methods that write raise `StoreError`."""

    def __init__(
        self, guild_id: GuildId, store: InviteStore, clock: Clock, publish: Publish, numbers: Numbers
    ) -> None:
        self.guild_id = guild_id
        self.store = store
        self.inbox = Inbox(guild_id, store)
        self.ledger = Ledger(guild_id)
        self._clock = clock
        self._publish = publish
        self._numbers = numbers

    async def load(self) -> None:
        """Take what the store has, after making whole what a crash left: all of it, or nothing.

        Events are read after the ledger, so that none of them is one that the ledger has dealt with. They were
        received before whatever is asked from now on, also if another process's clock is ahead.
        """
        await self.store.repair_batches(self.guild_id)
        ledger = await self.store.get_ledger(self.guild_id)
        events = await self.store.list_events(self.guild_id)
        self.ledger = ledger or Ledger(self.guild_id)
        self.inbox.restart(events)
        self._numbers.skip(max((event.seq for event in events), default=0))

    async def commit(self, decision: Decision) -> bool:
        """Make it so; False when another process decided meanwhile: then everything is loaded anew."""
        batch = InviteBatch(
            guild_id=self.guild_id,
            number=decision.ledger.number,
            decided_at=self._clock.now(),
            joins=decision.joins,
            deltas=dict(decision.deltas),
            vanity_delta=decision.vanity_delta,
            ledger=decision.ledger,
            events=decision.consumed,
        )
        if not await self._write(batch):
            _log.info("another process decided first", guild=self.guild_id, batch=batch.number)
            await self.load()
            return False
        if self.ledger.taken_at is None and decision.ledger.taken_at is not None:
            _log.info("baseline taken", guild=self.guild_id, codes=len(decision.ledger.invites))
        self.ledger = decision.ledger
        self.inbox.drop(decision.consumed, decision.joins)
        self._publish(batch)
        return True

    async def _write(self, batch: InviteBatch) -> bool:
        """Store it, again and again while the store is away; whether it is what is stored by its number now."""
        is_repeated = False
        while True:
            try:
                if await self.store.commit_batch(batch):
                    return True
                return is_repeated and await self._is_stored(batch)
            except StoreUnavailableError as error:
                _log.warning("attribution waits for the store", guild=self.guild_id, why=str(error))
                is_repeated = True
                await self._clock.sleep(STORE_AGAIN)

    async def _is_stored(self, batch: InviteBatch) -> bool:
        """Whether a try to store it that seemed to fail has worked."""
        newest = await self.store.list_batches(self.guild_id, limit=_NEWEST)
        return any(_mark(one) == _mark(batch) for one in newest)

    @property
    def told(self) -> Ledger:
        """The ledger with what was told of invites since."""
        return ledger_told(self.ledger, self.inbox.about_invites)

    def without_look(self, joins: tuple[Join, ...], consumed: tuple[int, ...]) -> Decision:
        """A batch of what needs no deciding: who left, what was said twice, invites made and gone."""
        dealt_with = (event for event in self.inbox.about_invites if event.seq in consumed)
        ledger = ledger_told(self.ledger, dealt_with)
        number = ledger.number + 1
        last = max((ledger.last_seq, *consumed))
        return Decision(
            joins=tuple(attrs.evolve(join, batch=number) for join in joins),
            ledger=attrs.evolve(ledger, number=number, last_seq=last),
            consumed=consumed,
        )


def _mark(batch: InviteBatch) -> tuple[object, ...]:
    """What tells it from another process's batch of that number."""
    joins = {join.join_id for join in batch.joins}
    return batch.number, batch.decided_at, batch.events, joins, batch.deltas, batch.vanity_delta
