"""What the bot does at its start with what earlier bots left."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs
import pytest

from giftbot.errors import StoreUnavailableError
from giftbot.models.ids import GuildId
from giftbot.models.migration import MigrationState
from giftbot.services.migration.first_start import AGAIN, SOON, SOON_TRIES, FirstStart
from giftbot.services.migration.migrating import HOLDS_FOR, LEASE, Migrating
from giftbot.services.migration.ports import LegacySource
from giftbot.text.migration import HELD
from tests.services.conftest import House
from tests.services.migration.scripted import KeptReport, ScriptedLegacy, sent

GONE_ON = "gone on"


@attrs.define
class Held:
    """Remembers what it was told."""

    words: list[str] = attrs.Factory(list)

    def hold(self, why: str) -> None:
        """Wait."""
        self.words.append(why)

    def let_go(self) -> None:
        """Go on."""
        self.words.append(GONE_ON)


@attrs.frozen
class Start:
    """A first start over the house's store."""

    house: House
    held: Held
    report: KeptReport
    migrating: Migrating
    first_start: FirstStart

    async def run(self) -> list[str]:
        """Start, and what those heard who wait."""
        self.first_start.begin()
        await self.first_start.run()
        return self.held.words

    async def states(self) -> dict[str, MigrationState]:
        """What became of each source."""
        return {one.name: one.state for one in await self.house.store.list_migrations()}

    def told(self) -> list[str]:
        """What the owner was told."""
        return [notice.text for notice in self.house.people.owner]


def start(house: House, *sources: LegacySource) -> Start:
    """A first start with these sources."""
    held, report = Held(), KeptReport()
    migrating = Migrating(store=house.store, clock=house.clock, owner="the bot")

    @asynccontextmanager
    async def open_legacy() -> AsyncIterator[Sequence[LegacySource]]:
        yield sources

    @asynccontextmanager
    async def open_report() -> AsyncIterator[KeptReport]:
        yield report

    first_start = FirstStart(
        migrating=migrating,
        open_legacy=open_legacy,
        open_report=open_report,
        waiting=(held,),
        look=house.check,
        notices=house.notices,
        clock=house.clock,
    )
    return Start(house, held, report, migrating, first_start)


async def test_nothing_left_holds_nobody_and_tells_nobody(house: House) -> None:
    """Posting waits until there was a look, and goes on."""
    started = start(house)
    assert await started.run() == [HELD, GONE_ON]
    assert started.told() == []


async def test_what_is_there_is_taken_over_once_and_told_once(house: House) -> None:
    """A second start finds the same, reads nothing and says nothing."""
    source = ScriptedLegacy(values=[sent(1, "FROST77"), sent(1, "SNOW2025")])
    assert await start(house, source).run() == [HELD, GONE_ON]
    assert await house.store.get_sent_codes(GuildId(1)) == {"FROST77", "SNOW2025"}
    again = start(house, source)
    assert await again.run() == [HELD, GONE_ON]
    assert source.reads == 1
    [text] = again.told()
    assert "/earlier/giftcode_state.json: 2 sent codes" in text


async def test_a_failing_source_of_posts_holds_posting_until_it_can_be_read(house: House) -> None:
    """The others are taken over meanwhile; the owner is told once that it fails, and once that it is there."""
    failing = ScriptedLegacy(values=[sent(1, "FROST77")], failures=3)
    other = ScriptedLegacy("mongodb:reminderbot.sent_giftcodes", [sent(2, "SNOW2025")], rank=1)
    started = start(house, failing, other)
    began = house.clock.now()
    words = await started.run()
    assert [word == GONE_ON for word in words] == [False, False, False, False, True]
    assert "the disk is away" in words[1]
    assert house.clock.now() - began == timedelta(seconds=3 * AGAIN)
    assert (failing.reads, other.reads) == (4, 1)
    assert await house.store.get_sent_codes(GuildId(2)) == {"SNOW2025"}
    assert set((await started.states()).values()) == {MigrationState.DONE}
    other_there, fails, there = started.told()
    assert "sent_giftcodes: 1 sent codes" in other_there
    assert "the disk is away" in fails
    assert "`ops migrate --give-up giftcode_state.json`" in fails
    assert "giftcode_state.json: 1 sent codes" in there


async def test_a_failing_source_without_posts_holds_nobody(house: House) -> None:
    """Players may come later; codes are posted meanwhile, and no command to give up is offered."""
    failing = ScriptedLegacy("giftcode.sqlite", has_posts=False, failures=1)
    started = start(house, failing)
    assert await started.run() == [HELD, GONE_ON, GONE_ON]
    [text] = started.told()
    assert "the disk is away" in text
    assert "--give-up" not in text


async def test_a_source_that_was_given_up_holds_nobody(house: House) -> None:
    """Somebody decided to go on without it: it is not read again."""
    failing = ScriptedLegacy(values=[sent(1, "FROST77")], failures=99)
    await start(house, failing).migrating.run([failing], report=KeptReport())
    started = start(house, failing)
    await started.migrating.give_up("giftcode_state.json")
    assert await started.run() == [HELD, GONE_ON]
    assert failing.reads == 1
    assert await started.states() == {"giftcode_state.json": MigrationState.GIVEN_UP}


async def test_the_store_goes_away_in_the_middle(house: House) -> None:
    """Posting waits, the import is begun again soon, and nothing is missing."""
    house.observed.fail_next("note_sent")
    started = start(house, ScriptedLegacy(values=[sent(1, "FROST77"), sent(2, "SNOW2025")]))
    began = house.clock.now()
    assert await started.run() == [HELD, GONE_ON]
    assert house.clock.now() - began == timedelta(seconds=SOON)
    for number, code in ((1, "FROST77"), (2, "SNOW2025")):
        assert await house.store.get_sent_codes(GuildId(number)) == {code}
    assert len(started.told()) == 1


async def test_a_mistake_of_ours_stops_one_source_only(house: House) -> None:
    """Nobody is posted to twice; why is in the log, the others are read, and it can be given up."""
    source = ScriptedLegacy(values=[sent(1, "FROST77")], mistake=ZeroDivisionError("not foreseen"))
    other = ScriptedLegacy("other", [sent(2, "SNOW2025")], rank=1)
    started = start(house, source, other)
    failed, _ = await started.migrating.run([source, other], report=KeptReport())
    assert re.fullmatch(
        r"/earlier/giftcode_state.json cannot be read: something went wrong \([0-9a-f]{6}\); the log has .*",
        failed.migration.problem or "",
    )
    assert await house.store.get_sent_codes(GuildId(2)) == {"SNOW2025"}
    source.mistake = ZeroDivisionError("not foreseen")
    begin, held, end = await started.run()
    assert (begin, end) == (HELD, GONE_ON)
    assert str(failed.migration.problem) in held
    source.mistake = ZeroDivisionError("not foreseen")
    await started.migrating.run([source], report=KeptReport(), again=True)
    await started.migrating.give_up(source.name)
    assert (await started.states())[source.name] is MigrationState.GIVEN_UP


async def test_a_mistake_without_a_source_holds_posting(house: House) -> None:
    """Nothing is known then: whatever happens, nobody is posted to twice."""
    source = ScriptedLegacy(values=[sent(1, "FROST77")])
    started = start(house, source)
    house.observed.fail_next("take_lease", ZeroDivisionError("not foreseen"))
    begin, mistake, end = await started.run()
    assert (begin, end) == (HELD, GONE_ON)
    assert mistake.startswith("Nothing is posted: taking over an earlier bot's data failed (")
    assert "not foreseen" not in mistake


async def test_a_place_that_is_away_after_all_of_it_was_read_holds_nobody(house: House) -> None:
    """Its history is known, and stays so; a place of which something is missing holds posting."""
    source = ScriptedLegacy("mongodb:a.sent", [sent(1, "FROST77")])
    away = ScriptedLegacy("MONGO_URI", away=99, place="mongodb:a.")
    started = start(house, source)
    [outcome] = await started.migrating.run([away], report=KeptReport())
    assert not outcome.is_known
    house.clock.advance(seconds=5)
    await started.run()
    for _ in range(2):
        house.clock.advance(seconds=5)
        [outcome] = await started.migrating.run([away], report=KeptReport())
        assert outcome.is_known
    other = ScriptedLegacy("MONGO_URI_FALLBACK", away=99, place="mongodb:b.")
    [outcome] = await started.migrating.run([other], report=KeptReport())
    assert not outcome.is_known
    source.away = 99
    [outcome] = await started.migrating.run([source], report=KeptReport())
    assert outcome.is_known
    assert (await started.states())[source.name] is MigrationState.DONE


@pytest.mark.parametrize(("away", "told", "waited"), [(2, 0, 2 * SOON), (7, 1, SOON_TRIES * SOON + AGAIN)])
async def test_a_server_that_is_away_for_seconds(house: House, away: int, told: int, waited: float) -> None:
    """It is asked again soon, and nobody is told; the owner is told of one that stays away, which is asked less."""
    source = ScriptedLegacy("MONGO_URI", away=away, why=StoreUnavailableError("No primary."))
    started = start(house, source)
    began = house.clock.now()
    words = await started.run()
    assert [word == GONE_ON for word in words] == [False] * (away + 1) + [True]
    assert house.clock.now() - began == timedelta(seconds=waited)
    assert len(started.told()) == told


async def test_a_file_of_the_same_name_elsewhere_is_not_what_was_given_up(house: House) -> None:
    """That one stays given up, until somebody reads it again on purpose."""
    failing = ScriptedLegacy(values=[sent(1, "FROST77")], failures=1)
    migrating = start(house, failing).migrating
    await migrating.run([failing], report=KeptReport())
    await migrating.give_up(failing.name)
    [outcome] = await migrating.run([failing], report=KeptReport())
    assert outcome.was_done
    [outcome] = await migrating.run([failing], report=KeptReport(), again=True)
    assert not outcome.was_done
    await migrating.run([ScriptedLegacy(failures=1)], report=KeptReport(), again=True)
    await migrating.give_up(failing.name)
    [outcome] = await migrating.run([ScriptedLegacy(place="/elsewhere/")], report=KeptReport())
    assert not outcome.was_done
    assert await start(house).states() == {failing.name: MigrationState.DONE}


@pytest.mark.parametrize("has_servers", [True, False])
async def test_a_copy_waits_for_what_knows_servers_only(house: House, has_servers: bool) -> None:
    """Joins that cannot be read say nothing of players."""
    failing = ScriptedLegacy("server_management.db", has_posts=False, has_servers=has_servers, failures=1)
    copy = ScriptedLegacy("giftcode.sqlite", has_posts=False, is_fallback=True)
    await start(house).migrating.run([failing, copy], report=KeptReport())
    assert copy.reads == (not has_servers)


async def test_a_lease_that_was_lost_is_waited_for(house: House) -> None:
    """This process hung for so long that another one began; it goes on once that one is through."""
    lost: list[float] = []

    async def hang() -> None:
        if lost:
            return
        house.clock.advance(seconds=HOLDS_FOR + 1)
        lost.append(house.clock.monotonic())
        now = house.clock.now()
        assert await house.store.take_lease(LEASE, "another", now, now + timedelta(seconds=HOLDS_FOR)) is None

    source = ScriptedLegacy(values=[sent(1, "FROST77"), sent(1, "SNOW2025"), sent(1, "ICE2025")], between=hang)
    started = start(house, source)
    assert await started.run() == [HELD, GONE_ON]
    assert house.clock.monotonic() - lost[0] >= HOLDS_FOR
    assert len(await house.store.get_sent_codes(GuildId(1))) == 3
    assert await started.states() == {"giftcode_state.json": MigrationState.DONE}


async def test_a_stop_in_the_middle_is_clean(house: House) -> None:
    """The lease is free at once, and the next start goes on."""
    reached, free = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        reached.set()
        await free.wait()

    source = ScriptedLegacy(values=[sent(1, "FROST77"), sent(1, "SNOW2025")], between=pause)
    started = start(house, source)
    running = asyncio.create_task(started.run())
    await reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert GONE_ON not in started.held.words
    assert await started.states() == {"giftcode_state.json": MigrationState.RUNNING}
    now = house.clock.now()
    assert await house.store.take_lease(LEASE, "another", now, now) is None
    free.set()
    assert await start(house, source).run() == [HELD, GONE_ON]
    assert len(await house.store.get_sent_codes(GuildId(1))) == 2
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_second_migrator_waits(house: House) -> None:
    """It says so once, and begins when the first one is through."""
    said: list[str] = []
    now = house.clock.now()
    await house.store.take_lease(LEASE, "another", now, now + timedelta(seconds=20))
    migrating = Migrating(store=house.store, clock=house.clock, owner="this one")
    source = ScriptedLegacy(values=[sent(1, "FROST77")])
    [outcome] = await migrating.run([source], report=KeptReport(), waiting=lambda: said.append("waiting"))
    assert outcome.migration.counts.total == 1
    assert said == ["waiting"]
    assert house.clock.now() - now >= timedelta(seconds=20)
