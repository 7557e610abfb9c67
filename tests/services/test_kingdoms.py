"""Another default kingdom: whoever has none of their own, and was in the wrong one, is asked for again."""

from __future__ import annotations

import pytest

from giftbot.models.ids import CodeKey
from giftbot.models.player import PlayerState
from giftbot.models.redemption import RedemptionOutcome
from giftbot.services.kingdoms import Kingdoms
from tests.services.conftest import House
from tests.services.redeeming import GUILD, OTHER, Workshop


@pytest.fixture
def kingdoms(house: House, shop: Workshop) -> Kingdoms:
    """The service, over the store of the others."""
    return Kingdoms(guilds=house.guilds, store=shop.store, redemptions=shop.redemptions, clock=shop.clock)


async def test_a_repaired_default_kingdom_repairs_those_who_rely_on_it(kingdoms: Kingdoms, shop: Workshop) -> None:
    """They are asked for all active codes; who has a kingdom, paused, or is elsewhere stays as they are."""
    await shop.server(kingdom=1)
    await shop.server(OTHER, kingdom=1)
    await shop.code("SUMMER")
    for number in range(100, 103):
        await shop.player(str(number), state=PlayerState.WRONG_KINGDOM, kingdom=None)
    await shop.player("200", state=PlayerState.WRONG_KINGDOM, kingdom=5)
    await shop.player("201", state=PlayerState.PAUSED, kingdom=None)
    await shop.player("202", state=PlayerState.NOT_FOUND, kingdom=None)
    await shop.player("100", guild_id=OTHER, state=PlayerState.WRONG_KINGDOM, kingdom=None)
    assert await kingdoms.choose(GUILD, 312) == 3
    for number in range(100, 103):
        assert (await shop.stored_player(str(number))).state is PlayerState.UNPROVED
        row = await shop.row("SUMMER", str(number))
        assert row is not None
        assert row.next_attempt_at is not None
    assert await shop.job("SUMMER") is not None
    for player_id, state in (
        ("200", PlayerState.WRONG_KINGDOM),
        ("201", PlayerState.PAUSED),
        ("202", PlayerState.NOT_FOUND),
    ):
        assert (await shop.stored_player(player_id)).state is state
        assert await shop.row("SUMMER", player_id) is None
    assert (await shop.stored_player("100", OTHER)).state is PlayerState.WRONG_KINGDOM
    assert await kingdoms.choose(GUILD, 312) == 0


async def test_all_pages_of_players_are_repaired(kingdoms: Kingdoms, shop: Workshop) -> None:
    """More than are read at once."""
    await shop.server(kingdom=1)
    await shop.code("SUMMER")
    for number in range(1000, 1510):
        await shop.player(str(number), state=PlayerState.WRONG_KINGDOM, kingdom=None)
    assert await kingdoms.choose(GUILD, 312) == 510
    counts = await shop.store.count_outcomes(GUILD, CodeKey("SUMMER"))
    assert counts.by_outcome == {RedemptionOutcome.WAITING: 510}


async def test_after_a_crash_choosing_it_again_does_the_rest(kingdoms: Kingdoms, shop: Workshop) -> None:
    """Somebody was repaired, and their codes were not asked for: they are now."""
    await shop.server(kingdom=312)
    await shop.code("SUMMER")
    await shop.player("100", state=PlayerState.UNPROVED, kingdom=None)
    assert await kingdoms.choose(GUILD, 312) == 0
    assert await shop.row("SUMMER", "100") is not None


@pytest.mark.parametrize(("auto_redeem", "kingdom"), [(False, 312), (True, None)])
async def test_nothing_is_redeemed_where_nothing_is_to_be(
    kingdoms: Kingdoms, shop: Workshop, auto_redeem: bool, kingdom: int | None
) -> None:
    """Without auto-redeem a player is repaired all the same, for the button; without a kingdom nobody is."""
    await shop.server(auto_redeem=auto_redeem, kingdom=1)
    await shop.code("SUMMER")
    await shop.player("100", state=PlayerState.WRONG_KINGDOM, kingdom=None)
    await kingdoms.choose(GUILD, kingdom)
    expected = PlayerState.UNPROVED if kingdom else PlayerState.WRONG_KINGDOM
    assert (await shop.stored_player("100")).state is expected
    assert await shop.row("SUMMER", "100") is None
