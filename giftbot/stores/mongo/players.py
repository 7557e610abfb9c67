"""The registered players in MongoDB."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs
from bson import Int64
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from giftbot.models.ids import GuildId, PlayerId, UserId, player_key
from giftbot.models.player import Player, PlayerState
from giftbot.services.groups import Groups
from giftbot.stores.documents import CHUNK, Document, chunks, guild_prefix
from giftbot.stores.merging import UNGRANTED
from giftbot.stores.mongo.documents import encode_player, replacing, same
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import duplicates, translated
from giftbot.stores.redeeming_documents import read_player, readable


def _read(documents: Sequence[Document]) -> list[Player]:
    return readable(map(read_player, documents))


def _replacement(changed: Player) -> tuple[Document, Document]:
    """What selects a player of the revision before, and the update that makes it as given."""
    document = encode_player(changed)
    query = {"_id": document["_id"], "revision": same(changed.revision - 1)}
    return query, replacing(changed, document)


class MongoPlayerStore:
    """`PlayerStore` on MongoDB. Players who are saved at the same time are one command."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database
        self._saving: Groups[Player, bool] = Groups(self._save_all)

    async def get_players(self, guild_id: GuildId, player_ids: Collection[PlayerId]) -> dict[PlayerId, Player]:
        """Those of a server's players that exist."""
        found: dict[PlayerId, Player] = {}
        for chunk in chunks([player_key(guild_id, player_id) for player_id in player_ids]):
            with translated():
                cursor = self._database["players"].find({"_id": {"$in": list(chunk)}}).batch_size(CHUNK + 1)
                found |= {player.player_id: player for player in _read(await cursor.to_list(None))}
        return found

    async def list_owned(self, guild_id: GuildId, owner_id: UserId) -> list[Player]:
        """A Discord user's players in one server, oldest first."""
        condition = {"guild_id": Int64(guild_id), "owner_id": Int64(owner_id)}
        with translated():
            found = await self._database["players"].find(condition).batch_size(CHUNK).to_list(None)
        return sorted(_read(found), key=lambda player: (player.created_at, player.player_id))

    async def list_players(
        self,
        *,
        guild_id: GuildId | None = None,
        states: Collection[PlayerState] = (),
        after: PlayerId | None = None,
        limit: int = 100,
    ) -> list[Player]:
        """Players by ascending id, in one server from after `after` on, or over all servers."""
        condition: Document = {}
        if guild_id is not None:
            first, end = guild_prefix(guild_id)
            condition["_id"] = {"$gt": first if after is None else player_key(guild_id, after), "$lt": end}
        if states:
            condition["state"] = {"$in": [state.value for state in states]}
        with translated():
            cursor = self._database["players"].find(condition).sort([("_id", 1)]).limit(limit)
            return _read(await cursor.batch_size(limit + 1).to_list(None))

    async def count_players(self, guild_id: GuildId | None = None) -> dict[PlayerState, int]:
        """How many players are in each state, in one server or in all."""
        condition: Document = {"state": {"$in": [state.value for state in PlayerState]}}
        if guild_id is not None:
            condition["guild_id"] = Int64(guild_id)
        counting: list[Document] = [{"$match": condition}, {"$group": {"_id": "$state", "count": {"$sum": 1}}}]
        with translated():
            found = await self._database["players"].aggregate(counting).to_list(None)
        return {PlayerState(str(row["_id"])): int(str(row["count"])) for row in found}

    async def insert_players(self, players: Sequence[Player]) -> set[PlayerId]:
        """Store players of one server who are not there yet; those that were new."""
        inserted: set[PlayerId] = set()
        for chunk in chunks(players):
            existing: Collection[int] = ()
            with translated():
                try:
                    documents = [encode_player(player) for player in chunk]
                    await self._database["players"].insert_many(documents, ordered=False)
                except BulkWriteError as error:
                    existing = duplicates(error).keys()
            inserted.update(player.player_id for position, player in enumerate(chunk) if position not in existing)
        return inserted

    async def save_player(self, player: Player) -> bool:
        """Replace a player, if nobody else changed them since they were read."""
        return await self._saving.put(player)

    async def _save_all(self, group: Sequence[Player]) -> Sequence[bool]:
        """Replace players, with one command; if some were changed by others, a second one tells which.

        Whoever changes a player between the two is taken for the one who changed them before.
        """
        changed = [attrs.evolve(player, revision=player.revision + 1) for player in group]
        rows = self._database["players"]
        names = [player_key(player.guild_id, player.player_id) for player in group]
        with translated():
            if len(group) == 1:
                done = await rows.update_one(*_replacement(changed[0]))
                return [done.matched_count == 1]
            writes = [UpdateOne(*_replacement(player)) for player in changed]
            written = (await rows.bulk_write(writes, ordered=False)).matched_count
            if written == len(group):
                return [True] * len(group)
            stored = await rows.find({"_id": {"$in": names}}).to_list(None)
        present = {player_key(player.guild_id, player.player_id): player for player in _read(stored)}
        saved: list[bool] = []
        for name, player in zip(names, changed, strict=True):
            saved.append(present.get(name) == player)
            if saved[-1]:
                del present[name]  # nobody else in this group did it, too
        return saved

    async def remove_player(self, guild_id: GuildId, player_id: PlayerId) -> bool:
        """Forget a player and their rows that were never granted; False if there was none.

        The player goes first, so that nobody gives them new rows meanwhile.
        """
        ungranted = {"guild_id": Int64(guild_id), "fid": player_id, "outcome": {"$in": list(UNGRANTED)}}
        with translated():
            removed = await self._database["players"].delete_one({"_id": player_key(guild_id, player_id)})
            await self._database["auto_redeemed_codes"].delete_many(ungranted)
        return removed.deleted_count == 1
