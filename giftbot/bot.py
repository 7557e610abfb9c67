"""The bot: a hikari client and a Tanjun client over the services, from settings to a clean end."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import hikari
import structlog
import tanjun
from hikari.impl import CacheSettings, HTTPSettings, HTTPTimeoutSettings

from giftbot.app import Discord, Services, open_services
from giftbot.collector import drop_what_starting_left
from giftbot.components import about, codes, players, records, redemptions, reports
from giftbot.components import settings as settings_component
from giftbot.declare import declare
from giftbot.discord.announcer import DiscordAnnouncer
from giftbot.discord.channels import DiscordChannels
from giftbot.discord.complaints import complaint
from giftbot.discord.confirmations import Confirmations
from giftbot.discord.owners import DiscordNotifier, DiscordOwners
from giftbot.discord.presence import Presence
from giftbot.discord.progress import DiscordProgressBoard
from giftbot.discord.registrar import Registrar
from giftbot.discord.replies import reply
from giftbot.discord.router import Router
from giftbot.errors import StartupError, TokenError
from giftbot.models.times import PostingTimes
from giftbot.services.announcements import Announcements
from giftbot.services.auto_redeem import AutoRedeem
from giftbot.services.checks import Checks
from giftbot.services.codes import Codes
from giftbot.services.governor import Governor
from giftbot.services.guilds import Guilds
from giftbot.services.history import History
from giftbot.services.job_results import JobResults
from giftbot.services.kingdoms import Kingdoms
from giftbot.services.notices import Notices
from giftbot.services.player_pages import PlayerPages
from giftbot.services.players import Players
from giftbot.services.ports import Clock, OwnerDirectory
from giftbot.services.redemptions import Redemptions
from giftbot.services.reports import Reports
from giftbot.services.status import Status
from giftbot.services.trials import Trials
from giftbot.settings import Settings

_log = structlog.get_logger(__name__)

INTENTS = hikari.Intents.GUILDS
"""All that posting needs; nothing privileged."""
MESSAGE_INTENTS = hikari.Intents.GUILD_MESSAGES | hikari.Intents.MESSAGE_CONTENT
"""What registering by message needs on top; the second is privileged."""
COMPONENTS = (codes, settings_component, players, redemptions, reports, records, about)
ROUTES = (
    codes.routes,
    settings_component.routes,
    players.routes,
    redemptions.routes,
    reports.routes,
    records.routes,
)
REQUEST_TIMEOUT = 8.0
"""Seconds for one request to Discord; below the longest that an attempt to send may take."""
HTTP_SETTINGS = HTTPSettings(force_close_transports=False, timeouts=HTTPTimeoutSettings(total=REQUEST_TIMEOUT))
"""Connections are kept: hikari by itself opens one, and greets Discord (TLS), for every message.

aiohttp closes one that was idle for 15 s, long before Discord would. A message that still meets a closing one
is an unknown outcome like any other, and sent again with its nonce.
"""
LONGEST_WAIT = 5.0
"""Seconds that hikari may hold a request back for a rate limit."""


def application_id_of(token: str) -> int:
    """The bot's user id, the first part of every token; all but the oldest applications have the same id.

    Raises `TokenError`.
    """
    first = token.partition(".")[0]
    try:
        return int(base64.b64decode(first + "=" * (-len(first) % 4), validate=True))
    except (binascii.Error, ValueError):
        raise TokenError("DISCORD_TOKEN is not a bot token. Copy it again from the bot's page.") from None


def build_gateway_bot(settings: Settings) -> hikari.GatewayBot:
    """The Discord client, not started: least intents, the least cache, and no retries of its own.

    Raises `SettingsError` without a token, `TokenError` when it cannot be one.
    """
    application_id_of(settings.token)
    return hikari.GatewayBot(
        settings.token,
        banner=None,
        logs=None,
        intents=INTENTS | MESSAGE_INTENTS if settings.giftbot_register_by_message else INTENTS,
        auto_chunk_members=False,
        cache_settings=CacheSettings(components=hikari.api.CacheComponents.ME),
        http_settings=HTTP_SETTINGS,
        max_rate_limit=LONGEST_WAIT,
        max_retries=0,
        rest_url=settings.discord_api_url,
        suppress_optimization_warning=True,
    )


def discord_of(bot: hikari.GatewayBot, settings: Settings) -> Discord:
    """The services' view of Discord through this client."""
    application_id = application_id_of(settings.token)
    channels = DiscordChannels(bot.rest, application_id)
    owners = DiscordOwners(bot.rest, settings.owner_ids)
    return Discord(
        announcer=DiscordAnnouncer(bot.rest, channels, application_id),
        channels=channels,
        notifier=DiscordNotifier(bot.rest, owners),
        owners=owners,
        board=DiscordProgressBoard(bot.rest),
    )


def build_client(bot: hikari.GatewayBot, services: Services) -> tanjun.Client:
    """The commands over the services: dependencies, hooks, buttons."""
    client = tanjun.Client.from_gateway_bot(bot, event_managed=False, declare_global_commands=False)
    client.set_ephemeral_default(True).set_message_accepts(tanjun.MessageAcceptsEnum.NONE)
    hooks = tanjun.AnyHooks()
    hooks.add_on_error(_on_error)
    hooks.add_on_parser_error(_on_parser_error)
    client.set_hooks(hooks)
    for kind, value in _dependencies(services).items():
        client.set_type_dependency(kind, value)
    for module in COMPONENTS:
        client.load_modules(module.__name__)
    router = Router(client.injector, ROUTES)
    bot.subscribe(hikari.ComponentInteractionCreateEvent, router.on_component)
    bot.subscribe(hikari.ModalInteractionCreateEvent, router.on_modal)
    return client


def _dependencies(services: Services) -> dict[type[object], object]:
    panels = settings_component.Panels(
        services.guilds,
        services.announcements,
        services.status,
        registers=services.settings.giftbot_register_by_message,
    )
    return {
        Announcements: services.announcements,
        AutoRedeem: AutoRedeem(
            guilds=services.guilds, redemptions=services.redemptions, progress=services.progress
        ),
        Checks: services.checks,
        Clock: services.clock,
        Codes: services.codes,
        Confirmations: Confirmations(services.clock),
        Governor: services.governor,
        Guilds: services.guilds,
        History: services.history,
        JobResults: services.results,
        Kingdoms: Kingdoms(
            guilds=services.guilds,
            store=services.store,
            redemptions=services.redemptions,
            clock=services.clock,
        ),
        Notices: services.notices,
        OwnerDirectory: services.owners,
        PlayerPages: PlayerPages(services.store),
        Players: services.players,
        Redemptions: services.redemptions,
        Reports: services.reports,
        Status: services.status,
        Trials: services.trials,
        settings_component.Panels: panels,
    }


async def _on_error(ctx: tanjun.abc.Context, error: Exception) -> bool:
    await reply(ctx, complaint(error, where=ctx.triggering_name))
    return True


async def _on_parser_error(ctx: tanjun.abc.Context, error: tanjun.errors.ParserError) -> None:
    await reply(ctx, str(error))


@asynccontextmanager
async def running_bot(bot: hikari.GatewayBot, settings: Settings) -> AsyncIterator[None]:
    """Connect, and disconnect in the end. Every way to fail becomes one sentence.

    Raises `TokenError` or `StartupError`.
    """
    try:
        await _start(bot, settings)
        yield
    finally:
        with contextlib.suppress(hikari.ComponentStateConflictError):  # it never began to start
            await bot.close()


async def _start(bot: hikari.GatewayBot, settings: Settings) -> None:
    try:
        await bot.start(
            check_for_updates=False, shard_ids=settings.shard_ids, shard_count=settings.giftbot_shard_count
        )
    except hikari.UnauthorizedError:
        raise TokenError("Discord does not accept DISCORD_TOKEN. Copy it again from the bot's page.") from None
    except hikari.GatewayServerClosedConnectionError as error:
        raise TokenError(f"Discord closed the connection: {error.reason} ({error.code}).") from None
    except Exception as error:
        # hikari lets through whatever the connection raises: cut bodies, refused sockets, session limits.
        raise StartupError(f"Discord cannot be reached, or does not let the bot start: {error}") from error


class ServicesOpener(Protocol):
    """Opens the services over an outside world: `giftbot.app.open_services`, or what a test puts together."""

    def __call__(
        self, settings: Settings, discord: Discord, *, times: PostingTimes | None
    ) -> AbstractAsyncContextManager[Services]:
        """All services, while the context lasts."""
        ...


async def run_bot(
    settings: Settings,
    *,
    times: PostingTimes | None = None,
    stop: asyncio.Event | None = None,
    opener: ServicesOpener = open_services,
) -> None:
    """Run until SIGTERM or SIGINT, or until `stop` is set.

    Raises `GiftbotError` with one sentence when it cannot start or go on.
    """
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    bot = build_gateway_bot(settings)
    async with opener(settings, discord_of(bot, settings), times=times) as services:
        presence = Presence(services.guilds, application_id_of(settings.token))
        await services.guilds.load()
        presence.listen(bot)
        if settings.giftbot_register_by_message:
            registrar = Registrar(bot.rest, guilds=services.guilds, players=services.players)
            registrar.listen(bot)
        async with running_bot(bot, settings):
            client = build_client(bot, services)
            async with client:
                application = await bot.rest.fetch_application()
                await declare(client, bot.rest, application.id)
                drop_what_starting_left()
                _log.info("ready", store=services.store.label, sources=[source.name for source in services.sources])
                await _work(services, presence, bot, stop)


async def _connected(bot: hikari.GatewayBot) -> None:
    """Return never, but raise `TokenError` when Discord closes the connection for good."""
    try:
        await bot.join()
    except hikari.GatewayServerClosedConnectionError as error:
        raise TokenError(f"Discord closed the connection for good: {error.reason} ({error.code}).") from None


async def _work(services: Services, presence: Presence, bot: hikari.GatewayBot, stop: asyncio.Event) -> None:
    """Run the workers until somebody asks to stop, or one of them cannot go on."""
    workers = [
        asyncio.create_task(services.posting.run(), name="posting"),
        asyncio.create_task(services.governor.run(), name="governor"),
        asyncio.create_task(services.redeeming.run(), name="redeeming"),
        asyncio.create_task(services.upkeep.run_checks(), name="checks"),
        asyncio.create_task(services.upkeep.run_upkeep(), name="upkeep"),
        asyncio.create_task(presence.run(), name="presence"),
        asyncio.create_task(_connected(bot), name="connection"),
    ]
    if services.verification is not None:
        workers.append(asyncio.create_task(services.verification.run(), name="verification"))
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait([*workers, stopping], return_when=asyncio.FIRST_COMPLETED)
        _log.info("stopping")
    finally:
        await _end(services, workers, stopping)


async def _end(services: Services, workers: Sequence[asyncio.Task[None]], stopping: asyncio.Task[bool]) -> None:
    await asyncio.gather(services.posting.stop(), services.redeeming.stop())
    await services.progress.aclose()
    for task in (*workers, stopping):
        task.cancel()
    results = await asyncio.gather(*workers, stopping, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
