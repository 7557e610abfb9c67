"""One chain of looks and the people who waited for it: where it can be cut, and what is decided before the cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs

from giftbot.models.ids import InviteCode, RoleId
from giftbot.models.invite_batch import Ledger
from giftbot.services.invites import sources, traces
from giftbot.services.invites.chains import Chain, Span, chain_of, moments_of, splits_a_moment
from giftbot.services.invites.closing import Closing, Part, Reading
from giftbot.services.invites.evidence import Arrival, Decision, Look, Wanted
from giftbot.services.invites.matching import MANY
from giftbot.services.invites.memberships import moment_of
from giftbot.services.invites.owners import marker_of
from giftbot.services.invites.sources import Source, Stretch
from giftbot.services.invites.stretches import Person, is_small, solve
from giftbot.services.invites.verdicts import Scene


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
        self._states = traces.trace(ledger, self._looks, scene.circumstances, scene.now)
        told_apart = [sources.with_targets(state.stretch, scene.circumstances.targets) for state in self._states]
        self._stretches = self._without_owed(told_apart)
        self._lows = [sum(source.low for source in stretch.values()) for stretch in self._stretches]
        self._chain = self._chained()

    def decide(self, *, final: bool) -> Decision | Wanted:
        """Decide up to the last look of which it is known whom it counted."""
        roles = self._open_roles()
        if roles and not final:
            return Wanted.ROLES
        self._stretches = [sources.without_roles(stretch, roles) for stretch in self._stretches]
        cuts = self._cuts()
        if not cuts and not final:
            return Wanted.LOOK
        last = len(self._looks) - 1
        if final and (not cuts or cuts[-1] != last):
            cuts.append(last)
        closing = Closing(self._reading(), self._parts(cuts), cuts[-1])
        if not final and self._may_ask_vanity() and closing.has_others():
            return Wanted.VANITY
        return closing.decision()

    def _reading(self) -> Reading:
        return Reading(
            ledger=self._ledger,
            scene=self._scene,
            arrivals=self._arrivals,
            marked=self._marked,
            looks=self._looks,
            states=self._states,
            chain=self._chain,
            skipped=self._skipped,
            vanity=self._vanity,
            vanity_look=self._vanity_look,
            is_vanity_last=self._is_vanity_last,
        )

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
        self._states = [traces.joined(self._states)]
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

    def _may_ask_vanity(self) -> bool:
        return self._scene.circumstances.has_vanity and not self._looks[-1].vanity_asked

    def _people(self, end: int) -> list[Person]:
        sure = self._chain.spans[-1].low
        people = [Person(None) for _ in range(self._ledger.loose)]
        for arrival, code in zip(self._arrivals, self._marked, strict=True):
            place = len(people)
            people.append(
                Person(
                    moment=moment_of(arrival.event),
                    user_id=arrival.event.user_id,
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


def _less(source: Source, taken: int) -> Source:
    used_up = None if source.used_up is None else max(0, source.used_up - taken)
    return attrs.evolve(source, low=max(0, source.low - taken), high=max(0, source.high - taken), used_up=used_up)
