"""Checks of what is stored, made without opening it for work: its schema, and whether the file is whole."""

from __future__ import annotations

from giftbot.errors import StoreError
from giftbot.models.check import Check, failed, ok, warning
from giftbot.settings import Settings
from giftbot.storage import SchemaState, find_damage, look_at_schema


async def check_schema(settings: Settings) -> tuple[Check | None, bool]:
    """The check, and whether the store may be opened: an older one would be upgraded by that.

    None where nothing can be said: whoever opens the store says why.
    """
    try:
        state = await look_at_schema(settings)
    except StoreError:
        return None, True
    if state.found is None:
        return None, True
    return _schema(state), not (state.is_newer or state.is_older)


def _schema(state: SchemaState) -> Check:
    found = f"{state.found}, this giftbot writes {state.known}"
    if state.is_newer:
        return failed("schema", f"{found}: a newer giftbot wrote this data", "Update giftbot.")
    if state.is_older:
        return warning("schema", found, "Start the bot, which upgrades it, or: ops schema upgrade.")
    return ok("schema", found)


async def check_file(settings: Settings) -> list[Check]:
    """Whether SQLite finds its file whole; nothing on MongoDB, which looks after its own."""
    if settings.mongo_uri:
        return []
    try:
        damage = await find_damage(settings)
    except StoreError as error:
        return [failed("file", str(error).rstrip("."))]
    if damage is not None:
        advice = "Stop the bot, put the file aside, and restore a copy of it; see the README on lost data."
        return [failed("file", f"is damaged: {damage}", advice)]
    return [ok("file", "is whole (quick check)")]
