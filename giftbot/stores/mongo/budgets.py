"""What all processes together may ask of a game, in MongoDB.

The server does the arithmetic of `giftbot.stores.pacing`: one command, however many processes there are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import attrs
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from giftbot.errors import StoreUnavailableError
from giftbot.models.budget import Budget
from giftbot.services.groups import Groups
from giftbot.stores.documents import EPOCH, Document, read_moment
from giftbot.stores.mongo.documents import changing
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import duplicates, translated
from giftbot.stores.pacing import MINUTE_MS, SLOWEST

_TRIES = 3
"""Two that insert the same row at once: one of them may be told that it exists."""


def _read(document: Mapping[str, object]) -> Budget | None:
    slot, rate = read_moment(document.get("slot")), document.get("rate")
    if slot is None or not isinstance(rate, (int, float)):
        return None
    return Budget(slot, float(rate), read_moment(document.get("paused_until")))


@attrs.frozen
class _Change:
    """A change of one player's row, where `condition` is true."""

    name: str
    condition: Document
    update: Document

    @property
    def query(self) -> Document:
        """What selects the row."""
        return {"_id": self.name, **self.condition}


class MongoBudgetStore:
    """`BudgetStore` on MongoDB. Players who are held, or let go, at the same time are one command."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database
        self._holding: Groups[_Change, datetime | None] = Groups(self._hold_all)
        self._releasing: Groups[_Change, None] = Groups(self._release_all)

    async def take_slot(self, name: str, now: datetime, *, per_minute: float, earned: float) -> Budget:
        """Reserve the next moment at which the game may be asked; one atomic write."""
        grown = {"$add": [{"$ifNull": ["$rate", float(per_minute)]}, float(earned)]}
        spacing = {"$ceil": {"$divide": [MINUTE_MS, "$rate"]}}
        # Without a slot or a pause these are null, which `$max` passes over.
        slot = {"$max": [now, {"$add": ["$slot", spacing]}, "$paused_until"]}
        return await self._changed(
            name, [{"$set": {"rate": {"$min": [float(per_minute), grown]}}}, {"$set": {"slot": slot}}]
        )

    async def slow_down(self, name: str, now: datetime, *, until: datetime) -> Budget:
        """Halve the rate, and let no slot lie before `until`; one atomic write."""
        rate = {"$ifNull": ["$rate", SLOWEST]}
        halved = {"$max": [SLOWEST, {"$divide": [rate, 2]}]}
        changes = {
            "rate": {"$cond": [{"$lt": [rate, SLOWEST]}, rate, halved]},
            "slot": {"$ifNull": ["$slot", now]},
            "paused_until": {"$max": ["$paused_until", until]},
        }
        return await self._changed(name, [{"$set": changes}])

    async def _changed(self, name: str, pipeline: Sequence[Document]) -> Budget:
        for _ in range(_TRIES):
            with translated():
                try:
                    found = await self._database["leases"].find_one_and_update(
                        {"_id": name}, pipeline, upsert=True, return_document=True
                    )
                except DuplicateKeyError:
                    continue
            budget = None if found is None else _read(found)
            if budget is not None:
                return budget
        raise StoreUnavailableError("MongoDB did not change a game's budget: try again.")

    async def peek_budget(self, name: str) -> Budget | None:
        """The budget as it is; None when it was never used."""
        with translated():
            found = await self._database["leases"].find_one({"_id": name})
        return None if found is None else _read(found)

    async def hold_player(self, name: str, owner: str, now: datetime, until: datetime) -> datetime | None:
        """Reserve a player for a call; None when that worked, else when they are free at the latest.

        Whoever holds the player already does not get them a second time.
        """
        values = {"owner": owner, "until": until}
        return await self._holding.put(_Change(name, {"until": {"$lte": now}}, {"$set": values}))

    async def release_player(self, name: str, owner: str, free_at: datetime) -> None:
        """End a call: from `free_at` on the player may be asked again. Nothing if it is not held by `owner`."""
        await self._releasing.put(_Change(name, {"owner": owner}, changing({"until": free_at, "owner": None})))

    async def _hold_all(self, group: Sequence[_Change]) -> Sequence[datetime | None]:
        """Reserve players, with one command; another one tells until when those are held whom others have."""
        with translated():
            refused = await self._change(group, upsert=True)
            names = [group[index].name for index in refused]
            rows = await self._database["leases"].find({"_id": {"$in": names}}).to_list(None) if names else []
        held = {str(row["_id"]): read_moment(row.get("until")) for row in rows}
        return [
            (held.get(change.name) or EPOCH) if index in refused else None for index, change in enumerate(group)
        ]

    async def _release_all(self, group: Sequence[_Change]) -> Sequence[None]:
        """End calls, with one command."""
        with translated():
            await self._change(group, upsert=False)
        return [None] * len(group)

    async def _change(self, group: Sequence[_Change], *, upsert: bool) -> Collection[int]:
        """Do these writes; the positions of those that would have inserted a row that exists."""
        leases = self._database["leases"]
        try:
            if len(group) == 1:
                await leases.update_one(group[0].query, group[0].update, upsert=upsert)
            else:
                writes = [UpdateOne(one.query, one.update, upsert=upsert) for one in group]
                await leases.bulk_write(writes, ordered=False)
        except DuplicateKeyError:
            return {0}
        except BulkWriteError as error:
            return duplicates(error).keys()
        return ()
