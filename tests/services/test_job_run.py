"""One job, from its claim to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import chain, repeat

import attrs
import pytest
from structlog.testing import capture_logs

from giftbot.errors import StoreUnavailableError
from giftbot.models.code import GiftCode
from giftbot.models.ids import ChannelId, MessageId
from giftbot.models.job import Job, JobState, Trigger
from giftbot.models.player import PlayerState
from giftbot.models.post import Page
from giftbot.models.redemption import GRANTED, GameAnswer, RedemptionOutcome
from giftbot.models.times import RedeemingTimes
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.job_progress import JobProgress
from giftbot.services.job_run import JobRun, Tools
from giftbot.text import jobs as job_texts
from giftbot.text import redemptions as redemption_texts
from tests.services.redeeming import GUILD, Workshop


class NoBoard:
    """A Discord in which nothing can be shown."""

    async def post(self, channel_id: ChannelId, page: Page, nonce: str) -> MessageId | None:
        """Fail."""
        return None

    async def edit(self, channel_id: ChannelId, message_id: MessageId, page: Page) -> bool | None:
        """Fail."""
        return None


@attrs.define
class Bench:
    """A workshop, and somebody who works in it."""

    shop: Workshop
    tools: Tools
    interrupted: asyncio.Event = attrs.Factory(asyncio.Event)
    may_go_on: bool = True

    async def claim(self, owner: str = "me") -> Job:
        """Claim the job that is due."""
        now = self.shop.clock.now()
        [job] = await self.shop.store.claim_jobs(owner, now, now + timedelta(seconds=60), limit=1)
        return job

    async def work(self) -> Job:
        """Claim the job that is due and work on it; as it is stored then."""
        job = await self.claim()
        await self.run(job)
        return (await self.shop.store.get_jobs([job.job_id]))[job.job_id]

    async def run(self, job: Job) -> None:
        """Work on a job until it is let go."""
        async with asyncio.timeout(PATIENCE):
            await JobRun(job, self.tools, self.interrupted, lambda: self.may_go_on).run()


@pytest.fixture
async def bench(shop: Workshop) -> AsyncIterator[Bench]:
    """Somebody at work."""
    progress = JobProgress(
        board=NoBoard(), store=shop.store, guilds=shop.store, codes=shop.store, clock=shop.clock, site="", pause=0
    )
    tools = Tools(
        store=shop.store,
        asking=shop.asking,
        enrolment=shop.enrolment,
        governor=shop.governor,
        progress=progress,
        clock=shop.clock,
        times=RedeemingTimes(),
        ahead=4,
    )
    yield Bench(shop, tools)
    await progress.aclose()


async def started(shop: Workshop, *player_ids: str, name: str = "WORK111") -> GiftCode:
    """A code whose job is open, and players who are registered."""
    code = await shop.code(name)
    for player_id in player_ids:
        await shop.player(player_id)
    await shop.redemptions.start(GUILD, code, Trigger.MANUAL)
    return code


async def outcomes(shop: Workshop, code: GiftCode) -> dict[str, RedemptionOutcome]:
    """What is stored of each player."""
    rows = await shop.store.list_redemptions(guild_id=GUILD, code=code.key, limit=1000)
    return {row.player_id: row.outcome for row in rows}


async def test_everybody_is_asked_once_and_the_job_is_done(bench: Bench) -> None:
    """More players than are asked at once; each has the code in the end."""
    code = await started(bench.shop, *(f"{number}" for number in range(30)))
    job = await bench.work()
    assert (job.state, job.due_at, job.lease_until, job.reason) == (JobState.DONE, None, None, None)
    assert job.finished_at is not None
    assert set((await outcomes(bench.shop, code)).values()) == {RedemptionOutcome.REDEEMED}
    assert len(bench.shop.game.calls) == 30


async def test_it_rests_until_the_next_one_is_due(bench: Bench) -> None:
    """A player to be asked again keeps the job open; nobody works on it meanwhile."""
    bench.shop.game.says.append(GameAnswer(RedemptionOutcome.RETRY, "busy"))
    code = await started(bench.shop, "1", "2")
    job = await bench.work()
    rows = await bench.shop.store.list_redemptions(guild_id=GUILD, code=code.key)
    [again] = [row for row in rows if row.outcome is RedemptionOutcome.RETRY]
    assert (job.state, job.due_at, job.lease_until) == (JobState.OPEN, again.next_attempt_at, None)
    bench.shop.advance(minutes=2)
    assert (await bench.work()).state is JobState.DONE
    assert len(bench.shop.game.calls) == 3


async def test_a_dead_code_ends_it_for_all(bench: Bench) -> None:
    """Whoever was not asked gets the same end; nobody is asked any more."""
    bench.shop.game.always = GameAnswer(RedemptionOutcome.EXPIRED, "40007 TIME ERROR")
    code = await started(bench.shop, *(f"{number}" for number in range(50)))
    job = await bench.work()
    assert (job.state, job.reason) == (JobState.DONE, job_texts.job_code_over(is_unknown=False))
    assert set((await outcomes(bench.shop, code)).values()) == {RedemptionOutcome.EXPIRED}
    assert len(bench.shop.game.calls) < 20


async def test_a_code_that_ended_elsewhere_is_asked_for_nobody(bench: Bench) -> None:
    """Between the start and the claim a source withdrew it."""
    code = await started(bench.shop, "1")
    await bench.shop.codes.end(code.key, is_known=True)
    assert (await bench.work()).state is JobState.DONE
    assert bench.shop.game.calls == []


async def test_who_cannot_be_asked_for_any_more_is_noted_and_not_asked(bench: Bench) -> None:
    """Enrolled, and then paused, found wrong, removed, or without a kingdom: a reason each, and no next attempt."""
    code = await started(bench.shop, "1", "2", "3", "4", "5")
    job = await bench.claim()
    enrolled = await bench.shop.enrolment.page(job, code)
    for player_id, change in (
        ("1", {"state": PlayerState.PAUSED}),
        ("2", {"state": PlayerState.WRONG_KINGDOM}),
        ("3", {"kingdom": None}),
    ):
        changed = attrs.evolve(await bench.shop.stored_player(player_id), **change)
        assert await bench.shop.store.save_player(changed)
    await bench.shop.store.remove_player(GUILD, (await bench.shop.stored_player("4")).player_id)
    await bench.run(enrolled)
    found = await outcomes(bench.shop, code)
    assert found["1"] is RedemptionOutcome.WAITING
    assert found["2"] is RedemptionOutcome.WRONG_KINGDOM
    assert found["3"] is RedemptionOutcome.WRONG_KINGDOM
    assert found["5"] is RedemptionOutcome.REDEEMED
    assert found.get("4", RedemptionOutcome.NO_SUCH_PLAYER) is RedemptionOutcome.NO_SUCH_PLAYER
    assert [call.player_id for call in bench.shop.game.calls] == ["5"]
    assert await bench.shop.store.next_attempt(GUILD, code.key) is None


async def test_one_that_was_stopped_is_let_go_and_resumed_where_it_was(bench: Bench) -> None:
    """The stop comes from another process: the next look at the claim shows it."""
    code = await started(bench.shop, *(f"{number:02}" for number in range(20)))
    job = await bench.claim()
    enrolled = await bench.shop.enrolment.page(job, code)
    assert await bench.shop.store.save_job(enrolled)
    assert await bench.shop.redemptions.stop(GUILD, code.key)
    bench.interrupted.set()
    await bench.run(enrolled)
    assert bench.shop.game.calls == []
    assert await bench.shop.redemptions.resume(GUILD, code.key)
    bench.interrupted.clear()
    assert (await bench.work()).state is JobState.DONE
    assert len(bench.shop.game.calls) == 20


@pytest.mark.parametrize("trigger", Trigger)
async def test_what_runs_by_itself_is_stopped_where_auto_redeem_is_off(bench: Bench, trigger: Trigger) -> None:
    """A fan-out that read the server before the switch opens its job after it; what an admin started goes on."""
    shop = bench.shop
    await shop.server(auto_redeem=False)
    code = await shop.code("WORK111")
    await shop.player("1")
    await shop.redemptions.start(GUILD, code, trigger)
    job = await bench.work()
    if trigger is Trigger.MANUAL:
        assert job.state is JobState.DONE
        assert len(shop.game.calls) == 1
        return
    assert (job.state, job.reason) == (JobState.STOPPED, redemption_texts.AUTO_REDEEM_ENDED)
    assert shop.game.calls == []
    assert await shop.redemptions.resume(GUILD, code.key)
    assert not await shop.redemptions.resume(GUILD, code.key)
    bench.interrupted.clear()
    assert (await bench.work()).state is JobState.DONE
    assert len(shop.game.calls) == 1


@pytest.mark.parametrize("had_job", [True, False])
async def test_an_operators_retry_goes_on_where_auto_redeem_is_off(bench: Bench, had_job: bool) -> None:
    """It was asked for by a person, whatever opened the job once."""
    shop = bench.shop
    await shop.server()
    shop.game.says.append(GameAnswer(RedemptionOutcome.UNKNOWN, "odd"))
    code = await shop.code("WORK111")
    player = await shop.player("1")
    if had_job:
        await shop.redemptions.start(GUILD, code, Trigger.AUTO)
        assert (await bench.work()).state is JobState.DONE
    else:
        await shop.redemptions.redeem_now(player, [code])
    settings = (await shop.store.get_guilds([GUILD]))[GUILD]
    assert await shop.store.save_guild(attrs.evolve(settings, auto_redeem=False))
    assert await shop.redemptions.retry(GUILD, code.key) == 1
    assert (await bench.work()).state is JobState.DONE
    assert await outcomes(shop, code) == {"1": RedemptionOutcome.REDEEMED}


async def test_a_refused_signature_puts_it_off_with_the_reason(bench: Bench) -> None:
    """Nobody's result is spoilt: all are asked again once that is repaired."""
    bench.shop.game.always = GameAnswer(RedemptionOutcome.REFUSED_SIGNATURE, "sign error")
    code = await started(bench.shop, *(f"{number}" for number in range(10)))
    job = await bench.work()
    assert job.state is JobState.OPEN
    assert job.due_at is not None
    assert job.due_at > bench.shop.clock.now() + timedelta(minutes=9)
    assert job.reason is not None
    assert "does not accept the bot" in job.reason
    assert set((await outcomes(bench.shop, code)).values()) <= {RedemptionOutcome.WAITING, RedemptionOutcome.RETRY}
    assert len(bench.shop.people.owner) == 1


async def test_a_stopping_process_leaves_it_due_at_once(bench: Bench) -> None:
    """The next one goes on without waiting for a lease to run out."""
    await started(bench.shop, "1")
    bench.may_go_on = False
    job = await bench.work()
    assert (job.state, job.lease_until) == (JobState.OPEN, None)
    assert job.due_at is not None
    assert job.due_at <= bench.shop.clock.now()
    bench.may_go_on = True
    assert (await bench.work()).state is JobState.DONE


async def test_an_answer_that_was_not_stored_is_asked_for_again(bench: Bench) -> None:
    """The game says then that the player has it."""
    code = await started(bench.shop, "1")
    bench.shop.observed.fail_next("record")
    assert (await bench.work()).state is JobState.DONE
    assert await outcomes(bench.shop, code) == {"1": RedemptionOutcome.ALREADY}
    assert len(bench.shop.game.calls) == 2


async def test_a_question_that_fails_by_a_fault_of_ours_holds_up_nobody(bench: Bench) -> None:
    """It is logged with a reference, and asked again later; everybody else is asked now."""
    code = await started(bench.shop, "1", "2", "3")
    job = await bench.claim()
    enrolled = await bench.shop.enrolment.page(job, code)
    bench.shop.observed.fail_next("record", ValueError("a fault (a test says so)"))
    bench.shop.game.latency = chain((0.0,), repeat(0.3)).__next__  # the first answer is written alone
    with capture_logs() as logs:
        await bench.run(enrolled)
    [line] = [line for line in logs if line["event"] == "question failed"]
    assert (line["guild"], line["code"]) == (GUILD, code.key)
    assert line["ref"]
    assert line["exc_info"]
    found = await outcomes(bench.shop, code)
    assert sorted(found.values()) == [RedemptionOutcome.REDEEMED] * 2 + [RedemptionOutcome.WAITING]
    stored = (await bench.shop.store.get_jobs([job.job_id]))[job.job_id]
    assert (stored.state, stored.lease_until) == (JobState.OPEN, None)
    assert stored.due_at is not None
    assert stored.due_at > bench.shop.clock.now() + timedelta(minutes=9)
    bench.shop.advance(minutes=11)
    assert (await bench.work()).state is JobState.DONE
    assert set((await outcomes(bench.shop, code)).values()) <= GRANTED


async def test_a_store_that_is_away_loses_nothing(bench: Bench) -> None:
    """The job is let go as it is; whoever claims it once the lease has run out goes on."""
    code = await started(bench.shop, "1")
    bench.shop.observed.fail_next("due_redemptions")
    with pytest.raises(StoreUnavailableError):
        await bench.work()
    bench.shop.advance(seconds=61)
    assert (await bench.work()).state is JobState.DONE
    assert await outcomes(bench.shop, code) == {"1": RedemptionOutcome.REDEEMED}
