"""Gift codes in MongoDB."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import attrs
from pymongo.errors import BulkWriteError

from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.ids import CodeKey
from giftbot.stores.documents import Document, chunks, upgrade_code
from giftbot.stores.mongo.documents import CONVERTER, replacing, same
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import duplicates, translated


def _read(documents: Iterable[Document]) -> list[GiftCode]:
    return [CONVERTER.structure(known, GiftCode) for known in map(upgrade_code, documents) if known is not None]


class MongoCodeStore:
    """`CodeStore` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def get_codes(self, keys: Collection[CodeKey]) -> dict[CodeKey, GiftCode]:
        """Those of the codes that exist."""
        with translated():
            cursor = self._database["gift_codes"].find({"_id": {"$in": list(keys)}})
            found = await cursor.batch_size(max(len(keys), 2)).to_list(None)
        return {code.key: code for code in _read(found)}

    async def list_codes(self, statuses: Collection[CodeStatus]) -> list[GiftCode]:
        """All codes in one of these states, oldest first."""
        values = [*(status.value for status in statuses), None]
        with translated():
            found = (
                await self._database["gift_codes"].find({"status": {"$in": values}}).batch_size(1000).to_list(None)
            )
        codes = [code for code in _read(found) if code.status in statuses]
        return sorted(codes, key=lambda code: (code.created_at, code.key))

    async def list_fan_out(self) -> list[GiftCode]:
        """Codes whose `fan_out` is true: not every server has its row for them yet."""
        with translated():
            found = await self._database["gift_codes"].find({"fan_out": True}).batch_size(1000).to_list(None)
        return sorted(_read(found), key=lambda code: (code.created_at, code.key))

    async def list_to_redeem(self) -> list[GiftCode]:
        """Codes whose `redeem` is true: not every server with auto-redeem has its job for them yet."""
        with translated():
            found = await self._database["gift_codes"].find({"redeem": True}).batch_size(1000).to_list(None)
        return sorted(_read(found), key=lambda code: (code.created_at, code.key))

    async def insert_codes(self, codes: Sequence[GiftCode]) -> set[CodeKey]:
        """Store codes that are not there yet; the keys that were new."""
        inserted: set[CodeKey] = set()
        for chunk in chunks(codes):
            existing: Collection[int] = ()
            with translated():
                try:
                    documents = [CONVERTER.unstructure(code) for code in chunk]
                    await self._database["gift_codes"].insert_many(documents, ordered=False)
                except BulkWriteError as error:
                    existing = duplicates(error).keys()
            inserted.update(code.key for position, code in enumerate(chunk) if position not in existing)
        return inserted

    async def replace_code(self, code: GiftCode) -> bool:
        """Store a changed code if nobody else changed it since it was read."""
        changed = attrs.evolve(code, revision=code.revision + 1)
        with translated():
            result = await self._database["gift_codes"].update_one(
                {"_id": code.key, "revision": same(code.revision)},
                replacing(changed, CONVERTER.unstructure(changed)),
            )
        return result.matched_count == 1
