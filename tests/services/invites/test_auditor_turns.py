"""When the member search is asked: how often, again after what failure, and when not at all."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from pathlib import Path

from structlog.testing import capture_logs

from giftbot.errors import InviteLookError, SearchNotReadyError, SearchRefusedError
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.invite_health import SearchState
from giftbot.models.join import Level
from giftbot.services.invites.auditor import TRIES
from giftbot.services.invites.ports import Way
from tests.fakes import START
from tests.services.invites.auditing import OTHER, TIMES, A, office, unsure
from tests.services.invites.joining import ADA, BOB, GUILD, joined
from tests.virtual_time import virtual


@virtual
async def test_who_is_not_in_the_index_yet_is_looked_for_again(tmp_path: Path) -> None:
    """With longer and longer pauses of a minute and more, and not for ever."""
    async with office(tmp_path) as desk:
        join, never = unsure(1), unsure(2)
        await desk.decided(join, never)
        await asyncio.sleep(50)
        desk.index.says(join, Way.INVITE, "a", ADA)
        await asyncio.sleep(24 * 3600)
        assert (await desk.one(join)).level is Level.CONFIRMED
        assert await desk.one(never) == never
    moments = [moment for moment, *_ in desk.index.asked]
    pauses = [round(later - earlier) for earlier, later in itertools.pairwise(moments)]
    assert len(moments) == TRIES
    assert min(pauses) >= TIMES.pause
    assert pauses == sorted(pauses)


@virtual
async def test_a_stream_of_batches_is_one_search_a_minute_and_server(tmp_path: Path) -> None:
    """However many batches there are; servers do not wait for each other."""
    async with office(tmp_path) as desk:
        joins = [unsure(number, joined_at=START + timedelta(seconds=number * 2)) for number in range(1, 151)]
        elsewhere = unsure(1, guild_id=OTHER)
        for join in (*joins, elsewhere):
            desk.index.says(join, Way.INVITE, "a", ADA)
        await desk.decided(elsewhere)
        for join in joins:
            await asyncio.sleep(2)
            await desk.decided(join)
        await asyncio.sleep(180)
        assert {(await desk.one(join)).level for join in (*joins, elsewhere)} == {Level.CONFIRMED}
    here = [moment for moment, guild_id, *_ in desk.index.asked if guild_id == GUILD]
    assert min(later - earlier for earlier, later in itertools.pairwise(here)) >= TIMES.pause
    assert [guild_id for _, guild_id, *_ in desk.index.asked].count(OTHER) == 1


@virtual
async def test_an_index_that_is_not_ready_says_how_long_to_wait(tmp_path: Path) -> None:
    """That is kept to, and so is the pause when an answer does not come."""
    async with office(tmp_path) as desk:
        join = unsure(1)
        desk.index.says(join, Way.INVITE, "a", ADA)
        desk.index.failures = [
            SearchNotReadyError("Not ready.", retry_after=200.0),
            InviteLookError("Nothing came."),
        ]
        await desk.decided(join)
        await asyncio.sleep(900)
        assert (await desk.one(join)).level is Level.CONFIRMED
    first, second, third = (moment for moment, *_ in desk.index.asked)
    assert 200 <= second - first < 205
    assert TIMES.pause <= third - second < 200


@virtual
async def test_a_search_that_does_not_work_is_off_for_an_hour_then_two(tmp_path: Path) -> None:
    """In all servers, said once; when it works again, what waited is confirmed, and a new failure is an hour."""
    async with office(tmp_path) as desk:
        join, elsewhere = unsure(1), unsure(1, guild_id=OTHER)
        for one in (join, elsewhere):
            desk.index.says(one, Way.INVITE, "a", ADA)
        desk.index.failures = [SearchRefusedError("Odd.", is_everywhere=True) for _ in range(2)]
        with capture_logs() as logs:
            await desk.decided(join)
            await desk.decided(elsewhere)
            await asyncio.sleep(4 * 3600)
        assert (await desk.one(join)).level is Level.CONFIRMED
        assert (await desk.one(elsewhere)).level is Level.CONFIRMED
        first, second, third, _ = (moment for moment, *_ in desk.index.asked)
        assert 3600 <= second - first < 3700
        assert 7200 <= third - second < 7300
        said = [line["event"] for line in logs]
        assert said.count("member search switched off") == 1
        assert said.count("member search works again") == 1


@virtual
async def test_a_server_that_forbids_it_does_not_switch_it_off_elsewhere(tmp_path: Path) -> None:
    """Its joins wait; without the permission nothing waits."""
    async with office(tmp_path) as desk:
        join, elsewhere = unsure(1), unsure(1, guild_id=OTHER)
        for one in (join, elsewhere):
            desk.index.says(one, Way.INVITE, "a", ADA)
        desk.index.failures = [SearchRefusedError("Forbidden.", is_everywhere=False)]
        await desk.decided(join)
        await desk.decided(elsewhere)
        await asyncio.sleep(600)
        assert [(await desk.one(one)).level for one in (join, elsewhere)] == [Level.CANDIDATES, Level.CONFIRMED]
        await asyncio.sleep(3600)
        assert (await desk.one(join)).level is Level.CONFIRMED
        desk.index.failures = [InviteLookError("No permission.", permitted=False)]
        await desk.decided(unsure(2))
        asked = len(desk.index.asked)
        await asyncio.sleep(3600)
        assert len(desk.index.asked) == asked + 1


@virtual
async def test_somebody_of_whom_there_is_news_waits_for_their_batch(tmp_path: Path) -> None:
    """What a batch is about to write is not written over; a change in between is seen."""
    async with office(tmp_path) as desk:
        join = unsure(1)
        desk.index.says(join, Way.INVITE, "a", ADA)
        await desk.decided(join)
        news = InviteEvent(GUILD, 7, InviteEventKind.LEFT, START, user_id=join.user_id)
        await desk.store.add_events([news])
        await asyncio.sleep(50)
        assert len(desk.index.asked) == 1
        assert await desk.one(join) == join


def test_what_a_process_left_is_taken_up_by_the_next(tmp_path: Path) -> None:
    """Joins of the last hour, without any batch."""

    @virtual
    async def check() -> None:
        async with office(tmp_path) as desk:
            await desk.store.insert_joins([unsure(1), unsure(2, days_ago=1)])
        async with office(tmp_path) as desk:
            for one in (unsure(1), unsure(2, days_ago=1)):
                desk.index.says(one, Way.INVITE, "a", ADA)
            await asyncio.sleep(120)
            assert (await desk.one(unsure(1))).level is Level.CONFIRMED
            assert (await desk.one(unsure(2, days_ago=1))).level is Level.CANDIDATES

    check()


@virtual
async def test_its_state_can_be_asked_for(tmp_path: Path) -> None:
    """What waits, until when it is left alone and why, and how many joins the last search contradicted."""
    async with office(tmp_path) as desk:
        right, wrong = unsure(1), joined(2, ADA, code=A)
        desk.index.says(right, Way.INVITE, "a", ADA)
        desk.index.says(wrong, Way.INVITE, "b", BOB)
        desk.index.failures = [SearchRefusedError("Forbidden.", is_everywhere=False)]
        assert desk.auditor.state(GUILD) == SearchState()
        await desk.decided(right, wrong)
        assert desk.auditor.state(GUILD) == SearchState(waiting=2)
        await asyncio.sleep(60)
        paused = desk.auditor.state(GUILD)
        assert (paused.waiting, paused.why, paused.last) == (2, "Forbidden.", None)
        assert paused.paused_until is not None
        assert 3500 <= (paused.paused_until - desk.clock.now()).total_seconds() <= 3600
        assert desk.auditor.state(OTHER) == SearchState()
        await asyncio.sleep(3700)
        done = desk.auditor.state(GUILD)
        assert (done.waiting, done.paused_until, done.why) == (0, None, None)
        assert done.last is not None
        assert (done.last.joins, done.last.contradicted) == (2, 1)
