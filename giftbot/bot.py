"""The bot: a hikari client and a Tanjun client over the services, from settings to a clean end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import hikari
import structlog
import tanjun

from giftbot.app import Discord, Services, open_services
from giftbot.attribution import Attribution
from giftbot.clock import SystemClock
from giftbot.collector import drop_what_starting_left
from giftbot.components import (
    about,
    codes,
    invite_debug,
    invites,
    players,
    records,
    redemptions,
    reports,
    reviews,
    staff,
    vip,
)
from giftbot.components import settings as settings_component
from giftbot.connection import application_id_of, build_gateway_bot, running_bot
from giftbot.declare import declare
from giftbot.discord.announcer import DiscordAnnouncer
from giftbot.discord.channels import DiscordChannels
from giftbot.discord.complaints import complaint
from giftbot.discord.confirmations import Confirmations
from giftbot.discord.greetings import DiscordGreeter
from giftbot.discord.invite_rights import InviteRights
from giftbot.discord.invites import DiscordInvites
from giftbot.discord.member_events import MemberEvents
from giftbot.discord.member_search import DiscordMemberSearch
from giftbot.discord.owners import DiscordNotifier, DiscordOwners
from giftbot.discord.presence import Presence
from giftbot.discord.progress import DiscordProgressBoard
from giftbot.discord.registrar import Registrar
from giftbot.discord.replies import reply
from giftbot.discord.router import Router
from giftbot.discord.staff_desk import DiscordStaffDesk
from giftbot.discord.staff_events import StaffEvents
from giftbot.models.times import PostingTimes
from giftbot.services.announcements import Announcements
from giftbot.services.auto_redeem import AutoRedeem
from giftbot.services.checks import Checks
from giftbot.services.codes import Codes
from giftbot.services.governor import Governor
from giftbot.services.guilds import Guilds
from giftbot.services.history import History
from giftbot.services.invites.greetings import Greetings
from giftbot.services.invites.health import InviteHealth
from giftbot.services.invites.inquiries import Inquiries
from giftbot.services.invites.leaderboard import Leaderboard
from giftbot.services.invites.records import JoinRecords
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
from giftbot.workers import work

_log = structlog.get_logger(__name__)

COMPONENTS = (codes, settings_component, players, redemptions, reports, records, about)
ROUTES = (
    codes.routes,
    settings_component.routes,
    players.routes,
    redemptions.routes,
    reports.routes,
    records.routes,
)
INVITE_COMPONENTS = (invites, invite_debug, staff, vip)
"""Only where attribution is switched on."""
INVITE_ROUTES = (invites.routes, invite_debug.routes, staff.routes, vip.routes, reviews.routes)


def invites_of(bot: hikari.GatewayBot, settings: Settings) -> DiscordInvites | None:
    """Discord's side of invites; None unless attribution is switched on."""
    if not settings.giftbot_invites:
        return None
    return DiscordInvites(bot.rest, InviteRights(bot.cache, application_id_of(settings.token)), SystemClock())


def discord_of(bot: hikari.GatewayBot, settings: Settings, directory: DiscordInvites | None = None) -> Discord:
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
        invites=directory,
        greeter=None if directory is None else DiscordGreeter(bot.rest, bot.cache),
        desk=None if directory is None else DiscordStaffDesk(bot.rest),
        search=(
            DiscordMemberSearch(bot.rest, directory.rights)
            if directory is not None and settings.giftbot_member_search
            else None
        ),
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
    is_attributing = services.attribution is not None
    for module in (*COMPONENTS, *(INVITE_COMPONENTS if is_attributing else ())):
        client.load_modules(module.__name__)
    router = Router(client.injector, (*ROUTES, *(INVITE_ROUTES if is_attributing else ())))
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
        **(_invite_dependencies(services.attribution) if services.attribution is not None else {}),
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


def _invite_dependencies(attribution: Attribution) -> dict[type[object], object]:
    return {
        **attribution.staffing.dependencies,
        Greetings: attribution.greetings,
        Inquiries: attribution.inquiries,
        InviteHealth: attribution.health,
        JoinRecords: attribution.records,
        Leaderboard: attribution.leaderboard,
    }


async def _on_error(ctx: tanjun.abc.Context, error: Exception) -> bool:
    await reply(ctx, complaint(error, where=ctx.triggering_name))
    return True


async def _on_parser_error(ctx: tanjun.abc.Context, error: tanjun.errors.ParserError) -> None:
    await reply(ctx, str(error))


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
    ready = asyncio.Event()
    life = asyncio.create_task(_live(settings, times, stop, opener, ready), name="life")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait((life, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not ready.is_set() and life.cancel():  # nobody works yet: what was opened is closed
            _log.info("stopped while starting")
        await asyncio.wait((life,))
    finally:
        stopping.cancel()
        life.cancel()
        await asyncio.gather(life, stopping, return_exceptions=True)
    if not life.cancelled():
        life.result()


async def _live(
    settings: Settings,
    times: PostingTimes | None,
    stop: asyncio.Event,
    opener: ServicesOpener,
    ready: asyncio.Event,
) -> None:
    """Start, work until somebody asks to stop, and end; `ready` is set when the work begins."""
    bot = build_gateway_bot(settings)
    directory = invites_of(bot, settings)
    async with opener(settings, discord_of(bot, settings, directory), times=times) as services:
        presence = Presence(services.guilds, application_id_of(settings.token))
        await services.guilds.load()
        presence.listen(bot)
        if settings.giftbot_register_by_message:
            registrar = Registrar(bot.rest, guilds=services.guilds, players=services.players)
            registrar.listen(bot)
        async with attributing(services, bot, directory), running_bot(bot, settings):
            client = build_client(bot, services)
            async with client:
                application = await bot.rest.fetch_application()
                await declare(client, bot.rest, application.id)
                drop_what_starting_left()
                _log.info("ready", store=services.store.label, sources=[source.name for source in services.sources])
                ready.set()
                await work(services, presence, bot, stop)


@asynccontextmanager
async def attributing(
    services: Services, bot: hikari.GatewayBot, directory: DiscordInvites | None
) -> AsyncIterator[None]:
    """Let attribution hear what Discord tells, until the end."""
    attribution = services.attribution
    if attribution is None or directory is None:
        yield
        return
    await attribution.begin()
    MemberEvents(attribution.actors, directory, services.clock).listen(bot)
    StaffEvents(attribution.staffing.work).listen(bot)
    try:
        yield
    finally:
        await attribution.actors.stop()
