"""Routes about application commands, global and per guild."""

from __future__ import annotations

from giftbot.sandbox import refusals
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.routing import Call, Handler, Reply, Route


def _scope(call: Call) -> int | None:
    if call.id("application_id") != call.world.application.id:
        raise refusals.unknown("Application")
    if "guild_id" not in call.params:
        return None
    if call.id("guild_id") not in call.world.guilds:
        raise refusals.no_access()
    return call.id("guild_id")


def _localised(command: Payload) -> Payload:
    """Return a command as lists show it unless asked: localisations are left out."""
    hidden = {"name_localizations", "description_localizations"}
    return {name: value for name, value in command.items() if name not in hidden}


def get_commands(call: Call) -> Reply:
    """Return the commands of a scope."""
    commands = call.world.declarations.of(_scope(call))
    if call.query.get("with_localizations") == "true":
        return 200, commands
    return 200, [_localised(command) for command in commands]


def put_commands(call: Call) -> Reply:
    """Replace all commands of a scope."""
    if not isinstance(call.body, list):
        raise refusals.ApiError(400, 50109, "The request body contains invalid JSON.")
    return 200, call.world.declarations.replace(_scope(call), call.body)


def post_command(call: Call) -> Reply:
    """Create or replace one command."""
    command, created = call.world.declarations.put(_scope(call), call.form())
    return 201 if created else 200, command


def get_command(call: Call) -> Reply:
    """Return one command."""
    return 200, call.world.declarations.get(_scope(call), call.id("command_id"))


def patch_command(call: Call) -> Reply:
    """Change one command."""
    return 200, call.world.declarations.change(_scope(call), call.id("command_id"), call.form())


def delete_command(call: Call) -> Reply:
    """Delete one command."""
    call.world.declarations.delete(_scope(call), call.id("command_id"))
    return 204, None


_HANDLERS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "", get_commands),
    ("PUT", "", put_commands),
    ("POST", "", post_command),
    ("GET", "/{command_id}", get_command),
    ("PATCH", "/{command_id}", patch_command),
    ("DELETE", "/{command_id}", delete_command),
)

ROUTES: tuple[Route, ...] = tuple(
    (method, f"/applications/{{application_id}}{scope}/commands{rest}", handler)
    for scope in ("", "/guilds/{guild_id}")
    for method, rest, handler in _HANDLERS
)
