"""A server with its truth, a network that delays, and the steps of the guild's actor: looks, grace, decisions."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from giftbot.models.ids import InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage, Invite, Snapshot, Vanity
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Join
from giftbot.services.invites.deciding import decide, settle
from giftbot.services.invites.evidence import Arrival, Circumstances, Decision, Look, Wanted
from giftbot.services.invites.memberships import receive
from tests.services.invites.worlds import BOT, GUILD, at, invite, link

OTHER = "other"
HOME = "home"
GRACE = 0.3
FOREVER = 1e9


@attrs.frozen
class Code:
    """An invite as the test wants it."""

    name: str
    owner: int
    max_uses: int = 0
    role: int | None = None
    marker: bool = False


@attrs.frozen
class Coming:
    """Somebody joins."""

    moment: float
    way: str
    lag: float = 0.1
    role_lag: float = 0.0
    """How much later than the join its role is told; 0: with it."""
    copies: tuple[float, ...] = ()
    """How much later the join is told again."""


@attrs.frozen
class Acceptance:
    """A use without a join: a member accepts an invite, a guest comes."""

    moment: float
    way: str


@attrs.frozen
class Plan:
    """A run."""

    codes: tuple[Code, ...]
    comings: tuple[Coming, ...]
    acceptances: tuple[Acceptance, ...] = ()
    deletions_told: Mapping[str, float] = attrs.Factory(dict)
    """By invite how long after its last use that is told; others vanish without a word."""
    has_vanity: bool = False
    audit: bool = True
    seed: int = 0
    most_looks: int = 8


@attrs.frozen
class Step:
    """One call of `decide` that decided."""

    before: Ledger
    looks: tuple[Look, ...]
    arrivals: tuple[Arrival, ...]
    circumstances: Circumstances
    final: bool
    decision: Decision


class Run:
    """The bot at work on a plan. After `go`: rows by user, steps, the last ledger."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rows: dict[UserId, Join] = {}
        self.history: dict[UserId, list[Join]] = {}
        self.steps: list[Step] = []
        self.looks_made = 0
        self._random = random.Random(plan.seed)
        self._codes = {code.name: code for code in plan.codes}
        self._comings = sorted(plan.comings, key=lambda coming: coming.moment)
        self._uses = self._all_uses()
        self._deliveries = self._all_deliveries()
        self._seq = 0
        self._received: list[InviteEvent] = []
        self._settled: dict[UserId, Arrival] = {}
        self._now = 0.0
        self.first = Ledger(
            GUILD,
            1,
            at(0),
            {InviteCode(code.name): self._invite(code, 0) for code in plan.codes},
            vanity=Vanity(HOME, 0) if plan.has_vanity else None,
            coverage=Coverage.FULL,
        )
        self.ledger = self.first

    def truth(self) -> dict[UserId, str]:
        """By which way each user came."""
        return {UserId(number): coming.way for number, coming in enumerate(self._comings, 1)}

    def uses_at_end(self) -> Counter[str]:
        """What each invite has counted in all."""
        return Counter(way for _, way in self._uses)

    def owner(self, code: str) -> int:
        """Whom an invite counts for."""
        return self._codes[code].owner

    def go(self) -> Run:
        """Until everything has been told and decided."""
        looks: list[Look] = []
        asks = 0
        while True:
            if not looks and not self._waiting() and not self._await_next():
                break
            self._settle()
            asks += 1
            assert asks < 500, "the run does not come to an end"
            looks.append(self._look())
            looks = self._decide(looks)
        looks = [self._look()]
        self._now += 100
        self._decide(looks)
        return self

    def _all_uses(self) -> list[tuple[float, str]]:
        uses = [(coming.moment, coming.way) for coming in self._comings]
        uses += [(one.moment, one.way) for one in self.plan.acceptances]
        return sorted(use for use in uses if use[1] != OTHER)

    def _counted(self, way: str, moment: float) -> int:
        return sum(1 for when, of in self._uses if of == way and when <= moment)

    def _gone_at(self, code: Code) -> float:
        if not code.max_uses:
            return FOREVER
        moments = [when for when, of in self._uses if of == code.name]
        return moments[code.max_uses - 1] if len(moments) >= code.max_uses else FOREVER

    def _invite(self, code: Code, uses: int) -> Invite:
        roles = (RoleId(code.role),) if code.role is not None else ()
        return invite(code.name, uses, owner=code.owner, max_uses=code.max_uses, role_ids=roles)

    def _all_deliveries(self) -> list[tuple[float, InviteEvent]]:
        found: list[tuple[float, InviteEvent]] = []
        for number, coming in enumerate(self._comings, 1):
            code = self._codes.get(coming.way)
            roles = (RoleId(code.role),) if code is not None and code.role is not None else ()
            late = coming.role_lag > 0
            event = InviteEvent(
                GUILD,
                0,
                InviteEventKind.JOINED,
                at(coming.moment),
                user_id=UserId(number),
                joined_at=at(coming.moment),
                role_ids=() if late else roles,
            )
            heard = coming.moment + coming.lag
            found.append((heard, event))
            found += [(heard + copy, event) for copy in coming.copies]
            if late and roles:
                update = attrs.evolve(event, kind=InviteEventKind.ROLES, role_ids=roles)
                found.append((heard + coming.role_lag, update))
        for name, lag in self.plan.deletions_told.items():
            gone_at = self._gone_at(self._codes[name])
            if gone_at < FOREVER:
                event = InviteEvent(GUILD, 0, InviteEventKind.DELETED, at(gone_at + lag), code=InviteCode(name))
                found.append((gone_at + lag, event))
        return sorted(found, key=lambda pair: pair[0])

    def _hear_until(self, moment: float) -> None:
        while self._deliveries and self._deliveries[0][0] <= moment:
            heard, event = self._deliveries.pop(0)
            self._seq += 1
            self._received.append(attrs.evolve(event, seq=self._seq, received_at=at(heard)))
        self._now = moment

    def _await_next(self) -> bool:
        while self._deliveries:
            self._hear_until(self._deliveries[0][0])
            if self._waiting():
                return True
        return False

    def _waiting(self) -> list[Arrival]:
        of_members = [event for event in self._received if event.user_id is not None]
        links = self._circumstances().links
        reception = receive(of_members, self.rows, now=at(self._now), links=links)
        self._drop(reception.consumed)
        self._keep(reception.changed)
        return [*reception.arrivals, *self._settled.values()]

    def _drop(self, seqs: Sequence[int]) -> None:
        self._received = [event for event in self._received if event.seq not in set(seqs)]

    def _circumstances(self, *, roles_over: bool = False) -> Circumstances:
        links = [link(code.name, code.owner, role=code.role) for code in self.plan.codes if code.marker]
        return Circumstances(
            BOT,
            links=links,
            told=[event for event in self._received if event.user_id is None],
            has_vanity=self.plan.has_vanity,
            audit=self.plan.audit,
            role_wait_over=roles_over,
        )

    def _settle(self) -> None:
        waiting = {arrival.event.user_id: arrival for arrival in self._waiting()}
        decision = settle(self.ledger, list(waiting.values()), self._circumstances(), at(self._now))
        if decision is not None:
            self._commit(decision)
            for join in decision.joins:
                arrival = waiting[join.user_id]
                self._settled[join.user_id] = attrs.evolve(arrival, settled=join)

    def _commit(self, decision: Decision) -> None:
        assert decision.ledger.number == self.ledger.number + 1
        self.ledger = decision.ledger
        self._drop(decision.consumed)
        self._keep(decision.joins)

    def _keep(self, joins: Sequence[Join]) -> None:
        for join in joins:
            self.rows[join.user_id] = join
            self.history.setdefault(join.user_id, []).append(join)

    def _look(self) -> Look:
        self.looks_made += 1
        asked = self._seq
        taken = self._now + self._random.uniform(0.05, 0.2)
        shown = {
            InviteCode(code.name): self._invite(code, self._counted(code.name, taken))
            for code in self.plan.codes
            if taken < self._gone_at(code)
        }
        answered = taken + self._random.uniform(0.05, 0.2)
        self._hear_until(answered + GRACE)
        snapshot = Snapshot(GUILD, at(answered), shown)
        return Look(snapshot, asked, self._seq, revoked={} if self.plan.audit else None)

    def _with_vanity(self, look: Look) -> Look:
        taken = self._now + self._random.uniform(0.05, 0.2)
        uses = self._counted(HOME, taken)
        self._hear_until(taken + 0.1 + GRACE)
        return attrs.evolve(look, vanity=Vanity(HOME, uses), vanity_asked=True, seen_seq=self._seq)

    def _decide(self, looks: list[Look]) -> list[Look]:
        """The looks that are left."""
        roles_over = False
        while True:
            self._settle()
            arrivals = self._waiting()
            final = len(looks) >= self.plan.most_looks
            around = self._circumstances(roles_over=roles_over)
            answer = decide(self.ledger, looks, arrivals, around, final=final, now=at(self._now))
            if answer is Wanted.LOOK:
                return looks
            if answer is Wanted.VANITY:
                looks = [*looks[:-1], self._with_vanity(looks[-1])]
            elif answer is Wanted.ROLES:
                self._hear_until(self._now + 3)
                roles_over = True
            elif isinstance(answer, Decision):
                self.steps.append(Step(self.ledger, tuple(looks), tuple(arrivals), around, final, answer))
                self._commit(answer)
                self._settled = {
                    user: arrival
                    for user, arrival in self._settled.items()
                    if arrival.event.seq not in answer.consumed
                }
                return looks[answer.looks :] if self._waiting() else []
