"""What the owner was told, in SQLite."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

from datetime import datetime

from giftbot.models.notice import Notice
from giftbot.stores.documents import milliseconds
from giftbot.stores.sqlite.database import Database, Row
from giftbot.stores.sqlite.rows import CONVERTER, NOTICES


def _read(row: Row) -> Notice:
    return CONVERTER.structure(NOTICES.decode(row), Notice)


class SqliteNoticeStore:
    """`NoticeStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_notice(self, notice: Notice) -> bool:
        """Store a notice that is not there yet; False when the same was stored before."""
        values = NOTICES.encode(CONVERTER.unstructure(notice))
        async with self._database.transaction() as transaction:
            return await transaction.run(f"{NOTICES.insert} ON CONFLICT (_id) DO NOTHING", values) == 1

    async def mark_told(self, notice_id: str, now: datetime) -> None:
        """Note that it was delivered."""
        async with self._database.transaction() as transaction:
            await transaction.run(
                "UPDATE notices SET told_at = ? WHERE _id = ? AND told_at IS NULL", [milliseconds(now), notice_id]
            )

    async def list_untold(self) -> list[Notice]:
        """Notices that still have to be delivered, oldest first."""
        rows = await self._database.read(
            f"SELECT {NOTICES.names} FROM notices WHERE told_at IS NULL ORDER BY created_at, _id"
        )
        return [_read(row) for row in rows]

    async def get_notice(self, notice_id: str) -> Notice | None:
        """One notice."""
        rows = await self._database.read(f"SELECT {NOTICES.names} FROM notices WHERE _id = ?", [notice_id])
        return _read(rows[0]) if rows else None

    async def forget_notice(self, notice_id: str) -> None:
        """Let the same thing be told again."""
        async with self._database.transaction() as transaction:
            await transaction.run("DELETE FROM notices WHERE _id = ?", [notice_id])
