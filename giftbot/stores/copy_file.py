"""`invite_cache_backup.json`: the copy of invites beside the tables, in a shape whose cache earlier bots read."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import structlog

from giftbot.errors import CopyError, CopyRefusedError
from giftbot.files import keep_one_before, replacing, set_aside
from giftbot.services.invites.envelope import LARGEST_COPY, ForeignCopyError, file_pieces, read_copy
from giftbot.services.invites.ports import Copy
from giftbot.services.invites.reading import read_any_copy

COPY_NAME = "invite_cache_backup.json"
_log = structlog.get_logger(__name__)


class CopyFile:
    """`CopyPlace` on this machine's disk: replaced as a whole, with one `.bak`.

    What was not ours, or is of another series, is kept beside it as `.legacy` before it is written over; what is
    damaged as `.refused`.
    """

    def __init__(self, path: Path, *, backup: bool = True) -> None:
        """Take the file; `backup` says whether the one before it is read when it is damaged."""
        self._path = path
        self._reads_backup = backup
        self._is_ours: Copy | None = None
        """The copy that is there, without its data; None before it was looked at."""

    @property
    def label(self) -> str:
        """`local`."""
        return "local"

    async def write(self, copy: Copy) -> None:
        """Replace the copy, unless a newer one of its series is there. Raises `CopyError`."""
        try:
            await asyncio.to_thread(self._write, copy)
        except OSError as error:
            raise CopyError(f"{self._path.name} cannot be written: {error.strerror or error}.") from error

    async def read(self) -> Copy | None:
        """The copy, or if it is damaged the one before it; None when there is no file.

        Raises `CopyRefusedError` when neither can be used, `CopyError` when the disk does not let us read.
        """
        try:
            return await asyncio.to_thread(self._read)
        except OSError as error:
            raise CopyError(f"{self._path.name} cannot be read: {error.strerror or error}.") from error

    @property
    def _backup(self) -> Path:
        return self._path.with_name(f"{self._path.name}.bak")

    def _read(self) -> Copy | None:
        refusal: CopyRefusedError | None = None
        for path in (self._path, self._backup) if self._reads_backup else (self._path,):
            try:
                body = _bytes_of(path)
                if body is not None:
                    copy = read_any_copy(body)
                    if refusal is not None:
                        _log.warning("copy refused", layer=self.label, why=str(refusal), used=path.name)
                    return copy
            except CopyRefusedError as error:
                refusal = refusal or error
        if refusal is not None:
            raise refusal
        return None

    def _write(self, copy: Copy) -> None:
        there = self._is_ours
        if there is None:
            there = self._take_over(copy)
        if there is not None and there.epoch == copy.epoch and there.sequence > copy.sequence:
            raise CopyRefusedError(f"A newer copy is there: {there.sequence}, not {copy.sequence}.")
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(self._path) as file:
            os.fchmod(file.fileno(), 0o600)
            file.writelines(file_pieces(copy))
            keep_one_before(self._path, self._backup)
        self._is_ours = Copy(copy.epoch, copy.sequence, copy.taken_at, {})

    def _take_over(self, coming: Copy) -> Copy | None:
        """What is there before our first write; whatever is not of the same series is kept aside."""
        try:
            body = _bytes_of(self._path)
        except CopyRefusedError:
            self._path.replace(self._path.with_name(f"{self._path.name}.toolarge.refused"))
            return None
        if body is None:
            return None
        try:
            copy = read_copy(body)
        except CopyRefusedError as error:
            kept = set_aside(self._path, body, "legacy" if isinstance(error, ForeignCopyError) else "refused")
            _log.warning("copy kept aside", layer=self.label, file=kept.name, why=str(error))
            return None
        if copy.epoch != coming.epoch:
            kept = set_aside(self._path, body, "legacy")
            _log.info("copy kept aside", layer=self.label, file=kept.name, epoch=copy.epoch)
        return copy


def _bytes_of(path: Path) -> bytes | None:
    """A file's content; None without a file. Raises `CopyRefusedError` when it is too large."""
    try:
        with path.open("rb") as file:
            body = file.read(LARGEST_COPY + 1)
    except FileNotFoundError:
        return None
    if len(body) > LARGEST_COPY:
        raise CopyRefusedError(f"It has more than {LARGEST_COPY >> 20} MiB.")
    return body
