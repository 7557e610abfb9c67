"""What redemption costs on MongoDB: commands, and rows looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs

from giftbot.models.guild import GuildSettings
from giftbot.models.ids import GuildId, PlayerId, UserId
from giftbot.models.job import JobState
from giftbot.models.player import PlayerState
from giftbot.models.redemption import RedemptionOutcome
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.store import MongoStore
from tests.stores.build import CHANNEL, GUILD, MESSAGE, NOW, later
from tests.stores.build_redeeming import FROST, claim_jobs, job, player, redemption, the_job
from tests.stores.listening import Listener, explained

EIGHTY_EIGHT = [PlayerId(str(number)) for number in range(88)]


async def test_the_batch_query_is_one_command(store: MongoStore, listener: Listener) -> None:
    """88 members of whom 13 have the code: one query, not 88; thousands: one for each 500."""
    await store.open_redemptions([redemption(number, RedemptionOutcome.REDEEMED) for number in range(13)])
    listener.take()
    assert len(await store.granted_players(FROST, EIGHTY_EIGHT)) == 13
    assert listener.take() == ["find"]
    await store.granted_players(FROST, [PlayerId(str(number)) for number in range(10_000)])
    assert listener.take() == ["find"] * 20


async def test_a_job_costs_few_commands(store: MongoStore, listener: Listener) -> None:
    """Enrolling a page, taking what is due and recording the answers, each for any number of players."""
    await store.insert_players([player(number) for number in EIGHTY_EIGHT])
    assert listener.take() == ["insert"]
    await store.list_players(guild_id=GUILD, limit=500)
    assert listener.take() == ["find"]
    await store.open_jobs([job()])
    assert listener.take() == ["insert"]
    await store.open_redemptions([redemption(number) for number in EIGHTY_EIGHT])
    assert listener.take() == ["insert"]
    [held] = await claim_jobs(store)
    assert listener.take() == ["find", "update", "find"]
    due = await store.due_redemptions(GUILD, FROST, NOW, limit=200)
    assert listener.take() == ["find"]
    answers = [attrs.evolve(row, outcome=RedemptionOutcome.REDEEMED, next_attempt_at=None) for row in due]
    assert await store.record(answers) == 88
    assert listener.take() == ["update"]
    assert (await store.count_outcomes(GUILD, FROST)).granted == 88
    assert listener.take() == ["aggregate"]
    assert await store.next_attempt(GUILD, FROST) is None
    assert listener.take() == ["find"]
    assert await store.save_job(attrs.evolve(held, state=JobState.DONE, due_at=None, lease_until=None))
    assert listener.take() == ["update"]
    assert await claim_jobs(store) == []
    assert listener.take() == ["find"]


async def test_a_call_of_the_game_costs_three_commands(store: MongoStore, listener: Listener) -> None:
    """A slot of the budget, and the player's lease at its beginning and end."""
    await store.take_slot("game", NOW, per_minute=30, earned=0.1)
    assert listener.take() == ["findAndModify"]
    assert await store.hold_player("game:1", "a", NOW, later(30)) is None
    await store.release_player("game:1", "a", later(2.5))
    assert listener.take() == ["update", "update"]
    await store.slow_down("game", NOW, until=later(9))
    assert listener.take() == ["findAndModify"]


async def test_no_call_scans_the_history(store: MongoStore, database: MongoDatabase, listener: Listener) -> None:
    """With thousands of finished rows, each look-up goes through an index to the rows it needs."""
    guilds = [GuildId(guild) for guild in range(1000, 1040)]
    for guild in guilds:
        await store.save_guild(GuildSettings(guild, auto_redeem=guild < 1003))
        await store.insert_players([player(number, guild=guild, owner=number % 5) for number in range(20)])
        for code in ("AAA", "BBB", FROST):
            rows = [redemption(number, RedemptionOutcome.REDEEMED, guild=guild, code=code) for number in range(20)]
            await store.record(rows)
            ended = attrs.evolve(job(code, guild=guild), state=JobState.DONE, due_at=None)
            await store.open_jobs([ended])
    await store.open_redemptions([redemption(number, guild=1001) for number in range(90, 95)])
    await store.open_jobs([job("DUE", guild=1001), job("DUE", guild=1002)])
    one, everyone = guilds[1], [PlayerId(str(number)) for number in range(20)]
    listener.take()

    calls: dict[str, tuple[Callable[[], Awaitable[object]], int]] = {
        "get_players": (lambda: store.get_players(one, everyone), 20),
        "list_owned": (lambda: store.list_owned(one, UserId(3)), 4),
        "list_players": (lambda: store.list_players(guild_id=one, after=PlayerId("3"), limit=5), 5),
        "list players of all": (lambda: store.list_players(limit=5), 5),
        "count_players": (lambda: store.count_players(one), 0),
        "count players of all": (store.count_players, 0),
        "list active": (lambda: store.list_players(states=[PlayerState.ACTIVE], limit=5), 5),
        "granted_players": (lambda: store.granted_players(FROST, everyone), 800),
        "due_redemptions": (lambda: store.due_redemptions(one, FROST, NOW, limit=10), 5),
        "next_attempt": (lambda: store.next_attempt(one, FROST), 1),
        "count_outcomes": (lambda: store.count_outcomes(one, FROST), 0),
        "list of a job": (lambda: store.list_redemptions(guild_id=one, code=FROST, limit=100), 25),
        "list of a player": (lambda: store.list_redemptions(guild_id=one, player_id=PlayerId("7")), 3),
        "list of a server": (lambda: store.list_redemptions(guild_id=one, limit=10), 10),
        "list of all": (lambda: store.list_redemptions(limit=10), 10),
        "close": (lambda: store.close_redemptions(one, FROST, RedemptionOutcome.EXPIRED, "", NOW), 5),
        "remove_player": (lambda: store.remove_player(one, PlayerId("1")), 3),
        "claim_jobs": (lambda: claim_jobs(store, limit=1), 2),
        "save_job": (lambda: store.save_job(attrs.evolve(job("DUE", guild=1001), owner="a", fence=1)), 1),
        "wake_job": (lambda: store.wake_job(the_job("AAA", 1002), NOW), 1),
        "stop_job": (lambda: store.stop_job(the_job("DUE", 1002), "x", NOW), 1),
        "list_jobs": (lambda: store.list_jobs(limit=10), 10),
        "list jobs of one": (lambda: store.list_jobs(guild_id=one), 4),
        "set_job_message": (lambda: store.set_job_message(the_job("AAA", 1002), CHANNEL, MESSAGE, NOW), 1),
        "list_to_redeem": (store.list_to_redeem, 0),
        "hold_player": (lambda: store.hold_player("p", "a", NOW, later(1)), 1),
    }
    for name, (call, most) in calls.items():
        await call()
        commands = list(listener.commands)
        listener.take()
        for indexes, examined in await explained(database, commands):
            assert "COLLSCAN" not in indexes, name
            assert examined <= most, (name, indexes, examined)
        listener.take()
    assert [len(chunk) async for chunk in store.scan_redeeming_guilds()] == [3]
    [(indexes, examined)] = await explained(database, listener.commands[:1])
    assert "COLLSCAN" not in indexes
    assert examined == 3
