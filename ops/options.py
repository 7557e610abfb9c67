"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from giftbot.arguments import whole_number

LARGEST_ID = 2**63 - 1

guild_id = whole_number(
    "A server's id", least=1, most=LARGEST_ID, advice=" The servers that are known: ops inspect guilds."
)
"""Reads the id of a server."""

Guild = Annotated[
    int | None, typer.Option("--guild", parser=guild_id, metavar="ID", help="Only this server, by its id.")
]
OneGuild = Annotated[int, typer.Option("--guild", parser=guild_id, metavar="ID", help="The server, by its id.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
Code = Annotated[str | None, typer.Option("--code", metavar="CODE", help="Only this code, in any casing.")]
OneCode = Annotated[str, typer.Option("--code", metavar="CODE", help="The gift code, in any casing.")]
PlayerOption = Annotated[str | None, typer.Option("--player", metavar="ID", help="Only this player, by their id.")]
Limit = Annotated[
    int,
    typer.Option(
        "--limit",
        parser=whole_number("The limit", least=1, most=1_000_000),
        metavar="N",
        help="Show at most so many.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]
