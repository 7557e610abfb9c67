"""How batches and ledgers are written down and read: piece by piece, for they may be large.

A batch may have thousands of joins, a ledger a thousand invites; as one document, each would hold the event loop
for longer than it may be held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

import attrs

from giftbot.models.ids import GuildId, InviteCode
from giftbot.models.invite import Invite
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.join import Join
from giftbot.models.ledger_document import LedgerDocument
from giftbot.stores.documents import Document, read_moment
from giftbot.stores.invite_documents import (
    from_json,
    in_turns,
    parsed,
    read_all,
    read_document,
    read_text,
    to_document,
    to_json,
    to_text,
)

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@attrs.frozen
class StoredBatch:
    """A batch as texts."""

    batch: InviteBatch
    document: str
    """All of it but its joins."""
    joins: tuple[str, ...]
    """The document of each of its joins."""
    ledger: str
    """The document of its ledger."""

    @property
    def lines(self) -> str:
        """The joins as one text: a line each."""
        return "\n".join(self.joins)


async def ledger_document(ledger: Ledger) -> Document:
    """A ledger as a dict."""
    invites = await in_turns(list(ledger.invites.values()), to_document)
    document = to_document(attrs.evolve(ledger, invites={}))
    return {**document, "invites": dict(zip(ledger.invites, invites, strict=True))}


async def read_ledger(document: object) -> Ledger | None:
    """The ledger in a dict; None when it, or any of its invites, cannot be read."""
    await asyncio.sleep(0)  # many small ones are read in a row
    if not isinstance(document, Mapping):
        return read_document(Ledger, document)
    ledger = read_document(Ledger, {**document, "invites": {}})
    invites = cast("object", document.get("invites", {}))
    if ledger is None or not isinstance(invites, Mapping):
        return None
    found = await read_all(Invite, list(invites.values()), read_document)
    if len(found) != len(invites):
        return None
    return attrs.evolve(ledger, invites=dict(zip(map(InviteCode, invites), found, strict=True)))


async def read_stored_ledger(guild_id: GuildId, number: int, text: object) -> Ledger:
    """The ledger in a row; one without a baseline when it cannot be read, so that the next look begins anew."""
    return await read_ledger(from_json(text)) or Ledger(guild_id, number)


def stored_document(guild_id: GuildId, number: int, text: str) -> LedgerDocument:
    """The same without a look at what is in it; one without a baseline when it is no JSON object."""
    document = parsed(text)
    if not isinstance(document, dict):
        document = to_document(Ledger(guild_id, number))
    return LedgerDocument(guild_id, number, document)


async def write_batch(batch: InviteBatch) -> StoredBatch:
    """A batch as texts."""
    ledger = await ledger_document(batch.ledger)
    bare = attrs.evolve(batch, joins=(), ledger=Ledger(batch.guild_id))
    document = {**to_document(bare), "ledger": ledger}
    document.pop("joins")
    joins = await in_turns(batch.joins, to_text)
    return StoredBatch(batch, to_json(document), tuple(joins), to_json(ledger))


def restored_batch(ledger: LedgerDocument, decided_at: datetime) -> StoredBatch:
    """A ledger that comes from elsewhere, as a batch in which nobody joined."""
    taken_at = read_moment(ledger.document.get("taken_at"))
    bare = Ledger(ledger.guild_id, ledger.number, taken_at=taken_at)
    batch = InviteBatch(ledger.guild_id, ledger.number, decided_at, (), {}, None, bare, ())
    document = {**to_document(batch), "ledger": ledger.document}
    document.pop("joins")
    return StoredBatch(batch, to_json(document), (), to_json(ledger.document))


async def read_batch(document: object, lines: str) -> InviteBatch | None:
    """The batch in the texts of `StoredBatch`, with those joins that can be read; None when it cannot be read."""
    found = from_json(document)
    if not isinstance(found, dict):
        return read_document(InviteBatch, found)
    ledger = await read_ledger(found.get("ledger"))
    bare = {**found, "joins": [], "ledger": {"guild_id": found.get("guild_id")}}
    batch = read_document(InviteBatch, bare)
    if batch is None or ledger is None:
        return None
    joins = await read_all(Join, lines.split("\n") if lines else [], read_text)
    return attrs.evolve(batch, joins=tuple(joins), ledger=ledger)


def empty_batch(guild_id: GuildId, number: int) -> InviteBatch:
    """What stands for a batch that cannot be read: nothing is known after it."""
    return InviteBatch(guild_id, number, _NEVER, (), {}, None, Ledger(guild_id, number), ())
