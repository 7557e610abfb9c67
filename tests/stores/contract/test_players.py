from __future__ import annotations

import asyncio

import attrs
import pytest

from giftbot.models.ids import GuildId, PlayerId, UserId
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import RedemptionOutcome
from giftbot.services.ports import Store
from tests.stores.build import GUILD, OTHER_GUILD, later
from tests.stores.build_redeeming import FROST, player, redemption

OWNER = UserId(555555555555555555)


def ids(players: list[Player]) -> list[str]:
    """Who they are."""
    return [str(found.player_id) for found in players]


async def test_a_player_is_read_as_written(store: Store) -> None:
    """Every field survives, also an id of twenty digits."""
    full = attrs.evolve(
        player("99999999999999999999", state=PlayerState.WRONG_KINGDOM, owner=OWNER),
        updated_at=later(1),
        kingdom=9999,
        nickname="Ünal 雪",
        added_by=UserId(7),
        proved_at=later(2),
    )
    assert await store.insert_players([full, player("007")]) == {full.player_id, "007"}
    found = await store.get_players(GUILD, [full.player_id, PlayerId("007"), PlayerId("7")])
    assert found == {full.player_id: full, "007": player("007")}


async def test_a_player_is_inserted_once(store: Store) -> None:
    """Whoever is there stays as they are; the same player of another server is another row."""
    first = attrs.evolve(player(1), kingdom=5)
    assert await store.insert_players([first]) == {"1"}
    assert await store.insert_players([player(1), player(2), player(2)]) == {"2"}
    assert await store.insert_players([player(1, guild=OTHER_GUILD)]) == {"1"}
    assert await store.insert_players([]) == set()
    assert (await store.get_players(GUILD, [PlayerId("1")]))[PlayerId("1")].kingdom == 5


async def test_concurrent_inserts_make_one_player(store: Store) -> None:
    """One of them is told that the player is new."""
    results = await asyncio.gather(*(store.insert_players([player(1), player(2)]) for _ in range(6)))
    assert sorted(name for found in results for name in found) == ["1", "2"]


async def test_a_change_needs_the_present_revision(store: Store) -> None:
    """A player whom somebody else changed, or removed, is not overwritten; what became None is gone."""
    await store.insert_players([attrs.evolve(player(1, owner=OWNER), nickname="x")])
    changed = attrs.evolve(player(1), state=PlayerState.PAUSED, kingdom=12)
    assert await store.save_player(changed)
    assert not await store.save_player(changed)
    assert await store.get_players(GUILD, [PlayerId("1")]) == {"1": attrs.evolve(changed, revision=1)}
    assert not await store.save_player(player(2))
    assert await store.get_players(GUILD, [PlayerId("2")]) == {}


@pytest.mark.mock_lacks("bulk_write with UpdateOne")
async def test_changes_at_the_same_time_are_told_apart(store: Store) -> None:
    """Of many changes that come together each is told whether it was made; of two of one player one is."""
    await store.insert_players([player(number) for number in range(8)])
    assert await store.save_player(attrs.evolve(player(3), kingdom=9))
    paused = [attrs.evolve(player(number), state=PlayerState.PAUSED) for number in range(8)]
    saved = await asyncio.gather(*(store.save_player(one) for one in [*paused, paused[5], player(99)]))
    assert [number for number, done in enumerate(saved[:8]) if done and number != 5] == [0, 1, 2, 4, 6, 7]
    assert saved[5] is not saved[8]
    assert not saved[9]
    found = await store.get_players(GUILD, [PlayerId(str(number)) for number in (*range(8), 99)])
    assert [one.state for _, one in sorted(found.items())] == [
        PlayerState.ACTIVE if number == 3 else PlayerState.PAUSED for number in range(8)
    ]
    assert {one.revision for one in found.values()} == {1}


async def test_players_of_a_user_are_listed_oldest_first(store: Store) -> None:
    """In one server."""
    await store.insert_players([player(1, owner=OWNER, now=later(2)), player(2, owner=OWNER), player(3, owner=8)])
    await store.insert_players([player(4, owner=OWNER, guild=OTHER_GUILD), player(5)])
    assert ids(await store.list_owned(GUILD, OWNER)) == ["2", "1"]
    assert await store.list_owned(GUILD, UserId(9)) == []


async def test_players_are_listed_page_by_page(store: Store) -> None:
    """By ascending id as text, of one server, in some states."""
    everyone = [player(number) for number in (1, 10, 2, 21, 3)]
    await store.insert_players([*everyone, player(4, state=PlayerState.PAUSED)])
    await store.insert_players([player(1, guild=OTHER_GUILD), player(99, guild=int(f"{GUILD}1"))])
    assert ids(await store.list_players(guild_id=GUILD)) == ["1", "10", "2", "21", "3", "4"]
    assert ids(await store.list_players(guild_id=GUILD, after=PlayerId("10"), limit=2)) == ["2", "21"]
    assert ids(await store.list_players(guild_id=GUILD, after=PlayerId("4"))) == []
    paused = await store.list_players(guild_id=GUILD, states=[PlayerState.PAUSED, PlayerState.NOT_FOUND])
    assert ids(paused) == ["4"]
    over_all = await store.list_players(limit=1000)
    assert len(over_all) == 8
    assert over_all == sorted(over_all, key=lambda found: f"{found.guild_id}:{found.player_id}")
    assert len(await store.list_players(states=[PlayerState.ACTIVE])) == 7


async def test_more_players_than_a_chunk(store: Store) -> None:
    """An import of thousands is read back whole."""
    many = [player(1_000 + number) for number in range(1_250)]
    assert len(await store.insert_players(many)) == 1_250
    assert len(await store.insert_players([*many, player(7)])) == 1
    assert len(await store.get_players(GUILD, [found.player_id for found in many])) == 1_250
    assert await store.get_players(GUILD, []) == {}


async def test_players_are_counted_by_state(store: Store) -> None:
    """In one server, and in all."""
    await store.insert_players([player(1), player(2), player(3, state=PlayerState.UNPROVED)])
    await store.insert_players([player(1, guild=OTHER_GUILD)])
    assert await store.count_players(GUILD) == {PlayerState.ACTIVE: 2, PlayerState.UNPROVED: 1}
    assert await store.count_players() == {PlayerState.ACTIVE: 3, PlayerState.UNPROVED: 1}
    assert await store.count_players(GuildId(5)) == {}


async def test_a_removed_player_keeps_what_was_granted(store: Store) -> None:
    """Open and failed rows go with them; other players and other servers keep theirs."""
    await store.insert_players([player(1), player(2)])
    kept = [
        redemption(1, RedemptionOutcome.REDEEMED),
        redemption(1, RedemptionOutcome.ALREADY, code="OTHER"),
        redemption(1, guild=OTHER_GUILD),
        redemption(2),
    ]
    gone = [redemption(1, code="WAITS"), redemption(1, RedemptionOutcome.WRONG_KINGDOM, code="FAILED")]
    await store.open_redemptions([*kept, *gone])
    assert await store.remove_player(GUILD, PlayerId("1"))
    assert not await store.remove_player(GUILD, PlayerId("1"))
    assert ids(await store.list_players(guild_id=GUILD)) == ["2"]
    rows = [*kept, *gone]
    assert await store.get_redemptions([row.redemption_id for row in rows]) == {
        row.redemption_id: row for row in kept
    }
    assert await store.granted_players(FROST, [PlayerId("1")]) == {"1"}
