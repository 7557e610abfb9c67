"""What invites cost on MongoDB: commands, and rows looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from giftbot.models.credit import CreditState
from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Level
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.store import MongoStore
from tests.stores.build import GUILD, NOW, later
from tests.stores.build_invites import batch, credit, event, joined, link
from tests.stores.listening import Listener, explained

ONE = UserId(1)


async def test_a_batch_costs_few_commands(store: MongoStore, listener: Listener) -> None:
    """The same for one join and for hundreds.

    Look at the number, write the batch, look at its joins and write them, then its events and its ledger.
    """
    await store.add_events([event(seq) for seq in range(1, 401)])
    assert listener.take() == ["insert"]
    assert len(await store.list_events(GUILD)) == 400
    assert listener.take() == ["find"]
    joins = [joined(user) for user in range(1, 401)]
    assert await store.commit_batch(batch(1, joins, events=range(1, 401)))
    assert listener.take() == ["find", "insert", "find", "update", "delete", "update"]
    assert await store.commit_batch(batch(2))
    assert listener.take() == ["find", "insert", "update"]
    assert await store.repair_batches(GUILD) == 0
    assert listener.take() == ["find", "find"]
    assert await store.forget_batches(GUILD, keep=1) == 1
    assert listener.take() == ["find", "find", "delete"]


async def test_many_rows_are_one_command_for_each_500(store: MongoStore, listener: Listener) -> None:
    """Not one for each."""
    joins = [joined(user) for user in range(1, 1001)]
    users = [join.user_id for join in joins]
    await store.insert_joins(joins)
    assert listener.take() == ["insert"] * 2
    assert len(await store.get_joins([join.join_id for join in joins])) == 1000
    assert listener.take() == ["find"] * 2
    assert len(await store.open_joins(GUILD, users)) == 1000
    assert listener.take() == ["find"] * 2
    assert len(await store.last_joins(GUILD, users)) == 1000
    assert listener.take() == ["aggregate"] * 2
    assert len(await store.list_joins(GUILD, limit=400)) == 400
    assert listener.take() == ["find"]
    assert await store.save_join(joined(1, owner=None), before=joined(1))
    assert listener.take() == ["find", "update"]


async def test_staff_and_settings_cost_one_command_each(store: MongoStore, listener: Listener) -> None:
    """Also what is refused."""
    assert await store.save_link(link())
    assert not await store.save_link(link())
    await store.open_credit(credit())
    assert not await store.open_credit(credit())
    assert await store.save_credit(credit())
    await store.save_invite_settings(InviteSettings(GUILD))
    assert listener.take() == ["update", "update", "insert", "insert", "update", "update"]
    await store.save_carried({"a": [], "b": []})
    assert listener.take() == ["update"]
    await store.get_carried()
    await store.list_links(GUILD)
    await store.list_credits(GUILD)
    await store.get_invite_settings(GUILD)
    await store.list_invite_settings()
    assert listener.take() == ["find"] * 5


async def test_no_call_scans_what_is_old(store: MongoStore, database: MongoDatabase, listener: Listener) -> None:
    """With thousands of memberships, each look-up goes through an index to the rows it needs."""
    guilds = [GuildId(guild) for guild in range(1000, 1030)]
    for guild in guilds:
        staff = guild + 500
        rows = [
            joined(user, guild=guild, owner=staff, code=f"c{guild}", seconds=5, left_at=later(9))
            for user in range(40)
        ]
        now_there = [joined(user, guild=guild, owner=staff, code=f"c{guild}", seconds=60) for user in range(5)]
        await store.insert_joins([*rows, *now_there])
        await store.add_events([event(seq, guild=guild) for seq in range(5)])
        for number in range(1, 4):
            await store.commit_batch(batch(number, guild=guild))
        await store.save_link(link(f"c{guild}", guild=guild, staff=staff))
        for user in range(10):
            state = CreditState.PENDING if user < 2 else CreditState.CREDITED
            await store.open_credit(credit(user, guild=guild, staff=staff, state=state, seconds=user))
    one, staff_id, code = guilds[1], UserId(guilds[1] + 500), InviteCode(f"c{guilds[1]}")
    known = [joined(user, guild=one, seconds=60).join_id for user in range(5)]
    calls: dict[str, tuple[Callable[[], Awaitable[object]], int]] = {
        "events": (lambda: store.list_events(one), 5),
        "ledger": (lambda: store.get_ledger(one), 1),
        "batches": (lambda: store.list_batches(one, limit=2), 2),
        "repair": (lambda: store.repair_batches(one), 1),
        "forget": (lambda: store.forget_batches(one, keep=2), 2),
        "joins": (lambda: store.get_joins(known), 5),
        "open": (lambda: store.open_joins(one), 5),
        "open of some": (lambda: store.open_joins(one, [ONE, UserId(2)]), 2),
        "last": (lambda: store.last_joins(one, [ONE]), 2),
        "of server": (lambda: store.list_joins(one, limit=5), 5),
        "of owner": (lambda: store.list_joins(owner_id=staff_id, limit=5), 5),
        "of owner in server": (lambda: store.list_joins(one, owner_id=staff_id, limit=5), 5),
        "of code": (lambda: store.list_joins(one, code=code, limit=5), 5),
        "of person": (lambda: store.list_joins(one, user_id=ONE), 2),
        "since": (lambda: store.list_joins(one, since=later(30)), 5),
        "newest": (lambda: store.list_joins(limit=5), 5),
        "certain": (lambda: store.list_joins(one, levels=[Level.COUNTED], limit=5), 5),
        "links": (lambda: store.list_links(one, valid_only=True), 1),
        "links of staff": (lambda: store.list_links(staff_id=staff_id), 1),
        "review": (lambda: store.list_credits(one, states=[CreditState.PENDING]), 2),
        "credits": (lambda: store.list_credits(one, limit=5), 5),
        "credits of staff": (lambda: store.list_credits(staff_id=staff_id), 10),
        "credits of person": (lambda: store.list_credits(one, user_id=ONE), 30),
        "settings": (lambda: store.get_invite_settings(one), 1),
    }
    listener.take()
    for name, (call, most) in calls.items():
        await call()
        commands = list(listener.commands)
        listener.take()
        for indexes, examined in await explained(database, commands):
            assert "COLLSCAN" not in indexes, name
            assert examined <= most, (name, indexes, examined)
        listener.take()
    assert [page async for page in store.scan_ledgers(NOW)] == []
    [(indexes, examined)] = await explained(database, listener.commands[:1])
    assert "taken" in indexes
    assert examined == 0
