"""The end of a decision: rows, totals and the next baseline, once it is known whom the last look counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from giftbot.models.ids import InviteCode
from giftbot.models.invite import Invite, Vanity
from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Join, Level, Reason
from giftbot.services.invites import sources
from giftbot.services.invites.chains import Chain, Span
from giftbot.services.invites.evidence import Arrival, Decision, Look
from giftbot.services.invites.ledgers import Tally, tidied, with_tally
from giftbot.services.invites.owners import marker_of
from giftbot.services.invites.sources import Stretch
from giftbot.services.invites.stretches import Outcome, Ways
from giftbot.services.invites.traces import State
from giftbot.services.invites.verdicts import Scene, givers
from giftbot.text import attribution as texts


@attrs.frozen
class Reading:
    """A chain of looks as far as it can be read without deciding."""

    ledger: Ledger
    scene: Scene
    arrivals: Sequence[Arrival]
    """By the moment of joining."""
    marked: Sequence[InviteCode | None]
    """What the marker role of each of them says."""
    looks: Sequence[Look]
    """Those that are compared."""
    states: Sequence[State]
    chain: Chain
    skipped: int
    """How many looks came before those."""
    vanity: int | None
    """What the server's address counted."""
    vanity_look: Look | None
    is_vanity_last: bool
    """Whether the address was read with the last look, so that it has counted whomever that may have counted."""


@attrs.frozen
class Part:
    """People between two looks of which it is known whom they counted."""

    begin: int
    end: int
    stretches: tuple[Stretch, ...]
    inner: tuple[Span, ...]
    """How many of these people the looks inside counted."""
    outcome: Outcome

    @property
    def whole(self) -> Stretch:
        """What was counted in it."""
        return sources.merged(self.stretches)


@attrs.frozen
class Closing:
    """What is decided up to a look."""

    reading: Reading
    parts: Sequence[Part]
    cut: int
    """That look."""

    def decision(self) -> Decision:
        """All of it; the events are those of the arrivals."""
        cut, parts = self.cut, self.parts
        state = self.reading.states[cut]
        end = parts[-1].end
        deltas: Counter[InviteCode] = Counter()
        for step in self.reading.states[: cut + 1]:
            deltas.update(step.deltas)
        scene = self._scene_after(state)
        joins: list[Join] = []
        used_up: Counter[InviteCode] = Counter()
        for part in parts:
            joins += self._rows(part, scene)
            if part.outcome.assumed is not None:
                for source in part.whole.values():
                    if source.used_up is not None and source.invite is not None:
                        used_up[source.invite.code] += source.used_up - source.low
        deltas.update(used_up)
        done = self.reading.arrivals[: end - self.reading.ledger.loose]
        ledger = self._ledger_after(parts, cut, deltas, used_up)
        return Decision(
            joins=tuple(joins),
            ledger=ledger,
            deltas={code: count for code, count in deltas.items() if count},
            vanity_delta=self.reading.vanity,
            consumed=tuple(seq for arrival in done for seq in (arrival.seqs or (arrival.event.seq,))),
            looks=self.reading.skipped + cut + 1,
        )

    def has_others(self) -> bool:
        """Whether somebody may have come by nothing that was counted, or by an address that was read before."""
        return any(None in ways for part in self.parts for ways in part.outcome.ways) or (
            not self.reading.is_vanity_last and any(_has_more_vanity(part) for part in self.parts)
        )

    def _scene_after(self, state: State) -> Scene:
        look = self.reading.looks[-1]
        stones = {code: stone.invite for code, stone in state.tombstones.items()}
        after = {**self.reading.scene.before, **stones, **state.invites}
        address = (self.reading.vanity_look and self.reading.vanity_look.vanity) or self.reading.ledger.vanity
        notes = []
        if look.snapshot.lost:
            notes.append(texts.NOT_LISTED)
        if self.reading.scene.circumstances.catch_up:
            notes.append(texts.CAME_WHILE_AWAY)
        if self.reading.scene.circumstances.has_gate:
            notes.append(texts.GATED)
        return attrs.evolve(
            self.reading.scene,
            coverage=look.snapshot.coverage,
            after=after,
            givers=givers(after.values()),
            vanity_code=address.code if address is not None else None,
            vanity_unknown=self.reading.scene.circumstances.has_vanity and self.reading.vanity is None,
            evidence=tuple(notes),
        )

    def _rows(self, part: Part, scene: Scene) -> list[Join]:
        outcome, whole = part.outcome, part.whole
        codes_of = {key: source.codes for key, source in whole.items()}
        evidence = self._evidence(part)
        cap = Level.OWNER if outcome.is_surplus else Level.COUNTED
        if any(source.ignores_roles for source in whole.values()):
            cap = Level.CANDIDATES
        sure = self.reading.chain.spans[-1].low
        rows: list[Join] = []
        for place in range(max(part.begin, self.reading.ledger.loose), part.end):
            arrival, code = self._person(place)
            ways, shares = outcome.ways[place - part.begin], outcome.shares[place - part.begin]
            if code is not None:
                rows += self._marked_row(arrival, ways, scene, is_counted=place < sure)
                continue
            if place >= sure and ways == frozenset({None}):
                rows.append(scene.unknown(arrival, Reason.AMBIGUOUS, evidence))
                continue
            row = scene.counted(arrival, ways, cap, codes_of=codes_of, shares=shares, evidence=evidence)
            if outcome.assumed is not None and row.level < Level.OWNER <= cap:
                also = (*evidence, texts.USED_UP)
                ways = outcome.assumed[place - part.begin]
                better = scene.counted(arrival, ways, Level.OWNER, codes_of=codes_of, shares=shares, evidence=also)
                row = better if better.level > row.level else row
            rows.append(row)
        return rows

    def _person(self, place: int) -> tuple[Arrival, InviteCode | None]:
        number = place - self.reading.ledger.loose
        return self.reading.arrivals[number], self.reading.marked[number]

    def _marked_row(self, arrival: Arrival, ways: Ways, scene: Scene, *, is_counted: bool) -> list[Join]:
        """The row of a member with a marker role, if it is new or the counters contradict it."""
        disagrees = None in ways and is_counted
        if arrival.settled is not None:
            join = arrival.settled
            if not disagrees:
                return []
        else:
            link = marker_of(arrival.event, scene.circumstances.links)
            if link is None:
                return []
            join = scene.marked(arrival, link, scene.after.get(link.code))
            if not disagrees:
                return [join]
        return [
            attrs.evolve(
                join,
                has_disagreement=True,
                evidence=(*join.evidence, texts.DISAGREES),
                batch=scene.number,
                updated_at=scene.now,
            )
        ]

    def _evidence(self, part: Part) -> tuple[str, ...]:
        used = sum(source.low for source in part.whole.values())
        sentences = [texts.balance(part.end - part.begin, used)]
        if part.outcome.left_over:
            sentences.append(texts.surplus(sum(part.outcome.left_over.values())))
        if part.end > self.reading.chain.spans[-1].low:
            sentences.append(texts.NOT_CLOSED)
        return tuple(sentences)

    def _ledger_after(
        self,
        parts: Sequence[Part],
        cut: int,
        deltas: Mapping[InviteCode, int],
        used_up: Mapping[InviteCode, int],
    ) -> Ledger:
        old, state, look = self.reading.ledger, self.reading.states[cut], self.reading.looks[cut]
        stones = tuple(
            attrs.evolve(stone, invite=_with_uses(stone.invite, used_up.get(code, 0)))
            for code, stone in state.tombstones.items()
        )
        end = parts[-1].end
        ledger = attrs.evolve(
            old,
            number=old.number + 1,
            taken_at=look.snapshot.taken_at,
            invites=state.invites,
            coverage=look.snapshot.coverage,
            made={
                code: seq for code, seq in old.made.items() if code in state.invites and self._is_unseen(code, cut)
            },
            tombstones=stones,
            vanity=self._vanity_after(),
            owed=self._owed_after(end - old.loose),
            loose=self._loose_after(parts, cut),
            anomalies=old.anomalies + sum(step.anomalies for step in self.reading.states[: cut + 1]),
        )
        left_over: Counter[InviteCode] = Counter()
        varying: set[InviteCode] = set()
        taken: Counter[InviteCode] = Counter()
        for part in parts:
            whole = part.whole
            for key, count in part.outcome.left_over.items():
                left_over.update(dict.fromkeys(whole[key].codes, count))
            varying.update(code for key in part.outcome.varying for code in whole[key].codes)
            taken.update(_late(part))
        tally = Tally(deltas, left_over, frozenset(varying), taken)
        counted = with_tally(ledger, tally, look.snapshot.taken_at)
        return tidied(
            counted,
            self.reading.scene.now,
            balanced=not left_over and not ledger.loose,
            has_gate=self.reading.scene.circumstances.has_gate,
        )

    def _is_unseen(self, code: InviteCode, cut: int) -> bool:
        """Whether none of the looks that are used up lists this invite."""
        return all(code not in look.snapshot.invites for look in self.reading.looks[: cut + 1])

    def _loose_after(self, parts: Sequence[Part], cut: int) -> int:
        """How many of these people may be counted by a later look only."""
        chain = self.reading.chain
        uncounted = 0 if chain.is_surplus else chain.spans[cut].high - chain.spans[cut].low
        unread = 0
        for part in parts:
            keys = {key for key, source in part.whole.items() if source.is_unread}
            unread += sum(not ways.isdisjoint(keys) for ways in part.outcome.ways)
        return max(uncounted, unread)

    def _vanity_after(self) -> Vanity | None:
        if self.has_others() and not self.reading.is_vanity_last:
            return None
        old = self.reading.ledger.vanity
        new = self.reading.vanity_look.vanity if self.reading.vanity_look is not None else None
        is_lower = old and new and old.code == new.code and new.uses < old.uses
        return old if new is None or is_lower else new

    def _owed_after(self, done: int) -> dict[InviteCode, int]:
        """Only those who still wait can be owed: all others were received before these looks were asked."""
        waiting = zip(self.reading.arrivals[done:], self.reading.marked[done:], strict=True)
        return dict(Counter(code for arrival, code in waiting if arrival.settled is not None and code is not None))


def _has_more_vanity(part: Part) -> bool:
    used = sum(source.low for source in part.whole.values())
    return sources.VANITY in part.whole and used < part.end - part.begin


def _with_uses(invite: Invite, more: int) -> Invite:
    return attrs.evolve(invite, uses=invite.uses + more) if more else invite


def _late(part: Part) -> dict[InviteCode, int]:
    """Uses that were left over before and are all explained by people who come late."""
    before = {key: source for key, source in part.whole.items() if key.startswith(sources.UNCLAIMED)}
    counted = sum(source.low for source in part.whole.values())
    rest = part.end - part.begin - counted
    late = sum(not ways.isdisjoint(before) for ways in part.outcome.ways)
    if not before or not rest == late == sum(source.high for source in before.values()):
        return {}
    taken: Counter[InviteCode] = Counter()
    for source in before.values():
        taken[source.codes[0]] += source.high
    return dict(taken)
