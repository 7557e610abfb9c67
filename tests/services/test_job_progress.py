"""Progress messages: one per job, edited now and then, and never in the way of those who redeem."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import attrs
import pytest

from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import CodeKey
from giftbot.services.job_progress import MOST_TRIES, PAUSE
from giftbot.services.ports import Store
from tests.fakes import START
from tests.observed import observe
from tests.services.showing import CHANNEL, JOB, SERVER, PatientClock, RememberingBoard, Scene, counts, show, until


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[Scene]:
    """A server with a redeem channel, and a job."""
    clock = PatientClock()
    await store.save_guild(GuildSettings(guild_id=SERVER, redeem_channel_id=CHANNEL))
    code = GiftCode(CodeKey("SUMMER"), "Summer", CodeStatus.ACTIVE, created_at=START, updated_at=START)
    await store.insert_codes([code])
    await store.open_jobs([JOB])
    store, observed = observe(store)
    scene = Scene(store, observed, clock, RememberingBoard(clock), [])
    yield scene
    for progress in scene.made:
        await progress.aclose()


async def test_a_job_has_one_message_that_changes_every_five_seconds_at_most(scene: Scene) -> None:
    """The first state is sent at once; of those that follow within 5 s only the newest is shown."""
    progress = scene.progress()
    show(progress, 1)
    await until(lambda: scene.board.writes and scene.clock.sleepers)
    for redeemed in (2, 3, 4):
        show(progress, redeemed)
    await scene.clock.wake_next()
    await until(lambda: len(scene.board.writes) == 2 and scene.clock.sleepers)
    assert [at for at, _ in scene.board.writes] == [0, PAUSE]
    assert len(scene.shown) == 1
    assert "Redeeming Summer" in scene.shown[0]
    assert "4 of 100" in scene.shown[0]
    await scene.clock.wake_next()
    await until(lambda: not len(progress))
    assert len(scene.board.writes) == 2


async def test_final_states_wait_for_their_turn_too(scene: Scene) -> None:
    """A job that ends, rests and is woken over and over changes its message once in a pause."""
    progress = scene.progress()
    show(progress, 1, final=True)
    await until(lambda: scene.board.writes and scene.clock.sleepers)
    writes = len(scene.board.writes)
    for edits in range(1, 4):
        for redeemed in (10 * edits, 10 * edits + 1, 10 * edits + 2):
            show(progress, redeemed, final=True)
            for _ in range(20):
                await asyncio.sleep(0)
        assert len(scene.board.writes) == writes + edits - 1
        await scene.clock.wake_next()
        await until(lambda: len(scene.board.writes) == writes + edits and scene.clock.sleepers)  # noqa: B023
        assert f"{10 * edits + 2} of 100" in scene.shown[0]
    moments = [at for at, _ in scene.board.writes[writes - 1 :]]
    assert all(after - before >= PAUSE for before, after in itertools.pairwise(moments))


async def test_a_final_state_does_not_wait_for_what_failed_before(scene: Scene) -> None:
    """Others are tried ever more rarely; it comes with the next pause."""
    scene.board.works = False
    progress = scene.progress()
    show(progress, 1)
    for _ in range(4):
        await scene.clock.wake_next()
    await until(lambda: scene.clock.sleepers)
    scene.board.works = True
    began = scene.clock.elapsed
    show(progress, 100, final=True)
    await until(lambda: any(at <= began + PAUSE for at, _ in scene.clock.sleepers))
    await scene.clock.wake_next()
    await until(lambda: scene.shown)
    assert scene.board.writes[0][0] <= began + PAUSE
    assert "100 of 100" in scene.shown[0]


async def test_a_slow_discord_holds_nobody_up_and_has_one_request_at_a_time(scene: Scene) -> None:
    """Whoever redeems goes on; once Discord answers, the newest state is written."""
    progress = scene.progress()
    scene.board.open.clear()
    for redeemed in range(50):
        show(progress, redeemed)
    await until(lambda: scene.board.attempts)
    for redeemed in range(50, 90):
        show(progress, redeemed)
    scene.board.open.set()
    await until(lambda: scene.clock.sleepers)
    await scene.clock.wake_next()
    await until(lambda: len(scene.board.writes) == 2)
    assert scene.board.most_at_once == 1
    assert "89 of 100" in scene.shown[0]


async def test_without_a_channel_nothing_is_shown(scene: Scene) -> None:
    """Not in a server that chose none, and not in one that was left."""
    [settings] = (await scene.store.get_guilds([SERVER])).values()
    for changes in ({"redeem_channel_id": None}, {"redeem_channel_id": CHANNEL, "left_at": START}):
        [settings] = (await scene.store.get_guilds([SERVER])).values()
        await scene.store.save_guild(attrs.evolve(settings, **changes))
        progress = scene.progress()
        show(progress, 1, final=True)
        await until(lambda: scene.clock.sleepers)
        assert scene.board.attempts == []
        await progress.aclose()
        await until(lambda: not scene.clock.sleepers)


async def test_a_message_that_is_gone_is_sent_again(scene: Scene) -> None:
    """Somebody deleted it: the next state is in a new message, which the store knows."""
    progress = scene.progress()
    show(progress, 1)
    await until(lambda: scene.board.writes and scene.clock.sleepers)
    scene.board.messages.clear()
    show(progress, 2)
    await scene.clock.wake_next()
    await until(lambda: scene.shown and scene.clock.sleepers)
    assert "2 of 100" in scene.shown[0]
    [stored] = (await scene.store.get_jobs([JOB.job_id])).values()
    assert (stored.channel_id, stored.message_id) == (CHANNEL, next(iter(scene.board.messages)))


async def test_a_crash_before_the_message_was_noted_gives_no_second_one(scene: Scene) -> None:
    """The nonce leads to the message that was sent, and the final state is on it."""
    progress = scene.progress()
    show(progress, 1)
    await until(lambda: scene.clock.sleepers)
    await progress.aclose()
    await scene.store.set_job_message(JOB.job_id, CHANNEL, None, START)
    show(scene.progress(), 100, final=True)
    await until(lambda: len(scene.board.writes) == 3)
    assert len(scene.shown) == 1
    assert "100 of 100" in scene.shown[0]


async def test_a_worker_that_does_not_know_of_the_message_edits_it_all_the_same(scene: Scene) -> None:
    """The worker's job was read before the message was sent; also after a pause and in another process."""
    first = scene.progress()
    show(first, 1)
    await scene.clock.wake_next()
    await until(lambda: not len(first))
    show(first, 2)
    await until(lambda: len(scene.board.writes) == 2)
    show(scene.progress(), 3)
    await until(lambda: len(scene.board.writes) == 3)
    assert len(scene.shown) == 1
    assert "3 of 100" in scene.shown[0]


async def test_what_cannot_be_shown_is_tried_again_less_and_less_often(scene: Scene) -> None:
    """A channel that refuses costs a handful of requests; once it works, the newest state is there."""
    scene.board.works = False
    progress = scene.progress()
    show(progress, 100, final=True)
    for _ in range(MOST_TRIES - 1):
        await scene.clock.wake_next()
    await until(lambda: scene.clock.sleepers)
    assert len(scene.board.attempts) == MOST_TRIES
    pauses = [after - before for before, after in zip(scene.board.attempts, scene.board.attempts[1:], strict=False)]
    assert pauses == sorted(pauses)
    assert pauses[0] == 2 * PAUSE
    assert pauses[-1] <= 64 * PAUSE
    await scene.clock.wake_next()
    await until(lambda: not len(progress))
    scene.board.works = True
    show(progress, 100, final=True)
    await until(lambda: scene.shown)


async def test_an_edit_that_nobody_would_see_is_not_made(scene: Scene) -> None:
    """The same counts, and an end that moved by seconds, are not worth a request; a minute is."""
    progress = scene.progress()
    show(progress, 1, eta=100)
    await until(lambda: scene.board.writes and scene.clock.sleepers)
    show(progress, 1, eta=110)
    await scene.clock.wake_next()
    await until(lambda: scene.clock.sleepers)
    assert len(scene.board.writes) == 1
    show(progress, 1, eta=160)
    await scene.clock.wake_next()
    await until(lambda: len(scene.board.writes) == 2)


async def test_many_jobs_at_once_keep_a_common_pace(scene: Scene) -> None:
    """What all jobs together ask of Discord leaves room for posts."""
    progress = scene.progress()
    jobs = [attrs.evolve(JOB, code=CodeKey(f"CODE{number}")) for number in range(40)]
    await scene.store.open_jobs(jobs)
    for job in jobs:
        progress.show(job, counts(1), eta=None, final=False)
    while len(scene.board.messages) < 40:
        await scene.clock.wake_next()
    moments = [at for at, _ in scene.board.writes]
    assert max(sum(start <= at < start + 1 for at in moments) for start in moments) <= 5
    await progress.aclose()


async def test_a_store_that_fails_does_not_stop_the_worker(scene: Scene) -> None:
    """It is logged, and tried again."""
    progress = scene.progress()
    scene.observed.fail_next("get_guilds")
    show(progress, 1)
    await scene.clock.wake_next()
    await until(lambda: scene.shown)
    assert len(scene.board.writes) == 1
    assert "1 of 100" in scene.shown[0]


async def test_at_the_end_the_newest_states_are_shown_at_once(scene: Scene) -> None:
    """And nothing after it."""
    progress = scene.progress()
    show(progress, 1)
    await until(lambda: scene.board.writes and scene.clock.sleepers)
    scene.clock.elapsed = 1.0
    show(progress, 2)
    await progress.aclose()
    assert "2 of 100" in scene.shown[0]
    show(progress, 3)
    assert len(progress) == 0
