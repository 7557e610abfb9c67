"""Opens what earlier bots left, for `ops migrate` and for the bot's first start."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from giftbot.errors import LegacyError
from giftbot.legacy.shelf import DirectoryShelf
from giftbot.models.legacy import Skip
from giftbot.services.migration.ports import LegacySource
from giftbot.settings import Settings
from giftbot.stores.state_file import read_envelope


async def legacy_sources(settings: Settings, places: Sequence[Path] = ()) -> list[LegacySource]:
    """What earlier bots left in these places, or without any in the data directory. Raises `LegacyError`."""
    sources: list[LegacySource] = []
    for place in places or (settings.giftbot_data_dir,):
        sources += await DirectoryShelf(place, is_ours=lambda path: read_envelope(path) is not None).find()
    return sources


class ReportFile:
    """The report of a migration: every row that is not taken over, one JSON object a line.

    Makes the file when there is something to write; `path` None writes none.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None
        self.written: Path | None = None
        """The file, once something is in it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def skip(self, source: LegacySource, skips: Sequence[Skip]) -> None:
        """Write rows down. Raises `LegacyError` when the disk does not take them: none is lost silently."""
        if not skips or self._path is None:
            return
        try:
            if self._file is None:
                self._file = self._path.open("a", encoding="utf-8")
            for one in skips:
                row = {"source": source.name, "where": one.where, "reason": one.reason, "raw": one.raw}
                self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise LegacyError(f"The report {self._path} cannot be written: {error.strerror}.") from error
        self.written = self._path
