"""`ops inspect`: codes, posts, servers, players, jobs, redemptions, and all about invites, one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from giftbot.models.announcement import AnnouncementState
from giftbot.models.code import CodeStatus, fold
from giftbot.models.ids import CodeKey, GuildId, PlayerId
from giftbot.models.job import JobState
from giftbot.models.player import PlayerState, parse_player_id
from giftbot.models.redemption import RedemptionOutcome
from ops import invite_inspection
from ops.listing import look, show
from ops.options import Code, Guild, Json, Limit, PlayerOption
from ops.process import Process, inspecting, ops_process

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.services.inspection import Inspection

T = TypeVar("T")

app = typer.Typer(
    help="Look at codes, posts, servers, players, jobs, redemptions, invites, joins, staff links and credits.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
app.command("invites")(invite_inspection.invites)
app.command("joins")(invite_inspection.joins)
app.command("staff")(invite_inspection.staff)
app.command("credits")(invite_inspection.credits_)

Statuses = Annotated[
    list[CodeStatus] | None, typer.Option("--status", help="Only codes in this status; may be given several times.")
]
States = Annotated[
    list[AnnouncementState] | None,
    typer.Option("--state", help="Only posts in this state; may be given several times."),
]
PlayerStates = Annotated[
    list[PlayerState] | None,
    typer.Option("--state", help="Only players in this state; may be given several times."),
]
JobStates = Annotated[
    list[JobState] | None, typer.Option("--state", help="Only jobs in this state; may be given several times.")
]
Outcomes = Annotated[
    list[RedemptionOutcome] | None,
    typer.Option("--outcome", help="Only redemptions that ended like this; may be given several times."),
]
Disabled = Annotated[bool, typer.Option("--disabled", help="Only servers where the bot had to stop posting.")]


@app.command("codes")
def codes(status: Statuses = None, code: Code = None, json: Json = False) -> None:
    """Show the gift codes, oldest first."""
    with ops_process() as process:
        from ops import forms  # noqa: PLC0415

        found = process.run(lambda services: inspecting(services).codes(status or (), _key(code)))
        show(process, forms.CODES, found, json=json)


@app.command("sent")
def sent(
    guild: Guild = None, state: States = None, code: Code = None, limit: Limit = 100, json: Json = False
) -> None:
    """Show the outbox and history of posts, the last changed first."""
    with ops_process() as process:
        from ops import forms  # noqa: PLC0415

        found = _look(
            process,
            guild,
            lambda inspection, guild_id: inspection.posts(
                guild_id=guild_id, states=state or (), key=_key(code), limit=limit + 1
            ),
        )
        show(process, forms.POSTS, found, limit, json=json)


@app.command("guilds")
def guilds(guild: Guild = None, disabled: Disabled = False, json: Json = False) -> None:
    """Show the servers that chose a channel or anything else."""
    with ops_process() as process:
        from ops import forms  # noqa: PLC0415

        found = _look(
            process,
            guild,
            lambda inspection, guild_id: inspection.servers(guild_id=guild_id, disabled_only=disabled),
        )
        show(process, forms.GUILDS, found, json=json)


@app.command("players")
def players(
    guild: Guild = None,
    state: PlayerStates = None,
    player: PlayerOption = None,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """Show the registered players, by server and id."""
    with ops_process() as process:
        from ops import redeeming_forms as forms  # noqa: PLC0415

        found = _look(
            process,
            guild,
            lambda inspection, guild_id: inspection.players(
                guild_id=guild_id, states=state or (), player_id=_player(player), limit=limit + 1
            ),
        )
        show(process, forms.PLAYERS, found, limit, json=json)


@app.command("jobs")
def jobs(
    guild: Guild = None, state: JobStates = None, code: Code = None, limit: Limit = 100, json: Json = False
) -> None:
    """Show the redemption jobs, a code in a server each, the last changed first."""
    with ops_process() as process:
        from ops import redeeming_forms as forms  # noqa: PLC0415

        found = _look(
            process,
            guild,
            lambda inspection, guild_id: inspection.jobs(
                guild_id=guild_id, states=state or (), key=_key(code), limit=limit + 1
            ),
        )
        show(process, forms.JOBS, found, limit, json=json)


@app.command("redemptions")
def redemptions(
    *,
    guild: Guild = None,
    code: Code = None,
    player: PlayerOption = None,
    outcome: Outcomes = None,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """Show what the game answered, player by player."""
    with ops_process() as process:
        from ops import redeeming_forms as forms  # noqa: PLC0415

        found = _look(
            process,
            guild,
            lambda inspection, guild_id: inspection.redemptions(
                guild_id=guild_id,
                key=_key(code),
                player_id=_player(player),
                outcomes=outcome or (),
                limit=limit + 1,
            ),
        )
        show(process, forms.REDEMPTIONS, found, limit, json=json)


def _look(
    process: Process, guild: int | None, find: Callable[[Inspection, GuildId | None], Awaitable[list[T]]]
) -> list[T]:
    return look(process, guild, lambda services, guild_id: find(inspecting(services), guild_id))


def _key(code: str | None) -> CodeKey | None:
    return None if code is None else fold(code)


def _player(player: str | None) -> PlayerId | None:
    return None if player is None else parse_player_id(player)
