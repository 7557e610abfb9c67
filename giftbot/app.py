"""The composition root: the only module that names adapters. The bot and `ops` enter the same services here."""

from __future__ import annotations

import enum
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta

from giftbot.assembly import Services, assemble
from giftbot.clock import SystemClock
from giftbot.games.catalogue import build_game
from giftbot.games.profiles import load_profile
from giftbot.layers import open_copies
from giftbot.models.times import PostingTimes
from giftbot.outside import Discord, Outside
from giftbot.services.ports import Clock, Game, Journal, Source, Store
from giftbot.settings import Settings
from giftbot.sources.catalogue import build_sources, open_fetcher
from giftbot.stores.directory import Holder, lock_directory, lock_holder
from giftbot.stores.journal import FileJournal
from giftbot.stores.state_file import JsonStateFile
from giftbot.takeover import legacy_of

__all__ = [
    "Discord",
    "Outside",
    "Role",
    "Services",
    "assemble",
    "game_address",
    "held_alone",
    "holder_of",
    "journal_of",
    "new_owner",
    "open_game",
    "open_outside",
    "open_services",
    "open_sources",
]

SQLITE_NAME = "giftbot.sqlite"
JOURNAL_NAME = "journal.jsonl"
STATE_NAME = "giftcode_state.json"


class Role(enum.Enum):
    """What a process does with the data."""

    BOT = "bot"
    """It alone writes the data directory, and runs the workers."""
    OPS = "ops"
    """It works beside a running bot: no directory lock, no workers, no replay."""


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
            from giftbot.stores.sqlite.store import open_sqlite  # noqa: PLC0415 - 2 MB that MongoDB has no use for

            store = await stack.enter_async_context(open_sqlite(directory / SQLITE_NAME))
            if role is Role.BOT:
                await store.expire_leases(owner, clock.now())
                now = clock.now()
                # What the dead process asked for last rests as after any other call.
                await store.expire_claims(owner, now, now + timedelta(seconds=settings.game_player_spacing))
        sources = await stack.enter_async_context(open_sources(settings))
        game = await stack.enter_async_context(open_game(settings, clock))
        copies = None
        if role is Role.BOT and settings.giftbot_invites:
            copies = await stack.enter_async_context(open_copies(settings, store, clock))
        yield Outside(
            store=store,
            journal=journal_of(settings),
            state_file=JsonStateFile(directory / STATE_NAME),
            sources=sources,
            game=game,
            clock=clock,
            copies=copies,
            legacy=legacy_of(settings) if role is Role.BOT else None,
        )


@asynccontextmanager
async def open_game(settings: Settings, clock: Clock) -> AsyncIterator[Game]:
    """Open the game alone. Raises `SettingsError` for an address that is never asked."""
    game = build_game(
        settings.game,
        clock=clock,
        api_url=settings.game_api_url,
        sign_salt=settings.game_sign_salt,
        allow_private=settings.giftbot_allow_private_urls,
    )
    try:
        yield game
    finally:
        await game.aclose()


def game_address(settings: Settings) -> str:
    """Where the game is asked."""
    return settings.game_api_url or load_profile(settings.game).redemption.api_url


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


def held_alone(settings: Settings) -> AbstractContextManager[None]:
    """Keep every bot off the data directory, which is made when it is absent. Raises `DataDirectoryError`."""
    return lock_directory(settings.giftbot_data_dir)


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
        services = assemble(settings, outside, discord, owner=owner, times=times or PostingTimes())
        try:
            yield services
        finally:
            await services.governor.stop()
