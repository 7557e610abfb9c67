"""Application commands: what the bot has declared, globally and per guild."""

from __future__ import annotations

from giftbot.sandbox import refusals
from giftbot.sandbox.ids import Snowflakes
from giftbot.sandbox.nouns import Application
from giftbot.sandbox.payload import Payload

CREATES_PER_DAY = 200

_DEFAULTS: Payload = {
    "type": 1,
    "description": "",
    "name_localizations": None,
    "description_localizations": None,
    "default_member_permissions": None,
    "integration_types": [0],
    "contexts": None,
    "nsfw": False,
}


class Declarations:
    """The registry of commands; scope None is global, else a guild's id."""

    def __init__(self, ids: Snowflakes, application: Application) -> None:
        self._ids = ids
        self._application = application
        self._scopes: dict[int | None, dict[int, Payload]] = {}
        self.creates: dict[int | None, int] = {}
        """New commands per scope, of the 200 that are allowed a day."""

    def of(self, guild_id: int | None) -> list[Payload]:
        """Return the commands of one scope."""
        return list(self._scopes.get(guild_id, {}).values())

    def visible_in(self, guild_id: int | None) -> list[Payload]:
        """Return the commands that a user in a guild, or in direct messages, can choose."""
        return self.of(None) + (self.of(guild_id) if guild_id is not None else [])

    def get(self, guild_id: int | None, command_id: int) -> Payload:
        """Return one command.

        Raises:
            ApiError: There is none (10063).
        """
        command = self._scopes.get(guild_id, {}).get(command_id)
        if command is None:
            raise refusals.unknown("application command")
        return command

    def replace(self, guild_id: int | None, forms: list[Payload]) -> list[Payload]:
        """Replace all commands of a scope; those that keep name and type keep their id."""
        old = {(one["name"], one["type"]): one for one in self.of(guild_id)}
        keys = [(form["name"], form.get("type", 1)) for form in forms]
        if len(set(keys)) != len(keys):
            raise refusals.invalid_form(
                "name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
            )
        self._count(guild_id, sum(key not in old for key in keys))
        commands = [self._command(guild_id, form, old.get(key)) for form, key in zip(forms, keys, strict=True)]
        self._scopes[guild_id] = {int(one["id"]): one for one in commands}
        return commands

    def put(self, guild_id: int | None, form: Payload) -> tuple[Payload, bool]:
        """Create one command, or replace the one of the same name and type; return it and whether it is new."""
        key = (form["name"], form.get("type", 1))
        old = next((one for one in self.of(guild_id) if (one["name"], one["type"]) == key), None)
        if old is None:
            self._count(guild_id, 1)
        command = self._command(guild_id, form, old)
        self._scopes.setdefault(guild_id, {})[int(command["id"])] = command
        return command, old is None

    def change(self, guild_id: int | None, command_id: int, form: Payload) -> Payload:
        """Change fields of a command."""
        command = self.get(guild_id, command_id)
        command.update(form)
        return command

    def delete(self, guild_id: int | None, command_id: int) -> None:
        """Delete a command."""
        self.get(guild_id, command_id)
        del self._scopes[guild_id][command_id]

    def _count(self, guild_id: int | None, new: int) -> None:
        used = self.creates.get(guild_id, 0) + new
        if used > CREATES_PER_DAY:
            raise refusals.ApiError(
                400, 30034, "Max number of daily application command creates has been reached (200)"
            )
        self.creates[guild_id] = used

    def _command(self, guild_id: int | None, form: Payload, old: Payload | None) -> Payload:
        same = old is not None and all(old.get(name) == value for name, value in form.items())
        command: Payload = {
            **_DEFAULTS,
            **form,
            "id": old["id"] if old is not None else str(self._ids.take()),
            "application_id": str(self._application.id),
            "version": old["version"] if old is not None and same else str(self._ids.take()),
        }
        if isinstance(command["default_member_permissions"], int):
            command["default_member_permissions"] = str(command["default_member_permissions"])
        if guild_id is not None:
            command["guild_id"] = str(guild_id)
        return command
