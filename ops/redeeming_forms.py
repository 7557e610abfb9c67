"""How players, jobs and redemptions read: as JSON with stable keys, and as cells of a table."""

from __future__ import annotations

from collections.abc import Mapping

from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption
from giftbot.models.roster import ImportReport, LineReport, LineResult
from giftbot.services.inspection import Standing
from ops.forms import NOTHING, Document, moment, number, shown
from ops.listing import Form

PLAYER_HEADINGS = ("SERVER", "PLAYER", "KINGDOM", "STATE", "NAME", "OWNER", "PROVED", "CHANGED")
JOB_HEADINGS = (
    "SERVER",
    "CODE",
    "STATE",
    "TRIGGER",
    "GOT IT",
    "LEFT",
    "FAILED",
    "DUE",
    "LEASE",
    "CHANGED",
    "REASON",
)
REDEMPTION_HEADINGS = ("SERVER", "CODE", "PLAYER", "OUTCOME", "TRIES", "NEXT", "CHANGED", "ANSWER")
LINE_HEADINGS = ("LINE", "PLAYER", "RESULT", "NOTE")


def counts_of(players: Mapping[PlayerState, int]) -> str:
    """`3 active, 1 paused`: the states that anybody is in."""
    return ", ".join(f"{count} {state.value}" for state, count in players.items() if count) or NOTHING


def of_player(player: Player) -> Document:
    """A player."""
    return {
        "guild_id": number(player.guild_id),
        "player_id": player.player_id,
        "kingdom": player.kingdom,
        "state": player.state.value,
        "nickname": player.nickname,
        "owner_id": number(player.owner_id),
        "added_by": number(player.added_by),
        "proved_at": moment(player.proved_at),
        "created_at": moment(player.created_at),
        "updated_at": moment(player.updated_at),
    }


def of_job(standing: Standing) -> Document:
    """A job with its counts."""
    job, counts = standing.job, standing.counts
    return {
        "guild_id": number(job.guild_id),
        "code": job.code,
        "state": job.state.value,
        "trigger": job.trigger.value,
        "requested_by": number(job.requested_by),
        "enrolling": job.enrolling,
        "due_at": moment(job.due_at),
        "owner": job.owner,
        "fence": job.fence,
        "lease_until": moment(job.lease_until),
        "channel_id": number(job.channel_id),
        "message_id": number(job.message_id),
        "reason": job.reason,
        "created_at": moment(job.created_at),
        "updated_at": moment(job.updated_at),
        "finished_at": moment(job.finished_at),
        "players": {
            "total": counts.total,
            "granted": counts.granted,
            "open": counts.open,
            "failed": counts.failed,
            "by_outcome": {outcome.value: count for outcome, count in sorted(counts.by_outcome.items())},
        },
    }


def of_redemption(row: Redemption) -> Document:
    """One code for one player."""
    return {
        "guild_id": number(row.guild_id),
        "code": row.code,
        "player_id": row.player_id,
        "outcome": row.outcome.value,
        "answer": row.raw,
        "attempts": row.attempts,
        "next_attempt_at": moment(row.next_attempt_at),
        "redeemed_at": moment(row.redeemed_at),
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
    }


def of_import(report: ImportReport, *, dry_run: bool) -> Document:
    """What became of every line."""
    return {
        **{result.value: report.counts[result] for result in LineResult},
        "codes": report.codes,
        "dry_run": dry_run,
        "lines": [
            {"line": line.number, "player_id": line.player_id, "result": line.result.value, "note": line.note}
            for line in report.lines
        ],
    }


def player_row(player: Player) -> tuple[str, ...]:
    """A player under `PLAYER_HEADINGS`."""
    return (
        str(player.guild_id),
        player.player_id,
        number(player.kingdom) or NOTHING,
        player.state.value,
        player.nickname or NOTHING,
        number(player.owner_id) or NOTHING,
        shown(player.proved_at),
        shown(player.updated_at),
    )


def job_row(standing: Standing) -> tuple[str, ...]:
    """A job under `JOB_HEADINGS`."""
    job, counts = standing.job, standing.counts
    return (
        str(job.guild_id),
        job.code,
        job.state.value,
        job.trigger.value,
        f"{counts.granted} of {counts.total}",
        str(counts.open),
        str(counts.failed),
        shown(job.due_at),
        shown(job.lease_until),
        shown(job.updated_at),
        job.reason or NOTHING,
    )


def redemption_row(row: Redemption) -> tuple[str, ...]:
    """One code for one player under `REDEMPTION_HEADINGS`."""
    return (
        str(row.guild_id),
        row.code,
        row.player_id,
        row.outcome.value,
        str(row.attempts),
        shown(row.next_attempt_at),
        shown(row.updated_at),
        row.raw or NOTHING,
    )


def line_row(line: LineReport) -> tuple[str, ...]:
    """A line of an import under `LINE_HEADINGS`."""
    return (str(line.number), line.player_id or NOTHING, line.result.value, line.note or NOTHING)


PLAYERS = Form("players", PLAYER_HEADINGS, of_player, player_row, "No such players.")
JOBS = Form("jobs", JOB_HEADINGS, of_job, job_row, "No such jobs.")
REDEMPTIONS = Form("redemptions", REDEMPTION_HEADINGS, of_redemption, redemption_row, "No such redemptions.")
