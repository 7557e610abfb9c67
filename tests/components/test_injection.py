"""Everything that a command or a button asks for is there."""

from __future__ import annotations

import inspect
import typing
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import tanjun

from giftbot.app import open_services
from giftbot.bot import ROUTES, build_client, build_gateway_bot, discord_of
from giftbot.settings import load_settings

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE." + "x" * 38


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[tanjun.Client]:
    """The bot's client over real services, not connected."""
    settings = load_settings({"DISCORD_TOKEN": TOKEN, "GIFTBOT_DATA_DIR": str(tmp_path)}, directory=tmp_path)
    bot = build_gateway_bot(settings)
    async with open_services(settings, discord_of(bot, settings)) as services:
        yield build_client(bot, services)


def injected(callback: Callable[..., object]) -> list[type]:
    """The types that a callback asks the injector for."""
    hints = typing.get_type_hints(callback, include_extras=True)
    hints.pop("return", None)
    return [
        typing.get_args(hint)[0]
        for hint in hints.values()
        if typing.get_origin(hint) is typing.Annotated
        and any("Inject" in repr(extra) for extra in hint.__metadata__)
    ]


async def test_every_dependency_of_every_command_and_button_is_registered(client: tanjun.Client) -> None:
    """A missing dependency would show only when somebody uses the command."""
    callbacks = [command.callback for command in client.iter_slash_commands() if hasattr(command, "callback")]
    callbacks += [route.handler for routes in ROUTES for route in routes.handlers.values()]
    wanted = {kind for callback in callbacks for kind in injected(callback)}
    assert len(callbacks) > 15
    assert len(wanted) > 8
    missing = [kind for kind in wanted if client.injector.get_type_dependency(kind, default=None) is None]
    assert missing == []


async def test_every_command_says_what_it_does(client: tanjun.Client) -> None:
    """Names and descriptions are within Discord's limits, and every handler has a docstring."""
    for command in client.iter_slash_commands():
        assert 1 <= len(command.name) <= 32
        built = command.build()
        assert 1 <= len(built.description) <= 100
    for routes in ROUTES:
        for route in routes.handlers.values():
            assert inspect.getdoc(route.handler)
