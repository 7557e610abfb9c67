"""The waiting line: who is next."""

from __future__ import annotations

import gc
import math
import weakref
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from giftbot.models.ids import GuildId, PlayerId
from giftbot.services.turns import URGENT_RUN, Turns, Waiter
from tests.services.governing import gift_code


def waiter(player: int, *, guild: int = 1, age: float = 0, urgent: bool = False) -> Waiter:
    """Somebody who wants a code that is `age` hours old."""
    return Waiter(GuildId(guild), PlayerId(str(player)), 312, gift_code(age=age), urgent)


def served(turns: Turns, now: float = 0.0) -> list[int]:
    """The players of all who can be served now, in order."""
    order = []
    while (one := turns.take(now)) is not None:
        order.append(int(one.player_id))
    return order


async def test_whoever_came_first_is_first() -> None:
    """When nothing else makes a difference."""
    turns = Turns()
    for player in (3, 1, 2):
        turns.join(waiter(player))
    assert len(turns) == 3
    assert served(turns) == [3, 1, 2]
    assert len(turns) == 0


async def test_the_newest_code_of_a_server_is_first() -> None:
    """Then the order of arrival."""
    turns = Turns()
    for player, age in ((1, 5), (2, 0), (3, 9), (4, 0), (5, 5)):
        turns.join(waiter(player, age=age))
    assert served(turns) == [2, 4, 1, 5, 3]


async def test_servers_take_turns() -> None:
    """However many wait in one of them, and however new their code is."""
    turns = Turns()
    for player in range(5):
        turns.join(waiter(player, guild=1))
    turns.join(waiter(10, guild=2, age=99))
    turns.join(waiter(20, guild=3))
    turns.join(waiter(11, guild=2, age=99))
    assert served(turns) == [0, 10, 20, 1, 11, 2, 3, 4]


async def test_a_person_who_waits_is_first() -> None:
    """Before all that jobs want."""
    turns = Turns()
    turns.join(waiter(1))
    turns.join(waiter(2, guild=2))
    turns.join(waiter(3, age=50, urgent=True))
    assert served(turns) == [3, 1, 2]


async def test_many_urgent_ones_do_not_stop_the_jobs() -> None:
    """Every tenth turn is for others; without others all turns are."""
    turns = Turns()
    for player in range(100, 140):
        turns.join(waiter(player, urgent=True))
    for player in range(3):
        turns.join(waiter(player))
    order = served(turns)
    assert [order.index(player) for player in range(3)] == [URGENT_RUN, 2 * URGENT_RUN + 1, 3 * URGENT_RUN + 2]
    assert len(order) == 43


async def test_a_player_who_is_not_free_holds_up_nobody() -> None:
    """They are set aside, and have their place when they are free."""
    turns = Turns()
    for player, age in ((1, 0), (1, 1), (2, 2)):
        turns.join(waiter(player, age=age))
    assert turns.take(0.0) is not None
    assert served(turns) == [2]
    assert turns.wait(0.0) == math.inf
    turns.free(PlayerId("1"), 2.5)
    turns.join(waiter(3, age=9))
    assert turns.wait(1.0) == 0
    assert served(turns, 1.0) == [3]
    assert turns.wait(1.0) == 1.5
    assert served(turns, 2.4) == []
    assert served(turns, 2.5) == [1]


async def test_a_server_keeps_its_place_while_its_player_is_not_free() -> None:
    """It is next as soon as it can be, before servers that were served meanwhile."""
    turns = Turns()
    first = waiter(1, guild=1)
    turns.join(first)
    assert turns.take(0.0) is first
    turns.join(waiter(1, guild=2, age=3))
    for player in range(10, 14):
        turns.join(waiter(player, guild=3))
    assert [one.player_id for _ in range(2) if (one := turns.take(0.0))] == ["10", "11"]
    turns.free(PlayerId("1"), 0.0)
    assert served(turns) == [1, 12, 13]


async def test_who_leaves_is_forgotten() -> None:
    """Wherever in the line, and set aside, too."""
    turns = Turns()
    ones = [waiter(player) for player in range(4)] + [waiter(0, age=1)]
    for one in ones:
        turns.join(one)
    assert turns.take(0.0) is ones[0]
    assert turns.take(0.0) is ones[1]
    for one in (ones[2], ones[4], ones[4]):
        turns.leave(one)
    assert len(turns) == 1
    turns.free(PlayerId("0"), 0.0)
    assert served(turns) == [3]
    gone = [weakref.ref(one) for one in ones]
    del one, ones
    gc.collect()
    assert [ref() for ref in gone] == [None] * 5


async def test_who_left_while_set_aside_does_not_come_back() -> None:
    """Not even when nobody else of their server is left."""
    turns = Turns()
    one, other = waiter(1), waiter(1, guild=2)
    turns.join(one)
    turns.join(other)
    assert turns.take(0.0) is one
    assert turns.take(0.0) is None
    turns.leave(other)
    turns.free(PlayerId("1"), 1.0)
    turns.join(waiter(3, guild=3))
    assert served(turns, 1.0) == [3]


async def test_nothing_is_kept_of_a_line_that_everybody_left() -> None:
    """Even when nobody is served any more."""
    turns = Turns()
    ones = [waiter(player, guild=player % 2) for player in range(6)]
    for one in ones:
        turns.join(one)
    for one in ones:
        turns.leave(one)
    gone = [weakref.ref(one) for one in ones]
    del one, ones
    gc.collect()
    assert [ref() for ref in gone] == [None] * 6


async def test_urgent_turns_count_only_while_others_wait() -> None:
    """What nobody else wanted takes nothing away from those who come later."""
    turns = Turns()
    turns.join(waiter(0))
    assert served(turns) == [0]
    for player in range(100, 112):
        turns.join(waiter(player, urgent=True))
    assert len(served(turns)) == 12
    turns.join(waiter(1))
    for player in range(200, 212):
        turns.join(waiter(player, urgent=True))
    assert served(turns).index(1) == URGENT_RUN


async def test_who_has_to_wait_again_keeps_their_place() -> None:
    """Arrival counts from the first time."""
    turns = Turns()
    first = waiter(1)
    turns.join(first)
    turns.join(waiter(2))
    assert turns.take(0.0) is first
    turns.free(first.player_id, 0.0)
    turns.join(first)
    assert served(turns) == [1, 2]


async def test_urgent_ones_can_be_dismissed() -> None:
    """Or all."""
    turns = Turns()
    ones = [waiter(player, urgent=player % 2 == 0) for player in range(5)]
    for one in ones:
        turns.join(one)
    assert turns.dismiss(only_urgent=True) == ones[::2]
    assert len(turns) == 2
    assert turns.dismiss() == ones[1::2]
    assert turns.take(0.0) is None


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=30, max_size=200), st.integers(2, 6))
async def test_every_server_gets_its_share(joins: list[tuple[int, int]], servers: int) -> None:
    """While all have somebody waiting, no server is served more often than another, but for one turn."""
    turns = Turns()
    for guild in range(servers):
        for player in range(50):
            turns.join(waiter(guild * 1000 + player, guild=guild))
    for number, (guild, age) in enumerate(joins):
        turns.join(waiter(100_000 + number, guild=guild % servers, age=age))
    shares: Counter[int] = Counter()
    for _ in range(50 * servers):
        one = turns.take(0.0)
        assert one is not None
        shares[one.guild_id] += 1
        assert max(shares.values()) - min(shares[GuildId(guild)] for guild in range(servers)) <= 1


_STEPS = st.one_of(
    st.tuples(st.just("join"), st.integers(0, 5), st.integers(0, 3), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("take")),
    st.tuples(st.just("free"), st.integers(0, 3), st.floats(0, 5)),
    st.tuples(st.just("leave"), st.integers(0, 30)),
    st.tuples(st.just("again"), st.integers(0, 30)),
    st.tuples(st.just("pass"), st.floats(0, 5)),
)


@given(st.lists(_STEPS, max_size=120))
async def test_nobody_is_lost_and_nobody_is_served_out_of_turn(steps: list[tuple[object, ...]]) -> None:
    """Against a plain list: whoever is served waits and has a free player; whoever can be served is, in the end."""
    turns, now = Turns(), 0.0
    waiting: list[Waiter] = []
    served_before: list[Waiter] = []
    free_at: dict[str, float] = {}
    for step in steps:
        match step:
            case ("join", int(player), int(guild), int(age), bool(urgent)):
                waiting.append(waiter(player, guild=guild, age=age, urgent=urgent))
                turns.join(waiting[-1])
            case ("take",):
                ready = [one for one in waiting if free_at.get(one.player_id, 0.0) <= now]
                assert (turns.wait(now) == 0) == bool(ready)
                taken = turns.take(now)
                assert (taken in ready) if ready else taken is None
                if taken is not None:
                    waiting.remove(taken)
                    served_before.append(taken)
                    free_at[taken.player_id] = math.inf
            case ("free", int(player), float(rest)):
                if free_at.get(str(player)) == math.inf:
                    free_at[str(player)] = now + rest
                    turns.free(PlayerId(str(player)), now + rest)
            case ("leave", int(index)) if waiting:
                turns.leave(waiting.pop(index % len(waiting)))
            case ("again", int(index)) if served_before:
                waiting.append(served_before.pop(index % len(served_before)))
                turns.join(waiting[-1])
            case ("pass", float(span)):
                now += span
        assert len(turns) == len(waiting)
    for player_id in list(free_at):
        turns.free(PlayerId(player_id), now)
    while (taken := turns.take(now)) is not None:
        waiting.remove(taken)
        turns.free(taken.player_id, now)
    assert waiting == []
