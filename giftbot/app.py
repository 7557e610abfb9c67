"""The composition root: the only module that names adapters. The bot and `ops` enter the same services here."""

from __future__ import annotations

import enum
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import attrs

from giftbot.clock import SystemClock
from giftbot.games.profiles import load_profile
from giftbot.models.times import PostingTimes
from giftbot.services.aftermath import Aftermath
from giftbot.services.announcements import Announcements
from giftbot.services.checks import Checks
from giftbot.services.codes import Codes
from giftbot.services.delivery import Deliveries
from giftbot.services.detection import Detection
from giftbot.services.guilds import Guilds
from giftbot.services.history import History
from giftbot.services.marks import Marks
from giftbot.services.notices import Notices
from giftbot.services.pacer import Pacer
from giftbot.services.ports import (
    Announcer,
    Channels,
    Clock,
    Journal,
    Notifier,
    OwnerDirectory,
    Source,
    StateFile,
    Store,
)
from giftbot.services.posting import Posting
from giftbot.services.reports import Reports
from giftbot.services.signal import Signal
from giftbot.services.state_copy import StateCopy
from giftbot.services.status import Status
from giftbot.services.trials import Trials
from giftbot.services.upkeep import Upkeep
from giftbot.settings import Settings
from giftbot.sources.catalogue import build_sources, open_fetcher
from giftbot.stores.directory import Holder, lock_directory, lock_holder
from giftbot.stores.journal import FileJournal
from giftbot.stores.sqlite.store import open_sqlite
from giftbot.stores.state_file import JsonStateFile

SQLITE_NAME = "giftbot.sqlite"
JOURNAL_NAME = "journal.jsonl"
STATE_NAME = "giftcode_state.json"


class Role(enum.Enum):
    """What a process does with the data."""

    BOT = "bot"
    """It alone writes the data directory, and runs the workers."""
    OPS = "ops"
    """It works beside a running bot: no directory lock, no workers, no replay."""


@attrs.frozen
class Discord:
    """Discord, as the services need it."""

    announcer: Announcer
    channels: Channels
    notifier: Notifier
    owners: OwnerDirectory


@attrs.frozen
class Outside:
    """Everything outside of the services but Discord. Tests wrap single ports of it."""

    store: Store
    journal: Journal
    state_file: StateFile
    sources: tuple[Source, ...]
    clock: Clock


@attrs.frozen
class Services:
    """Every service, wired."""

    settings: Settings
    store: Store
    clock: Clock
    sources: tuple[Source, ...]
    owners: OwnerDirectory
    codes: Codes
    announcements: Announcements
    guilds: Guilds
    history: History
    reports: Reports
    notices: Notices
    detection: Detection
    checks: Checks
    trials: Trials
    marks: Marks
    posting: Posting
    status: Status
    upkeep: Upkeep


@asynccontextmanager
async def open_outside(settings: Settings, role: Role, *, owner: str) -> AsyncIterator[Outside]:
    """Open store, sources and files; close them in reverse. Fails with one sentence, before anything runs.

    `owner` is the name of this process incarnation. Raises `StartupError` or `StoreError`.
    """
    directory = settings.giftbot_data_dir
    async with AsyncExitStack() as stack:
        if role is Role.BOT:
            stack.enter_context(lock_directory(directory))
        clock = SystemClock()
        store: Store
        if settings.mongo_uri:
            from giftbot.stores.mongo.store import open_mongo  # noqa: PLC0415 - 6 MB that SQLite has no use for

            mongo = await stack.enter_async_context(
                open_mongo(settings.mongo_uri.get_secret_value(), settings.mongo_db_name)
            )
            clock.offset = await mongo.clock_offset()
            store = mongo
        else:
            store = await stack.enter_async_context(open_sqlite(directory / SQLITE_NAME))
            if role is Role.BOT:
                await store.expire_leases(owner, clock.now())
        sources = await stack.enter_async_context(open_sources(settings))
        yield Outside(
            store=store,
            journal=journal_of(settings),
            state_file=JsonStateFile(directory / STATE_NAME),
            sources=sources,
            clock=clock,
        )


@asynccontextmanager
async def open_sources(settings: Settings) -> AsyncIterator[tuple[Source, ...]]:
    """Open the sources alone. Raises `SettingsError` for an address that is never fetched."""
    defaults = load_profile(settings.game).sources
    async with AsyncExitStack() as stack:
        fetcher = await stack.enter_async_context(open_fetcher(allow_private=settings.giftbot_allow_private_urls))
        sources = build_sources(
            json_url=defaults.json_url if settings.giftcode_json_url is None else settings.giftcode_json_url,
            rss_url=defaults.rss_url if settings.giftcode_rss_url is None else settings.giftcode_rss_url,
            page_url=defaults.page_url if settings.giftcode_page_url is None else settings.giftcode_page_url,
            api_url=settings.giftcode_api_url,
            api_key=settings.giftcode_api_key.get_secret_value() or None,
            fetcher=fetcher,
        )
        for source in sources:
            stack.push_async_callback(source.aclose)
        yield sources


def journal_of(settings: Settings) -> Journal:
    """The journal on this machine's disk."""
    return FileJournal(settings.giftbot_data_dir / JOURNAL_NAME)


def holder_of(settings: Settings) -> Holder | None:
    """Which bot works on the data directory; None when none does. Raises `OSError` when it cannot be read."""
    return lock_holder(settings.giftbot_data_dir)


def new_owner() -> str:
    """A name for this process incarnation that no other ever had."""
    return uuid.uuid4().hex


@asynccontextmanager
async def open_services(
    settings: Settings, discord: Discord, *, role: Role = Role.BOT, times: PostingTimes | None = None
) -> AsyncIterator[Services]:
    """All services over the real outside world."""
    owner = new_owner()
    async with open_outside(settings, role, owner=owner) as outside:
        yield assemble(settings, outside, discord, owner=owner, times=times or PostingTimes())


def assemble(
    settings: Settings, outside: Outside, discord: Discord, *, owner: str, times: PostingTimes
) -> Services:
    """Wire the services. Nothing is opened and nothing runs yet."""
    store, clock, wake = outside.store, outside.clock, Signal()
    notices = Notices(store=store, notifier=discord.notifier, clock=clock)
    codes = Codes(store=store, clock=clock)
    announcements = Announcements(store=store, notices=notices, clock=clock, wake=wake)
    guilds = Guilds(
        store=store,
        announcements=announcements,
        channels=discord.channels,
        notices=notices,
        clock=clock,
    )
    detection = Detection(
        outside.sources, codes=codes, notices=notices, clock=clock, interval=settings.giftcode_check_interval
    )
    checks = Checks(detection=detection, announcements=announcements, clock=clock)
    marks = Marks(store, outside.journal)
    pacer = Pacer(settings.post_rate_per_second, clock)
    deliveries = Deliveries(
        store=store,
        marks=marks,
        announcer=discord.announcer,
        clock=clock,
        pacer=pacer,
        times=times,
        aftermath=Aftermath(guilds=guilds, notices=notices),
    )
    posting = Posting(
        store=store,
        marks=marks,
        announcer=discord.announcer,
        deliveries=deliveries,
        clock=clock,
        times=times,
        wake=wake,
        owner=owner,
        rate=settings.post_rate_per_second,
    )
    return Services(
        settings=settings,
        store=store,
        clock=clock,
        sources=outside.sources,
        owners=discord.owners,
        codes=codes,
        announcements=announcements,
        guilds=guilds,
        history=History(store=store, codes=codes),
        reports=Reports(codes=codes, announcements=announcements, notices=notices, clock=clock),
        notices=notices,
        detection=detection,
        checks=checks,
        trials=Trials(announcer=discord.announcer, pacer=pacer, clock=clock),
        marks=marks,
        posting=posting,
        status=Status(store=store, detection=detection, posting=posting),
        upkeep=Upkeep(
            checks=checks,
            detection=detection,
            codes=codes,
            announcements=announcements,
            notices=notices,
            copy=StateCopy(store=store, file=outside.state_file, clock=clock),
            store=store,
            clock=clock,
            interval=settings.giftcode_check_interval,
            upkeep_interval=times.upkeep,
        ),
    )
