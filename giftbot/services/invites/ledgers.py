"""What is known of a server's invites: what Discord tells of them, what a look changes, what is still claimable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import attrs

from giftbot.models.ids import InviteCode
from giftbot.models.invite import Gone, Invite, Tombstone, Unclaimed
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_event import InviteEvent, InviteEventKind

CLAIMABLE = timedelta(seconds=60)
"""How long a use that nobody was seen to take waits for a join that comes late."""
GATE = timedelta(days=30)
"""The same in servers that approve members by hand."""
TOMBSTONES_KEPT = timedelta(minutes=10)
"""How long an invite that is gone may explain joins while no batch balances."""

_ENDS = frozenset({InviteEventKind.DELETED, InviteEventKind.CHANNEL_GONE})


def ledger_after(ledger: Ledger, event: InviteEvent) -> Ledger:
    """That ledger after Discord told of an invite; the same for other events, and when it is told again.

    An invite that was made counts from 0. One that is gone becomes a tombstone and may still explain joins.
    """
    if event.kind is InviteEventKind.CREATED and event.invite is not None:
        return _with_created(ledger, event.invite, event.seq)
    if event.kind is InviteEventKind.DELETED and event.code is not None:
        return _with_gone(ledger, {event.code: Gone.DELETED}, event.received_at)
    if event.kind is InviteEventKind.CHANNEL_GONE:
        codes = {
            code: Gone.CHANNEL
            for code, invite in ledger.invites.items()
            if invite.channel_id is not None and invite.channel_id == event.channel_id
        }
        again = {
            stone.invite.code: Gone.CHANNEL
            for stone in ledger.tombstones
            if stone.invite.channel_id is not None and stone.invite.channel_id == event.channel_id
        }
        return _with_gone(ledger, codes | again, event.received_at)
    return ledger


def ledger_told(ledger: Ledger, events: Iterable[InviteEvent]) -> Ledger:
    """That ledger after all of these, in the order in which they were heard.

    An end may be heard before the beginning: then the invite is gone all the same, for no code is given out twice.
    """
    told = sorted(events, key=lambda event: event.seq)
    for event in (*told, *(event for event in told if event.kind in _ENDS)):
        ledger = ledger_after(ledger, event)
    return ledger


def _with_created(ledger: Ledger, invite: Invite, seq: int) -> Ledger:
    is_known = invite.code in ledger.invites or any(stone.invite.code == invite.code for stone in ledger.tombstones)
    if is_known:
        return ledger
    fresh = attrs.evolve(invite, uses=0)
    made = {**ledger.made, invite.code: seq}
    return attrs.evolve(ledger, invites={**ledger.invites, invite.code: fresh}, made=made)


def _with_gone(ledger: Ledger, codes: Mapping[InviteCode, Gone], moment: datetime) -> Ledger:
    if not codes:
        return ledger
    stones = [_renamed(stone, codes.get(stone.invite.code)) for stone in ledger.tombstones]
    stones += [
        Tombstone(ledger.invites[code], moment, gone) for code, gone in codes.items() if code in ledger.invites
    ]
    left = {code: invite for code, invite in ledger.invites.items() if code not in codes}
    return attrs.evolve(ledger, invites=left, tombstones=tuple(stones))


def _renamed(stone: Tombstone, gone: Gone | None) -> Tombstone:
    """A deletion that is told late only adds its reason."""
    if gone is None or stone.gone is Gone.CHANNEL:
        return stone
    return attrs.evolve(stone, gone=gone)


@attrs.frozen
class Tally:
    """What a decided batch counted, for the ledger."""

    deltas: Mapping[InviteCode, int]
    """What was counted for sure."""
    left_over: Mapping[InviteCode, int] = attrs.Factory(dict)
    """The part of it that nobody took."""
    varying: frozenset[InviteCode] = frozenset()
    """Invites whose left-over uses may be another's of these."""
    taken: Mapping[InviteCode, int] = attrs.Factory(dict)
    """Uses that were left over before and are explained now."""


def with_tally(ledger: Ledger, tally: Tally, counted_at: datetime) -> Ledger:
    """That ledger with a batch's uses claimed, or kept for somebody who comes late.

    For each invite, claimed, unclaimed and archived uses together grow by exactly what was counted.
    """
    claimed = dict(ledger.claimed)
    unclaimed: list[Unclaimed] = []
    taken = dict(tally.taken)
    for uses in ledger.unclaimed:
        count = min(uses.count, taken.get(uses.code, 0))
        if count:
            taken[uses.code] -= count
            claimed[uses.code] = claimed.get(uses.code, 0) + count
        if count < uses.count:
            unclaimed.append(attrs.evolve(uses, count=uses.count - count))
    for code, delta in tally.deltas.items():
        left = min(delta, tally.left_over.get(code, 0))
        if delta > left:
            claimed[code] = claimed.get(code, 0) + delta - left
        if left:
            among = tuple(sorted(tally.varying - {code})) if code in tally.varying else ()
            unclaimed.append(Unclaimed(code, left, counted_at, among))
    return attrs.evolve(ledger, claimed=claimed, unclaimed=tuple(unclaimed))


def tidied(ledger: Ledger, now: datetime, *, balanced: bool, has_gate: bool = False) -> Ledger:
    """That ledger without what no join will claim any more."""
    kept = GATE if has_gate else CLAIMABLE
    archived = dict(ledger.archived)
    unclaimed: list[Unclaimed] = []
    for uses in ledger.unclaimed:
        if now - uses.since <= kept:
            unclaimed.append(uses)
        else:
            archived[uses.code] = archived.get(uses.code, 0) + uses.count
    span = CLAIMABLE if balanced else TOMBSTONES_KEPT
    stones = tuple(stone for stone in ledger.tombstones if now - stone.gone_at <= span)
    return attrs.evolve(ledger, archived=archived, unclaimed=tuple(unclaimed), tombstones=stones)
