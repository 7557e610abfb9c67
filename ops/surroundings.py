"""Checks of this machine: settings and the files they are in, the data directory, and who works on it."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from giftbot.app import game_address, holder_of, open_game
from giftbot.clock import SystemClock
from giftbot.errors import SettingsError
from giftbot.models.check import Check, failed, ok, warning
from giftbot.services.invites.restoring import Look, look_at
from giftbot.settings import DOTENV_NAME, TOML_NAME, Settings
from giftbot.text.words import counted

LITTLE, TOO_LITTLE = 1_000_000_000, 100_000_000
"""Bytes free on the disk: below the first it is warned of, below the second it is a failure."""
STALE = timedelta(hours=2)
"""A running bot writes every copy anew each half hour; one that is older than this is not written any more."""
ALLOWED = 30
"""Calls a minute that the game was seen to allow."""


def check_settings() -> Check:
    """Which files the settings came from, once they could be read."""
    files = [name for name in (TOML_NAME, DOTENV_NAME) if Path(name).is_file()]
    return ok("settings", f"read from {', '.join([*files, 'the environment'])}")


def check_files() -> list[Check]:
    """Whether others on this machine may read the files that hold the token."""
    return [_file(Path(name)) for name in (DOTENV_NAME, TOML_NAME) if Path(name).is_file()]


def _file(path: Path) -> Check:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & ~0o600:
        return warning(path.name, f"has the permissions {mode:04o}, others may read it", f"chmod 600 {path.name}")
    return ok(path.name, f"has the permissions {mode:04o}")


async def check_game(settings: Settings) -> Check:
    """Which game codes are redeemed in, and how fast. It is not asked: calls are for players."""
    try:
        async with open_game(settings, SystemClock()):
            address = game_address(settings)
    except SettingsError as error:
        return failed("game", str(error).rstrip("."))
    if not settings.game_rate_per_minute:
        advice = "Set GAME_RATE_PER_MINUTE above 0 to redeem codes."
        return warning("game", f"{settings.game} at {address}, redeeming is switched off", advice)
    tried = settings.verify_player
    found = (
        f"{settings.game} at {address}, {settings.game_rate_per_minute:g} calls a minute,"
        f" {settings.game_player_spacing:g} s between two for one player, new codes are"
        + (f" tried with player {tried[0]} in kingdom {tried[1]}" if tried else " not tried before they are posted")
    )
    if settings.game_rate_per_minute > ALLOWED:
        return warning(
            "game", found, f"The game allows about {ALLOWED} calls a minute: lower GAME_RATE_PER_MINUTE."
        )
    return ok("game", found)


async def check_copies(settings: Settings) -> list[Check]:
    """What the places of copies have; of the local one only what is wrong with it."""
    from giftbot.layers import local_file, open_places  # noqa: PLC0415 - all that is known of copies

    try:
        async with open_places(settings, looks_only=True) as places:
            asked = [local_file(settings), *places.remote]
            looks = await asyncio.gather(*map(look_at, asked))
            local, *remote = zip(asked, looks, strict=True)
            is_stale = _is_stale(settings, local[1])
            is_well = local[1] == Look() or (local[1].copy is not None and not is_stale)
            shown = remote if is_well else [local, *remote]
            return [_copies(settings, place.label, look) for place, look in shown]
    except SettingsError as error:
        return [failed("copies", str(error).rstrip("."))]


def _copies(settings: Settings, label: str, look: Look) -> Check:
    name = f"copies {label}"
    if look.failed is not None:
        return failed(name, look.failed.rstrip("."), "Nothing is written there before it can be read.")
    if look.refused is not None:
        advice = "The bot keeps it aside before it writes there."
        return warning(name, f"what is there cannot be used: {look.refused.rstrip('.')}", advice)
    copy = look.copy
    if copy is None:
        found = "none yet"
    else:
        old = age(datetime.now(UTC) - copy.taken_at)
        found = f"number {copy.sequence} of {copy.taken_at:%Y-%m-%dT%H:%M:%SZ}, {old} old"
    if _is_stale(settings, look):
        return warning(name, found, "The running bot does not write it any more: see its log, and ops backup now.")
    if label == "cloud" and settings.cloud_token is None:
        return warning(name, found, "Whoever knows the address can read it: set CLOUD_API_TOKEN.")
    return ok(name, found)


def _is_stale(settings: Settings, look: Look) -> bool:
    """Whether a bot runs that should have written a newer copy."""
    if look.copy is None or not settings.giftbot_invites or datetime.now(UTC) - look.copy.taken_at < STALE:
        return False
    try:
        holder = holder_of(settings)
    except OSError:  # that is said of the lock
        return False
    return holder is not None and holder.is_certain


def age(passed: timedelta) -> str:
    """How long something is ago, in the largest unit that fits: `3 days`, `1 hour`."""
    seconds = max(int(passed.total_seconds()), 0)
    for length, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            return counted(seconds // length, unit)
    return counted(seconds, "second")


def check_disk(settings: Settings) -> list[Check]:
    """How much room is left where the data is, or will be."""
    path = settings.giftbot_data_dir.absolute()
    while not path.exists():
        path = path.parent
    try:
        return [disk_check(shutil.disk_usage(path).free)]
    except OSError as error:
        return [warning("disk", f"cannot be measured ({error.strerror})")]


def disk_check(free: int) -> Check:
    """What so many free bytes mean."""
    found = f"{free / 1e9:.1f} GB free" if free >= LITTLE else f"{free / 1e6:.0f} MB free"
    if free < TOO_LITTLE:
        return failed("disk", found, "Make room: on a full disk the bot can neither note nor send anything.")
    if free < LITTLE:
        return warning("disk", found, "Make room soon.")
    return ok("disk", found)


def check_directory(settings: Settings) -> list[Check]:
    """Whether the data directory can be written, and which bot works on it."""
    path = settings.giftbot_data_dir.absolute()
    name, advice = "data", "Check its owner and permissions, or set GIFTBOT_DATA_DIR to another directory."
    if not path.exists():
        parent = next(one for one in path.parents if one.exists())
        if parent.is_dir() and os.access(parent, os.W_OK | os.X_OK):
            return [warning(name, f"{path} does not exist yet", "The bot makes it when it starts.")]
        return [failed(name, f"{path} does not exist and cannot be made", advice)]
    if not path.is_dir():
        return [failed(name, f"{path} is not a directory", "Set GIFTBOT_DATA_DIR to a directory.")]
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return [failed(name, f"{path} cannot be written", advice)]
    return [ok(name, f"{path} can be written"), _holder(settings)]


def _holder(settings: Settings) -> Check:
    try:
        holder = holder_of(settings)
    except OSError as error:
        return warning("lock", f"cannot be read ({error.strerror})")
    if holder is None:
        return ok("lock", "free, no bot is running on this directory")
    if holder.is_certain:
        return ok("lock", f"held by process {holder.pid} on {holder.host}: the bot is running")
    return ok("lock", f"last held by process {holder.pid} on {holder.host}, which cannot be seen from here")
