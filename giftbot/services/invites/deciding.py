"""Deciding who brought whom: a pure function of the ledger, the looks at the invites, and the joins between them.

Nothing here waits, asks or reads a clock: `decide` may run in a thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import attrs

from giftbot.models.ids import InviteCode, UserId
from giftbot.models.invite import Coverage
from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Join, Reason
from giftbot.services.invites.batches import Batch
from giftbot.services.invites.evidence import Arrival, Circumstances, Decision, Look, Wanted
from giftbot.services.invites.ledgers import ledger_told
from giftbot.services.invites.memberships import kind_of, moment_of
from giftbot.services.invites.owners import Owners, marker_of
from giftbot.services.invites.traces import is_undecidable
from giftbot.services.invites.verdicts import Scene, givers


def settle(
    ledger: Ledger, arrivals: Sequence[Arrival], circumstances: Circumstances, now: datetime
) -> Decision | None:
    """Decide those arrivals that need no look: members with a marker role, and bots. None when there are none.

    The uses of those with a marker role are owed from now on. Such an arrival goes on waiting with `settled` set to
    its join, so that the next looks account for its use; after a restart the ledger alone knows it.
    """
    known = _told(ledger, circumstances)
    scene = _scene(known, circumstances, now)
    joins: list[Join] = []
    seqs: list[int] = []
    owed: Counter[InviteCode] = Counter(known.owed)
    for arrival in arrivals:
        if arrival.settled is not None:
            continue
        join = _without_look(arrival, scene, known)
        if join is None:
            continue
        joins.append(join)
        seqs += _seqs(arrival)
        if join.code is not None:
            owed[join.code] += 1
    if not joins:
        return None
    after = attrs.evolve(known, number=known.number + 1, owed=dict(owed))
    return _decision(after, joins, seqs, circumstances)


def give_up(
    ledger: Ledger, arrivals: Sequence[Arrival], circumstances: Circumstances, reason: Reason, now: datetime
) -> Decision:
    """Decide all arrivals without a look: level 0 with that reason, but for those that need none.

    Their uses may still be counted by the next look. After `NO_PERMISSION` the next look is a first one.
    """
    known = _told(ledger, circumstances)
    scene = _scene(known, circumstances, now)
    joins: list[Join] = []
    seqs: list[int] = []
    loose = known.loose
    for arrival in arrivals:
        seqs += _seqs(arrival)
        if arrival.settled is not None:
            continue
        join = _without_look(arrival, scene, known)
        joins.append(join or scene.unknown(arrival, reason))
        loose += not arrival.event.is_bot
    after = attrs.evolve(known, number=known.number + 1, loose=loose, vanity=None)
    if reason is Reason.NO_PERMISSION:
        after = attrs.evolve(after, taken_at=None, loose=0, owed={}, coverage=Coverage.NONE)
    return _decision(after, joins, seqs, circumstances)


def before_baseline(
    ledger: Ledger, arrivals: Sequence[Arrival], circumstances: Circumstances, now: datetime
) -> Decision:
    """Decide those who joined before the baseline: level 0, but for those who need no look.

    The baseline has counted them: no later look can.
    """
    known = _told(ledger, circumstances)
    scene = _scene(known, circumstances, now)
    joins = [
        _without_look(arrival, scene, known) or scene.unknown(arrival, Reason.NO_BASELINE) for arrival in arrivals
    ]
    return _decision(attrs.evolve(known, number=known.number + 1), joins, (), circumstances)


def decide(
    ledger: Ledger,
    looks: Sequence[Look],
    arrivals: Sequence[Arrival],
    circumstances: Circumstances,
    *,
    final: bool = False,
    now: datetime,
) -> Decision | Wanted:
    """Decide as many of the arrivals as the looks allow, or say what has to be done first.

    Args:
        ledger: As it was committed last.
        looks: At least one, all since that ledger's baseline, in the order in which they were asked.
        arrivals: All who wait (`memberships.receive`), also those who came after the last look.
        circumstances: What else bears on it.
        final: Decide even if nobody can say whom the last look counted; then never `Wanted`.
        now: When it is decided.
    """
    known = _told(ledger, circumstances)
    scene = _scene(known, circumstances, now)
    people = sorted(
        (arrival for arrival in arrivals if not arrival.event.is_bot),
        key=lambda arrival: (moment_of(arrival.event), arrival.event.seq),
    )
    bots = [arrival for arrival in arrivals if arrival.event.is_bot]
    if known.taken_at is None:
        decided = _first(known, looks, people, circumstances, scene, final=final)
    elif not final and is_undecidable(looks[-1], circumstances.told):
        return Wanted.LOOK
    else:
        decided = Batch(known, looks, people, scene).decide(final=final)
    if isinstance(decided, Wanted):
        return decided
    seqs = [*decided.consumed, *(seq for bot in bots for seq in _seqs(bot))]
    joins = [*_linked(decided.joins), *(scene.bot(bot) for bot in bots)]
    return attrs.evolve(
        _decision(decided.ledger, joins, seqs, circumstances),
        deltas=decided.deltas,
        vanity_delta=decided.vanity_delta,
        looks=decided.looks,
    )


def _linked(joins: Sequence[Join]) -> list[Join]:
    """Memberships of one person that are decided together point at each other."""
    newest: dict[UserId, Join] = {}
    result: list[Join] = []
    for join in joins:
        before = newest.get(join.user_id)
        if before is not None and join.previous is None:
            linked = attrs.evolve(join, previous=before.join_id, kind=kind_of(join, before))
            newest[join.user_id] = linked
            result.append(linked)
        else:
            newest[join.user_id] = join
            result.append(join)
    return result


def _first(
    ledger: Ledger,
    looks: Sequence[Look],
    people: Sequence[Arrival],
    circumstances: Circumstances,
    scene: Scene,
    *,
    final: bool,
) -> Decision | Wanted:
    """The first look: nothing to compare it with."""
    look = looks[-1]
    if circumstances.has_vanity and not look.vanity_asked and not final:
        return Wanted.VANITY
    joins: list[Join] = []
    seqs: list[int] = []
    loose = 0
    for arrival in people:
        if arrival.event.seq > look.seen_seq:
            continue
        seqs += _seqs(arrival)
        loose += arrival.event.seq > look.asked_seq
        if arrival.settled is None:
            join = _without_look(arrival, scene, ledger)
            joins.append(join or scene.unknown(arrival, Reason.NO_BASELINE))
    archived = Counter(ledger.archived)
    for uses in ledger.unclaimed:
        archived[uses.code] += uses.count
    after = attrs.evolve(
        ledger.with_baseline(look.snapshot),
        number=ledger.number + 1,
        since=look.snapshot.taken_at,
        vanity=look.vanity,
        tombstones=(),
        unclaimed=(),
        archived=dict(archived),
        owed={},
        loose=loose,
        anomalies=ledger.anomalies + bool(look.snapshot.lost),
    )
    return Decision(tuple(joins), after, consumed=tuple(seqs), looks=len(looks))


def _told(ledger: Ledger, circumstances: Circumstances) -> Ledger:
    return ledger_told(ledger, circumstances.told)


def _scene(ledger: Ledger, circumstances: Circumstances, now: datetime) -> Scene:
    stones = {stone.invite.code: stone.invite for stone in ledger.tombstones}
    everything = {**stones, **ledger.invites}
    return Scene(
        circumstances=circumstances,
        owners=Owners(circumstances.links, circumstances.bot_id),
        number=ledger.number + 1,
        now=now,
        coverage=ledger.coverage,
        before=everything,
        after=everything,
        givers=givers(everything.values()),
    )


def _without_look(arrival: Arrival, scene: Scene, ledger: Ledger) -> Join | None:
    if arrival.event.is_bot:
        return scene.bot(arrival)
    link = marker_of(arrival.event, scene.circumstances.links)
    return None if link is None else scene.marked(arrival, link, ledger.invites.get(link.code))


def _seqs(arrival: Arrival) -> tuple[int, ...]:
    return arrival.seqs or (arrival.event.seq,)


def _decision(ledger: Ledger, joins: Sequence[Join], seqs: Sequence[int], circumstances: Circumstances) -> Decision:
    consumed = tuple(sorted({*seqs, *(event.seq for event in circumstances.told)}))
    last = max(ledger.last_seq, *consumed) if consumed else ledger.last_seq
    return Decision(tuple(joins), attrs.evolve(ledger, last_seq=last), consumed=consumed)
