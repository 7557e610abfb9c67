"""One run of `ops`: settings, log, services, and every way it can end."""

from __future__ import annotations

import contextvars
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar, cast

import typer

from giftbot.errors import DataDirectoryError, GiftbotError, InvalidInputError, StoreError
from giftbot.models.ids import GuildId

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Discord, Services
    from giftbot.services.inspection import Inspection
    from giftbot.settings import Settings
    from ops.log_file import LogFile

debug: contextvars.ContextVar[bool] = contextvars.ContextVar("debug", default=False)
"""Whether `--debug` was given."""

T = TypeVar("T")


class Process:
    """What every command starts with: the settings, the services, and where its words go."""

    def __init__(self, stack: ExitStack, *, keeps_log: bool = True) -> None:
        """Take `keeps_log`: whether a log file may be written."""
        from ops.masking import Mask  # noqa: PLC0415
        from ops.output import Output  # noqa: PLC0415

        self._stack = stack
        self._log: LogFile | None = None
        self._is_logging = False
        self._keeps_log = keeps_log
        self._is_debug = debug.get()
        self.output = Output(Mask())

    @cached_property
    def settings(self) -> Settings:
        """The settings; from the first look on, secrets are known and the log is open. Raises `SettingsError`."""
        from giftbot.settings import load_settings  # noqa: PLC0415
        from ops.masking import Mask  # noqa: PLC0415

        settings = load_settings()
        self.output.mask = Mask(settings)
        self._is_debug = self._is_debug or settings.log_level == "DEBUG"
        self._open_log(settings)
        return settings

    def run(
        self,
        work: Callable[[Services], Awaitable[T]],
        *,
        begins: bool = False,
        upgrades: bool = False,
        asks_game: bool = False,
    ) -> T:
        """Do something with the services, opened for it and closed after it.

        With `begins` also without data, with `upgrades` also on a file of an older schema.
        """
        import asyncio  # noqa: PLC0415

        settings = self.settings

        async def worked() -> T:
            async with open_beside(settings, begins=begins, upgrades=upgrades, asks_game=asks_game) as services:
                return await work(services)

        return asyncio.run(worked())

    def explain(self, error: Exception) -> str:
        """A sentence about an error that nobody foresaw; its traceback goes to the log."""
        import structlog  # noqa: PLC0415

        from giftbot.logs import new_reference  # noqa: PLC0415

        reference = new_reference()
        if self._is_debug and not self._is_logging:
            self._log_to(None, "DEBUG", "console")
        if self._is_logging:
            structlog.get_logger("ops").error("command failed", ref=reference, exc_info=error)
        sentence = f"Something went wrong inside ops ({reference})."
        if self._is_debug:
            return sentence
        if self._log is not None and self._log.written is not None:
            return f"{sentence} The log has the details: {self._log.written}"
        return f"{sentence} To see the details: ops --debug ..."

    def _open_log(self, settings: Settings) -> None:
        from ops.log_file import LogFile  # noqa: PLC0415

        if self._is_debug:
            self._log_to(None, "DEBUG", settings.log_format)
        elif not self._keeps_log:
            nowhere = self._stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - on the stack
            self._log_to(nowhere, settings.log_level, settings.log_format)
        else:
            self._log = self._stack.enter_context(LogFile(settings.giftbot_data_dir))
            self._log_to(self._log, settings.log_level, settings.log_format)

    def _log_to(self, stream: LogFile | TextIO | None, level: str, log_format: str) -> None:
        """Send the log to the file, or to standard error, until the process ends."""
        import logging  # noqa: PLC0415
        import sys  # noqa: PLC0415

        from giftbot.logs import configure_logging  # noqa: PLC0415

        configure_logging(level, log_format, stream=sys.stderr if stream is None else cast("TextIO", stream))
        root = logging.getLogger()
        for handler in root.handlers[:]:
            self._stack.callback(root.removeHandler, handler)
        self._is_logging = True


def has_data(settings: Settings) -> bool:
    """Whether there are tables. Raises `DataDirectoryError` when that cannot be seen."""
    from giftbot.app import SQLITE_NAME  # noqa: PLC0415

    if settings.mongo_uri.get_secret_value():
        return True
    directory = settings.giftbot_data_dir.absolute()
    try:
        return (directory / SQLITE_NAME).exists()
    except OSError as error:
        raise DataDirectoryError(f"The data directory {directory} cannot be read: {error.strerror}.") from None


def require_data(settings: Settings) -> None:
    """Refuse to begin where there is nothing to look at, so that looking makes no file.

    Raises `DataDirectoryError`.
    """
    if not has_data(settings):
        directory = settings.giftbot_data_dir.absolute()
        raise DataDirectoryError(
            f"There is no data in {directory} (GIFTBOT_DATA_DIR): start the bot once, or run ops with the bot's own"
            " settings."
        )


def disconnected(settings: Settings) -> Discord:
    """The services' view of Discord in a process that has no connection to it."""
    from giftbot.app import Discord  # noqa: PLC0415
    from giftbot.discord import offline  # noqa: PLC0415

    return Discord(
        announcer=offline.OfflineAnnouncer(),
        channels=offline.OfflineChannels(),
        notifier=offline.OfflineNotifier(),
        owners=offline.OfflineOwners(settings.owner_ids),
        board=offline.OfflineBoard(),
    )


def _without_addresses(settings: Settings, *, asks_game: bool) -> Settings:
    import attrs  # noqa: PLC0415

    return attrs.evolve(
        settings,
        game_api_url=settings.game_api_url if asks_game else None,
        giftcode_json_url="",
        giftcode_rss_url="",
        giftcode_page_url="",
        giftcode_api_url="",
        giftcode_api_key=type(settings.giftcode_api_key)(""),
    )


@asynccontextmanager
async def open_beside(
    settings: Settings, *, begins: bool = False, upgrades: bool = False, asks_game: bool = False
) -> AsyncIterator[Services]:
    """The bot's services, beside a bot that may be running: nothing is locked, replayed or sent.

    Neither sources nor, without `asks_game`, the game are asked: `ops` helps, too, where one of their addresses is
    wrong. Where there is no data they are refused, or with `begins` the tables are made. A file of an older schema
    is refused, too, unless `upgrades` is set: opening upgrades it. Raises `DataDirectoryError`, `StoreError`.
    """
    from giftbot.app import Role, open_services  # noqa: PLC0415

    if not begins:
        require_data(settings)
    if not upgrades:
        await _require_schema(settings, begins=begins)
    inside = _without_addresses(settings, asks_game=asks_game)
    async with open_services(inside, disconnected(settings), role=Role.OPS) as services:
        yield services


async def _require_schema(settings: Settings, *, begins: bool) -> None:
    """Refuse a SQLite file that opening would upgrade. Raises `StoreError`."""
    from giftbot.storage import look_at_schema  # noqa: PLC0415

    if settings.mongo_uri:
        return
    state = await look_at_schema(settings)
    if state.is_older and (state.found or not begins):
        raise StoreError(
            f"{state.place} is of schema {state.found}, and this giftbot writes {state.known}: the bot upgrades it"
            " when it starts, or: ops schema upgrade. Nothing was changed."
        )


def inspecting(services: Services) -> Inspection:
    """What an operator looks at, over the opened services."""
    from giftbot.services.inspection import Inspection  # noqa: PLC0415

    return Inspection(store=services.store, clock=services.clock, game=services.settings.game)


async def require_known(services: Services, guild_id: GuildId) -> None:
    """Refuse a server of which nothing is known. Raises `InvalidInputError`."""
    if not await inspecting(services).knows(guild_id):
        raise InvalidInputError(f"Server {guild_id} is not known here. The known ones: ops inspect guilds.")


def agreed(process: Process, question: str) -> bool:
    """Ask, where no is the default. Ends the process when nobody is there to answer."""
    try:
        if typer.confirm(question):
            return True
    except typer.Abort:
        process.output.complain("Nothing was changed: nobody answered. Where nobody can, use --yes.")
        raise typer.Exit(1) from None
    process.output.say("Nothing was changed.")
    return False


@contextmanager
def ops_process(*, keeps_log: bool = True) -> Iterator[Process]:
    """One run: every error of the block becomes one sentence on standard error and an exit code."""
    with ExitStack() as stack:
        process = Process(stack, keeps_log=keeps_log)
        try:
            yield process
        except (typer.Exit, typer.Abort):
            raise
        except GiftbotError as error:
            process.output.complain(str(error))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            process.output.complain("Interrupted.")
            raise typer.Exit(130) from None
        except Exception as error:
            process.output.complain(process.explain(error))
            raise typer.Exit(1) from None
