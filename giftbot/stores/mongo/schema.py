"""Collections and indexes: every one by name, in one place."""

from __future__ import annotations

from collections.abc import Mapping

import pymongo
import structlog
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import OperationFailure

from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import translated

_log = structlog.get_logger(__name__)

_CONFLICTS = {85, 86}
"""IndexOptionsConflict, IndexKeySpecsConflict: an earlier bot made the same index under another name."""
_BUILD_SECONDS = 600.0
"""An index on a large collection of an earlier bot takes longer than an ordinary operation may."""

INDEXES: Mapping[str, tuple[IndexModel, ...]] = {
    "sent_giftcodes": (
        # What is due, longest due first; rows that need no work are not in it.
        IndexModel([("due_at", ASCENDING)], name="due", sparse=True),
        IndexModel(
            [("guild_id", ASCENDING), ("due_at", ASCENDING)],
            name="guild_due",
            partialFilterExpression={"due_at": {"$exists": True}},
        ),
        # Joined rows by their anchor; the orphans are among them.
        IndexModel(
            [("batch", ASCENDING)],
            name="joined",
            partialFilterExpression={"state": "claimed", "batch": {"$exists": True}},
        ),
        IndexModel([("code", ASCENDING), ("guild_id", ASCENDING)], name="code_guild"),
        # Lists by state, newest first, and the counts of the outbox.
        IndexModel([("state", ASCENDING), ("updated_at", DESCENDING)], name="state_updated"),
        # Figures over all servers.
        IndexModel([("source", ASCENDING), ("sent_at", DESCENDING)], name="source_sent"),
    ),
    "gift_codes": (
        IndexModel([("status", ASCENDING), ("created_at", ASCENDING)], name="status_created"),
        IndexModel([("fan_out", ASCENDING)], name="fan_out", partialFilterExpression={"fan_out": True}),
        IndexModel([("redeem", ASCENDING)], name="redeem", partialFilterExpression={"redeem": True}),
    ),
    "guilds": (
        IndexModel([("backfill", ASCENDING)], name="backfill", sparse=True),
        IndexModel([("updated_at", DESCENDING)], name="updated"),
        IndexModel(
            [("auto_redeem", ASCENDING), ("_id", ASCENDING)],
            name="redeeming",
            partialFilterExpression={"auto_redeem": True},
        ),
    ),
    "players": (
        IndexModel([("guild_id", ASCENDING), ("owner_id", ASCENDING)], name="guild_owner"),
        IndexModel([("state", ASCENDING), ("guild_id", ASCENDING)], name="state_guild"),
    ),
    "auto_redeemed_codes": (
        # Who has a code, through whichever server.
        IndexModel([("code", ASCENDING), ("fid", ASCENDING)], name="code_player"),
        # What is to be asked, longest due first; rows that rest are not in it.
        IndexModel(
            [("guild_id", ASCENDING), ("code", ASCENDING), ("next_attempt_at", ASCENDING)],
            name="due",
            partialFilterExpression={"next_attempt_at": {"$exists": True}},
        ),
        IndexModel([("guild_id", ASCENDING), ("code", ASCENDING), ("outcome", ASCENDING)], name="outcome"),
        IndexModel([("fid", ASCENDING), ("guild_id", ASCENDING)], name="player_guild"),
        # What an earlier bot left among ours: each start looks for it.
        IndexModel(
            [("outcome", ASCENDING), ("_id", ASCENDING)],
            name="theirs_only",
            partialFilterExpression={"outcome": None},
        ),
        # Lists, newest first, of one server and of all.
        IndexModel(
            [("guild_id", ASCENDING), ("updated_at", DESCENDING), ("_id", ASCENDING)], name="guild_updated_id"
        ),
        IndexModel([("updated_at", DESCENDING), ("_id", ASCENDING)], name="updated_id"),
    ),
    "redemption_jobs": (
        IndexModel([("due_at", ASCENDING)], name="due", sparse=True),
        IndexModel([("updated_at", DESCENDING), ("_id", ASCENDING)], name="updated_id"),
    ),
    "invite_ledgers": (IndexModel([("taken_at", ASCENDING)], name="taken", sparse=True),),
    "invite_joins": (
        # Who is there, and each person's newest membership.
        IndexModel(
            [("guild_id", ASCENDING), ("user_id", ASCENDING)],
            name="open",
            partialFilterExpression={"is_open": True},
        ),
        IndexModel(
            [("user_id", ASCENDING), ("guild_id", ASCENDING), ("joined_at", DESCENDING), ("_id", ASCENDING)],
            name="user_guild_joined",
        ),
        # Lists, newest first.
        *(
            IndexModel(
                [(field, ASCENDING), ("joined_at", DESCENDING), ("_id", ASCENDING)],
                name=f"{field}_joined",
                partialFilterExpression={field: {"$exists": True}},
            )
            for field in ("owner_id", "code")
        ),
        IndexModel([("guild_id", ASCENDING), ("joined_at", DESCENDING), ("_id", ASCENDING)], name="guild_joined"),
        IndexModel([("joined_at", DESCENDING), ("_id", ASCENDING)], name="joined"),
    ),
    "staff_links": (
        IndexModel([("guild_id", ASCENDING), ("valid_from", ASCENDING), ("_id", ASCENDING)], name="guild_from"),
        IndexModel([("staff_id", ASCENDING), ("valid_from", ASCENDING), ("_id", ASCENDING)], name="staff_from"),
        IndexModel([("valid_from", ASCENDING), ("_id", ASCENDING)], name="from"),
    ),
    "credits": (
        IndexModel([("guild_id", ASCENDING), ("created_at", DESCENDING), ("_id", ASCENDING)], name="guild_created"),
        IndexModel(
            [("guild_id", ASCENDING), ("state", ASCENDING), ("created_at", DESCENDING), ("_id", ASCENDING)],
            name="guild_state_created",
        ),
        IndexModel([("state", ASCENDING), ("created_at", DESCENDING), ("_id", ASCENDING)], name="state_created"),
        IndexModel(
            [("staff_id", ASCENDING), ("created_at", DESCENDING), ("_id", ASCENDING)],
            name="staff_created",
            partialFilterExpression={"staff_id": {"$exists": True}},
        ),
        IndexModel([("user_id", ASCENDING), ("created_at", DESCENDING), ("_id", ASCENDING)], name="user_created"),
        IndexModel([("created_at", DESCENDING), ("_id", ASCENDING)], name="created"),
    ),
    "notices": (IndexModel([("told_at", ASCENDING), ("created_at", ASCENDING)], name="told_created"),),
}


async def ensure_indexes(database: MongoDatabase) -> None:
    """Create the indexes that are not there yet."""
    for collection, indexes in INDEXES.items():
        for index in indexes:
            with translated(), pymongo.timeout(_BUILD_SECONDS):
                try:
                    await database[collection].create_indexes([index])
                except OperationFailure as error:
                    if error.code not in _CONFLICTS:
                        raise
                    _log.warning(
                        "index exists under another name", collection=collection, index=index.document["name"]
                    )
