"""What people ask of redemption."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from giftbot.errors import GameHaltedError, InvalidInputError, StoreUnavailableError
from giftbot.models.ids import CodeKey
from giftbot.models.job import JobState, Trigger
from giftbot.models.player import PlayerState
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.ports import Store
from giftbot.services.redemptions import Started
from tests.services.redeeming import GUILD, OTHER, Workshop, workshop


async def test_a_job_is_started_once(shop: Workshop) -> None:
    """The second request finds it running, whoever asks; so do requests at the same moment."""
    code = await shop.code("ONCE111")
    await shop.player()
    asked = [shop.redemptions.start(GUILD, code, trigger) for trigger in (Trigger.MANUAL, Trigger.AUTO)]
    answers = await asyncio.gather(*asked)
    assert sorted(answers, key=str) == [Started.RUNNING, Started.STARTED]
    assert await shop.redemptions.start(GUILD, code, Trigger.MANUAL) is Started.RUNNING
    assert len(await shop.store.list_jobs(guild_id=GUILD)) == 1


@pytest.mark.parametrize("state", [None, PlayerState.PAUSED, PlayerState.WRONG_KINGDOM, PlayerState.NOT_FOUND])
async def test_without_players_to_ask_for_there_is_no_job(shop: Workshop, state: PlayerState | None) -> None:
    """Nobody registered, or only players whom the game is not asked for."""
    if state is not None:
        await shop.player(state=state)
    assert await shop.redemptions.start(GUILD, await shop.code("NOBODY1"), Trigger.MANUAL) is Started.NOBODY
    assert await shop.job("NOBODY1") is None


async def test_all_active_codes_are_started_but_those_that_run(shop: Workshop) -> None:
    """What is over is left out, too."""
    await shop.player()
    first, _, over = [await shop.code(name) for name in ("FIRST11", "SECOND1", "OVER111")]
    await shop.codes.end(over.key, is_known=True)
    await shop.redemptions.start(GUILD, first, Trigger.MANUAL)
    assert await shop.redemptions.start_all(GUILD, Trigger.SWITCHED_ON) == 1
    assert {job.code for job in await shop.store.list_jobs(guild_id=GUILD)} == {"FIRST11", "SECOND1"}


async def test_a_new_code_gets_a_job_in_every_server_with_auto_redeem_also_after_a_crash(shop: Workshop) -> None:
    """When the store is lost between jobs and mark, the next round opens what is missing, and nothing twice."""
    await shop.server(GUILD)
    await shop.server(OTHER, auto_redeem=False)
    await shop.code("FANOUT1", redeem=True)
    shop.observed.fail_next("replace_code")
    with pytest.raises(StoreUnavailableError):
        await shop.redemptions.fan_out()
    before = await shop.job("FANOUT1")
    assert before is not None
    assert await shop.redemptions.fan_out() == 0
    assert await shop.job("FANOUT1") == before
    assert await shop.job("FANOUT1", OTHER) is None
    assert await shop.store.list_to_redeem() == []
    shop.observed.calls.clear()
    assert await shop.redemptions.fan_out() == 0
    assert shop.observed.calls == ["list_to_redeem"]


async def test_a_new_player_waits_for_every_active_code(shop: Workshop) -> None:
    """With auto-redeem only; jobs that are done are opened again, those that an admin stopped stay stopped."""
    await shop.server()
    codes = [await shop.code(name) for name in ("FRESH11", "STOPPED")]
    await shop.player("1")
    await shop.redemptions.start(GUILD, codes[1], Trigger.MANUAL)
    await shop.redemptions.stop(GUILD, codes[1].key)
    assert await shop.redemptions.enrol_player(await shop.player("2")) == 2
    job, stopped = await shop.job("FRESH11"), await shop.job("STOPPED")
    assert job is not None
    assert stopped is not None
    assert (job.state, job.enrolling, job.trigger) == (JobState.OPEN, False, Trigger.REGISTRATION)
    assert stopped.state is JobState.STOPPED
    due = await shop.store.due_redemptions(GUILD, CodeKey("FRESH11"), shop.clock.now(), limit=10)
    assert [row.player_id for row in due] == ["2"]
    await shop.server(OTHER, auto_redeem=False)
    assert await shop.redemptions.enrol_player(await shop.player("3", guild_id=OTHER)) == 0
    assert await shop.redemptions.enrol_player(await shop.player("4", state=PlayerState.PAUSED)) == 0


async def test_now_is_asked_once_per_code_and_stored(shop: Workshop) -> None:
    """The results are those of the store; who has the code, through any server, is not asked again."""
    codes = [await shop.code(name) for name in ("NOW1111", "NOW2222")]
    player, elsewhere = await shop.player(), await shop.player(guild_id=OTHER)
    results = await shop.redemptions.redeem_now(player, codes)
    assert [row.outcome for row in results] == [RedemptionOutcome.REDEEMED] * 2
    assert [await shop.row(code.key) for code in codes] == results
    assert await shop.redemptions.redeem_now(player, codes) == results
    again = await shop.redemptions.redeem_now(elsewhere, codes)
    assert [row.outcome for row in again] == [RedemptionOutcome.ALREADY] * 2
    assert len(shop.game.calls) == 2
    assert (await shop.stored_player()).state is PlayerState.ACTIVE


async def test_now_uses_the_servers_kingdom_or_says_that_there_is_none(shop: Workshop) -> None:
    """A player without a kingdom in a server without one cannot be asked for."""
    code = await shop.code("KINGDOM")
    await shop.server(GUILD, kingdom=77)
    await shop.redemptions.redeem_now(await shop.player(kingdom=None), [code])
    assert shop.game.calls[0].kingdom == 77
    with pytest.raises(InvalidInputError, match="No kingdom is known"):
        await shop.redemptions.redeem_now(await shop.player(guild_id=OTHER, kingdom=None), [code])
    wrong = await shop.player("101", state=PlayerState.WRONG_KINGDOM)
    with pytest.raises(InvalidInputError, match="not in that kingdom"):
        await shop.redemptions.redeem_now(wrong, [code])


async def test_now_is_refused_with_a_sentence_while_it_is_switched_off(store: Store) -> None:
    """With a budget of 0 nobody is asked, and nothing is stored."""
    off = workshop(store, per_minute=0)
    code, player = await off.code("OFF1111"), await off.player()
    with pytest.raises(GameHaltedError, match="switched off"):
        await off.redemptions.redeem_now(player, [code])
    assert off.game.calls == []
    assert await off.row("OFF1111") is None
    await off.governor.stop()


async def test_now_of_a_code_that_is_over_asks_nobody(shop: Workshop) -> None:
    """The answer says that it is over."""
    code = await shop.code("GONE111")
    await shop.codes.end(code.key, is_known=True)
    [ended] = (await shop.codes.get([code.key])).values()
    [row] = await shop.redemptions.redeem_now(await shop.player(), [ended])
    assert row.outcome is RedemptionOutcome.EXPIRED
    assert shop.game.calls == []


async def test_stop_and_resume_are_for_that_one_job(shop: Workshop) -> None:
    """Each works once; what was waiting waits on."""
    await shop.player()
    code, other = await shop.code("STOP111"), await shop.code("OTHER11")
    for one in (code, other):
        await shop.redemptions.start(GUILD, one, Trigger.MANUAL)
    assert await shop.redemptions.stop(GUILD, code.key)
    assert not await shop.redemptions.stop(GUILD, code.key)
    job = await shop.job("OTHER11")
    assert job is not None
    assert job.state is JobState.OPEN
    assert await shop.redemptions.resume(GUILD, code.key)
    assert not await shop.redemptions.resume(GUILD, code.key)
    job = await shop.job("STOP111")
    assert job is not None
    assert (job.state, job.reason) == (JobState.OPEN, None)


async def test_what_failed_is_tried_again_on_request_and_what_was_granted_is_not(shop: Workshop) -> None:
    """Rows that were parked wait anew, their attempts forgotten, and the job that was done is open."""
    code = await shop.code("RETRY11")
    for number, outcome in enumerate((RedemptionOutcome.UNKNOWN, RedemptionOutcome.REDEEMED)):
        await shop.player(str(number))
        shop.game.says.append(GameAnswer(outcome, "40010 ?"))
        await shop.redemptions.redeem_now(await shop.stored_player(str(number)), [code])
    await shop.redemptions.start(GUILD, code, Trigger.MANUAL)
    [claimed] = await shop.store.claim_jobs("me", shop.clock.now(), shop.clock.now(), limit=1)
    ended = attrs.evolve(claimed, state=JobState.DONE, due_at=None, lease_until=None, enrolling=False)
    assert await shop.store.save_job(ended)
    assert await shop.redemptions.retry(GUILD, code.key) == 1
    parked, granted, job = await shop.row("RETRY11", "0"), await shop.row("RETRY11", "1"), await shop.job("RETRY11")
    assert parked is not None
    assert granted is not None
    assert job is not None
    assert (parked.outcome, parked.attempts) == (RedemptionOutcome.WAITING, 0)
    assert granted.outcome is RedemptionOutcome.REDEEMED
    assert (job.state, job.enrolling) == (JobState.OPEN, False)


async def test_jobs_are_shown_with_counts_and_time_left(shop: Workshop) -> None:
    """A job with somebody to ask has an estimate; a stopped one has none."""
    code = await shop.code("VIEW111")
    await shop.player()
    await shop.redemptions.start(GUILD, code, Trigger.MANUAL)
    await shop.store.open_redemptions([shop.waiting(code)])
    [view] = await shop.redemptions.jobs(GUILD)
    assert view.counts.open == 1
    assert view.eta is not None
    assert view.eta < 1
    await shop.redemptions.stop(GUILD, code.key)
    [view] = await shop.redemptions.jobs(GUILD, states=(JobState.STOPPED,))
    assert view.eta is None
