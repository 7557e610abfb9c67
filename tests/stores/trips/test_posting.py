"""What a call costs on MongoDB: commands, and rows looked at."""

from __future__ import annotations

import attrs

from giftbot.models.announcement import AnnouncementState, Mark, Origin
from giftbot.models.ids import CodeKey, GuildId
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.store import MongoStore
from tests.stores.build import GUILD, NOW, claim, later, mark, prepared, row
from tests.stores.listening import Listener, explained

CODES = [CodeKey(f"CODE{number}") for number in range(400)]


async def test_the_known_operations_are_one_command_each(store: MongoStore, listener: Listener) -> None:
    """However many codes there are."""
    assert await store.mark_codes_sent(GUILD, CODES, Origin.AUTO, NOW) == 400
    assert listener.take() == ["update"]
    assert await store.mark_codes_sent(GUILD, CODES, Origin.AUTO, NOW) == 0
    assert listener.take() == ["update"]
    assert await store.get_sent_codes(GUILD) == set(CODES)
    assert listener.take() == ["find"]
    assert all((await store.batch_check_codes(GUILD, CODES)).values())
    assert listener.take() == ["find"]
    assert await store.is_code_sent(GUILD, CODES[0])
    assert listener.take() == ["find"]
    await store.last_change()
    assert listener.take() == ["aggregate"]


async def test_an_idle_look_is_one_command(store: MongoStore, listener: Listener) -> None:
    """Nothing is due: nothing more is asked."""
    assert await claim(store) == []
    assert listener.take() == ["find"]


async def test_fifty_servers_are_served_in_a_handful_of_commands(store: MongoStore, listener: Listener) -> None:
    """Claim: look, stamp, read. Prepare: one. Finish: joined rows, then anchors."""
    await store.enqueue([row(code, guild=guild) for guild in range(1, 51) for code in ("AAA", "BBB")])
    assert listener.take() == ["insert"]
    claims = await claim(store, limit=50)
    assert listener.take() == ["find", "update", "find"]
    assert len(claims) == 50
    marks: list[Mark] = []
    for item in claims:
        joined = await store.join(item.anchor, item.others, NOW)
        assert len(joined) == 1
        marks.append(mark(prepared(item.anchor, tuple(joined))))
    assert listener.take() == ["update", "find"] * 50
    assert (
        len(await store.prepare([attrs.evolve(prepared(item.anchor), anchor=item.anchor) for item in marks])) == 50
    )
    assert listener.take() == ["update"]
    assert len(await store.finish(marks)) == 50
    assert listener.take() == ["update", "update"]


async def test_no_call_scans_the_history(store: MongoStore, database: MongoDatabase, listener: Listener) -> None:
    """With thousands of finished rows, each look-up goes through an index to the rows it needs."""
    for guild in range(1000, 1060):
        await store.mark_codes_sent(GuildId(guild), CODES[:50], Origin.AUTO, NOW)
    await store.enqueue([row("DUE", guild=guild) for guild in range(1000, 1005)])
    [claimed, *_] = await claim(store, limit=2)
    await store.join(claimed.anchor, claimed.others, NOW)
    listener.take()

    calls: dict[str, tuple[object, int]] = {
        "claim_due": (claim(store, limit=2), 10),
        "join": (store.join(claimed.anchor, claimed.others, NOW), 10),
        "batch_check": (store.batch_check_codes(GuildId(1001), CODES[:20]), 20),
        "get_sent_codes": (store.get_sent_codes(GuildId(1001)), 51),
        "find_by_reference": (store.find_by_reference(GuildId(1001), "0000-0000"), 51),
        "release_orphans": (store.release_orphans(later(1)), 0),
        "expire_leases": (store.expire_leases("x", later(1)), 10),
        "skip_guild": (store.skip_guild(GuildId(1004), "x", later(1)), 5),
        "count_outbox": (store.count_outbox(), 10),
        "count_outbox of one": (store.count_outbox(GuildId(1001)), 52),
        "list unknown": (store.list_announcements(states=[AnnouncementState.UNKNOWN]), 0),
        "list newest": (store.list_announcements(limit=10), 20),
    }
    for name, (call, most) in calls.items():
        await call  # type: ignore[misc]  # coroutines of several results
        commands = list(listener.commands)
        listener.take()
        for indexes, examined in await explained(database, commands):
            assert "COLLSCAN" not in indexes, name
            assert examined <= most, (name, indexes)
        listener.take()
