"""Whole runs on a simulated server: nothing wrong is ever called certain, and what is forced is found."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from giftbot.models.join import Level, Source
from tests.services.invites import enumerator
from tests.services.invites.comparing import check_step, owner_weights
from tests.services.invites.simulator import (
    HOME,
    OTHER,
    Acceptance,
    Code,
    Coming,
    Plan,
    Run,
)
from tests.services.invites.worlds import decided, invite, is_conserved, joined, ledger, look

bounded = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
LAG = st.floats(0.0, 0.3)
GAP = st.sampled_from([0.001, 0.05, 0.15, 0.3, 0.6, 1.5, 5.0])


@st.composite
def plans(
    draw: st.DrawFn,
    *,
    most: int = 6,
    limits: bool = True,
    roles: bool = True,
    others: bool = True,
    marked: bool = False,
    surprises: bool = False,
) -> Plan:
    """A server without surprises unless they are wanted."""
    codes = []
    for number in range(draw(st.integers(1, 4))):
        limit = draw(st.sampled_from([0, 0, 1, 2])) if limits else 0
        has_role = marked or (roles and draw(st.integers(0, 3)) == 0)
        codes.append(
            Code(
                f"c{number}",
                draw(st.sampled_from([101, 102, 103])),
                limit,
                900 + number if has_role else None,
                marked or (has_role and draw(st.booleans())),
            )
        )
    has_vanity = others and draw(st.booleans())
    ways = [code.name for code in codes] * 2 + ([OTHER] if others else []) + ([HOME] if has_vanity else [])
    left = {code.name: code.max_uses or 99 for code in codes}
    moment = 20.0
    comings = []
    for _ in range(draw(st.integers(1, most))):
        moment += draw(GAP)
        way = draw(st.sampled_from(ways))
        if left.get(way, 99) == 0:
            way = OTHER
            if not others:
                continue
        left[way] = left.get(way, 99) - 1
        role_lag = draw(st.sampled_from([0.0, 0.0, 0.1, 1.0]))
        comings.append(Coming(moment, way, draw(LAG), role_lag))
    acceptances = []
    for _ in range(draw(st.integers(0, 3)) if surprises else 0):
        way = draw(st.sampled_from([code.name for code in codes]))
        if left[way] > 0:
            left[way] -= 1
            acceptances.append(Acceptance(draw(st.floats(20.0, moment)), way))
    told = {code.name: draw(st.floats(0.0, 0.4)) for code in codes if code.max_uses and draw(st.booleans())}
    return Plan(
        tuple(codes),
        tuple(comings),
        tuple(acceptances),
        told,
        has_vanity,
        audit=draw(st.booleans()),
        seed=draw(st.integers(0, 9999)),
        most_looks=draw(st.sampled_from([2, 8])),
    )


def assert_nothing_wrong(run: Run) -> None:
    """Each row that is called certain is true."""
    for user, way in run.truth().items():
        row = run.rows[user]
        if row.level >= Level.COUNTED:
            assert (row.code or row.source) == way, row
        elif row.level is Level.OWNER:
            assert way != OTHER, row
            assert row.code == way if way == HOME else row.owner_id == run.owner(way), row


@given(plans())
@bounded
def test_what_is_called_certain_is_true(plan: Plan) -> None:
    """Level 4 and 5 name the invite, level 3 its owner, in any run without surprises."""
    run = Run(plan).go()
    assert set(run.rows) == set(run.truth())
    assert_nothing_wrong(run)
    for user, way in run.truth().items():
        row = run.rows[user]
        names = {one.code for one in row.candidates}
        if row.level is Level.CANDIDATES:
            assert way in names or None in names, row
        elif row.level is Level.INFERRED:
            assert way in {OTHER, HOME}, row


@given(plans(marked=True, surprises=True))
@bounded
def test_with_marker_roles_surprises_make_nothing_wrong(plan: Plan) -> None:
    """Uses without joins do not fool it where each invite has a marker role; those who came by one are found."""
    run = Run(plan).go()
    assert_nothing_wrong(run)
    for user, way in run.truth().items():
        if way not in {OTHER, HOME}:
            assert run.rows[user].level is Level.CONFIRMED
            assert run.rows[user].code == way


@given(plans())
@bounded
def test_what_is_forced_is_found(plan: Plan) -> None:
    """What all histories have in common that agree with the observations is reported at level 3 or more."""
    for step in Run(plan).go().steps:
        check_step(step, plan)


@given(plans(most=14, surprises=True))
@bounded
def test_each_use_is_accounted_for_once(plan: Plan) -> None:
    """Claimed, unclaimed and archived uses are together what was counted, whatever happens."""
    run = Run(plan).go()
    for step in run.steps:
        assert is_conserved(step.before, step.decision)
    held = Counter[str](run.ledger.claimed) + Counter[str](run.ledger.archived)
    for uses in run.ledger.unclaimed:
        held[uses.code] += uses.count
    counted = run.uses_at_end()
    for code in plan.codes:
        if code.max_uses:
            assert held[code.name] <= counted[code.name]
        else:
            assert held[code.name] == counted[code.name]


@given(plans(most=14, others=False, limits=False, roles=False))
@bounded
def test_totals_of_owners_are_exact_while_as_many_joined_as_were_counted(plan: Plan) -> None:
    """The weights of each balanced batch add up to what each owner's invites counted."""
    run = Run(plan).go()
    for step in run.steps:
        rows = step.decision.joins
        if step.before.loose or sum(step.decision.deltas.values()) != len(rows):
            continue
        counted: Counter[int] = Counter()
        for code, delta in step.decision.deltas.items():
            counted[run.owner(code)] += delta
        weights = owner_weights(rows)
        assert weights == {owner: pytest.approx(count, abs=0.001) for owner, count in counted.items()}


@given(plans(most=10), st.data())
@bounded
def test_what_is_said_twice_changes_nothing(plan: Plan, data: st.DataObject) -> None:
    """Joins that are told several times leave one row each, the same as if told once."""
    copied = tuple(
        Coming(one.moment, one.way, one.lag, one.role_lag, tuple(data.draw(COPIES))) for one in plan.comings
    )
    several = Plan(
        plan.codes,
        copied,
        (),
        plan.deletions_told,
        plan.has_vanity,
        plan.audit,
        plan.seed,
        plan.most_looks,
    )
    run = Run(several).go()
    assert set(run.rows) == set(run.truth())
    assert_nothing_wrong(run)
    for rows in run.history.values():
        assert len({row.join_id for row in rows}) == 1


COPIES = st.lists(st.sampled_from([0.0, 0.1, 0.4, 2.0]), max_size=2)


@given(plans(most=10))
@bounded
def test_levels_only_rise(plan: Plan) -> None:
    """A row that is written again is never less certain than before."""
    for rows in Run(plan).go().history.values():
        levels = [row.level for row in rows]
        assert levels == sorted(levels)


@given(st.lists(st.sampled_from("abb-"), min_size=1, max_size=6), st.sets(st.integers(1, 5)))
@bounded
def test_more_looks_never_lower_a_level(ways: list[str], between: set[int]) -> None:
    """One look at the end, or looks in between: whoever came by an invite is at least as certain."""
    people = [joined(number, number) for number in range(1, len(ways) + 1)]
    ends = sorted({*(end for end in between if end < len(ways)), len(ways)})
    looks = []
    for end in ends:
        used = Counter(ways[:end])
        shown = (invite("a", used["a"]), invite("b", used["b"], owner=102))
        looks.append(look(*shown, asked=end, seconds=end + 0.5))
    state = ledger(invite("a"), invite("b", owner=102))
    whole = decided(state, looks[-1], *people)
    split = decided(state, looks, *people)
    for way, coarse, fine in zip(ways, whole.joins, split.joins, strict=True):
        assert fine.level >= coarse.level or way == "-"
        for join in (coarse, fine):
            assert join.level < Level.OWNER or join.code == way
    assert split.ledger.claimed == whole.ledger.claimed


def test_the_enumerator_knows_what_is_ambiguous() -> None:
    """Two joins and one use of each of two invites: nobody can tell."""
    seen = enumerator.Seen(
        [enumerator.SeenJoin(1), enumerator.SeenJoin(2)], [enumerator.SeenLook(2, 2, {"a": 1, "b": 1}, {})]
    )
    assert enumerator.ways(seen) == [frozenset("ab"), frozenset("ab")]


def test_the_enumerator_uses_looks_in_between() -> None:
    """A look that can have counted one join only tells them apart."""
    looks = [
        enumerator.SeenLook(1, 2, {"a": 1, "b": 0}, {}),
        enumerator.SeenLook(2, 2, {"a": 1, "b": 1}, {}),
    ]
    seen = enumerator.Seen([enumerator.SeenJoin(1), enumerator.SeenJoin(2)], looks)
    assert enumerator.ways(seen) == [frozenset("a"), frozenset("b")]


def test_vanity_is_a_source_of_its_own() -> None:
    """Somebody who came by the server's address is said to, at level 4."""
    run = Run(Plan((Code("a", 101),), (Coming(20.0, HOME),), has_vanity=True)).go()
    (row,) = run.rows.values()
    assert (row.source, row.level, row.code) == (Source.VANITY, Level.COUNTED, HOME)
