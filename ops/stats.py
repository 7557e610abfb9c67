"""`ops stats`: what was posted, what is open, and who is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giftbot.models.ids import GuildId
from ops.options import Guild, Json
from ops.process import inspecting, ops_process, require_known

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services
    from giftbot.services.inspection import Figures, Overview

Pairs = list[tuple[str, str]]


def stats(guild: Guild = None, json: Json = False) -> None:
    """Show what was posted and what is open, in one server or over all."""
    with ops_process() as process:
        from ops import forms  # noqa: PLC0415

        if guild is None:
            overview = process.run(lambda services: inspecting(services).overview())
            document, pairs = forms.of_overview(overview), _of_overview(overview)
        else:
            guild_id = GuildId(guild)
            figures = process.run(lambda services: _figures(services, guild_id))
            document, pairs = {"guild_id": str(guild), **forms.of_figures(figures)}, _of_figures(figures)
        if json:
            process.output.document(document)
        else:
            process.output.figures(pairs)


async def _figures(services: Services, guild_id: GuildId) -> Figures:
    await require_known(services, guild_id)
    return await inspecting(services).figures(guild_id)


def _of_figures(figures: Figures) -> Pairs:
    from ops.forms import NOTHING, shown  # noqa: PLC0415
    from ops.redeeming_forms import counts_of  # noqa: PLC0415

    statistics, outbox, redeeming = figures.statistics, figures.outbox, figures.redeeming
    return [
        ("Codes sent", str(statistics.total_codes)),
        ("Last code", statistics.last_code or NOTHING),
        ("Last sent", shown(statistics.last_sent_at)),
        ("Sources", ", ".join(statistics.sources) or NOTHING),
        ("Last 24 hours", str(statistics.day)),
        ("Last 7 days", str(statistics.week)),
        ("Last 30 days", str(statistics.month)),
        ("Outbox", f"{outbox.pending} pending, {outbox.claimed} claimed"),
        ("Oldest due", shown(outbox.oldest_due_at)),
        ("Not certain", str(outbox.unknown)),
        ("Failed", str(outbox.failed)),
        ("Players", counts_of(redeeming.players)),
        ("Jobs", f"{redeeming.open_jobs} open, {redeeming.stopped_jobs} stopped"),
        ("Unknown answers", str(redeeming.unknown_answers)),
    ]


def _of_overview(overview: Overview) -> Pairs:
    from ops.forms import shown_age  # noqa: PLC0415

    servers = overview.servers
    return [
        *_of_figures(overview.figures),
        ("Counted", shown_age(overview)),
        (
            "Servers",
            f"{servers.configured} configured, {servers.posting} posting, {servers.disabled} disabled",
        ),
        ("Codes", ", ".join(f"{count} {status.value}" for status, count in overview.codes.items())),
        ("Calls of the game", _budget(overview)),
    ]


def _budget(overview: Overview) -> str:
    from giftbot.services.slots import shown_rate  # noqa: PLC0415
    from ops.forms import shown  # noqa: PLC0415

    budget = overview.budget
    if budget is None:
        return "none so far"
    rest = f", paused until {shown(overview.paused_until)}" if overview.paused_until else ""
    return f"{shown_rate(budget.rate):g} a minute, the last at {shown(budget.slot)}{rest}"
