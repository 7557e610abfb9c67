"""Buttons, selects and modals by their `custom_id`, with injection: `route:argument`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import alluka
import attrs
import hikari
import structlog

from giftbot.discord.complaints import complaint
from giftbot.discord.press import Press

_log = structlog.get_logger(__name__)

Handler = Callable[..., Awaitable[None]]
"""Takes a `Press` first; further parameters are injected."""

DEFER_AFTER = 2.0
"""Seconds; Discord drops an interaction that is not answered within 3 s."""


@attrs.frozen
class Route:
    """A handler, and how a late answer of it is promised."""

    handler: Handler
    updates: bool
    """Whether it changes the message that the component is on, rather than answering with a new one."""


class Routes:
    """The handlers of one component."""

    def __init__(self) -> None:
        self._handlers: dict[str, Route] = {}

    def on(self, route: str, *, updates: bool = False) -> Callable[[Handler], Handler]:
        """Let the decorated function handle what begins with `route:`."""

        def register(handler: Handler) -> Handler:
            if route in self._handlers:
                raise ValueError(f"two handlers for the route {route}")
            self._handlers[route] = Route(handler, updates)
            return handler

        return register

    @property
    def handlers(self) -> Mapping[str, Route]:
        """Every handler by its route."""
        return self._handlers


class Router:
    """Calls the handler that an interaction is for, answers errors, and defers what takes long."""

    def __init__(self, injector: alluka.abc.Client, routes: Sequence[Routes]) -> None:
        self._injector = injector
        self._handlers: dict[str, Route] = {}
        for group in routes:
            if twice := self._handlers.keys() & group.handlers.keys():
                raise ValueError(f"two handlers for the routes {sorted(twice)}")
            self._handlers.update(group.handlers)

    async def on_component(self, event: hikari.ComponentInteractionCreateEvent) -> None:
        """Handle a button or a select."""
        await self._route(Press(event.interaction))

    async def on_modal(self, event: hikari.ModalInteractionCreateEvent) -> None:
        """Handle a modal that was sent."""
        await self._route(Press(event.interaction))

    async def _route(self, press: Press) -> None:
        route = self._handlers.get(press.route)
        if route is None:
            _log.info("no such route", custom_id=press.route)
            return
        press.updates_message = route.updates
        deferring = asyncio.create_task(self._defer(press))
        try:
            await self._injector.call_with_async_di(route.handler, press)
        except Exception as error:
            await press.complain(complaint(error, where=press.route))
        finally:
            deferring.cancel()

    async def _defer(self, press: Press) -> None:
        await asyncio.sleep(DEFER_AFTER)
        await press.defer()
