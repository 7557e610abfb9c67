"""What opens jobs, and what must not keep one from being opened."""

from __future__ import annotations

import attrs

from giftbot.models.ids import PlayerId
from giftbot.models.job import Job, JobState, Trigger
from giftbot.models.player import PlayerState
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.redemptions import Started
from giftbot.text.governor import GAME_LEFT_ALONE
from tests.services.governing import BROKEN
from tests.services.redeeming import GUILD, OTHER, Workshop

TOO_LOW = GameAnswer(RedemptionOutcome.INELIGIBLE, "40006 STOVE_LV ERROR")
BUSY = GameAnswer(RedemptionOutcome.RETRY, "40004 TIMEOUT RETRY")


async def _job(shop: Workshop, code: str) -> Job:
    job = await shop.job(code)
    assert job is not None
    return job


async def test_a_job_for_one_new_player_does_not_stand_in_for_the_whole_server(shop: Workshop) -> None:
    """Who registers between the discovery of a code and its fan-out leaves it to everybody else, too."""
    await shop.server()
    code = await shop.code("FROST77", redeem=True)
    await shop.player("1")
    await shop.redemptions.enrol_player(await shop.player("2"))
    assert not (await _job(shop, "FROST77")).enrolling
    assert await shop.redemptions.fan_out() == 1
    job = await _job(shop, "FROST77")
    assert job.enrolling
    assert (await shop.enrolment.page(job, code)).cursor == "2"
    assert await shop.row("FROST77", "1") is not None


async def test_run_starts_a_job_that_only_rests_for_one_player(shop: Workshop) -> None:
    """An open job whose next attempt is tomorrow is not running: an admin's run enrols everybody."""
    await shop.server()
    code = await shop.code("FROST77")
    await shop.player("1")
    assert await shop.redemptions.start(GUILD, code, Trigger.MANUAL) is Started.STARTED
    assert await shop.redemptions.start(GUILD, code, Trigger.MANUAL) is Started.RUNNING
    [claimed] = await shop.store.claim_jobs("me", shop.clock.now(), shop.clock.now(), limit=1)
    tomorrow = shop.clock.now().replace(year=2100)
    resting = attrs.evolve(claimed, enrolling=False, due_at=tomorrow, lease_until=None)
    assert await shop.store.save_job(resting)
    assert await shop.redemptions.start(GUILD, code, Trigger.MANUAL) is Started.STARTED
    assert (await _job(shop, "FROST77")).enrolling


async def test_a_code_that_came_back_restarts_what_rested_from_before(shop: Workshop) -> None:
    """A new epoch redeems the code again for everybody, also where a job of the earlier one is open or stopped."""
    await shop.server()
    code = await shop.code("FROST77")
    await shop.player("1")
    await shop.redemptions.start(GUILD, code, Trigger.AUTO)
    await shop.redemptions.stop(GUILD, code.key)
    back = attrs.evolve(code.returned(shop.clock.now()), updated_at=shop.clock.now())
    assert await shop.store.replace_code(back)
    assert await shop.redemptions.fan_out() == 1
    assert (await _job(shop, "FROST77")).state is JobState.OPEN


async def test_turning_auto_redeem_on_revives_what_failed_before(shop: Workshop) -> None:
    """A kingdom that was repaired while auto-redeem was off is redeemed for once it is on."""
    await shop.server()
    code = await shop.code("FROST77")
    await shop.player("1", state=PlayerState.ACTIVE)
    failed = attrs.evolve(
        shop.waiting(code, "1"), outcome=RedemptionOutcome.WRONG_KINGDOM, next_attempt_at=None, attempts=1
    )
    await shop.store.record([failed])
    assert await shop.redemptions.start_all(GUILD, Trigger.SWITCHED_ON) == 1
    await shop.enrolment.page(await _job(shop, "FROST77"), code)
    row = await shop.row("FROST77", "1")
    assert row is not None
    assert row.outcome is RedemptionOutcome.WAITING


async def test_without_auto_redeem_the_button_opens_no_job(shop: Workshop) -> None:
    """What the game did not decide rests, and the player may press again."""
    await shop.server(auto_redeem=False)
    code = await shop.code("FROST77")
    player = await shop.player("1")
    shop.game.says.append(TOO_LOW)
    [row] = await shop.redemptions.redeem_now(player, [code])
    assert (row.outcome, row.next_attempt_at) == (RedemptionOutcome.INELIGIBLE, None)
    assert await shop.job("FROST77") is None


async def test_with_auto_redeem_a_busy_game_is_asked_again_by_a_job(shop: Workshop) -> None:
    """The answer comes at once, and the next attempt is kept, even when another code's question fails."""
    await shop.server()
    code, other = await shop.code("FROST77"), await shop.code("SNOW2026")
    player = await shop.player("1")
    shop.game.says += [BUSY, BUSY]
    rows = await shop.redemptions.redeem_now(player, [code, other])
    assert all(row.next_attempt_at for row in rows)
    for name in ("FROST77", "SNOW2026"):
        assert (await _job(shop, name)).state is JobState.OPEN


async def test_pressing_again_asks_no_more_than_it_may(shop: Workshop) -> None:
    """Twenty presses on a code that a player's level is too low for are one question."""
    await shop.server(auto_redeem=False)
    code = await shop.code("FROST77")
    player = await shop.player("1")
    shop.game.always = TOO_LOW
    for _ in range(20):
        await shop.redemptions.redeem_now(player, [code])
    assert len(shop.game.calls) == 1
    shop.advance(minutes=11)
    await shop.redemptions.redeem_now(player, [code])
    assert len(shop.game.calls) == 2


async def test_who_is_not_asked_because_the_game_is_broken_keeps_what_is_stored(shop: Workshop) -> None:
    """The refusal is told, and is neither an attempt nor an answer; a new player is asked by a job later."""
    await shop.server()
    code = await shop.code("FROST77")
    shop.game.says = [BROKEN] * 5
    for number in range(1, 6):
        await shop.redemptions.redeem_now(await shop.player(str(number)), [code])
    assert shop.governor.state.breaker == "open"
    low = attrs.evolve(
        shop.waiting(code, "6"),
        outcome=RedemptionOutcome.INELIGIBLE,
        raw=TOO_LOW.raw,
        attempts=2,
        next_attempt_at=shop.clock.now(),
    )
    parked = attrs.evolve(
        shop.waiting(code, "7"), outcome=RedemptionOutcome.UNKNOWN, raw="odd", attempts=1, next_attempt_at=None
    )
    await shop.store.record([low, parked])
    shop.advance(minutes=11)
    players = [await shop.player(number) for number in ("6", "7", "8")]
    told = [row for player in (*players, players[-1]) for row in await shop.redemptions.redeem_now(player, [code])]
    assert {(row.outcome, row.raw) for row in told} == {(RedemptionOutcome.RETRY, GAME_LEFT_ALONE)}
    assert [row.attempts for row in told] == [2, 1, 0, 0]
    assert told[1].next_attempt_at is None
    assert len(shop.game.calls) == 5
    kept = [await shop.row("FROST77", number) for number in ("6", "7")]
    assert [(row.outcome, row.raw) for row in kept if row] == [
        (RedemptionOutcome.INELIGIBLE, TOO_LOW.raw),
        (RedemptionOutcome.UNKNOWN, "odd"),
    ]
    new = await shop.row("FROST77", "8")
    assert new is not None
    assert new.next_attempt_at is not None
    assert (await _job(shop, "FROST77")).state is JobState.OPEN


async def test_a_code_known_through_another_server_proves_nothing(shop: Workshop) -> None:
    """The game is not asked, so the kingdom that this server has stays unproved."""
    await shop.server()
    await shop.server(OTHER)
    code = await shop.code("FROST77")
    [first] = await shop.redemptions.redeem_now(await shop.player("1", guild_id=OTHER), [code])
    [second] = await shop.redemptions.redeem_now(await shop.player("1", kingdom=999), [code])
    assert (first.outcome, second.outcome) == (RedemptionOutcome.REDEEMED, RedemptionOutcome.ALREADY)
    assert second.attempts == 0
    assert (await shop.stored_player("1")).state is PlayerState.UNPROVED
    assert len(shop.game.calls) == 1


async def test_what_an_operator_retries_is_due_in_an_open_job(shop: Workshop) -> None:
    """Parked answers become waiting, also where no job is left."""
    await shop.server()
    code = await shop.code("FROST77")
    await shop.player("1")
    parked = attrs.evolve(shop.waiting(code, "1"), outcome=RedemptionOutcome.UNKNOWN, next_attempt_at=None)
    await shop.store.record([parked])
    assert await shop.redemptions.retry(GUILD, code.key) == 1
    due = await shop.store.due_redemptions(GUILD, code.key, shop.clock.now(), limit=10)
    assert [row.player_id for row in due] == [PlayerId("1")]
    assert (await _job(shop, "FROST77")).state is JobState.OPEN
