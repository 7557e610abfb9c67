"""Copies in object storage (S3, Google Cloud, Azure, a directory), through obstore, an extra."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import attrs

from giftbot.errors import CopyError, CopyRefusedError, SettingsError
from giftbot.services.invites.envelope import LARGEST_COPY, render_copy
from giftbot.services.invites.ports import Copy
from giftbot.services.invites.reading import read_any_copy
from giftbot.services.invites.series import is_blind_name

if TYPE_CHECKING:  # an extra: whoever has no bucket has no client
    from obstore.store import ObjectStore

KEEP = 10
TIMEOUT = 60.0
"""Seconds for one reading or writing."""
_NAME = re.compile(r"(?:.*/)?giftbot_(?P<number>\d{12})_(?P<epoch>[A-Za-z0-9-]{1,64})_(?P<sequence>\d{1,19})\.json")
_TRIES = 3


@attrs.frozen
class _Object:
    path: str
    number: int
    """Counts what came here: two processes that write at once want the same one, and one of them gets it."""
    epoch: str
    sequence: int
    size: int


class ObjectPlace:
    """`CopyPlace` in a bucket: an object for each copy, the last few kept."""

    def __init__(self, store: ObjectStore, *, keep: int = KEEP) -> None:
        self._store = store
        self._keep = keep
        self._seen: str | None = None
        """The newest object when the bucket was read or written last."""

    @property
    def label(self) -> str:
        """`objects`."""
        return "objects"

    async def write(self, copy: Copy) -> None:
        """Add it. Raises `CopyRefusedError` when a newer one is there, `CopyError` when that did not work."""
        import obstore  # noqa: PLC0415 - an extra
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415

        body = await asyncio.to_thread(render_copy, copy)
        there = await self._list()
        if there:
            self._compare(copy, there[-1])
        number = there[-1].number + 1 if there else 1
        path = f"giftbot_{number:012d}_{copy.epoch}_{copy.sequence}.json"
        try:
            async with asyncio.timeout(TIMEOUT):
                await obstore.put_async(self._store, path, body, mode="create")
                self._seen = path
                old = [one.path for one in there[: max(0, len(there) + 1 - self._keep)]]
                if old:
                    await obstore.delete_async(self._store, old)
        except AlreadyExistsError:
            raise CopyRefusedError(f"The bucket has another copy {copy.sequence}.") from None
        except TimeoutError:
            raise CopyError(f"The bucket did not answer within {TIMEOUT:g} seconds.") from None
        except Exception as error:
            raise _failure(error) from None

    async def read(self) -> Copy | None:
        """The newest whole copy; None when there is none. Raises `CopyRefusedError`, `CopyError`."""
        refusal: CopyRefusedError | None = None
        there = await self._list()
        self._seen = there[-1].path if there else None
        for one in list(reversed(there))[:_TRIES]:
            try:
                return await asyncio.to_thread(read_any_copy, await self._get(one))
            except CopyRefusedError as error:
                refusal = refusal or error
        if refusal is not None:
            raise refusal
        return None

    async def _get(self, one: _Object) -> bytes:
        import obstore  # noqa: PLC0415 - an extra

        if one.size > LARGEST_COPY:
            raise CopyRefusedError(f"It has more than {LARGEST_COPY >> 20} MiB.")
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await obstore.get_async(self._store, one.path)
                return bytes(await answer.bytes_async())
        except TimeoutError:
            raise CopyError(f"The bucket did not answer within {TIMEOUT:g} seconds.") from None
        except Exception as error:
            raise _failure(error) from None

    async def _list(self) -> list[_Object]:
        """Our objects, the newest last."""
        import obstore  # noqa: PLC0415 - an extra

        try:
            async with asyncio.timeout(TIMEOUT):
                metas = [meta async for page in obstore.list(self._store) for meta in page]
        except TimeoutError:
            raise CopyError(f"The bucket did not answer within {TIMEOUT:g} seconds.") from None
        except Exception as error:
            raise _failure(error) from None
        found = [
            _Object(meta["path"], int(match["number"]), match["epoch"], int(match["sequence"]), meta["size"])
            for meta in metas
            if (match := _NAME.fullmatch(meta["path"])) is not None
        ]
        return sorted(found, key=lambda one: one.number)

    def _compare(self, copy: Copy, there: _Object) -> None:
        """Raise `CopyRefusedError` unless a copy may follow the newest that is there."""
        if there.path != self._seen:
            raise CopyRefusedError("Another copy came into the bucket in between.")
        if there.epoch == copy.epoch:
            if there.sequence >= copy.sequence:
                raise CopyRefusedError(f"The bucket has copy {there.sequence}; {copy.sequence} is not newer.")
        elif not is_blind_name(there.epoch):
            raise CopyRefusedError("The bucket has copies of another series.")


def _failure(error: Exception) -> CopyError:
    """An error of the client, whose text may name the address and more, as one sentence."""
    return CopyError(
        f"The bucket cannot be used ({type(error).__name__}): check CLOUD_OBJECT_URL and its credentials."
    )


def open_objects(url: str) -> ObjectPlace:
    """The place behind `s3://bucket/prefix`, `gs://...`, `az://...` or `file:///...`. Raises `SettingsError`."""
    try:
        from obstore.store import from_url  # noqa: PLC0415 - an extra
    except ImportError:
        raise SettingsError("CLOUD_OBJECT_URL needs an extra: pip install 'giftbot[objects]'.") from None
    try:
        return ObjectPlace(from_url(url))
    except Exception as error:
        raise SettingsError(
            f"CLOUD_OBJECT_URL cannot be used ({type(error).__name__}): it must be s3://bucket/prefix, gs://..., az://..."
            " or file:///directory."
        ) from None
