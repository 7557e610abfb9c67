"""What can be said of the store without opening it for work: which schema it has, and whether its file is whole."""

from __future__ import annotations

import asyncio
from pathlib import Path

import attrs

from giftbot.app import SQLITE_NAME
from giftbot.settings import Settings


@attrs.frozen
class SchemaState:
    """The shape of what is stored, and the one that this giftbot writes."""

    place: str
    """The file, or `MongoDB` with the database's name."""
    found: int | None
    """0 when nothing was written yet; None when there is no file."""
    known: int

    @property
    def is_newer(self) -> bool:
        """Whether a newer giftbot wrote it."""
        return self.found is not None and self.found > self.known

    @property
    def is_older(self) -> bool:
        """Whether it is to be upgraded."""
        return self.found is not None and self.found < self.known


async def look_at_schema(settings: Settings) -> SchemaState:
    """Which schema the data has; nothing is created or upgraded. Raises `StoreError`."""
    if settings.mongo_uri:
        from giftbot.stores.mongo.driver import open_client  # noqa: PLC0415 - 6 MB that SQLite has no use for
        from giftbot.stores.mongo.versions import KNOWN, read_schema  # noqa: PLC0415 - the same

        uri, name = settings.mongo_uri.get_secret_value(), settings.mongo_db_name
        async with open_client(uri, name, appname="giftbot schema") as database:
            return SchemaState(f"MongoDB {name}", await read_schema(database), KNOWN)
    from giftbot.stores.sqlite import looks  # noqa: PLC0415 - 2 MB that MongoDB has no use for

    file = settings.giftbot_data_dir.absolute() / SQLITE_NAME
    return SchemaState(str(file), await asyncio.to_thread(looks.read_schema, file), looks.KNOWN)


async def find_damage(settings: Settings) -> str | None:
    """What is wrong with the SQLite file; None when it is whole. MongoDB looks after its own files.

    Raises `StoreUnavailableError` when it cannot be read.
    """
    if settings.mongo_uri:
        return None
    from giftbot.stores.sqlite import looks  # noqa: PLC0415 - as above

    return await asyncio.to_thread(looks.find_damage, settings.giftbot_data_dir.absolute() / SQLITE_NAME)


async def copy_tables(settings: Settings, directory: Path) -> bool:
    """Write the SQLite file's contents to a directory, to try something there; whether there was a file.

    What is in MongoDB is not copied. Raises `StoreUnavailableError` when the file cannot be read.
    """
    from giftbot.stores.sqlite import looks  # noqa: PLC0415 - as above

    file = settings.giftbot_data_dir.absolute() / SQLITE_NAME
    if settings.mongo_uri or not await asyncio.to_thread(file.exists):
        return False
    await asyncio.to_thread(looks.copy_file, file, directory / SQLITE_NAME)
    return True
