"""One chain of looks and the people who waited for it: where it can be cut, and what is decided before the cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from giftbot.models.ids import InviteCode, RoleId
from giftbot.models.invite import Invite, Vanity
from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Join, Level, Reason
from giftbot.services.invites import sources
from giftbot.services.invites.chains import Chain, Span, chain_of, moments_of, splits_a_moment
from giftbot.services.invites.evidence import Arrival, Decision, Look, Wanted
from giftbot.services.invites.ledgers import Tally, tidied, with_tally
from giftbot.services.invites.matching import MANY
from giftbot.services.invites.memberships import moment_of
from giftbot.services.invites.owners import marker_of
from giftbot.services.invites.sources import Source, State, Stretch
from giftbot.services.invites.stretches import Outcome, Person, Ways, is_small, solve
from giftbot.services.invites.verdicts import Scene, givers
from giftbot.text import attribution as texts


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


class Batch:
    """The work of one decision; made, asked once, and thrown away."""

    def __init__(self, ledger: Ledger, looks: Sequence[Look], arrivals: Sequence[Arrival], scene: Scene) -> None:
        self._ledger = ledger
        self._scene = scene
        self._arrivals = arrivals
        asked = [number for number, look in enumerate(looks) if look.vanity is not None]
        self._vanity_look = looks[asked[-1]] if asked else None
        self._is_vanity_last = bool(asked) and asked[-1] == len(looks) - 1
        self._vanity = sources.vanity_delta(ledger, self._vanity_look)
        self._skipped = min(asked[-1] + 1, len(looks) - 1) if asked else 0
        self._looks = looks[self._skipped :]
        self._marked = [self._marker(arrival) for arrival in arrivals]
        self._states = sources.trace(ledger, self._looks, scene.circumstances, scene.now)
        self._stretches = self._without_owed([state.stretch for state in self._states])
        self._lows = [sum(source.low for source in stretch.values()) for stretch in self._stretches]
        self._chain = self._chained()

    def decide(self, *, final: bool) -> Decision | Wanted:
        """Decide up to the last look of which it is known whom it counted."""
        roles = self._open_roles()
        if roles and not final:
            return Wanted.ROLES
        self._stretches = [sources.without_roles(stretch, roles) for stretch in self._stretches]
        cuts = self._cuts()
        if not final:
            if not cuts:
                return Wanted.LOOK
            if self._wants_vanity(cuts[-1]):
                return Wanted.VANITY
        last = len(self._looks) - 1
        if final and (not cuts or cuts[-1] != last):
            cuts.append(last)
        return self._decided(cuts)

    def _marker(self, arrival: Arrival) -> InviteCode | None:
        if arrival.settled is not None:
            return arrival.settled.code
        link = marker_of(arrival.event, self._scene.circumstances.links)
        return link.code if link is not None else None

    def _without_owed(self, stretches: Sequence[Stretch]) -> list[Stretch]:
        """Uses of joins that a marker role decided before a restart are nobody's here."""
        owed = Counter(self._ledger.owed)
        owed.subtract(
            code
            for code, arrival in zip(self._marked, self._arrivals, strict=True)
            if code is not None and arrival.settled is not None
        )
        result: list[Stretch] = []
        for number, stretch in enumerate(stretches):
            left = dict(stretch)
            for code, count in owed.items():
                source = left.get(code)
                if source is None or count <= 0:
                    continue
                taken = min(count, source.high)
                owed[code] -= taken
                left[code] = _less(source, taken)
                if not left[code].high:
                    del left[code]
            if number == 0 and self._vanity:
                most = self._vanity if self._is_vanity_last else MANY
                left[sources.VANITY] = Source(sources.VANITY, self._vanity, most)
            result.append(left)
        return result

    def _chained(self) -> Chain:
        chain = chain_of(self._looks, self._arrivals, self._lows, self._ledger.loose)
        if not chain.is_surplus or len(self._looks) == 1:
            return chain
        self._skipped += len(self._looks) - 1
        self._looks = self._looks[-1:]
        self._states = [sources.joined(self._states)]
        self._stretches = [sources.merged(self._stretches)]
        self._lows = [sum(self._lows)]
        return self._chained()

    def _open_roles(self) -> set[tuple[RoleId, ...]]:
        """Roles that more uses gave than people who were surely counted have, while somebody lacks them."""
        if self._scene.circumstances.role_wait_over:
            return set()
        sure = self._chain.spans[-1].low - self._ledger.loose
        reach = self._chain.by_order[-1].high - self._ledger.loose
        need: Counter[tuple[RoleId, ...]] = Counter()
        for source in sources.merged(self._stretches).values():
            if source.role_ids:
                need[source.role_ids] += source.low or min(1, source.high)
        found = set()
        for roles, count in need.items():
            has = [set(roles) <= set(arrival.event.role_ids) for arrival in self._arrivals[:reach]]
            if sum(has[:sure]) < count and not all(has):
                found.add(roles)
        return found

    def _cuts(self) -> list[int]:
        """The looks of which it is known whom they counted."""
        last = len(self._looks) - 1
        if self._chain.is_surplus:
            return [last]
        moments = moments_of(self._arrivals, self._ledger.loose)
        return [
            number
            for number, span in enumerate(self._chain.spans)
            if span.is_known and (number == last or not splits_a_moment(self._chain.by_order[number], moments))
        ]

    def _wants_vanity(self, cut: int) -> bool:
        look = self._looks[-1]
        if not self._scene.circumstances.has_vanity or look.vanity_asked:
            return False
        return self._chain.spans[cut].high > sum(self._lows[: cut + 1])

    def _people(self, end: int) -> list[Person]:
        sure = self._chain.spans[-1].low
        people = [Person(None) for _ in range(self._ledger.loose)]
        for arrival, code in zip(self._arrivals, self._marked, strict=True):
            place = len(people)
            people.append(
                Person(
                    moment=moment_of(arrival.event),
                    roles=frozenset(arrival.event.role_ids),
                    code=code,
                    may_be_uncounted=place >= sure,
                )
            )
        return people[:end]

    def _parts(self, cuts: Sequence[int]) -> list[Part]:
        end = self._chain.spans[cuts[-1]].high
        people = self._people(end)
        parts: list[Part] = []
        moments = moments_of(self._arrivals, self._ledger.loose)
        begin, first = 0, 0
        for cut in cuts:
            stop = self._chain.spans[cut].high
            inner = [Span(span.low - begin, min(span.high, stop) - begin) for span in self._chain.spans[first:cut]]
            stretches = tuple(self._stretches[first : cut + 1])
            usable = not self._chain.is_surplus and not any(
                splits_a_moment(span, moments) for span in self._chain.by_order[first:cut]
            )
            if not usable or not is_small(stop - begin, inner):
                stretches, inner = (sources.merged(stretches),), []
            outcome = solve(people[begin:stop], stretches, inner)
            parts.append(Part(begin, stop, stretches, tuple(inner), outcome))
            begin, first = stop, cut + 1
        return parts

    def _decided(self, cuts: Sequence[int]) -> Decision:
        cut = cuts[-1]
        state = self._states[cut]
        parts = self._parts(cuts)
        end = parts[-1].end
        deltas: Counter[InviteCode] = Counter()
        for step in self._states[: cut + 1]:
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
        done = self._arrivals[: end - self._ledger.loose]
        ledger = self._ledger_after(parts, cut, deltas, used_up)
        return Decision(
            joins=tuple(joins),
            ledger=ledger,
            deltas={code: count for code, count in deltas.items() if count},
            vanity_delta=self._vanity,
            consumed=tuple(seq for arrival in done for seq in (arrival.seqs or (arrival.event.seq,))),
            looks=self._skipped + cut + 1,
        )

    def _scene_after(self, state: State) -> Scene:
        look = self._looks[-1]
        stones = {code: stone.invite for code, stone in state.tombstones.items()}
        after = {**self._scene.before, **stones, **state.invites}
        address = (self._vanity_look and self._vanity_look.vanity) or self._ledger.vanity
        notes = []
        if look.snapshot.lost:
            notes.append(texts.NOT_LISTED)
        if self._scene.circumstances.catch_up:
            notes.append(texts.CAME_WHILE_AWAY)
        return attrs.evolve(
            self._scene,
            coverage=look.snapshot.coverage,
            after=after,
            givers=givers(after.values()),
            vanity_code=address.code if address is not None else None,
            vanity_unknown=self._scene.circumstances.has_vanity and self._vanity is None,
            evidence=tuple(notes),
        )

    def _rows(self, part: Part, scene: Scene) -> list[Join]:
        outcome, whole = part.outcome, part.whole
        codes_of = {key: source.codes for key, source in whole.items()}
        evidence = self._evidence(part)
        cap = Level.OWNER if outcome.is_surplus else Level.COUNTED
        if any(source.ignores_roles for source in whole.values()):
            cap = Level.CANDIDATES
        sure = self._chain.spans[-1].low
        rows: list[Join] = []
        for place in range(max(part.begin, self._ledger.loose), part.end):
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
        number = place - self._ledger.loose
        return self._arrivals[number], self._marked[number]

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
        if part.end > self._chain.spans[-1].low:
            sentences.append(texts.NOT_CLOSED)
        return tuple(sentences)

    def _ledger_after(
        self,
        parts: Sequence[Part],
        cut: int,
        deltas: Mapping[InviteCode, int],
        used_up: Mapping[InviteCode, int],
    ) -> Ledger:
        old, state, look = self._ledger, self._states[cut], self._looks[cut]
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
            tombstones=stones,
            vanity=self._vanity_after(cut),
            owed=self._owed_after(end - old.loose),
            loose=self._loose_after(parts, cut),
            anomalies=old.anomalies + sum(step.anomalies for step in self._states[: cut + 1]),
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
            self._scene.now,
            balanced=not left_over and not ledger.loose,
            has_gate=self._scene.circumstances.has_gate,
        )

    def _loose_after(self, parts: Sequence[Part], cut: int) -> int:
        """How many of these people may be counted by a later look only."""
        uncounted = 0 if self._chain.is_surplus else self._chain.spans[cut].high - self._chain.spans[cut].low
        unread = 0
        for part in parts:
            keys = {key for key, source in part.whole.items() if source.is_unread}
            unread += sum(not ways.isdisjoint(keys) for ways in part.outcome.ways)
        return max(uncounted, unread)

    def _vanity_after(self, cut: int) -> Vanity | None:
        had_others = self._chain.spans[cut].high > sum(self._lows[: cut + 1])
        if had_others and not self._is_vanity_last:
            return None
        old = self._ledger.vanity
        new = self._vanity_look.vanity if self._vanity_look is not None else None
        is_lower = old and new and old.code == new.code and new.uses < old.uses
        return old if new is None or is_lower else new

    def _owed_after(self, done: int) -> dict[InviteCode, int]:
        """Only those who still wait can be owed: all others were received before these looks were asked."""
        waiting = zip(self._arrivals[done:], self._marked[done:], strict=True)
        return dict(Counter(code for arrival, code in waiting if arrival.settled is not None and code is not None))


def _less(source: Source, taken: int) -> Source:
    used_up = None if source.used_up is None else max(0, source.used_up - taken)
    return attrs.evolve(source, low=max(0, source.low - taken), high=max(0, source.high - taken), used_up=used_up)


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
