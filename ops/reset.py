"""`ops reset`: forget what was posted in a server, so that its active codes are posted again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from giftbot.errors import InvalidInputError
from giftbot.models.ids import GuildId
from ops.options import DryRun, OneGuild, Yes
from ops.process import agreed, inspecting, ops_process

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.services.inspection import ResetPreview


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
        if not yes and not agreed(process, f"Reset server {guild}?"):
            raise typer.Exit(1)
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
