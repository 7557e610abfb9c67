"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

LARGEST_ID = 2**63 - 1

Guild = Annotated[
    int | None, typer.Option("--guild", min=1, max=LARGEST_ID, metavar="ID", help="Only this server, by its id.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
Code = Annotated[str | None, typer.Option("--code", metavar="CODE", help="Only this code, in any casing.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]
