"""The composition of copies: which places the settings name, and the three layers over them and the tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import attrs
from yarl import URL

from giftbot.errors import CopyError
from giftbot.services.invites.copies import Copies, CopyTimes
from giftbot.services.invites.merging import Merging, entries_of
from giftbot.services.invites.ports import Copy, CopyPlace
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore
from giftbot.settings import Settings
from giftbot.stores import invite_documents
from giftbot.stores.copy_file import COPY_NAME, CopyFile

ASIDE_NAME = "cloud_backup.json"


@attrs.frozen
class Places:
    """Where copies are kept."""

    local: CopyPlace
    remote: tuple[CopyPlace, ...]

    @property
    def every(self) -> tuple[CopyPlace, ...]:
        """All of them, the local one first."""
        return (self.local, *self.remote)


def local_file(settings: Settings) -> CopyPlace:
    """The newest local copy alone, whatever the one before it is like. Only to look at."""
    return CopyFile(settings.giftbot_data_dir / COPY_NAME, backup=False)


@asynccontextmanager
async def open_places(settings: Settings, *, looks_only: bool = False) -> AsyncIterator[Places]:
    """The places while the block lasts. Raises `SettingsError` for an address that is never written to.

    With `looks_only` nothing is kept aside of what is not ours: whoever asks for that writes nowhere.
    """
    directory = settings.giftbot_data_dir
    remote: list[CopyPlace] = []
    async with AsyncExitStack() as stack:
        if settings.cloud_api_url:
            from giftbot.cloud.client import CloudClient  # noqa: PLC0415 - aiohttp, for those who have a service

            client = CloudClient(
                URL(settings.cloud_api_url),
                token=settings.cloud_token,
                aside=None if looks_only else directory / ASIDE_NAME,
                allow_private=settings.giftbot_allow_private_urls,
            )
            stack.push_async_callback(client.aclose)
            remote.append(client)
        if bucket := settings.cloud_object_url.get_secret_value():
            from giftbot.cloud.objects import open_objects  # noqa: PLC0415 - an extra

            remote.append(open_objects(bucket))
        yield Places(CopyFile(directory / COPY_NAME), tuple(remote))


@asynccontextmanager
async def open_copies(
    settings: Settings,
    store: InviteStore,
    clock: Clock,
    *,
    times: CopyTimes | None = None,
    writes_file: bool = True,
) -> AsyncIterator[Copies]:
    """The layers while the block lasts; nothing is read or written yet.

    `writes_file` is False beside a bot, which alone writes its data directory. Raises `SettingsError`.
    """
    async with open_places(settings) as places:
        yield Copies(
            store=store,
            documents=invite_documents,
            local=places.local if writes_file else None,
            remote=places.remote,
            clock=clock,
            times=times,
        )


def merging_into(store: InviteStore) -> Merging:
    """What takes a copy into these tables."""
    return Merging(store, invite_documents)


def count_entries(copy: Copy) -> tuple[dict[str, int], list[str]]:
    """How many entries of each kind a copy holds, and those that cannot be used, with their reasons."""
    return entries_of(copy, invite_documents)


async def read_file(path: Path) -> Copy:
    """The copy in a file that somebody names. Raises `CopyRefusedError`, `CopyError`."""
    copy = await CopyFile(path, backup=False).read()
    if copy is None:
        raise CopyError(f"{path} is not there.")
    return copy
