"""The progress of a long reading, for a terminal: what is read, how fast, and how long it will still take."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from ops.output import printable

Shown = Callable[[str, int, int, int], None]
"""Called with the name of what is read, how much of it is done, how much there is, and how many rows that gave."""


class _Rate(TextColumn):
    """Rows a second, since the task was begun."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        """The figure."""
        elapsed, rows = task.elapsed or 0.0, task.fields["rows"]
        return Text(f"{rows / elapsed:,.0f} rows/s" if elapsed > 0 and rows else "")


@contextmanager
def progress_of_reading() -> Iterator[Shown]:
    """Show on standard error how far each source is, where that is a terminal."""
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), _Rate())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        tasks: dict[str, int] = {}

        def show(name: str, done: int, size: int, rows: int) -> None:
            if name not in tasks:
                tasks[name] = shown.add_task(printable(name), total=size, rows=0)
            shown.update(tasks[name], completed=min(done, size), total=size, rows=rows)  # type: ignore[arg-type]  # a NewType of rich's

        yield show
