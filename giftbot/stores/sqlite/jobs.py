"""The redemption jobs in SQLite."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime

from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, CodeKey, GuildId, JobId, MessageId
from giftbot.models.job import Job, JobState
from giftbot.stores.documents import chunks, guild_prefix, milliseconds
from giftbot.stores.merging import is_letting_go
from giftbot.stores.redeeming_documents import readable
from giftbot.stores.sqlite.database import Database, Row, Turn, Value
from giftbot.stores.sqlite.redeeming_rows import JOBS, decode_job, encode_job
from giftbot.stores.sqlite.rows import GUILDS, decode_guild, stored_moment

_IN = "IN (SELECT value FROM json_each(?))"
_RESTART = ", ".join(
    f"{name} = excluded.{name}" for name in JOBS.columns if name not in {"_id", "fence", "channel_id", "message_id"}
)
_OPEN = f"{JOBS.insert} ON CONFLICT (_id) DO NOTHING RETURNING _id"
_REOPEN = f"""
    {JOBS.insert} ON CONFLICT (_id) DO UPDATE
    SET {_RESTART}, fence = max(fence, excluded.fence) + 1, woken_at = NULL
    WHERE state IN ({{states}}) RETURNING _id
"""
_WAKE = """
    UPDATE redemption_jobs
    SET woken_at = :now, due_at = iif(lease_until > :now, due_at, min(ifnull(due_at, :now), :now))
    WHERE _id = :id AND state = 'open' RETURNING _id
"""
_WAKE_DONE = """
    UPDATE redemption_jobs
    SET state = 'open', due_at = :now, updated_at = :now, owner = NULL, fence = fence + 1, lease_until = NULL,
        finished_at = NULL, reason = NULL
    WHERE _id = :id AND state = 'done' RETURNING _id
"""
_LOOK = f"""
    SELECT _id FROM redemption_jobs INDEXED BY redemption_jobs_due
    WHERE due_at <= ? AND +state = 'open' AND _id NOT {_IN} ORDER BY created_at DESC, _id LIMIT ?
"""
_CLAIM = f"""
    UPDATE redemption_jobs
    SET owner = ?, fence = fence + 1, lease_until = ?, due_at = ?, updated_at = ?, woken_at = NULL
    WHERE _id {_IN} RETURNING {JOBS.names}
"""
_SAVED = tuple(
    name
    for name in JOBS.columns
    if name not in {"_id", "guild_id", "code", "owner", "fence", "channel_id", "message_id"}
)
_HELD = "_id = :_id AND owner = :owner AND fence = :fence AND state = 'open'"
_SAVE = f"UPDATE redemption_jobs SET {', '.join(f'{name} = :{name}' for name in _SAVED)} WHERE {_HELD}"
_LET_GO = f"{_SAVE} AND woken_at IS NULL"
_YIELD = f"""
    UPDATE redemption_jobs
    SET due_at = :updated_at, lease_until = NULL, updated_at = :updated_at, enrolling = :enrolling, cursor = :cursor
    WHERE {_HELD} RETURNING _id
"""
_STOP = """
    UPDATE redemption_jobs
    SET state = 'stopped', reason = ?, due_at = NULL, owner = NULL, fence = fence + 1, lease_until = NULL,
        woken_at = NULL, updated_at = ?
    WHERE _id = ? AND state = 'open'
"""
_RESUME = """
    UPDATE redemption_jobs SET state = 'open', reason = NULL, due_at = ?, updated_at = ?
    WHERE _id = ? AND state = 'stopped'
"""
_EXPIRE = """
    UPDATE redemption_jobs INDEXED BY redemption_jobs_due SET due_at = :now, lease_until = :now
    WHERE due_at > :now AND lease_until IS NOT NULL AND owner IS NOT :owner
"""
_FREE = "UPDATE leases SET owner = NULL, until = min(until, :free_at) WHERE until > :now AND owner <> :owner"
_MESSAGE = "UPDATE redemption_jobs SET channel_id = ?, message_id = ?, updated_at = ? WHERE _id = ?"
_REDEEMING = f"""
    SELECT {GUILDS.names} FROM guilds WHERE _id > ? AND auto_redeem AND left_at IS NULL ORDER BY _id LIMIT ?
"""


def _read(rows: Sequence[Row]) -> list[Job]:
    return readable(map(decode_job, rows))


class SqliteJobStore:
    """`JobStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open_jobs(self, jobs: Sequence[Job], *, reopen: Collection[JobState] = ()) -> set[JobId]:
        """Insert jobs that are absent, and let those in a state of `reopen` start over; which are now as given."""
        states = ", ".join(f"'{state.value}'" for state in reopen)
        statement = _REOPEN.format(states=states) if states else _OPEN
        opened: set[JobId] = set()
        for chunk in chunks(jobs):
            values = [encode_job(job) for job in chunk]

            def write(turn: Turn, values: Sequence[Sequence[Value]] = values) -> list[Row]:
                return [row for job in values for row in turn.rows(statement, job)]

            opened.update(JobId(str(job_id)) for [job_id] in await self._database.write(write))
        return opened

    async def wake_job(self, job_id: JobId, now: datetime) -> bool:
        """Let an open job be looked at now, or reopen one that is done; False if there is neither.

        A claimed job is due now as soon as its owner lets go of it, see `save_job`.
        """
        values: dict[str, Value] = {"id": job_id, "now": milliseconds(now)}
        return await self._database.write(
            lambda turn: bool(turn.rows(_WAKE, values) or turn.rows(_WAKE_DONE, values))
        )

    async def claim_jobs(
        self,
        owner: str,
        now: datetime,
        lease_until: datetime,
        *,
        limit: int,
        besides: Collection[JobId] = (),
    ) -> list[Job]:
        """Take up to `limit` open jobs that are due, the newest job first, but none of `besides`."""
        moment, lease = milliseconds(now), milliseconds(lease_until)
        look: list[Value] = [moment, json.dumps(list(besides)), limit]
        if limit < 1 or not await self._database.read(_LOOK, look):
            return []

        def claim(turn: Turn) -> list[Row]:
            ids = [str(job_id) for [job_id] in turn.rows(_LOOK, look)]
            return turn.rows(_CLAIM, [owner, lease, lease, moment, json.dumps(ids)])

        claimed = _read(await self._database.write(claim))
        return sorted(sorted(claimed, key=lambda job: job.job_id), key=lambda job: job.created_at, reverse=True)

    async def save_job(self, job: Job) -> bool:
        """Write a claimed job (all but its message), if owner and fence still match and it is open.

        A job that was woken is not put to rest: it is given back as due now, and the answer is False.
        """
        values = dict(zip(JOBS.columns, encode_job(job), strict=True))

        def save(turn: Turn) -> bool:
            if not is_letting_go(job):
                return turn.run_many(_SAVE, [values]) == 1
            if turn.run_many(_LET_GO, [values]):
                return True
            turn.run_many(_YIELD, [values])
            return False

        return await self._database.write(save)

    async def stop_job(self, job_id: JobId, reason: str, now: datetime) -> bool:
        """Stop an open job, whoever works on it; False if it was not open."""
        async with self._database.transaction() as transaction:
            return await transaction.run(_STOP, [reason, milliseconds(now), job_id]) == 1

    async def resume_job(self, job_id: JobId, now: datetime) -> bool:
        """Open a stopped job again, due now, where it was; False if it was not stopped."""
        moment = milliseconds(now)
        async with self._database.transaction() as transaction:
            return await transaction.run(_RESUME, [moment, moment, job_id]) == 1

    async def expire_claims(self, owner: str, now: datetime, free_at: datetime) -> int:
        """Make every other owner's jobs due now, and the players whom they hold free then; how many of both."""
        values: dict[str, Value] = {"now": milliseconds(now), "owner": owner}
        async with self._database.transaction() as transaction:
            jobs = await transaction.run(_EXPIRE, values)
            return jobs + await transaction.run(_FREE, {**values, "free_at": milliseconds(free_at)})

    async def get_jobs(self, ids: Collection[JobId]) -> dict[JobId, Job]:
        """Those of the jobs that exist."""
        found: dict[JobId, Job] = {}
        for chunk in chunks(list(ids)):
            rows = await self._database.read(
                f"SELECT {JOBS.names} FROM redemption_jobs WHERE _id {_IN}", [json.dumps(list(chunk))]
            )
            found |= {job.job_id: job for job in _read(rows)}
        return found

    async def list_jobs(
        self,
        *,
        guild_id: GuildId | None = None,
        states: Collection[JobState] = (),
        code: CodeKey | None = None,
        limit: int = 100,
    ) -> list[Job]:
        """Jobs that match, newest `updated_at` first."""
        conditions = [f"+state {_IN}"]
        values: list[Value] = [json.dumps(list(states or JobState))]
        if guild_id is not None:
            conditions.append("_id >= ? AND _id < ?")
            values += guild_prefix(guild_id)
        if code is not None:
            conditions.append("+code = ?")
            values.append(code)
        rows = await self._database.read(
            f"SELECT {JOBS.names} FROM redemption_jobs WHERE {' AND '.join(conditions)}"
            " ORDER BY updated_at DESC, _id LIMIT ?",
            [*values, limit],
        )
        return _read(rows)

    async def set_job_message(
        self, job_id: JobId, channel_id: ChannelId, message_id: MessageId | None, now: datetime
    ) -> None:
        """Note where the progress message of a job is."""
        async with self._database.transaction() as transaction:
            await transaction.run(_MESSAGE, [channel_id, message_id, stored_moment(now), job_id])

    async def scan_redeeming_guilds(self, *, chunk: int = 500) -> AsyncIterator[list[GuildSettings]]:
        """Servers with auto-redeem on that the bot has not left, in chunks, by ascending id."""
        last = -1
        while rows := await self._database.read(_REDEEMING, [last, chunk]):
            settings = [decode_guild(row) for row in rows]
            last = settings[-1].guild_id
            yield settings
