"""Printing: tables for people, JSON for programs, and never a secret."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.masking import Mask

_UNLIMITED = 100_000
"""Columns of a table that does not go to a terminal: nothing is cut or wrapped."""

STYLES = {"failed": "bold red", "warning": "yellow", "ok": "green"}
"""How a terminal shows these words; the words alone say it all."""


def printable(text: str) -> str:
    """`text` with nothing that a terminal would take for a command."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _encodable(text: str, stream: TextIO) -> str:
    """`text` with escapes for what the stream's encoding does not have."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class Output:
    """Where a command's words go."""

    def __init__(self, mask: Mask) -> None:
        self.mask = mask

    def say(self, text: str) -> None:
        """Print lines on standard output. Ends the process when nobody reads them any more."""
        try:
            sys.stdout.write(_encodable(self.mask(text), sys.stdout) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None

    def complain(self, sentence: str) -> None:
        """Print one sentence on standard error."""
        line = " ".join(printable(part.strip()) for part in sentence.splitlines())
        sys.stderr.write(_encodable(f"ops: {self.mask(line)}", sys.stderr) + "\n")

    def document(self, document: Mapping[str, object]) -> None:
        """Print one JSON document. Its values are masked before they are quoted."""
        self.say(json.dumps(self._masked(document), indent=2, ensure_ascii=False))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows under headings; long cells are folded on a terminal, and left whole anywhere else."""
        table = Table(box=None, pad_edge=False, show_header=any(headings), header_style="bold")
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*map(self._cell, row))
        self.say(self._rendered(table))

    def figures(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Print names with their values."""
        self.table(("", ""), pairs)

    def _masked(self, value: object) -> object:
        match value:
            case str():
                return self.mask(value)
            case Mapping():
                return {key: self._masked(inner) for key, inner in value.items()}
            case list():
                return [self._masked(inner) for inner in value]
            case _:
                return value

    def _cell(self, words: str) -> Text:
        return Text(self.mask(printable(words)), style=STYLES.get(words, ""))

    @staticmethod
    def _rendered(table: Table) -> str:
        is_terminal = sys.stdout.isatty()
        console = Console(
            file=io.StringIO(),
            force_terminal=is_terminal,
            width=None if is_terminal else _UNLIMITED,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )
        with console.capture() as capture:
            console.print(table)
        lines = capture.get().splitlines()
        return "\n".join(line.rstrip() for line in lines)
