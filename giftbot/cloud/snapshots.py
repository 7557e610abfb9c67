"""Versioned copies on disk: each a file of its own, written as a whole, the last few kept."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
import structlog

from giftbot.errors import CopyRefusedError
from giftbot.files import replacing
from giftbot.services.invites.envelope import read_copy
from giftbot.services.invites.ports import Copy
from giftbot.services.invites.series import is_blind

KEEP = 20
_NAME = re.compile(r"(?P<number>\d{12})_(?P<epoch>[A-Za-z0-9-]{1,64})_(?P<sequence>\d{1,19})\.json")
_EPOCH = re.compile(r"[A-Za-z0-9-]{1,64}")
_log = structlog.get_logger(__name__)


@attrs.frozen
class Snapshot:
    """A file."""

    number: int
    """Counts what came here."""
    path: Path

    def load(self) -> tuple[bytes, Copy]:
        """Its content, checked. Raises `CopyRefusedError`, `OSError`."""
        body = self.path.read_bytes()
        return body, read_copy(body)


class Snapshots:
    """A directory of copies. Not for several processes, and not for the event loop's thread. Raises `OSError`."""

    def __init__(self, directory: Path, *, keep: int = KEEP) -> None:
        """Open it, and create it when it is not there."""
        self._directory = directory
        self._keep = keep
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._newest: Copy | None = None
        self.newest()

    @property
    def tag(self) -> str | None:
        """Names the newest copy, as an HTTP entity tag; None when there is none."""
        copy = self._newest
        return None if copy is None else tag_of(copy)

    @property
    def head(self) -> Copy | None:
        """The newest copy, without its data."""
        return self._newest

    def count(self) -> int:
        """How many there are."""
        return len(self._files())

    def newest(self) -> tuple[bytes, Copy] | None:
        """The newest whole copy, and its bytes as they came; None when there is none.

        What the disk does not give is passed over; `OSError` when it gives nothing. What comes next is compared
        with this one: whoever has read it can write.
        """
        unread: OSError | None = None
        for snapshot in reversed(self._files()):
            try:
                body, copy = snapshot.load()
            except CopyRefusedError as error:
                _log.warning("copy refused", file=snapshot.path.name, why=str(error))
            except FileNotFoundError:
                continue
            except OSError as error:
                _log.warning("copy not read", file=snapshot.path.name, why=error.strerror or str(error))
                unread = unread or error
            else:
                self._newest = _without_data(copy)
                return body, copy
        if unread is not None:
            raise unread
        self._newest = None
        return None

    def add(self, body: bytes, *, after: str | None = None) -> Copy:
        """Keep a copy that is newer than all that are there.

        `after` is the tag of the copy that its maker saw here, `*` for none at all; None leaves that open.
        Raises `CopyRefusedError` when it is damaged or not ours, `NotNewerError` when it is not newer.
        """
        if after is not None and after != (self.tag or "*"):
            raise NotNewerError("Another copy came in between: read it first.")
        copy = read_copy(body)
        if not _EPOCH.fullmatch(copy.epoch):
            raise CopyRefusedError("It is not ours: its epoch has a name that no series has.")
        self._compare(copy)
        files = self._files()
        number = files[-1].number + 1 if files else 1
        path = self._directory / f"{number:012d}_{copy.epoch}_{copy.sequence}.json"
        with replacing(path) as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(body)
        self._newest = _without_data(copy)
        for old in files[: max(0, len(files) + 1 - self._keep)]:
            old.path.unlink(missing_ok=True)
        return self._newest

    def _compare(self, copy: Copy) -> None:
        there = self._newest
        if there is None:
            return
        if there.epoch == copy.epoch:
            if copy.sequence <= there.sequence:
                raise NotNewerError(f"Copy {there.sequence} is here; {copy.sequence} is not newer.")
        elif not is_blind(there):
            raise NotNewerError(
                "Copies of another series are here: whoever writes has to read them first, or this directory is"
                " another bot's."
            )

    def _files(self) -> list[Snapshot]:
        return sorted(self._found(), key=lambda snapshot: snapshot.number)

    def _found(self) -> Iterator[Snapshot]:
        for path in self._directory.iterdir():
            if (match := _NAME.fullmatch(path.name)) is not None:
                yield Snapshot(int(match["number"]), path)


class NotNewerError(CopyRefusedError):
    """A copy that would take the place of a newer one."""


def tag_of(copy: Copy) -> str:
    """A copy's entity tag."""
    return f'"{copy.epoch}.{copy.sequence}.{round(copy.taken_at.timestamp() * 1000)}"'


def _without_data(copy: Copy) -> Copy:
    return attrs.evolve(copy, data={})
