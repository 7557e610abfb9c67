"""The file of an archive: a zip with a member of JSON lines for each table, and a manifest that says what is whole.

`manifest.json` is the last member, so that it can tell of all others: their rows and the SHA-256 of their lines.
Writing and reading are streams; neither holds more than a page of rows.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, cast

import orjson

from giftbot.errors import ArchiveError
from giftbot.files import replacing
from giftbot.models.archive import FORMAT, SCHEMA, TABLES, ArchiveTable, Manifest, Member, Row

KIND = "giftbot archive"
MANIFEST = "manifest.json"
LONGEST = 64 * 1024 * 1024
"""Bytes of one line: the largest document that any store holds is a quarter of it."""
_LEVEL = 3
_LONGEST_MANIFEST = 1024 * 1024
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OverflowError)
"""What reading a damaged zip raises."""


def _line(row: Row) -> bytes:
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # halves of characters: written as escapes
        return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def _parsed(line: bytes) -> object:
    try:
        return cast("object", orjson.loads(line))
    except ValueError:
        return cast("object", json.loads(line))


class MemberWriter:
    """Takes the rows of one table."""

    def __init__(self, table: str, file: IO[bytes]) -> None:
        self._table = table
        self._file = file
        self._hash = hashlib.sha256()
        self._rows = 0
        self.left_out: list[str] = []
        """The ids of rows that could not be read."""

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows. Raises `ArchiveError` for one that no reader would take."""
        for row in rows:
            line = _line(row)
            if len(line) > LONGEST:
                raise ArchiveError(f"The row {row['_id']} of {self._table} is too large for an archive.")
            self._hash.update(line)
            self._file.write(line)
        self._rows += len(rows)

    @property
    def member(self) -> Member:
        """What was written."""
        return Member(self._table, self._rows, self._hash.hexdigest(), len(self.left_out))


class ArchiveWriter:
    """Writes the members one after the other."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._members: list[Member] = []

    @contextmanager
    def member(self, table: ArchiveTable) -> Iterator[MemberWriter]:
        """Where the rows of a table go; it is done when the block is left."""
        with self._file.open(_entry(f"{table.name}.jsonl"), "w", force_zip64=True) as file:
            writer = MemberWriter(table.name, file)
            yield writer
        self._members.append(writer.member)

    def finish(self, *, giftbot: str, store: str, taken_at: datetime) -> Manifest:
        """Write the manifest; nothing can follow."""
        members = tuple(self._members)
        document = {
            "kind": KIND,
            "format": FORMAT,
            "schema": SCHEMA,
            "giftbot": giftbot,
            "store": store,
            "taken_at": taken_at.isoformat(timespec="milliseconds"),
            "members": [
                {"table": one.table, "rows": one.rows, "sha256": one.sha256, "left_out": one.left_out}
                for one in members
            ],
        }
        with self._file.open(_entry(MANIFEST), "w") as file:
            file.write(json.dumps(document, indent=2).encode() + b"\n")
        return Manifest(giftbot, store, taken_at, members, _digest(members))


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def _digest(members: Sequence[Member]) -> str:
    text = "\n".join(f"{one.table} {one.rows} {one.sha256}" for one in sorted(members, key=lambda one: one.table))
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def writing_archive(path: Path) -> Iterator[ArchiveWriter]:
    """A new archive, which is there as a whole once the block is left, or not at all.

    It has the names and ids of many people: only its owner may read it. Raises `ArchiveError`.
    """
    if path.exists():
        raise ArchiveError(f"{path} is there already: name a file that is not.")
    try:
        with replacing(path) as file:
            os.fchmod(file.fileno(), 0o600)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL, allowZip64=True) as opened:
                yield ArchiveWriter(opened)
    except OSError as error:
        raise ArchiveError(f"The archive {path} cannot be written: {error.strerror or error}.") from error


class ArchiveReader:
    """Reads an archive; its manifest is known, its members are looked at when they are asked for."""

    def __init__(self, path: Path, file: zipfile.ZipFile, manifest: Manifest) -> None:
        self._path = path
        self._file = file
        self.manifest = manifest

    def pages(self, table: ArchiveTable) -> Iterator[list[Row]]:
        """The rows of a table, in pages; compared with the manifest in the end. Raises `ArchiveError`."""
        member = next((one for one in self.manifest.members if one.table == table.name), None)
        if member is None:
            return
        digest, count, page = hashlib.sha256(), 0, list[Row]()
        with self._explained(), self._file.open(f"{table.name}.jsonl") as file:
            while line := file.readline(LONGEST + 1):
                digest.update(line)
                count += 1
                page.append(self._row(table, line, count))
                if len(page) == table.page:
                    yield page
                    page = []
        if (count, digest.hexdigest()) != (member.rows, member.sha256):
            raise ArchiveError(f"The archive {self._path} is damaged: {table.name} is not as its manifest says.")
        if page:
            yield page

    def _row(self, table: ArchiveTable, line: bytes, number: int) -> Row:
        try:
            row = _parsed(line) if line.endswith(b"\n") else None
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise ArchiveError(f"The archive {self._path} is damaged: line {number} of {table.name} is no row.")
        return row

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with explained(self._path):
            yield


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what reading a damaged file raises into `ArchiveError`."""
    try:
        yield
    except _DAMAGED as error:
        raise ArchiveError(f"The archive {path} is damaged or cut off: {error}.") from error
    except KeyError:
        raise ArchiveError(f"The archive {path} is damaged: a part of it is missing.") from None
    except OSError as error:
        raise ArchiveError(f"The archive {path} cannot be read: {error.strerror or error}.") from error


@contextmanager
def reading_archive(path: Path) -> Iterator[ArchiveReader]:
    """An archive whose manifest can be used. Raises `ArchiveError`."""
    with explained(path):
        file = zipfile.ZipFile(path)
    with file:
        with explained(path):
            if file.getinfo(MANIFEST).file_size > _LONGEST_MANIFEST:
                raise ArchiveError(f"The manifest of {path} is too large to be one.")
            text = file.read(MANIFEST)
        yield ArchiveReader(path, file, _manifest(path, text))


def _manifest(path: Path, text: bytes) -> Manifest:
    try:
        found = json.loads(text)
        if found["kind"] != KIND:
            raise ValueError(found["kind"])
        if found["format"] > FORMAT or found["schema"] > SCHEMA:
            raise ArchiveError(
                f"The archive {path} was made by a newer giftbot ({found['giftbot']}): update this one first."
            )
        members = tuple(
            Member(str(one["table"]), int(one["rows"]), str(one["sha256"]), int(one["left_out"]))
            for one in found["members"]
        )
        taken_at = datetime.fromisoformat(found["taken_at"])
        manifest = Manifest(str(found["giftbot"]), str(found["store"]), taken_at, members, _digest(members))
    except (KeyError, TypeError, ValueError) as error:
        raise ArchiveError(f"{path} is no archive of giftbot, or its manifest is damaged.") from error
    names = [one.table for one in members]
    if sorted(names) != sorted(table.name for table in TABLES):
        raise ArchiveError(f"The archive {path} does not have the tables that this giftbot knows.")
    return manifest
