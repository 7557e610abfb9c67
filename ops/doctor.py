"""`ops doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from giftbot.errors import DataDirectoryError, InvalidInputError, SettingsError, StoreError
from giftbot.models.check import Check, Level, failed, warning
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import GuildId
from ops.options import Json, guild_id
from ops.process import Process, open_beside, ops_process, require_data

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.settings import Settings
    from ops.inquiry import DiscordExamination

Live = Annotated[bool, typer.Option("--live", help="Also ask Discord now about the channel of the server --guild.")]
LiveGuild = Annotated[
    int | None,
    typer.Option("--guild", parser=guild_id, metavar="ID", help="The server to ask about with --live."),
]


def doctor(live: Live = False, guild: LiveGuild = None, json: Json = False) -> None:
    """Check everything that the bot needs. The exit code is 1 when a check failed; warnings do not fail."""
    with ops_process() as process:
        if live is not (guild is not None):
            raise InvalidInputError("--live and --guild ID belong together.")
        checks = _all_checks(process, guild)
        if json:
            process.output.document(_document(checks))
        else:
            rows = [(check.level.value, check.name, _line(check)) for check in checks]
            process.output.table(("", "", ""), rows)
        if any(check.level is Level.FAILED for check in checks):
            raise typer.Exit(1)


def _all_checks(process: Process, guild: int | None) -> list[Check]:
    import asyncio  # noqa: PLC0415

    from ops import surroundings  # noqa: PLC0415

    try:
        settings = process.settings
    except SettingsError as error:
        return [failed("settings", str(error).rstrip(".")), *surroundings.check_files()]
    here = [
        surroundings.check_settings(),
        *surroundings.check_files(),
        *surroundings.check_directory(settings),
        *surroundings.check_disk(settings),
    ]
    return here + asyncio.run(_outside(settings, None if guild is None else GuildId(guild)))


async def _outside(settings: Settings, guild_id: GuildId | None) -> list[Check]:
    """What has to be waited for, all together."""
    import asyncio  # noqa: PLC0415

    from ops import surroundings  # noqa: PLC0415
    from ops.inquiry import DiscordExamination  # noqa: PLC0415

    examination = DiscordExamination(settings)
    account, sources, game, store, copies = await asyncio.gather(
        examination.check_account(),
        _sources(settings),
        surroundings.check_game(settings),
        _store(settings, examination, guild_id),
        surroundings.check_copies(settings),
    )
    return [*account, *sources, game, *store, *copies]


async def _sources(settings: Settings) -> list[Check]:
    from giftbot.app import open_sources  # noqa: PLC0415
    from giftbot.services.doctor import check_sources  # noqa: PLC0415

    try:
        async with open_sources(settings) as sources:
            return await check_sources(sources)
    except SettingsError as error:
        return [failed("sources", str(error).rstrip("."))]


async def _store(settings: Settings, examination: DiscordExamination, guild_id: GuildId | None) -> list[Check]:
    from ops.stored import check_file, check_schema  # noqa: PLC0415

    checks: list[Check] = []
    try:
        require_data(settings)
        schema, may_open = await check_schema(settings)
        checks += [schema] if schema is not None else []
        if may_open:
            opened = await _opened_store(settings, examination, guild_id)
            return [*checks, *await check_file(settings), *opened]
        checks.append(warning("store", "not looked at, because that would change its schema"))
    except DataDirectoryError as error:
        checks.append(warning("store", str(error).rstrip(".")))
    except StoreError as error:
        checks.append(failed("store", str(error).rstrip("."), "Check MONGO_URI and GIFTBOT_DATA_DIR."))
    if guild_id is not None:
        checks.append(warning(f"live {guild_id}", "not asked: without the store its channel is not known"))
    return checks


async def _opened_store(
    settings: Settings, examination: DiscordExamination, guild_id: GuildId | None
) -> list[Check]:
    from giftbot.app import journal_of  # noqa: PLC0415
    from giftbot.services.doctor import Doctor  # noqa: PLC0415
    from giftbot.services.redeeming_doctor import RedeemingDoctor  # noqa: PLC0415
    from ops.earlier import check_legacy  # noqa: PLC0415

    async with open_beside(settings) as services:
        store = services.store
        redeeming = RedeemingDoctor(
            store=store, clock=services.clock, game=settings.game, per_minute=settings.game_rate_per_minute
        )
        checks = await Doctor(store=store, journal=journal_of(settings), clock=services.clock).examine()
        checks += await redeeming.examine()
        checks += await check_legacy(services)
        if guild_id is not None:
            known = (await store.get_guilds([guild_id])).get(guild_id)
            checks.append(await examination.check_channel(known or GuildSettings(guild_id=guild_id)))
        return checks


def _line(check: Check) -> str:
    return f"{check.found}. {check.advice}" if check.advice else f"{check.found}."


def _document(checks: Sequence[Check]) -> dict[str, object]:
    return {
        "checks": [
            {"name": check.name, "level": check.level.value, "found": check.found, "advice": check.advice}
            for check in checks
        ],
        **{level.value: sum(check.level is level for check in checks) for level in Level},
    }
