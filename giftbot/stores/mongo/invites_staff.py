"""Staff links and credits in MongoDB."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs
from bson import Int64
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import CreditId, GuildId, UserId
from giftbot.models.staff import StaffLink
from giftbot.stores.documents import CHUNK, Document, chunks, without_nones
from giftbot.stores.invite_documents import in_turns, read_all, read_document
from giftbot.stores.mongo.driver import Collection as Rows
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import duplicates, translated
from giftbot.stores.mongo.invites_documents import credit_fields, documents_of, link_fields, save, save_all, saving


def _given(**ids: int | None) -> Document:
    return {name: Int64(value) for name, value in ids.items() if value is not None}


def _saving(link: StaffLink) -> UpdateOne:
    return saving(link.key, link_fields(attrs.evolve(link, revision=link.revision + 1)), link.revision)


def _opened(credit: Credit) -> Document:
    return without_nones({"_id": credit.credit_id, **credit_fields(credit)})


class MongoStaffStore:
    """`StaffStore` and `CreditStore` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    @property
    def _credits(self) -> Rows:
        return self._database["credits"]

    async def list_links(
        self, guild_id: GuildId | None = None, *, staff_id: UserId | None = None, valid_only: bool = False
    ) -> list[StaffLink]:
        """Links, oldest first; with `valid_only` those that have no end."""
        condition = _given(guild_id=guild_id, staff_id=staff_id)
        if valid_only:
            condition["is_valid"] = True
        with translated():
            cursor = self._database["staff_links"].find(condition).sort([("valid_from", 1), ("_id", 1)])
            found = await cursor.batch_size(CHUNK).to_list(None)
        return await read_all(StaffLink, documents_of(found), read_document)

    async def save_link(self, link: StaffLink) -> bool:
        """Insert one (revision 0) or replace it, if the stored revision is the same; then that is raised by one."""
        fields = link_fields(attrs.evolve(link, revision=link.revision + 1))
        return await save(self._database["staff_links"], link.key, fields, link.revision, may_insert=True)

    async def save_links(self, links: Sequence[StaffLink]) -> int:
        """Do the same for each of these, of any servers; how many were saved."""
        return await save_all(self._database["staff_links"], await in_turns(links, _saving))

    async def open_credit(self, credit: Credit) -> bool:
        """Insert one that is absent; False if it is there already."""
        return await self.open_credits([credit]) == 1

    async def open_credits(self, rows: Sequence[Credit]) -> int:
        """Do the same for each of these, of any servers; how many were inserted."""
        opened = 0
        for chunk in chunks(rows):
            documents = await in_turns(chunk, _opened)
            opened += len(chunk)
            with translated():
                try:
                    await self._credits.insert_many(documents, ordered=False)
                except BulkWriteError as error:
                    opened -= len(duplicates(error))
        return opened

    async def get_credits(self, ids: Collection[CreditId]) -> dict[CreditId, Credit]:
        """Those that exist."""
        found: dict[CreditId, Credit] = {}
        for chunk in chunks(list(ids)):
            with translated():
                cursor = self._credits.find({"_id": {"$in": list(chunk)}}).batch_size(CHUNK + 1)
                rows = await cursor.to_list(None)
            credits_found = await read_all(Credit, documents_of(rows), read_document)
            found |= {credit.credit_id: credit for credit in credits_found}
        return found

    async def list_credits(
        self,
        guild_id: GuildId | None = None,
        *,
        staff_id: UserId | None = None,
        user_id: UserId | None = None,
        states: Collection[CreditState] = (),
        limit: int = 100,
    ) -> list[Credit]:
        """Credits that match, newest first."""
        if limit < 1:  # which MongoDB takes for "all"
            return []
        condition = _given(guild_id=guild_id, staff_id=staff_id, user_id=user_id)
        if states:
            condition["state"] = {"$in": [state.value for state in states]}
        with translated():
            cursor = self._credits.find(condition).sort([("created_at", -1), ("_id", 1)]).limit(limit)
            found = await cursor.batch_size(min(limit, CHUNK) + 1).to_list(None)
        return await read_all(Credit, documents_of(found), read_document)

    async def save_credit(self, credit: Credit) -> bool:
        """Replace one, if the stored revision is the same; then that is raised by one."""
        fields = credit_fields(attrs.evolve(credit, revision=credit.revision + 1))
        return await save(self._credits, credit.credit_id, fields, credit.revision, may_insert=False)
