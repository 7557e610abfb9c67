"""What servers chose about invites, and tables that copies carry along, in MongoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
from bson import Int64
from pymongo import UpdateOne

from giftbot.models.ids import GuildId
from giftbot.models.invite_settings import InviteSettings
from giftbot.stores.documents import CHUNK, Document
from giftbot.stores.invite_documents import from_json, in_turns, read_all, read_document, to_document, to_json
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import translated
from giftbot.stores.mongo.invites_documents import documents_of, packed, save, save_all, saving, unpacked


def _next(settings: InviteSettings) -> Document:
    saved = attrs.evolve(settings, revision=settings.revision + 1)
    return {"revision": saved.revision, "document": to_document(saved)}


def _saving(settings: InviteSettings) -> UpdateOne:
    return saving(Int64(settings.guild_id), _next(settings), settings.revision)


class MongoInviteSettingsStore:
    """`InviteSettingsStore` and `CarriedStore` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def get_invite_settings(self, guild_id: GuildId) -> InviteSettings:
        """A server's choices, or the defaults."""
        with translated():
            row = await self._database["invite_settings"].find_one({"_id": Int64(guild_id)})
        if row is None:
            return InviteSettings(guild_id)
        # What cannot be read counts as never chosen, and can be chosen again.
        revision = row.get("revision")
        unknown = InviteSettings(guild_id, revision=revision if isinstance(revision, int) else 0)
        return read_document(InviteSettings, row.get("document")) or unknown

    async def save_invite_settings(self, settings: InviteSettings) -> bool:
        """Insert (revision 0) or replace, if the stored revision is the same; then that is raised by one."""
        return await save(
            self._database["invite_settings"],
            Int64(settings.guild_id),
            _next(settings),
            settings.revision,
            may_insert=True,
        )

    async def save_many_invite_settings(self, many: Sequence[InviteSettings]) -> int:
        """Do the same for each of these servers; how many were saved."""
        return await save_all(self._database["invite_settings"], await in_turns(many, _saving))

    async def list_invite_settings(self) -> list[InviteSettings]:
        """Those of all servers that chose something."""
        with translated():
            found = await self._database["invite_settings"].find({}).batch_size(CHUNK).to_list(None)
        return await read_all(InviteSettings, documents_of(found), read_document)

    async def get_carried(self) -> dict[str, object]:
        """All of them, by name; values as JSON has them."""
        with translated():
            found = await self._database["carried_tables"].find({}).batch_size(CHUNK).to_list(None)
        return {str(row["_id"]): from_json(await unpacked(row.get("document"))) for row in found}

    async def save_carried(self, tables: Mapping[str, object]) -> None:
        """Store these, each in place of what was there by its name."""
        writes = [
            UpdateOne({"_id": name}, {"$set": {"document": await packed(to_json(table))}}, upsert=True)
            for name, table in tables.items()
        ]
        if writes:
            with translated():
                await self._database["carried_tables"].bulk_write(writes, ordered=False)
