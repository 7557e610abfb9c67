"""What owners read of their players: how each fares, and what was redeemed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import attrs

from giftbot.discord.player_lists import mine_embed
from giftbot.errors import InvalidInputError, StoreUnavailableError
from giftbot.models.code import CodeStatus, Finding, GiftCode, discovered, display_form, fold
from giftbot.models.ids import CodeKey, PlayerId
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.text import answers as answer_texts
from giftbot.text import players as player_texts
from tests.fakes import START
from tests.services.playing import ADA, BOB, GUILD, ONE, SITE, Club


def row(player_id: str, code: str, outcome: RedemptionOutcome, **details: object) -> Redemption:
    """What the game answered."""
    made = Redemption(GUILD, CodeKey(code), PlayerId(player_id), outcome, START, START)
    return attrs.evolve(made, **details)  # type: ignore[arg-type]


def gift(name: str) -> GiftCode:
    """An active code."""
    return discovered("json", Finding(fold(name), display_form(name)), CodeStatus.ACTIVE, START)


async def test_owners_see_state_results_the_next_attempt_and_why_something_failed(club: Club) -> None:
    """Newest first; a player without a kingdom of their own has the server's."""
    await club.default_kingdom(40)
    await club.put(ONE, PlayerState.UNPROVED, kingdom=None, nickname="*Ada*")
    soon = START + timedelta(hours=1)
    await club.store.record(
        [
            row(ONE, "FROST1", RedemptionOutcome.REDEEMED, redeemed_at=START),
            row(ONE, "FROST2", RedemptionOutcome.RETRY, next_attempt_at=soon, updated_at=soon),
            row(ONE, "FROST3", RedemptionOutcome.UNKNOWN, raw="40010 *odd*", updated_at=START - timedelta(days=1)),
        ]
    )
    [view] = await club.players.mine(GUILD, ADA)
    assert view.kingdom == 40
    assert [found.code for found in view.redemptions] == ["FROST2", "FROST1", "FROST3"]
    name, lines = player_texts.own_player(view, "https://redeem.example")
    assert name == r"\*Ada\* (10000001)"
    assert "Not checked yet" in lines
    assert "Kingdom 40, this server's default" in lines
    assert f"**FROST1**: redeemed, <t:{int(START.timestamp())}:R>" in lines
    assert f"next attempt <t:{int(soon.timestamp())}:R>" in lines
    assert r"The game said “40010 \*odd\*”" in lines
    assert await club.players.mine(GUILD, BOB) == []


async def test_what_is_left_to_do_by_hand_says_where(club: Club) -> None:
    """The page on which players redeem themselves; and a wrong kingdom promises nothing that may be off."""
    await club.put(ONE)
    await club.store.record([row(ONE, "HAND1", RedemptionOutcome.BY_HAND)])
    await club.store.record([row(ONE, "KING1", RedemptionOutcome.WRONG_KINGDOM)])
    views = await club.players.mine(GUILD, ADA)
    shown = mine_embed(views, 7, club.players.site)  # a page that is gone leads to the last one
    assert SITE in shown.fields[0].value
    assert "where it is on, or else /redeem" in shown.fields[0].value


async def test_one_player_who_fails_does_not_hide_the_results_of_others(impatient_club: Club) -> None:
    """Each player has results or a sentence that says why not."""
    players = [await impatient_club.put(str(number)) for number in range(1, 5)]

    async def now(player: Player, codes: Sequence[GiftCode]) -> list[Redemption]:
        match player.player_id:
            case "1":
                return [row("1", code.key, RedemptionOutcome.REDEEMED) for code in codes]
            case "2":
                raise InvalidInputError("This player is in another kingdom.")
            case "3":
                raise StoreUnavailableError("it is away")
        await asyncio.Event().wait()
        return []

    impatient_club.enrolled.now = now
    one, two, three, four = await impatient_club.players.redeem_now(players, [gift("Frost1"), gift("FROST2")])
    assert [found.outcome for found in one.redemptions] == [RedemptionOutcome.REDEEMED] * 2
    assert two.problem == "This player is in another kingdom."
    assert three.problem == answer_texts.STORE_AWAY
    assert four.problem == player_texts.REDEEMING_TOOK_TOO_LONG
    answer = player_texts.redeemed_for(
        [one, two, three, four], {CodeKey("FROST1"): "Frost1"}, "https://example.test"
    )
    assert "**Frost1** is redeemed" in answer
    assert "another kingdom" in answer


async def test_a_second_press_does_not_ask_for_the_same_player_again(club: Club) -> None:
    """Impatience costs no calls; when the first one ended, the next may."""
    player = await club.put(ONE)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def now(player: Player, codes: Sequence[GiftCode]) -> list[Redemption]:
        begun.set()
        await go_on.wait()
        return []

    club.enrolled.now = now
    first = asyncio.create_task(club.players.redeem_now([player], [gift("FROST1")]))
    await begun.wait()
    [second] = await club.players.redeem_now([player], [gift("FROST1")])
    assert second.problem == player_texts.REDEEMING_ALREADY
    go_on.set()
    assert (await first)[0].problem is None
    assert (await club.players.redeem_now([player], [gift("FROST1")]))[0].problem is None


async def test_answers_fit_into_a_message_however_many_players_and_codes(club: Club) -> None:
    """Discord takes 2,000 characters; what does not fit is said to be missing."""
    codes = [gift(f"FROST{number}") for number in range(10)]

    async def now(player: Player, codes: Sequence[GiftCode]) -> list[Redemption]:
        return [row(player.player_id, code.key, RedemptionOutcome.INELIGIBLE) for code in codes]

    club.enrolled.now = now
    players = [await club.put(str(number), nickname="n" * 40) for number in range(1, 26)]
    answer = player_texts.redeemed_for(await club.players.redeem_now(players, codes), {}, "https://example.test")
    assert 1_500 < len(answer) <= 2_000
    assert answer.endswith("…")
