"""What an operator finds in the log of redemption: one structured line for each event, with server and code."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs
from structlog.typing import EventDict

from giftbot.models.job import JobState, Trigger
from giftbot.models.redemption import RedemptionOutcome
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.redemptions import Started
from tests.services.redeeming import GUILD, OTHER, Workshop
from tests.services.test_redeeming_places import at_work

CODE = "LOGGED1"


def lines_of(logs: list[EventDict], event: str) -> list[EventDict]:
    """The lines with this event, each of which says which server and code it is about."""
    found = [line for line in logs if line["event"] == event]
    assert all((line["guild"], line["code"]) == (GUILD, CODE) for line in found)
    return found


async def until_done(shop: Workshop) -> None:
    """Return when the job is done, and nobody works on it."""
    async with asyncio.timeout(PATIENCE):
        while (job := await shop.job(CODE)) is None or job.state is not JobState.DONE or shop.running.jobs:
            await shop.clock.sleep(0.01)


async def test_every_event_of_a_job_can_be_searched_for(shop: Workshop) -> None:
    """From its start to its end, with what an operator asks next: whom, how many, how long."""
    await shop.server()
    code = await shop.code(CODE)
    await shop.redemptions.redeem_now(await shop.player("1", guild_id=OTHER), [code])
    for player_id in ("1", "2", "3"):
        await shop.player(player_id)
    with capture_logs() as logs:
        assert await shop.redemptions.start(GUILD, code, Trigger.MANUAL) is Started.STARTED
        assert await shop.redemptions.start(GUILD, code, Trigger.AUTO) is Started.RUNNING
        async with at_work(shop):
            await until_done(shop)
    [skipped] = lines_of(logs, "already running (skipped)")
    assert skipped["trigger"] is Trigger.AUTO
    assert len(lines_of(logs, "redemption locked")) == len(lines_of(logs, "redemption unlocked")) == 1
    assert len(lines_of(logs, "job started")) == 1
    [check] = lines_of(logs, "batch check")
    assert (check["asked"], check["already"], check["to_process"]) == (3, 1, 2)
    redeemed = lines_of(logs, "player redeemed")
    assert {(line["player"], line["outcome"]) for line in redeemed} == {
        ("2", RedemptionOutcome.REDEEMED),
        ("3", RedemptionOutcome.REDEEMED),
    }
    [done] = lines_of(logs, "job done")
    assert (done["redeemed"], done["already"]) == (2, 1)
    assert done["seconds"] >= 0


async def test_what_goes_wrong_can_be_searched_for(shop: Workshop) -> None:
    """A look-up that failed, a job that failed, with a reference, and that it was taken up again."""
    await shop.server()
    code = await shop.code(CODE)
    await shop.player("1")
    await shop.redemptions.start(GUILD, code, Trigger.MANUAL)
    shop.observed.fail_next("granted_players")
    shop.observed.fail_next("count_outcomes", ValueError("a fault (a test says so)"))
    with capture_logs() as logs:
        async with at_work(shop):
            async with asyncio.timeout(PATIENCE):
                while not lines_of(logs, "redemption unlocked"):
                    await shop.clock.sleep(0.01)
            shop.advance(minutes=2)  # its lease runs out
            await until_done(shop)
    [check] = lines_of(logs, "batch check failed (processing all)")
    assert check["to_process"] == 1
    assert check["why"]
    [failed] = lines_of(logs, "job failed")
    assert failed["id"] == f"{GUILD}:{CODE}"
    assert failed["ref"]
    assert len(lines_of(logs, "job started")) == len(lines_of(logs, "job resumed")) == 1
    assert len(lines_of(logs, "redemption locked")) == len(lines_of(logs, "redemption unlocked")) == 2


async def test_what_people_do_can_be_searched_for(shop: Workshop) -> None:
    """A job that somebody stopped, and went on with."""
    await shop.server()
    code = await shop.code(CODE)
    await shop.player("1")
    await shop.redemptions.start(GUILD, code, Trigger.MANUAL)
    with capture_logs() as logs:
        assert await shop.redemptions.stop(GUILD, code.key)
        assert await shop.redemptions.resume(GUILD, code.key)
    assert [line["event"] for line in logs] == ["job stopped", "job resumed"]
    assert len(lines_of(logs, "job stopped")) == len(lines_of(logs, "job resumed")) == 1
