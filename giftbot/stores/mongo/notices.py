"""What the owner was told, in MongoDB."""

from __future__ import annotations

from datetime import datetime

from pymongo.errors import BulkWriteError

from giftbot.models.notice import Notice
from giftbot.stores.mongo.documents import CONVERTER
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import duplicates, translated


class MongoNoticeStore:
    """`NoticeStore` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def add_notice(self, notice: Notice) -> bool:
        """Store a notice that is not there yet; False when the same was stored before."""
        with translated():
            try:
                await self._database["notices"].insert_many([CONVERTER.unstructure(notice)], ordered=False)
            except BulkWriteError as error:
                return not duplicates(error)
        return True

    async def mark_told(self, notice_id: str, now: datetime) -> None:
        """Note that it was delivered."""
        with translated():
            await self._database["notices"].update_one(
                {"_id": notice_id, "told_at": None}, {"$set": {"told_at": now}}
            )

    async def list_untold(self) -> list[Notice]:
        """Notices that still have to be delivered, oldest first."""
        with translated():
            found = await self._database["notices"].find({"told_at": None}).sort([("created_at", 1)]).to_list(None)
        return [CONVERTER.structure(document, Notice) for document in found]

    async def get_notice(self, notice_id: str) -> Notice | None:
        """One notice."""
        with translated():
            found = await self._database["notices"].find_one({"_id": notice_id})
        return None if found is None else CONVERTER.structure(found, Notice)

    async def forget_notice(self, notice_id: str) -> None:
        """Let the same thing be told again."""
        with translated():
            await self._database["notices"].delete_one({"_id": notice_id})
