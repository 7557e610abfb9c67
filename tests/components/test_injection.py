"""Everything that a command or a button asks for is there."""

from __future__ import annotations

import inspect
import typing
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import tanjun

from giftbot.app import open_services
from giftbot.bot import INVITE_ROUTES, ROUTES, build_client, discord_of, invites_of
from giftbot.connection import build_gateway_bot
from giftbot.settings import load_settings

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE." + "x" * 38


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[tanjun.Client]:
    """The bot's client over real services, not connected."""
    environ = {"DISCORD_TOKEN": TOKEN, "GIFTBOT_DATA_DIR": str(tmp_path), "GIFTBOT_INVITES": "true"}
    settings = load_settings(environ, directory=tmp_path)
    bot = build_gateway_bot(settings)
    async with open_services(settings, discord_of(bot, settings, invites_of(bot, settings))) as services:
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


def commands_of(client: tanjun.Client) -> list[tanjun.abc.BaseSlashCommand]:
    """Every command that can be run, those of groups and of groups in them as well."""
    return [leaf for command in client.iter_slash_commands() for leaf in leaves_of(command)]


def leaves_of(command: tanjun.abc.BaseSlashCommand) -> list[tanjun.abc.BaseSlashCommand]:
    """The command itself, or what can be run within the group that it is."""
    if not isinstance(command, tanjun.abc.SlashCommandGroup):
        return [command]
    return [leaf for inner in command.commands for leaf in leaves_of(inner)]


def completions_of(command: tanjun.abc.BaseSlashCommand) -> list[Callable[..., object]]:
    """What suggests values for a command's options."""
    assert isinstance(command, tanjun.SlashCommand)
    kinds = (command.str_autocompletes, command.int_autocompletes, command.float_autocompletes)
    return [callback for kind in kinds for callback in kind.values()]


async def test_every_dependency_of_every_command_and_button_is_registered(client: tanjun.Client) -> None:
    """A missing dependency would show only when somebody uses the command."""
    commands = commands_of(client)
    callbacks = [command.callback for command in commands if isinstance(command, tanjun.SlashCommand)]
    callbacks += [callback for command in commands for callback in completions_of(command)]
    callbacks += [route.handler for routes in (*ROUTES, *INVITE_ROUTES) for route in routes.handlers.values()]
    wanted = {kind for callback in callbacks for kind in injected(callback)}
    wanted -= {kind for kind in wanted if type(None) in typing.get_args(kind)}  # they do without
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
        for option in built.options:
            assert 1 <= len(option.description) <= 100
            assert all(1 <= len(inner.description) <= 100 for inner in option.options or ())
    for routes in (*ROUTES, *INVITE_ROUTES):
        for route in routes.handlers.values():
            assert inspect.getdoc(route.handler)
