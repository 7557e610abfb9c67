"""`ops reset`: forget what was posted in a server, so that its active codes are posted again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from giftbot.errors import InvalidInputError
from giftbot.models.ids import GuildId
from ops.options import DryRun, OneGuild
from ops.process import Process, inspecting, ops_process

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.services.inspection import ResetPreview

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def reset(guild: OneGuild, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Forget what was posted in a server, so that all codes active now are posted there again."""
    with ops_process() as process:
        from giftbot.text.words import counted  # noqa: PLC0415

        guild_id = GuildId(guild)
        preview = process.run(lambda services: inspecting(services).preview_reset(guild_id))
        if preview is None:
            raise InvalidInputError(f"Server {guild} is not known here. The known ones: ops inspect guilds.")
        process.output.say(_plan(preview))
        if dry_run:
            process.output.say("Nothing was changed (dry run).")
            return
        if not yes:
            _ask(process, guild)
        again = process.run(lambda services: services.announcements.reset(guild_id))
        what = f"{counted(again, 'code')} will be posted by the running bot, or when it starts." if again else ""
        process.output.say(f"Done. {what or 'There is nothing to post now.'}")


def _plan(preview: ResetPreview) -> str:
    from giftbot.text.words import counted  # noqa: PLC0415
    from ops.forms import posting_word  # noqa: PLC0415

    guild = preview.guild
    if guild.is_posting:
        codes = counted(preview.active, "active code")
        then = f"{codes} will be posted in channel {guild.channel_id}, also what was posted before."
    else:
        then = f"Nothing will be posted, because the server does not post now ({posting_word(guild)})."
    forgets = f"Server {guild.guild_id}: forgets that {counted(preview.sent, 'code')} were posted."
    return f"{forgets} {then} Other servers are not touched."


def _ask(process: Process, guild: int) -> None:
    """Go on after a yes only."""
    try:
        agreed = typer.confirm(f"Reset server {guild}?")
    except typer.Abort:
        process.output.complain("Nothing was changed: nobody answered. Where nobody can, use --yes.")
        raise typer.Exit(1) from None
    if not agreed:
        process.output.say("Nothing was changed.")
        raise typer.Exit(1)
