"""From looks to uses: each look against what was known before, and what became of vanished invites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta

import attrs

from giftbot.models.ids import InviteCode
from giftbot.models.invite import Coverage, Gone, Invite, Snapshot, Tombstone, Unclaimed
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.services.invites.evidence import Circumstances, Look
from giftbot.services.invites.ledgers import CLAIMABLE
from giftbot.services.invites.matching import MANY
from giftbot.services.invites.sources import SKEW, UNCLAIMED, Source, Stretch, merged

NEW = timedelta(seconds=60)
"""An invite that the baseline does not have, and that is not older than this before it, counts from 0."""


@attrs.frozen
class State:
    """What is known of invites right after a look."""

    invites: dict[InviteCode, Invite]
    tombstones: dict[InviteCode, Tombstone]
    anomalies: int
    deltas: dict[InviteCode, int]
    """What was counted for sure since the look before."""
    stretch: Stretch


def trace(ledger: Ledger, looks: Sequence[Look], circumstances: Circumstances, now: datetime) -> list[State]:
    """What each look shows against the one before; `ledger` has a baseline, and what was told is in it."""
    born = {**ledger.made, **_born(circumstances.told)}
    revoked = next((look.revoked for look in reversed(looks) if look.revoked is not None), None)
    states: list[State] = []
    invites = ledger.invites
    stones = {stone.invite.code: stone for stone in ledger.tombstones}
    buried: set[InviteCode] = set()
    for number, look in enumerate(looks):
        step = _Step(ledger, attrs.evolve(look, revoked=revoked), circumstances, born)
        step.compare(invites, stones, buried)
        buried |= step.buried
        if number == 0:
            step.add_unclaimed(ledger.unclaimed, now, has_gate=circumstances.has_gate)
        states.append(step.state())
        invites, stones = states[-1].invites, states[-1].tombstones
    return states


def joined(states: Sequence[State]) -> State:
    """Several steps as one."""
    deltas: Counter[InviteCode] = Counter()
    for state in states:
        deltas.update(state.deltas)
    return attrs.evolve(
        states[-1],
        anomalies=sum(state.anomalies for state in states),
        deltas=dict(deltas),
        stretch=merged([state.stretch for state in states]),
    )


def separable(looks: Sequence[Look], told: Sequence[InviteEvent]) -> list[Look]:
    """Those looks that tell before from after; the last one always.

    An invite that was made around a look which does not list it was made after it, or was used up before: nobody
    knows whether the look counts its uses.
    """
    return [*(look for look in looks[:-1] if not is_unclear(look, told)), *looks[-1:]]


def is_undecidable(look: Look, told: Sequence[InviteEvent]) -> bool:
    """Whether an invite was made around that look and is gone by now: it was used before the look, or after."""
    gone = {event.code for event in told if event.kind is InviteEventKind.DELETED}
    return is_unclear(look, [event for event in told if event.invite is not None and event.invite.code in gone])


def is_unclear(look: Look, told: Sequence[InviteEvent]) -> bool:
    """Whether an invite was made around that look which does not list it."""
    listed = look.snapshot.invites
    return any(look.asked_seq < seq <= look.seen_seq and code not in listed for code, seq in _born(told).items())


def _born(told: Sequence[InviteEvent]) -> dict[InviteCode, int]:
    return {
        event.invite.code: event.seq
        for event in told
        if event.kind is InviteEventKind.CREATED and event.invite is not None
    }


class _Step:
    """One look against what was known before it."""

    def __init__(
        self, ledger: Ledger, look: Look, circumstances: Circumstances, born: Mapping[InviteCode, int]
    ) -> None:
        self._ledger = ledger
        self._look = look
        self._snapshot: Snapshot = look.snapshot
        self._audit = circumstances.audit
        self._born = born
        self._invites: dict[InviteCode, Invite] = {}
        self._stones: dict[InviteCode, Tombstone] = {}
        self.buried: set[InviteCode] = set()
        self._anomalies = 1 if look.snapshot.lost else 0
        self._deltas: dict[InviteCode, int] = {}
        self._sources: dict[str, Source] = {}

    def state(self) -> State:
        return State(self._invites, self._stones, self._anomalies, self._deltas, self._sources)

    def compare(
        self,
        invites: Mapping[InviteCode, Invite],
        stones: Mapping[InviteCode, Tombstone],
        buried: Set[InviteCode],
    ) -> None:
        counts = self._snapshot.coverage in {Coverage.FULL, Coverage.CHANNELS}
        for code, invite in self._snapshot.invites.items():
            if code in stones:
                self._listed_dead(stones[code], invite, counts=counts)
            else:
                self._listed(invites.get(code), invite, counts=counts)
        for code, invite in invites.items():
            if code not in self._snapshot.invites:
                self._missing(invite)
        for code, stone in stones.items():
            if code in buried:
                self._stones.setdefault(code, stone)
            elif self._born.get(code, 0) > self._look.seen_seq:
                self._stones.setdefault(code, stone)  # it was made after this look: the next one is to miss it
            elif code not in self._snapshot.invites:
                self._bury(stone)

    def add_unclaimed(self, unclaimed: Sequence[Unclaimed], now: datetime, *, has_gate: bool) -> None:
        for number, uses in enumerate(unclaimed):
            if has_gate or now - uses.since <= CLAIMABLE:
                key = f"{UNCLAIMED}/{number}"
                closes = None if has_gate else uses.since + SKEW
                self._sources[key] = Source(key, 0, uses.count, closes=closes, among=(uses.code, *uses.among))

    def _listed(self, before: Invite | None, after: Invite, *, counts: bool) -> None:
        self._invites[after.code] = after
        if not counts:
            if before is not None:
                self._invites[after.code] = before
            return
        if before is not None:
            base = before.uses
        elif after.code in self._born or self._is_new(after):
            base = 0
        else:
            return
        self._count(after, base)

    def _count(self, invite: Invite, base: int) -> None:
        delta = invite.uses - base
        if delta < 0:
            self._anomalies += 1
            return
        if delta:
            self._deltas[invite.code] = delta
            self._sources[invite.code] = _source(invite, delta, delta)

    def _is_new(self, invite: Invite) -> bool:
        taken_at = self._ledger.taken_at
        if invite.created_at is None or taken_at is None:
            return self._ledger.coverage is Coverage.FULL
        return invite.created_at >= taken_at - NEW

    def _listed_dead(self, stone: Tombstone, invite: Invite, *, counts: bool) -> None:
        """Either this look is from before its end, or it is there again."""
        if self._snapshot.taken_at > stone.gone_at + SKEW or not counts:
            self._anomalies += 1
            self._invites[invite.code] = invite
            return
        self._count(invite, stone.invite.uses)
        self._stones[invite.code] = attrs.evolve(stone, invite=invite)

    def _missing(self, invite: Invite) -> None:
        snapshot = self._snapshot
        if self._is_unborn(invite):
            self._invites[invite.code] = invite
        elif snapshot.lost:
            self._invites[invite.code] = invite
            unread = _source(invite, 0, _most(invite))
            self._sources[invite.code] = attrs.evolve(unread, is_unread=True)
        elif snapshot.covers(invite) or snapshot.coverage is Coverage.BARE:
            expires_at = invite.expires_at
            is_expired = expires_at is not None and snapshot.taken_at >= expires_at - timedelta(seconds=2)
            gone = Gone.CHANNEL if invite.code in self._look.homeless else Gone.VANISHED
            gone = Gone.EXPIRED if is_expired else gone
            self._bury(Tombstone(invite, snapshot.taken_at, gone))

    def _is_unborn(self, invite: Invite) -> bool:
        return self._born.get(invite.code, 0) > self._look.asked_seq

    def _bury(self, stone: Tombstone) -> None:
        """Its last uses are of the stretch in which it vanished; once that is decided, only perhaps of others."""
        self.buried.add(stone.invite.code)
        taken_at = self._ledger.taken_at
        is_old = taken_at is not None and stone.gone_at <= taken_at
        stone = self._with_audit(attrs.evolve(stone, gone_at=min(stone.gone_at, self._snapshot.taken_at)))
        invite, final = stone.invite, stone.final_uses
        if is_old:
            most = _most(invite) if final is None else max(0, final - invite.uses)
            self._stones[invite.code] = stone
            if most:
                self._sources[invite.code] = _source(invite, 0, most, stone=stone)
            return
        if final is not None:
            delta = max(0, final - invite.uses)
            if delta:
                self._deltas[invite.code] = delta
                self._sources[invite.code] = _source(invite, delta, delta, stone=stone)
            self._stones[invite.code] = attrs.evolve(stone, invite=attrs.evolve(invite, uses=invite.uses + delta))
            return
        self._stones[invite.code] = stone
        if invite.uses_left == 0:
            return
        used_up = invite.uses_left if _may_be_used_up(stone) else None
        self._sources[invite.code] = _source(invite, 0, _most(invite), stone=stone, used_up=used_up)

    def _with_audit(self, stone: Tombstone) -> Tombstone:
        revoked = self._look.revoked
        if stone.final_uses is not None or revoked is None:
            return stone
        final = revoked.get(stone.invite.code)
        if final is not None:
            return attrs.evolve(stone, final_uses=final, is_revoked=True)
        if self._audit and stone.invite.max_uses and _may_be_used_up(stone):
            return attrs.evolve(stone, final_uses=stone.invite.max_uses, is_revoked=False)
        return stone


def _may_be_used_up(stone: Tombstone) -> bool:
    if stone.gone not in {Gone.DELETED, Gone.VANISHED} or stone.is_revoked:
        return False
    expires_at = stone.invite.expires_at
    return expires_at is None or stone.gone_at < expires_at - timedelta(seconds=2)


def _most(invite: Invite) -> int:
    left = invite.uses_left
    return MANY if left is None else left


def _source(
    invite: Invite, low: int, high: int, *, stone: Tombstone | None = None, used_up: int | None = None
) -> Source:
    closes = None if invite.expires_at is None else invite.expires_at + SKEW
    if stone is not None:
        gone = stone.gone_at + SKEW
        closes = gone if closes is None else min(gone, closes)
    opens = None if invite.created_at is None else invite.created_at - timedelta(seconds=1)
    return Source(invite.code, low, high, invite, used_up, opens, closes)
