"""A real store in a temporary file, and everything around it under the test's control."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest

from giftbot.models.ids import ChannelId, GuildId
from giftbot.models.source import Trust
from giftbot.services.announcements import Announcements
from giftbot.services.codes import Codes
from giftbot.services.detection import Detection
from giftbot.services.guilds import Guilds
from giftbot.services.notices import Notices
from giftbot.services.ports import Store
from giftbot.services.reports import Reports
from giftbot.services.signal import Signal
from giftbot.stores.sqlite.store import open_sqlite
from tests.fakes import ListeningPeople, ManualClock, OpenChannels, ScriptedSource
from tests.observed import ObservedStore, observe
from tests.services.playing import ONE, TWO, Club, make_club
from tests.services.redeeming import Workshop, workshop
from tests.services.verifying import Place, make_place


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty SQLite store."""
    async with open_sqlite(tmp_path / "giftbot.sqlite") as opened:
        yield opened


@attrs.frozen
class House:
    """The services over one store."""

    store: Store
    observed: ObservedStore
    """The same store, for the test to look at its calls."""
    directory: Path
    clock: ManualClock
    people: ListeningPeople
    channels: OpenChannels
    sources: tuple[ScriptedSource, ...]
    codes: Codes
    announcements: Announcements
    notices: Notices
    guilds: Guilds
    reports: Reports
    detection: Detection

    async def server(self, number: int = 1) -> GuildId:
        """A server that posts."""
        guild_id = GuildId(number)
        await self.guilds.choose_channel(guild_id, ChannelId(number * 10))
        return guild_id

    async def pending(self, number: int = 1) -> set[str]:
        """The codes that wait to be posted in a server."""
        rows = await self.store.list_announcements(guild_id=GuildId(number))
        return {row.code for row in rows if row.state == "pending"}

    async def check(self) -> None:
        """One regular check, as the bot does it."""
        await self.detection.check()
        await self.announcements.fan_out()


@pytest.fixture
def house(store: Store, tmp_path: Path) -> House:
    """The services, with the sources json (trusted), rss (trusted) and api (hint)."""
    clock, people, channels = ManualClock(), ListeningPeople(), OpenChannels()
    sources = (ScriptedSource("json"), ScriptedSource("rss"), ScriptedSource("api", trust=Trust.HINT))
    store, observed = observe(store)
    notices = Notices(store=store, notifier=people, clock=clock)
    codes = Codes(store=store, clock=clock)
    announcements = Announcements(store=store, notices=notices, clock=clock, wake=Signal())
    return House(
        store=store,
        observed=observed,
        directory=tmp_path,
        clock=clock,
        people=people,
        channels=channels,
        sources=sources,
        codes=codes,
        announcements=announcements,
        notices=notices,
        guilds=Guilds(
            store=store,
            announcements=announcements,
            channels=channels,
            notices=notices,
            clock=clock,
        ),
        reports=Reports(codes=codes, announcements=announcements, notices=notices, clock=clock),
        detection=Detection(sources, codes=codes, notices=notices, clock=clock, interval=10),
    )


@pytest.fixture
async def shop(store: Store) -> AsyncIterator[Workshop]:
    """The services of redemption, with a game that gives each player each code once."""
    opened = workshop(store)
    yield opened
    await opened.governor.stop()


@pytest.fixture
def club(store: Store) -> Club:
    """A server without players; in the game there are `ONE` in kingdom 312 and `TWO` in 77."""
    made = make_club(store)
    made.oracle.homes |= {ONE: 312, TWO: 77}
    return made


@pytest.fixture
def impatient_club(store: Store) -> Club:
    """The same, where nobody waits for an answer."""
    made = make_club(store, patience=0.01)
    made.oracle.homes |= {ONE: 312, TWO: 77}
    return made


@pytest.fixture
async def place(store: Store) -> Place:
    """A server that posts what was tried first."""
    return await make_place(store)
