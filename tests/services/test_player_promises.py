"""What people are told of their players: nothing that does not happen."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from giftbot.discord.player_lists import list_components, mine_embed
from giftbot.errors import GameHaltedError
from giftbot.models.ids import ChannelId, CodeKey
from giftbot.models.player import PlayerState
from giftbot.models.redemption import GameAnswer, Redemption
from giftbot.models.redemption import RedemptionOutcome as Out
from giftbot.models.roster import LineResult
from giftbot.services.ports import Store
from giftbot.text import panel as panel_texts
from giftbot.text import players as player_texts
from giftbot.text import redemptions as redemption_texts
from giftbot.text import rosters as roster_texts
from giftbot.text.governor import REDEEMING_HALTED, REDEEMING_OFF
from tests.fakes import START
from tests.services.playing import ADA, BOB, GUILD, ONE, SITE, TWO, Club
from tests.services.redeeming import Workshop, workshop

REFUSED = GameAnswer(Out.REFUSED_SIGNATURE, "40002 sign error")


def promised(words: str) -> bool:
    """Whether a sentence says that codes are redeemed."""
    return any(
        one in words for one in ("will be redeemed", "redeems its codes", "are redeemed for", "goes on where")
    )


@pytest.mark.parametrize("halted", [REDEEMING_OFF, REDEEMING_HALTED])
async def test_while_nothing_is_redeemed_nothing_is_promised(club: Club, halted: str) -> None:
    """Registering, resuming and importing store what was asked for, and say that and why nothing is redeemed."""
    club.oracle.halted, club.enrolled.halted = True, halted
    done = await club.players.add(GUILD, ONE, 312, ADA)
    report = await club.players.import_csv(GUILD, "7,312\n", ADA)
    await club.put(TWO, PlayerState.PAUSED)
    resumed, codes = await club.players.toggle_pause(GUILD, TWO, ADA, is_admin=False)
    assert [await club.is_stored(one) for one in (ONE, "7")] == [True, True]
    assert "2 active codes wait for that" in player_texts.registered(done)
    for words in (
        player_texts.registered(done),
        roster_texts.imported(report),
        player_texts.player_toggled(resumed, codes, club.players.halted),
        redemption_texts.auto_redeem_on(2, ChannelId(1), halted),
        redemption_texts.jobs_started(2, halted),
        redemption_texts.job_started("FROST1", halted),
        redemption_texts.job_running("FROST1", halted),
        redemption_texts.job_resumed("FROST1", halted),
        mine_embed(await club.players.mine(GUILD, ADA), 0, SITE).description or "",
    ):
        assert "Nothing is redeemed now: redeeming" in words
        assert halted[1:] in words
        assert not promised(words)


async def test_what_is_due_is_not_tried_in_the_past(club: Club) -> None:
    """A moment that is over says nothing; while nothing is redeemed there is no moment at all."""
    await club.put(ONE)
    row = Redemption(GUILD, CodeKey("FROST1"), ONE, Out.RETRY, START, START, attempts=1)
    past, coming = START - timedelta(minutes=5), START + timedelta(minutes=5)
    shown = []
    for moment in (past, coming):
        await club.store.record([attrs.evolve(row, next_attempt_at=moment)])
        [view] = await club.players.mine(GUILD, ADA)
        shown.append(player_texts.own_player(view, SITE)[1])
    assert "next attempt as soon as it is their turn" in shown[0]
    assert f"next attempt <t:{int(coming.timestamp())}:R>" in shown[1]
    club.enrolled.halted = REDEEMING_OFF
    [view] = await club.players.mine(GUILD, ADA)
    assert "next attempt once redeeming goes on" in player_texts.own_player(view, SITE)[1]


async def test_a_refused_signature_is_not_called_an_answer_about_the_player(shop: Workshop) -> None:
    """Whoever met it, and whoever asks for a row that met it: all read that the game does not accept the bot."""
    await shop.server()
    code, player = await shop.code("SALTED1"), await shop.player()
    shop.game.always = REFUSED
    for _ in range(2):
        with pytest.raises(GameHaltedError, match="does not accept the bot"):
            await shop.redemptions.redeem_now(player, [code])
    stored = await shop.row("SALTED1")
    assert stored is not None
    assert (stored.outcome, stored.attempts) == (Out.RETRY, 0)
    assert await shop.job("SALTED1") is not None  # somebody looks at it once that is repaired


async def test_after_the_repair_a_row_that_was_refused_is_asked_for_at_once(shop: Workshop, store: Store) -> None:
    """It was no attempt, so it is not too soon for another one."""
    await shop.server()
    code, player = await shop.code("SALTED1"), await shop.player()
    shop.game.always = REFUSED
    with pytest.raises(GameHaltedError):
        await shop.redemptions.redeem_now(player, [code])
    restarted = workshop(store)
    try:
        [row] = await restarted.redemptions.redeem_now(player, [code])
    finally:
        await restarted.governor.stop()
    assert row.outcome is Out.REDEEMED


async def test_an_import_leaves_the_players_of_members_as_they_are(club: Club) -> None:
    """Whoever imports may change what is nobody's, and what is their own."""
    await club.put("1", PlayerState.WRONG_KINGDOM, owner=ADA, kingdom=5, nickname="Ada")
    await club.put("2", PlayerState.UNPROVED, owner=None, kingdom=5)
    await club.put("3", PlayerState.UNPROVED, owner=BOB, kingdom=5)
    words = "1,77,Other\n2,77,Carol\n3,77,Bob\n"
    foreseen = await club.players.import_csv(GUILD, words, BOB, dry_run=True)
    report = await club.players.import_csv(GUILD, words, BOB)
    assert foreseen.lines == report.lines
    assert [line.result for line in report.lines] == [LineResult.KNOWN, LineResult.UPDATED, LineResult.UPDATED]
    assert report.lines[0].note == "Already registered by a member, left as it is."
    assert "Line 1 (1): Already registered by a member" in roster_texts.imported(report)
    kept = await club.stored("1")
    assert (kept.nickname, kept.kingdom, kept.state) == ("Ada", 5, PlayerState.WRONG_KINGDOM)
    assert [(await club.stored(one)).nickname for one in ("2", "3")] == ["Carol", "Bob"]
    unattended = await club.players.import_csv(GUILD, "3,88,Bobby\n", None)
    assert unattended.lines[0].note == "Already registered by a member, left as it is."


@pytest.mark.parametrize(("players", "rows"), [(1, 1), (20, 1), (21, 2)])
async def test_a_list_of_one_page_has_no_buttons_to_turn_it(club: Club, players: int, rows: int) -> None:
    """Only the filter; with a second page both ways are there."""
    for number in range(players):
        await club.put(f"{number:03}")
    page = await club.pages.after(GUILD, None)
    assert len(list_components(page)) == rows
    if rows == 2:
        last = await club.pages.after(GUILD, None, page.players[-1].player_id, start=20)
        assert len(list_components(last)) == 2


def test_a_check_says_how_many_codes_await_verification() -> None:
    """Instead of calling them nothing."""
    assert panel_texts.checked(1, 0, 3, 0).endswith("3 codes listed. Nothing is new here.")
    assert "2 new codes await the game's verification" in panel_texts.checked(1, 0, 3, 0, 2)
    assert "Nothing is new" not in panel_texts.checked(1, 0, 3, 0, 1)
    both = panel_texts.checked(1, 0, 3, 1, 1)
    assert "1 code will be posted here" in both
    assert "1 new code awaits" in both
