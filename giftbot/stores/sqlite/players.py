"""The registered players in SQLite."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

import attrs

from giftbot.models.ids import GuildId, PlayerId, UserId, player_key
from giftbot.models.player import Player, PlayerState
from giftbot.stores.documents import chunks, guild_prefix
from giftbot.stores.merging import UNGRANTED
from giftbot.stores.redeeming_documents import readable
from giftbot.stores.sqlite.database import Database, Row, Turn, Value
from giftbot.stores.sqlite.redeeming_rows import PLAYERS, decode_player, encode_player

_IN = "IN (SELECT value FROM json_each(?))"
_PRESENT = f"SELECT _id FROM players WHERE _id {_IN}"
_OWNED = f"SELECT {PLAYERS.names} FROM players WHERE guild_id = ? AND owner_id = ? ORDER BY created_at, _id"
_FORGET_OPEN = f"DELETE FROM auto_redeemed_codes WHERE guild_id = ? AND fid = ? AND +outcome {_IN}"


def _read(rows: Sequence[Row]) -> list[Player]:
    return readable(map(decode_player, rows))


class SqlitePlayerStore:
    """`PlayerStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_players(self, guild_id: GuildId, player_ids: Collection[PlayerId]) -> dict[PlayerId, Player]:
        """Those of a server's players that exist."""
        found: dict[PlayerId, Player] = {}
        for chunk in chunks([player_key(guild_id, player_id) for player_id in player_ids]):
            rows = await self._database.read(
                f"SELECT {PLAYERS.names} FROM players WHERE _id {_IN}", [json.dumps(list(chunk))]
            )
            found |= {player.player_id: player for player in _read(rows)}
        return found

    async def list_owned(self, guild_id: GuildId, owner_id: UserId) -> list[Player]:
        """A Discord user's players in one server, oldest first."""
        return _read(await self._database.read(_OWNED, [guild_id, owner_id]))

    async def list_players(
        self,
        *,
        guild_id: GuildId | None = None,
        states: Collection[PlayerState] = (),
        after: PlayerId | None = None,
        limit: int = 100,
    ) -> list[Player]:
        """Players by ascending id, in one server from after `after` on, or over all servers."""
        conditions: list[str] = []
        values: list[Value] = []
        if guild_id is not None:
            first, end = guild_prefix(guild_id)
            conditions += ["_id > ?", "_id < ?"]
            values += [first if after is None else player_key(guild_id, after), end]
        if states:
            conditions.append(f"+state {_IN}")
            values.append(json.dumps(list(states)))
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        return _read(
            await self._database.read(
                f"SELECT {PLAYERS.names} FROM players {where} ORDER BY _id LIMIT ?", [*values, limit]
            )
        )

    async def count_players(self, guild_id: GuildId | None = None) -> dict[PlayerState, int]:
        """How many players are in each state, in one server or in all."""
        values: list[Value] = [json.dumps(list(PlayerState))]
        condition = f"state {_IN}"
        if guild_id is not None:
            condition += " AND guild_id = ?"
            values.append(guild_id)
        rows = await self._database.read(
            f"SELECT state, count(*) FROM players WHERE {condition} GROUP BY state", values
        )
        return {PlayerState(str(state)): int(count or 0) for state, count in rows}

    async def insert_players(self, players: Sequence[Player]) -> set[PlayerId]:
        """Store players of one server who are not there yet; those that were new."""
        inserted: set[PlayerId] = set()
        for chunk in chunks(players):
            rows = {player_key(player.guild_id, player.player_id): player for player in reversed(chunk)}

            def add(turn: Turn, rows: Mapping[str, Player] = rows) -> list[Player]:
                present = {row_id for [row_id] in turn.rows(_PRESENT, [json.dumps(list(rows))])}
                new = [player for row_id, player in rows.items() if row_id not in present]
                turn.run_many(PLAYERS.insert, [encode_player(player) for player in new])
                return new

            inserted.update(player.player_id for player in await self._database.write(add))
        return inserted

    async def save_player(self, player: Player) -> bool:
        """Replace a player, if nobody else changed them since they were read."""
        values = encode_player(attrs.evolve(player, revision=player.revision + 1))
        conditions = [values[0], player.revision]
        return await self._database.write(
            lambda turn: turn.run_many(PLAYERS.replace, [[*values, *conditions]]) == 1
        )

    async def remove_player(self, guild_id: GuildId, player_id: PlayerId) -> bool:
        """Forget a player and their rows that were never granted; False if there was none."""
        async with self._database.transaction() as transaction:
            removed = await transaction.run("DELETE FROM players WHERE _id = ?", [player_key(guild_id, player_id)])
            await transaction.run(_FORGET_OPEN, [guild_id, player_id, json.dumps(UNGRANTED)])
        return removed == 1
