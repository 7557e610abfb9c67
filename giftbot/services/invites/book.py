"""A server's ledger and the events that no batch has dealt with, and the commit that joins them."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import structlog

from giftbot.models.ids import GuildId
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.join import Join
from giftbot.services.invites.evidence import Decision
from giftbot.services.invites.inbox import Inbox
from giftbot.services.invites.ledgers import ledger_after
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore

_log = structlog.get_logger(__name__)

Publish = Callable[[InviteBatch], None]
"""Takes each batch once it is committed."""


class Book:
    """What is stored of one server, as this process knows it. Methods that write raise `StoreError`."""

    def __init__(self, guild_id: GuildId, store: InviteStore, clock: Clock, publish: Publish) -> None:
        self.guild_id = guild_id
        self.store = store
        self.inbox = Inbox(guild_id, store)
        self.ledger = Ledger(guild_id)
        self._clock = clock
        self._publish = publish

    async def load(self) -> None:
        """Take what the store has, after making whole what a crash left."""
        await self.store.repair_batches(self.guild_id)
        self.ledger = await self.store.get_ledger(self.guild_id) or Ledger(self.guild_id)
        await self.inbox.reload()

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
        if not await self.store.commit_batch(batch):
            _log.info("another process decided first", guild=self.guild_id, batch=batch.number)
            await self.load()
            return False
        self.ledger = decision.ledger
        self.inbox.drop(decision.consumed, decision.joins)
        self._publish(batch)
        return True

    def without_look(self, joins: tuple[Join, ...], consumed: tuple[int, ...]) -> Decision:
        """A batch of what needs no deciding: who left, what was said twice, invites made and gone."""
        ledger = self.ledger
        for event in self.inbox.about_invites:
            if event.seq in consumed:
                ledger = ledger_after(ledger, event)
        number = ledger.number + 1
        last = max((ledger.last_seq, *consumed))
        return Decision(
            joins=tuple(attrs.evolve(join, batch=number) for join in joins),
            ledger=attrs.evolve(ledger, number=number, last_seq=last),
            consumed=consumed,
        )
