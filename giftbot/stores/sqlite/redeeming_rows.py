"""How players, redemptions and jobs become rows of SQLite."""

from __future__ import annotations

from functools import partial

from giftbot.models.job import Job
from giftbot.models.player import Player
from giftbot.models.redemption import Redemption
from giftbot.stores.documents import milliseconds
from giftbot.stores.redeeming_documents import (
    job_document,
    player_document,
    read_job,
    read_player,
    read_redemption,
    redemption_document,
)
from giftbot.stores.sqlite.database import Row, Value
from giftbot.stores.sqlite.rows import Table

PLAYERS = Table(
    "players",
    (
        "_id",
        "guild_id",
        "player_id",
        "state",
        "created_at",
        "updated_at",
        "kingdom",
        "nickname",
        "owner_id",
        "added_by",
        "proved_at",
        "revision",
    ),
)
REDEMPTIONS = Table(
    "auto_redeemed_codes",
    (
        "_id",
        "guild_id",
        "code",
        "fid",
        "outcome",
        "raw",
        "attempts",
        "created_at",
        "updated_at",
        "redeemed_at",
        "next_attempt_at",
    ),
)
JOBS = Table(
    "redemption_jobs",
    (
        "_id",
        "guild_id",
        "code",
        "state",
        "trigger",
        "created_at",
        "updated_at",
        "requested_by",
        "due_at",
        "owner",
        "fence",
        "lease_until",
        "enrolling",
        "cursor",
        "channel_id",
        "message_id",
        "finished_at",
        "reason",
    ),
)

_player_document = partial(player_document, moment=milliseconds)
_redemption_document = partial(redemption_document, moment=milliseconds)
_job_document = partial(job_document, moment=milliseconds)


def encode_player(player: Player) -> list[Value]:
    """A player as the values of a row."""
    return PLAYERS.encode(_player_document(player))


def decode_player(row: Row) -> Player | None:
    """The player of a row; None when it cannot be read."""
    return read_player(PLAYERS.decode(row))


def encode_redemption(redemption: Redemption) -> list[Value]:
    """A redemption as the values of a row."""
    return REDEMPTIONS.encode(_redemption_document(redemption))


def decode_redemption(row: Row) -> Redemption | None:
    """The redemption of a row; None when it cannot be read."""
    return read_redemption(REDEMPTIONS.decode(row))


def encode_job(job: Job) -> list[Value]:
    """A job as the values of a row."""
    return JOBS.encode(_job_document(job))


def decode_job(row: Row) -> Job | None:
    """The job of a row; None when it cannot be read."""
    return read_job(JOBS.decode(row))
