from __future__ import annotations

import asyncio

import attrs

from giftbot.models.ids import GuildId, InviteCode, RoleId, UserId
from giftbot.models.invite import Invite
from giftbot.models.invite_event import InviteEventKind
from giftbot.models.join import Candidate, Join, Left, Level, Method
from giftbot.services.ports import Store
from tests.stores.build import CHANNEL, GUILD, OTHER_GUILD, later
from tests.stores.build_invites import CODE, STAFF, batch, event, joined, ledger
from tests.stores.full_ledger import full_ledger
from tests.stores.lacking import bulk_updates


async def test_events_are_read_as_written(store: Store) -> None:
    """Every field survives; in the order of their numbers, of one server, each once."""
    invite = Invite(CODE, 0, role_ids=(RoleId(5),))
    full = attrs.evolve(
        event(10),
        kind=InviteEventKind.CREATED,
        is_bot=True,
        role_ids=(RoleId(1), RoleId(2)),
        flags=17,
        code=CODE,
        invite=invite,
        channel_id=CHANNEL,
    )
    await store.add_events([full, event(9), event(1, guild=OTHER_GUILD), event(2, guild=int(f"{GUILD}1"))])
    await store.add_events([event(9), event(100)])
    await store.add_events([])
    assert await store.list_events(GUILD) == [event(9), full, event(100)]
    assert await store.list_events(OTHER_GUILD) == [event(1, guild=OTHER_GUILD)]
    assert await store.list_events(GuildId(5)) == []


@bulk_updates
async def test_a_batch_is_its_joins_its_ledger_and_the_end_of_its_events(store: Store) -> None:
    """All of it is there on return, as it was given; events that it does not deal with stay."""
    await store.add_events([event(1), event(2), event(3), event(1, guild=OTHER_GUILD)])
    assert await store.get_ledger(GUILD) is None
    joins = [
        attrs.evolve(
            joined(1),
            candidates=(Candidate(CODE, STAFF, 0.25), Candidate(None, None, 0.75)),
            evidence=("It counted 1.", "1 joined."),
            left_at=later(9),
            left=Left.TEMPORARY,
            uses_before=4,
            uses_after=5,
            batch=1,
            previous=joined(1, seconds=-60).join_id,
            marker_role_id=RoleId(7),
            has_disagreement=True,
            decided_by=UserId(8),
        ),
        joined(2),
    ]
    decided = batch(1, joins, events=(1, 3), known=full_ledger())
    assert await store.commit_batch(decided)
    assert await store.get_ledger(GUILD) == full_ledger()
    assert await store.get_joins([join.join_id for join in joins]) == {join.join_id: join for join in joins}
    assert await store.list_events(GUILD) == [event(2)]
    assert await store.list_events(OTHER_GUILD) == [event(1, guild=OTHER_GUILD)]
    assert await store.list_batches(GUILD) == [decided]
    assert await store.repair_batches(GUILD) == 0


@bulk_updates
async def test_a_number_is_given_once(store: Store) -> None:
    """The second one writes nothing: no join, no ledger, and its events stay."""
    assert await store.commit_batch(batch(1, [joined(1)]))
    await store.add_events([event(5)])
    assert not await store.commit_batch(batch(1, [joined(2)], events=(5,), known=ledger(1, uses=99)))
    assert not await store.commit_batch(batch(1, [joined(1)]))
    assert [join.user_id for join in await store.open_joins(GUILD)] == [1]
    assert await store.get_ledger(GUILD) == ledger(1)
    assert await store.list_events(GUILD) == [event(5)]
    assert await store.commit_batch(batch(1, [joined(1, guild=OTHER_GUILD)], guild=OTHER_GUILD))


@bulk_updates
async def test_of_two_that_decide_at_once_one_wins(store: Store) -> None:
    """Exactly one, and what is stored is its own, whole."""
    results = await asyncio.gather(*(store.commit_batch(batch(1, [joined(user)])) for user in range(1, 7)))
    assert sorted(results) == [False] * 5 + [True]
    [winner] = await store.open_joins(GUILD)
    assert results[winner.user_id - 1]
    [decided] = await store.list_batches(GUILD)
    assert decided.joins == (winner,)


@bulk_updates
async def test_the_newest_batch_says_how_a_join_is(store: Store) -> None:
    """It was opened by one batch, raised by another and closed by a third."""
    first, second, third = joined(1, level=Level.UNKNOWN), joined(1), joined(1, left_at=later(5))
    for number, join in enumerate((first, second, third), start=1):
        assert await store.commit_batch(batch(number, [join]))
        assert await store.get_joins([first.join_id]) == {first.join_id: join}
    assert await store.get_ledger(GUILD) == ledger(3)
    assert await store.open_joins(GUILD) == []


def recorded(join: Join, owner: int = 9) -> Join:
    """That join as an admin recorded it."""
    return attrs.evolve(
        join,
        user_name="Ünal 雪",
        level=Level.CONFIRMED,
        method=Method.MANUAL,
        owner_id=UserId(owner),
        code=None,
        evidence=(f"Recorded for {owner}.", *join.evidence),
        decided_by=UserId(8),
        updated_at=later(2),
    )


def ended(join: Join) -> Join:
    """That join, when its member left."""
    return attrs.evolve(join, left_at=later(5), left=Left.LEFT, updated_at=later(5))


@bulk_updates
async def test_a_batch_lowers_nothing_that_was_stored_since(store: Store) -> None:
    """A person's word and a confirmation stay, whoever wrote them; the membership ends all the same."""
    guess, likely, sure = joined(1, level=Level.CANDIDATES), joined(2), joined(3, level=Level.CONFIRMED)
    assert await store.commit_batch(batch(1, [guess, likely, sure]))
    confirmed = attrs.evolve(likely, level=Level.CONFIRMED, method=Method.MEMBER_SEARCH, updated_at=later(2))
    assert await store.save_join(recorded(guess), before=guess)
    assert await store.save_join(confirmed, before=likely)
    assert await store.save_join(recorded(sure), before=sure)
    assert await store.insert_joins([recorded(joined(4))])
    left = [ended(guess), ended(likely), ended(sure), ended(joined(4)), joined(5)]
    assert await store.commit_batch(batch(2, left))
    expected = [*map(ended, (recorded(guess), confirmed, recorded(sure), recorded(joined(4)))), joined(5)]
    assert await store.get_joins([join.join_id for join in left]) == {join.join_id: join for join in expected}
    assert [join.user_id for join in await store.open_joins(GUILD)] == [5]
    of_nine = await store.list_joins(GUILD, owner_id=UserId(9), levels=[Level.CONFIRMED])
    assert {join.user_id for join in of_nine} == {1, 3, 4}
    assert await store.save_join(joined(5, level=Level.CONFIRMED), before=joined(5))


@bulk_updates
async def test_the_last_word_stays(store: Store) -> None:
    """Also over a batch that carries an earlier one; and what has ended does not begin again."""
    first = recorded(joined(1))
    second = recorded(first, owner=10)
    await store.insert_joins([ended(second)])
    assert await store.commit_batch(batch(1, [first]))
    assert await store.get_joins([first.join_id]) == {first.join_id: ended(second)}
    raised = joined(2, level=Level.CONFIRMED)
    await store.insert_joins([ended(joined(2))])
    assert await store.commit_batch(batch(2, [raised]))
    [found] = (await store.get_joins([raised.join_id])).values()
    assert (found.level, found.left_at, found.left) == (Level.CONFIRMED, later(5), Left.LEFT)


@bulk_updates
async def test_a_word_that_comes_while_a_batch_is_written_is_kept(store: Store) -> None:
    """Whichever of them is first; of hundreds, each is one of the two as a whole."""
    guesses = [joined(user, level=Level.CANDIDATES) for user in range(1, 41)]
    assert await store.commit_batch(batch(1, guesses))

    async def record(join: Join) -> None:
        while not await store.save_join(recorded(join), before=join):
            [join] = (await store.get_joins([join.join_id])).values()

    await asyncio.gather(store.commit_batch(batch(2, list(map(ended, guesses)))), *map(record, guesses))
    found = (await store.get_joins([join.join_id for join in guesses])).values()
    assert {(join.method, join.owner_id, join.left_at) for join in found} == {(Method.MANUAL, 9, later(5))}


@bulk_updates
async def test_batches_are_listed_newest_first(store: Store) -> None:
    """Of one server, and not more than asked for; numbers are no texts."""
    for number in range(1, 13):
        assert await store.commit_batch(batch(number, [joined(number)]))
    assert await store.commit_batch(batch(1, guild=OTHER_GUILD))
    assert [item.number for item in await store.list_batches(GUILD)] == list(range(12, 0, -1))
    assert [item.number for item in await store.list_batches(GUILD, limit=2)] == [12, 11]
    assert await store.list_batches(GUILD, limit=0) == []


@bulk_updates
async def test_old_batches_are_forgotten_but_never_decided_again(store: Store) -> None:
    """Their joins stay, and their numbers stay taken."""
    for number in range(1, 8):
        await store.commit_batch(batch(number, [joined(number)]))
    await store.commit_batch(batch(1, guild=OTHER_GUILD))
    assert await store.forget_batches(GUILD) == 0
    assert await store.forget_batches(GUILD, keep=3) == 4
    assert await store.forget_batches(GUILD, keep=3) == 0
    assert [item.number for item in await store.list_batches(GUILD)] == [7, 6, 5]
    assert len(await store.open_joins(GUILD)) == 7
    assert not await store.commit_batch(batch(2, [joined(99)]))
    assert await store.forget_batches(GUILD, keep=0) == 3
    assert not await store.commit_batch(batch(7, [joined(99)]))
    assert await store.commit_batch(batch(8))
    assert await store.forget_batches(GuildId(5)) == 0
    assert len(await store.list_batches(OTHER_GUILD)) == 1


@bulk_updates
async def test_numbers_may_begin_anywhere(store: Store) -> None:
    """A copy that is restored brings its own; what comes after it is newer."""
    assert await store.commit_batch(batch(57, [joined(1)]))
    assert not await store.commit_batch(batch(56))
    assert await store.commit_batch(batch(58))
    assert await store.get_ledger(GUILD) == ledger(58)


@bulk_updates
async def test_a_large_batch_is_whole(store: Store) -> None:
    """Thousands join at once, with much evidence; the ledger has as many invites as Discord allows."""
    evidence = tuple(f"{number} of 10 links counted while thousands joined." for number in range(5))
    candidates = tuple(Candidate(InviteCode(f"code{number}"), UserId(STAFF + number), 0.1) for number in range(10))
    joins = [
        attrs.evolve(joined(user), evidence=evidence, candidates=candidates, level=Level.CANDIDATES)
        for user in range(1, 2001)
    ]
    invites = {InviteCode(f"i{number}"): Invite(InviteCode(f"i{number}"), number) for number in range(1000)}
    known = attrs.evolve(ledger(1), invites=invites)
    await store.add_events([event(seq) for seq in range(1, 2002)])
    decided = batch(1, joins, events=range(1, 2001), known=known)
    assert await store.commit_batch(decided)
    assert await store.list_batches(GUILD) == [decided]
    assert await store.get_ledger(GUILD) == known
    assert len(await store.open_joins(GUILD)) == 2000
    assert await store.list_events(GUILD) == [event(2001)]


@bulk_updates
async def test_names_may_hold_anything(store: Store) -> None:
    """Also what some take for the end of a line."""
    named = attrs.evolve(joined(1), user_name="a\u2028b\x85c\nd\x1ce\"f'g\\h")
    assert await store.commit_batch(batch(1, [named, joined(2)]))
    assert [item.joins for item in await store.list_batches(GUILD)] == [(named, joined(2))]
    assert await store.get_joins([named.join_id]) == {named.join_id: named}
