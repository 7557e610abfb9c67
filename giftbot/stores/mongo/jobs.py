"""The redemption jobs in MongoDB."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime

import attrs
from bson import Int64
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, CodeKey, GuildId, JobId, MessageId
from giftbot.models.job import Job, JobState
from giftbot.stores.documents import CHUNK, Document, chunks
from giftbot.stores.merging import is_letting_go
from giftbot.stores.mongo.documents import CONVERTER, changing, encode_job, of_guild, same
from giftbot.stores.mongo.driver import Collection as Rows
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import duplicates, translated
from giftbot.stores.redeeming_documents import read_job, readable

_TRIES = 3
"""Rounds of a claim that finds jobs due, and loses all of them to other processes; and of a wake."""

_NEWEST_CODE = (("created_at", -1), ("_id", 1))

_NAMES = tuple(field.name for field in attrs.fields(Job) if field.name not in {"channel_id", "message_id", "fence"})
"""The fields that a job starts over with: its message stays, and its fence goes on rising."""
_SAVED = tuple(name for name in _NAMES if name not in {"guild_id", "code", "owner"})


def _read(documents: Sequence[Document]) -> list[Job]:
    return readable(map(read_job, documents))


def _restart(job: Job, reopen: Collection[JobState], token: str) -> UpdateOne:
    document = encode_job(job)
    update = changing({name: document.get(name) for name in _NAMES} | {"claim": token, "woken_at": None})
    update["$inc"] = {"fence": 1}
    return UpdateOne({"_id": job.job_id, "state": {"$in": [state.value for state in reopen]}}, update)


class MongoJobStore:
    """`JobStore` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    @property
    def _jobs(self) -> Rows:
        return self._database["redemption_jobs"]

    async def open_jobs(self, jobs: Sequence[Job], *, reopen: Collection[JobState] = ()) -> set[JobId]:
        """Insert jobs that are absent, and let those in a state of `reopen` start over; which are now as given."""
        opened: set[JobId] = set()
        for chunk in chunks(jobs):
            present: Collection[int] = ()
            with translated():
                try:
                    await self._jobs.insert_many([encode_job(job) for job in chunk], ordered=False)
                except BulkWriteError as error:
                    present = duplicates(error).keys()
            opened.update(job.job_id for position, job in enumerate(chunk) if position not in present)
            if reopen and present:
                opened |= await self._reopen([chunk[position] for position in present], reopen)
        return opened

    async def _reopen(self, jobs: Sequence[Job], reopen: Collection[JobState]) -> set[JobId]:
        token = uuid.uuid4().hex
        mine = {"_id": {"$in": [job.job_id for job in jobs]}, "claim": token}
        with translated():
            result = await self._jobs.bulk_write([_restart(job, reopen, token) for job in jobs], ordered=False)
            if not result.modified_count:
                return set()
            found = await self._jobs.find(mine, {"_id": 1}).batch_size(CHUNK + 1).to_list(None)
        return {JobId(str(row["_id"])) for row in found}

    async def wake_job(self, job_id: JobId, now: datetime) -> bool:
        """Let an open job be looked at now, or reopen one that is done; False if there is neither.

        A claimed job is due now as soon as its owner lets go of it, see `save_job`.
        """
        is_open: Document = {"_id": job_id, "state": JobState.OPEN.value}
        fresh = {"state": JobState.OPEN, "due_at": now, "updated_at": now}
        reopening = changing({**fresh, **dict.fromkeys(("owner", "lease_until", "finished_at", "reason"))})
        reopening["$inc"] = {"fence": 1}
        for _ in range(_TRIES):  # a job that changes between the two looks is looked at once more
            with translated():
                woken = await self._jobs.update_one(is_open, {"$set": {"woken_at": now}})
                if woken.matched_count:
                    # Whoever claims it from here on sees the new rows, whoever held it before finds `woken_at`.
                    unclaimed = {**is_open, "lease_until": {"$not": {"$gt": now}}}
                    await self._jobs.update_one(unclaimed, {"$min": {"due_at": now}})
                    return True
                done = {"_id": job_id, "state": JobState.DONE.value}
                if (await self._jobs.update_one(done, reopening)).matched_count:
                    return True
        return False

    async def claim_jobs(
        self,
        owner: str,
        now: datetime,
        lease_until: datetime,
        *,
        limit: int,
        besides: Collection[JobId] = (),
    ) -> list[Job]:
        """Take up to `limit` open jobs that are due, the newest job first, but none of `besides`.

        A job is claimed by a write that is conditional on its being due still, and stamped with a token of this
        call: what carries the token afterwards is ours, and nobody else's.
        """
        due: Document = {"due_at": {"$lte": now}, "state": JobState.OPEN.value}
        others: Document = {**due, "_id": {"$nin": list(besides)}} if besides else due
        for _ in range(_TRIES if limit > 0 else 0):
            with translated():
                cursor = self._jobs.find(others, {"_id": 1}).sort(_NEWEST_CODE).limit(limit)
                found = await cursor.batch_size(limit + 1).to_list(None)
            if not found:
                break
            claimed = await self._claim_jobs([row["_id"] for row in found], due, owner, now, lease_until)
            if claimed:
                return claimed
        return []

    async def _claim_jobs(
        self, ids: Sequence[object], due: Document, owner: str, now: datetime, lease_until: datetime
    ) -> list[Job]:
        token = uuid.uuid4().hex
        moments = {"lease_until": lease_until, "due_at": lease_until, "updated_at": now}
        update = changing({"owner": owner, "claim": token, "woken_at": None, **moments})
        update["$inc"] = {"fence": 1}
        mine: Document = {"_id": {"$in": list(ids)}, "claim": token}
        with translated():
            result = await self._jobs.update_many({"_id": {"$in": list(ids)}, **due}, update)
            if not result.modified_count:
                return []
            cursor = self._jobs.find(mine).sort(_NEWEST_CODE)
            return _read(await cursor.batch_size(len(ids) + 1).to_list(None))

    async def save_job(self, job: Job) -> bool:
        """Write a claimed job (all but its message), if owner and fence still match and it is open.

        A job that was woken is not put to rest: it is given back as due now, and the answer is False.
        """
        if job.owner is None:
            return False
        document = encode_job(job)
        held: Document = {"_id": job.job_id, "owner": job.owner, "fence": same(job.fence), "state": "open"}
        unwoken: Document = {"woken_at": None} if is_letting_go(job) else {}
        with translated():
            saved = await self._jobs.update_one(
                {**held, **unwoken}, changing({name: document.get(name) for name in _SAVED})
            )
            if saved.matched_count or not unwoken:
                return saved.matched_count == 1
            place = {"enrolling": job.enrolling, "cursor": job.cursor}
            moments = {"due_at": job.updated_at, "updated_at": job.updated_at, "lease_until": None}
            await self._jobs.update_one({**held, "woken_at": {"$ne": None}}, changing({**place, **moments}))
        return False

    async def stop_job(self, job_id: JobId, reason: str, now: datetime) -> bool:
        """Stop an open job, whoever works on it; False if it was not open."""
        nothing = dict.fromkeys(("due_at", "owner", "lease_until", "woken_at"))
        update = changing({"state": JobState.STOPPED, "reason": reason, "updated_at": now, **nothing})
        update["$inc"] = {"fence": 1}
        with translated():
            stopped = await self._jobs.update_one({"_id": job_id, "state": JobState.OPEN.value}, update)
        return stopped.matched_count == 1

    async def resume_job(self, job_id: JobId, now: datetime) -> bool:
        """Open a stopped job again, due now, where it was; False if it was not stopped."""
        update = changing({"state": JobState.OPEN, "due_at": now, "updated_at": now, "reason": None})
        with translated():
            resumed = await self._jobs.update_one({"_id": job_id, "state": JobState.STOPPED.value}, update)
        return resumed.matched_count == 1

    async def expire_claims(self, owner: str, now: datetime, free_at: datetime) -> int:
        """Make every other owner's jobs due now, and the players whom they hold free then; how many of both."""
        others = {"owner": {"$nin": [owner, None]}}
        with translated():
            jobs = await self._jobs.update_many(
                {"due_at": {"$gt": now}, "lease_until": {"$ne": None}, **others},
                {"$set": {"due_at": now, "lease_until": now}},
            )
            held = {"until": {"$gt": now}, **others}
            free = {"$set": {"owner": None}, "$min": {"until": free_at}}
            players = await self._database["leases"].update_many(held, free)
        return jobs.modified_count + players.modified_count

    async def get_jobs(self, ids: Collection[JobId]) -> dict[JobId, Job]:
        """Those of the jobs that exist."""
        found: dict[JobId, Job] = {}
        for chunk in chunks(list(ids)):
            with translated():
                cursor = self._jobs.find({"_id": {"$in": list(chunk)}}).batch_size(CHUNK + 1)
                found |= {job.job_id: job for job in _read(await cursor.to_list(None))}
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
        condition: Document = {} if guild_id is None else of_guild(guild_id)
        if states:
            condition["state"] = {"$in": [state.value for state in states]}
        if code is not None:
            condition["code"] = code
        with translated():
            cursor = self._jobs.find(condition).sort([("updated_at", -1), ("_id", 1)]).limit(limit)
            return _read(await cursor.batch_size(limit + 1).to_list(None))

    async def set_job_message(
        self, job_id: JobId, channel_id: ChannelId, message_id: MessageId | None, now: datetime
    ) -> None:
        """Note where the progress message of a job is."""
        message = None if message_id is None else Int64(message_id)
        with translated():
            await self._jobs.update_one(
                {"_id": job_id},
                changing({"channel_id": Int64(channel_id), "message_id": message, "updated_at": now}),
            )

    async def scan_redeeming_guilds(self, *, chunk: int = 500) -> AsyncIterator[list[GuildSettings]]:
        """Servers with auto-redeem on that the bot has not left, in chunks, by ascending id."""
        last = Int64(-1)
        while True:
            condition: Document = {"auto_redeem": True, "left_at": None, "_id": {"$gt": last}}
            with translated():
                cursor = self._database["guilds"].find(condition).sort([("_id", 1)]).limit(chunk)
                found = await cursor.batch_size(chunk + 1).to_list(None)
            if not found:
                return
            settings = [CONVERTER.structure(document, GuildSettings) for document in found]
            last = Int64(settings[-1].guild_id)
            yield settings
