"""Lists of players, a page at a time."""

from __future__ import annotations

from giftbot.discord.player_lists import mine_components, mine_embed
from giftbot.models.ids import GuildId, PlayerId
from giftbot.models.player import PlayerState
from giftbot.text import players as texts
from tests.services.playing import ADA, GUILD, SITE, Club


async def test_a_page_that_is_no_more_leads_to_the_last_one(club: Club) -> None:
    """Players were removed since the button was drawn."""
    for number in range(1, 8):
        await club.put(str(number))
    views = await club.players.mine(GUILD, ADA)
    assert [field.name for field in mine_embed(views, 99, SITE).fields] == ["6", "7"]
    [row_of_buttons] = mine_components(views, 99)
    back, following = row_of_buttons.build()[0]["components"]
    assert back["custom_id"].endswith(":0")
    assert following["disabled"]
    assert mine_embed([], 3, SITE).description == texts.NO_PLAYERS
    page = await club.pages.after(GUILD, None, PlayerId("5"), start=10**30)
    assert page.start == 5


async def test_the_list_is_turned_forward_and_back_and_filtered(club: Club) -> None:
    """Every player is on exactly one page; the counts are of the whole server."""
    for number in range(45):
        await club.put(f"{number:03}", PlayerState.PAUSED if number % 3 == 0 else PlayerState.ACTIVE)
    first = await club.pages.after(GUILD, None)
    second = await club.pages.after(GUILD, None, first.players[-1].player_id, start=20)
    third = await club.pages.after(GUILD, None, second.players[-1].player_id, start=40)
    seen = [player.player_id for page in (first, second, third) for player in page.players]
    assert seen == [f"{number:03}" for number in range(45)]
    assert [page.has_more for page in (first, second, third)] == [True, True, False]
    assert await club.pages.before(GUILD, None, third.players[0].player_id, start=40) == second
    assert await club.pages.before(GUILD, None, second.players[0].player_id, start=20) == first
    paused = await club.pages.after(GUILD, PlayerState.PAUSED)
    assert (len(paused.players), paused.total, paused.has_more) == (15, 15, False)
    assert texts.list_footer(third) == "41 to 45 of 45 · 30 active, 15 paused"
    assert "nobody is registered" in texts.list_footer(await club.pages.after(GuildId(9), None))


async def test_players_are_suggested_by_the_beginning_of_their_id(club: Club) -> None:
    """An id that begins others comes with them; what is no number suggests nobody."""
    for player_id in ("12", "120", "13", "2"):
        await club.put(player_id)
    assert [player.player_id for player in await club.pages.suggest(GUILD, "12")] == ["12", "120"]
    assert len(await club.pages.suggest(GUILD, " ")) == 4
    assert await club.pages.suggest(GUILD, "Ada") == []
