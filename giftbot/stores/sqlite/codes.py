"""Gift codes in SQLite."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

import attrs

from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.ids import CodeKey
from giftbot.stores.documents import chunks
from giftbot.stores.sqlite.database import Database, Row
from giftbot.stores.sqlite.rows import CODES, CONVERTER


def _read(row: Row) -> GiftCode:
    return CONVERTER.structure(CODES.decode(row), GiftCode)


class SqliteCodeStore:
    """`CodeStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_codes(self, keys: Collection[CodeKey]) -> dict[CodeKey, GiftCode]:
        """Those of the codes that exist."""
        rows = await self._database.read(
            f"SELECT {CODES.names} FROM gift_codes WHERE _id IN (SELECT value FROM json_each(?))",
            [json.dumps(list(keys))],
        )
        return {code.key: code for code in map(_read, rows)}

    async def list_codes(self, statuses: Collection[CodeStatus]) -> list[GiftCode]:
        """All codes in one of these states, oldest first."""
        rows = await self._database.read(
            f"SELECT {CODES.names} FROM gift_codes WHERE status IN (SELECT value FROM json_each(?))"
            " ORDER BY created_at, _id",
            [json.dumps(list(statuses))],
        )
        return [_read(row) for row in rows]

    async def list_fan_out(self) -> list[GiftCode]:
        """Codes whose `fan_out` is true: not every server has its row for them yet."""
        rows = await self._database.read(
            f"SELECT {CODES.names} FROM gift_codes WHERE fan_out = 1 ORDER BY created_at, _id"
        )
        return [_read(row) for row in rows]

    async def list_to_redeem(self) -> list[GiftCode]:
        """Codes whose `redeem` is true: not every server with auto-redeem has its job for them yet."""
        rows = await self._database.read(
            f"SELECT {CODES.names} FROM gift_codes WHERE redeem = 1 ORDER BY created_at, _id"
        )
        return [_read(row) for row in rows]

    async def insert_codes(self, codes: Sequence[GiftCode]) -> set[CodeKey]:
        """Store codes that are not there yet; the keys that were new."""
        inserted: set[CodeKey] = set()
        statement = f"{CODES.insert} ON CONFLICT (_id) DO NOTHING"
        for chunk in chunks(codes):
            async with self._database.transaction() as transaction:
                for code in chunk:
                    if await transaction.run(statement, CODES.encode(CONVERTER.unstructure(code))):
                        inserted.add(code.key)
        return inserted

    async def replace_code(self, code: GiftCode) -> bool:
        """Store a changed code if nobody else changed it since it was read."""
        changed = CODES.encode(CONVERTER.unstructure(attrs.evolve(code, revision=code.revision + 1)))
        async with self._database.transaction() as transaction:
            return await transaction.run(CODES.replace, [*changed, code.key, code.revision]) == 1
