"""The sandbox itself: one server on loopback with REST, gateway, sources of codes and a game."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from giftbot.sandbox.arrivals import Way
from giftbot.sandbox.driver import Actor
from giftbot.sandbox.faults import Faults
from giftbot.sandbox.game import Game
from giftbot.sandbox.gateway import Gateway
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.habits import DeleteNotice
from giftbot.sandbox.latency import Latency
from giftbot.sandbox.limits import Limits
from giftbot.sandbox.nouns import Channel, Member, Role, User
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.permissions import Permissionish
from giftbot.sandbox.pulse import PATIENCE
from giftbot.sandbox.requests import RequestLog
from giftbot.sandbox.rest import Rest
from giftbot.sandbox.sources import Sources
from giftbot.sandbox.spec import Spec
from giftbot.sandbox.world import World


class Sandbox:
    """A Discord on loopback, open while its context lasts.

    `privileged` names the intents that the application has been granted, e.g. GUILD_MEMBERS; asking for others
    closes the gateway with 4014.
    """

    def __init__(
        self,
        *,
        spec: Path | None = None,
        nonce_window: float = 300.0,
        limits: Limits | None = None,
        port: int = 0,
        history_delay: float = 0.0,
        answer_deadline: float = 3.0,
        token_life: float = 900.0,
        privileged: Iterable[str] = (),
    ) -> None:
        self.world = World(
            nonce_window=nonce_window,
            history_delay=history_delay,
            answer_deadline=answer_deadline,
            token_life=token_life,
        )
        self.world.grant_intents(*privileged)
        self.token = _token(self.world.application.id)
        self.faults = Faults(self.world.pulse)
        self.latency = Latency()
        self.requests = RequestLog(self.world.pulse)
        self.gateway = Gateway(self.world, self.token)
        self.world.listener = self.gateway
        self.sources = Sources(self.world.pulse)
        self.game = Game(self.world.pulse, self.world.findings, self.sources.published)
        self.rest = Rest(
            world=self.world,
            token=self.token,
            faults=self.faults,
            latency=self.latency,
            log=self.requests,
            limits=limits or Limits(),
            spec=Spec(spec) if spec is not None else None,
        )
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def findings(self) -> list[str]:
        """Every violation of Discord's rules so far, and every overlap of calls of the game."""
        return self.world.findings

    @property
    def base_url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        """The base of the REST API, for the setting DISCORD_API_URL."""
        return f"{self.base_url}/api/v10"

    def user(
        self,
        guild: Guild | None,
        *,
        name: str = "ada",
        permissions: Permissionish = 0,
        roles: Iterable[Role | int] = (),
    ) -> Actor:
        """Let a new user join a guild, or with None know the bot by direct messages only."""
        if guild is None:
            return Actor(self.world, self.gateway, self.world.add_user(name), None)
        member = guild.add_user(name, permissions=permissions, roles=roles)
        return self.actor(member)

    def actor(self, who: Member | User, guild: Guild | None = None) -> Actor:
        """Return a member, or a user in a guild or in none, as somebody who can act."""
        if isinstance(who, Member):
            return Actor(self.world, self.gateway, who.user, self.world.guilds[who.guild_id])
        return Actor(self.world, self.gateway, who, guild)

    def join(
        self,
        guild: Guild,
        user: User | Member | str | None = None,
        *,
        code: str | None = None,
        way: Way | None = None,
        bot: bool = False,
        by: Member | User | None = None,
        flags: int = 0,
        counted: bool = True,
        roles_come_late: bool | None = None,
        delete_notice: DeleteNotice | None = None,
    ) -> Member:
        """Let somebody join a guild by an invite, by its own address, or with no code by another way.

        See `giftbot.sandbox.joins.Joins.join`; how they came is remembered in `world.arrivals`.
        """
        return guild.joins.join(
            user,
            code=code,
            way=way,
            bot=bot,
            by=by,
            flags=flags,
            counted=counted,
            roles_come_late=roles_come_late,
            delete_notice=delete_notice,
        )

    def leave(self, guild: Guild, who: Member | User | int) -> None:
        """Let a member leave a guild."""
        guild.remove_user(who)

    async def until(self, condition: Callable[[], object], *, timeout: float = PATIENCE, what: str = "it") -> None:
        """Wait for any state of the sandbox; it is looked at after every request and event."""
        await self.world.pulse.until(condition, timeout=timeout, what=what)

    async def wait_for_messages(
        self, channel: Channel | int, count: int = 1, timeout: float = PATIENCE
    ) -> list[Payload]:
        """Wait until a channel has so many messages, and return them."""
        await self.until(
            lambda: len(self.world.messages(channel)) >= count, timeout=timeout, what=f"{count} messages"
        )
        return self.world.messages(channel)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=32 << 20)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_routes(self.sources.routes())
        app.router.add_routes(self.game.routes())
        app.router.add_routes(self.world.uploads.routes())
        app.router.add_route("*", "/api/{path:.*}", self.rest.serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        await site.start()
        self._port = int(runner.addresses[0][1])
        self._runner = runner
        self.sources.base_url = self.base_url
        self.game.base_url = self.base_url
        self.world.uploads.base_url = self.base_url
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.faults.clear()
        self.game.heal()
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()


def _token(application_id: int) -> str:
    """Return a token of the shape of Discord's: id, moment and secret in base64."""
    first = base64.urlsafe_b64encode(str(application_id).encode()).decode().rstrip("=")
    return f"{first}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}"
