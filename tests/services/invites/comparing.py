"""A decision against the brute-force enumerator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Join, Level
from giftbot.services.invites.evidence import Look
from giftbot.services.invites.memberships import moment_of
from tests.services.invites.enumerator import NOTHING, Seen, SeenJoin, SeenLook, ways
from tests.services.invites.simulator import HOME, Plan, Step

MOST_JOINS = 6


def check_step(step: Step, plan: Plan) -> None:
    """Whether everything that was decided follows from the observations, and nothing that follows was missed."""
    seen = _seen(step, plan, used_up=False)
    if seen is None:
        return
    found = ways(seen)
    exact = ways(_seen(step, plan, used_up=True) or seen)
    owners = {code.name: code.owner for code in plan.codes}
    decided = {join.user_id: join for join in step.decision.joins}
    arrivals = sorted(step.arrivals, key=lambda one: (moment_of(one.event), one.event.seq))
    here = [arrival for arrival in arrivals if arrival.event.seq in step.decision.consumed]
    is_balanced = sum(step.decision.deltas.values()) == len(here)
    for place, arrival in enumerate(here):
        user = arrival.event.user_id
        row = decided.get(user) if user is not None else None
        if row is None:
            assert arrival.settled is not None
            continue
        assert found[place], "no history agrees with the observations"
        _check_sound(row, found[place], exact[place], owners)
        if not step.final:
            _check_complete(row, found[place], owners)
            if is_balanced:
                _check_complete(row, exact[place], owners)


def _check_sound(row: Join, wide: frozenset[str], exact: frozenset[str], owners: dict[str, int]) -> None:
    if row.level >= Level.COUNTED:
        assert wide == {row.code}, (row, wide)
    elif row.level is Level.OWNER:
        assert {owners.get(way) for way in exact} == {row.owner_id}, (row, exact)
    elif row.level is Level.CANDIDATES:
        names = {NOTHING if one.code is None else str(one.code) for one in row.candidates}
        assert NOTHING in names or names >= exact, (row, exact)
    else:
        assert NOTHING in wide, (row, wide)


def _check_complete(row: Join, possible: frozenset[str], owners: dict[str, int]) -> None:
    if possible == {NOTHING} or len(possible) == 0:
        return
    if len(possible) == 1 or len({owners.get(way, way) for way in possible}) == 1:
        assert row.level >= Level.OWNER, (row, possible)


def _seen(step: Step, plan: Plan, *, used_up: bool) -> Seen | None:
    before = step.before
    if before.loose or before.unclaimed or before.owed or len(step.arrivals) > MOST_JOINS:
        return None
    looks = list(step.looks)
    with_vanity = [number for number, look in enumerate(looks) if look.vanity is not None]
    if with_vanity and with_vanity[-1] != len(looks) - 1:
        return None
    if with_vanity:
        looks = looks[-1:]
    elif plan.has_vanity and before.vanity is None:
        return None
    arrivals = sorted(step.arrivals, key=lambda one: (moment_of(one.event), one.event.seq))
    joins = [
        SeenJoin(
            one.event.seq,
            frozenset(one.event.role_ids),
            str(one.settled.code) if one.settled is not None else None,
        )
        for one in arrivals
    ]
    shown = [_seen_look(look, before, plan, used_up=used_up) for look in looks]
    if with_vanity:
        assert before.vanity is None or looks[0].vanity is not None
        if before.vanity is None or looks[0].vanity is None:
            return None
        uses = {HOME: looks[0].vanity.uses - before.vanity.uses}
        shown.append(SeenLook(shown[0].asked, shown[0].seen, uses, {}))
    roles = {code.name: frozenset({code.role}) for code in plan.codes if code.role is not None}
    if roles and step.final and not step.circumstances.role_wait_over:
        return None
    return Seen(joins, shown, roles)


def _seen_look(look: Look, before: Ledger, plan: Plan, *, used_up: bool) -> SeenLook:
    stones = {stone.invite.code: stone.invite for stone in before.tombstones}
    bases = {code: made.uses for code, made in before.invites.items()}
    uses = {str(code): made.uses - bases[code] for code, made in look.snapshot.invites.items() if code in bases}
    gone: dict[str, tuple[int, int]] = {}
    for code, made in {**before.invites, **stones}.items():
        if code in look.snapshot.invites:
            continue
        left = made.max_uses - made.uses
        gone[str(code)] = (left if plan.audit or used_up else 0, left)
    return SeenLook(look.asked_seq, look.seen_seq, uses, gone)


def owner_weights(rows: Sequence[Join]) -> dict[int, float]:
    """What the rows give to each owner."""
    total: Counter[int] = Counter()
    for row in rows:
        if row.level >= Level.OWNER and row.owner_id is not None:
            total[row.owner_id] += 1
        else:
            for one in row.candidates:
                if one.owner_id is not None:
                    total[one.owner_id] += one.weight  # type: ignore[assignment]  # a Counter of shares
    return dict(total)
