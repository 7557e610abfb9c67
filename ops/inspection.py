"""`ops inspect`: codes, posts and servers, one by one."""

from __future__ import annotations

from typing import Annotated

import typer

from giftbot.models.announcement import AnnouncementState
from giftbot.models.code import CodeStatus, fold
from giftbot.models.ids import GuildId
from ops.options import Code, Guild, Json
from ops.process import inspecting, ops_process

app = typer.Typer(
    help="Look at codes, posts and servers.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
)

Statuses = Annotated[
    list[CodeStatus] | None, typer.Option("--status", help="Only codes in this status; may be given several times.")
]
States = Annotated[
    list[AnnouncementState] | None,
    typer.Option("--state", help="Only posts in this state; may be given several times."),
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1_000_000, metavar="N", help="Show at most so many.")]
Disabled = Annotated[bool, typer.Option("--disabled", help="Only servers where the bot had to stop posting.")]


@app.command("codes")
def codes(status: Statuses = None, code: Code = None, json: Json = False) -> None:
    """Show the gift codes, oldest first."""
    with ops_process() as process:
        from ops import forms  # noqa: PLC0415

        key = None if code is None else fold(code)
        found = process.run(lambda services: inspecting(services).codes(status or (), key))
        if json:
            process.output.document({"codes": [forms.of_code(one) for one in found]})
        elif not found:
            process.output.say("No such codes.")
        else:
            process.output.table(forms.CODE_HEADINGS, [forms.code_row(one) for one in found])


@app.command("sent")
def sent(
    guild: Guild = None, state: States = None, code: Code = None, limit: Limit = 100, json: Json = False
) -> None:
    """Show the outbox and history of posts, the last changed first."""
    with ops_process() as process:
        from ops import forms  # noqa: PLC0415

        key = None if code is None else fold(code)
        guild_id = None if guild is None else GuildId(guild)
        found = process.run(
            lambda services: inspecting(services).posts(
                guild_id=guild_id, states=state or (), key=key, limit=limit + 1
            )
        )
        rows, is_cut = found[:limit], len(found) > limit
        if json:
            process.output.document({"posts": [forms.of_post(one) for one in rows], "has_more": is_cut})
        elif not rows:
            process.output.say("No such posts.")
        else:
            process.output.table(forms.POST_HEADINGS, [forms.post_row(one) for one in rows])
            if is_cut:
                process.output.complain(f"There are more than these {limit}: see them with --limit.")


@app.command("guilds")
def guilds(guild: Guild = None, disabled: Disabled = False, json: Json = False) -> None:
    """Show the servers that chose a channel or anything else."""
    with ops_process() as process:
        from ops import forms  # noqa: PLC0415

        guild_id = None if guild is None else GuildId(guild)
        found = process.run(
            lambda services: inspecting(services).servers(guild_id=guild_id, disabled_only=disabled)
        )
        if json:
            process.output.document({"guilds": [forms.of_guild(one) for one in found]})
        elif not found:
            process.output.say("No such servers.")
        else:
            process.output.table(forms.GUILD_HEADINGS, [forms.guild_row(one) for one in found])
