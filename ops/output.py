"""Printing: tables for people, JSON for programs, and never a secret."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from ops.masking import Mask

_UNLIMITED = 100_000
"""Columns of a table that does not go to a terminal: nothing is cut or wrapped."""
_STRIP = 16
"""A column of a terminal is not folded to less than this."""

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
        """Print rows under headings. Anywhere but on a terminal each row is one line, whole.

        On a terminal long cells are folded; on one that is too narrow for that, each row is a block of lines.
        """
        cells = [[self._cell(words) for words in row] for row in rows]
        console = _console()
        if console.is_terminal and _legible_width(headings, cells) > console.width:
            blocks = (_table(("", ""), list(zip(map(Text, headings), row, strict=True))) for row in cells)
            self.say("\n\n".join(_rendered(block, console) for block in blocks))
        else:
            self.say(_rendered(_table(headings, cells), console))

    def figures(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Print names with their values."""
        self.table(("", ""), pairs)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Show on standard error how far something is, where that is a terminal; called with done and all."""
        console = Console(file=sys.stderr)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as shown:
            task = shown.add_task(what, total=None)
            yield lambda done, total: shown.update(task, completed=done, total=total)

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


def _console() -> Console:
    """Lays out tables for standard output; its width is the terminal's."""
    is_terminal = sys.stdout.isatty()
    return Console(
        file=io.StringIO(),
        force_terminal=is_terminal,
        width=None if is_terminal else _UNLIMITED,
        highlight=False,
        markup=False,
        emoji=False,
    )


def _table(headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=any(headings), header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _rendered(table: Table, console: Console) -> str:
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def _legible_width(headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> int:
    """Columns that a table needs at least, so that no cell is folded into a narrow strip."""
    columns = zip(map(Text, headings), *rows, strict=True)
    widths: list[int] = [min(max(cell.cell_len for cell in column), _STRIP) for column in columns]
    return sum(widths) + 2 * (len(widths) - 1)
