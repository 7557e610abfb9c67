"""Staff links and credits in SQLite."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import partial

import attrs

from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import CreditId, GuildId, UserId
from giftbot.models.staff import StaffLink
from giftbot.stores.documents import chunks
from giftbot.stores.invite_documents import in_turns, read_all, read_text
from giftbot.stores.sqlite.database import Database, Row, Turn, Value
from giftbot.stores.sqlite.invites_rows import AMONG, CREDITS, LINKS, encode_credit, encode_link
from giftbot.stores.sqlite.rows import Table

_OPEN = f"{CREDITS.insert} ON CONFLICT (_id) DO NOTHING"


def save(turn: Turn, table: Table, values: Sequence[Value], revision: int, *, may_insert: bool) -> bool:
    """Replace the row whose revision is this one; with `may_insert`, add it if it is absent and that is 0."""
    if turn.run_many(table.replace, [[*values, values[0], revision]]):
        return True
    if revision or not may_insert:
        return False
    return turn.run_many(f"{table.insert} ON CONFLICT (_id) DO NOTHING", [values]) == 1


def save_all(turn: Turn, table: Table, rows: Sequence[tuple[Sequence[Value], int]]) -> int:
    """Save values, each in place of its revision or of none; how many were."""
    return sum(save(turn, table, values, revision, may_insert=True) for values, revision in rows)


def _where(given: Mapping[str, Value]) -> tuple[list[str], list[Value]]:
    """Conditions for what is given; the first of them finds the rows, the others only sort them out."""
    names = [name for name, value in given.items() if value is not None]
    conditions = [f"{'+' if position else ''}{name} = ?" for position, name in enumerate(names)]
    return conditions, [given[name] for name in names]


async def _read_credits(rows: Sequence[Row]) -> list[Credit]:
    return await read_all(Credit, [text for [text] in rows], read_text)


def _next_link(link: StaffLink) -> tuple[tuple[Value, ...], int]:
    """A link as the values of its next revision, and the revision that it replaces."""
    return encode_link(attrs.evolve(link, revision=link.revision + 1)), link.revision


class SqliteStaffStore:
    """`StaffStore` and `CreditStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_links(
        self, guild_id: GuildId | None = None, *, staff_id: UserId | None = None, valid_only: bool = False
    ) -> list[StaffLink]:
        """Links, oldest first; with `valid_only` those that have no end."""
        conditions, values = _where({"staff_id": staff_id, "guild_id": guild_id})
        if valid_only:
            conditions.append("valid_to IS NULL")
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = await self._database.read(
            f"SELECT document FROM staff_links {where} ORDER BY valid_from, _id", values
        )
        return await read_all(StaffLink, [text for [text] in rows], read_text)

    async def save_link(self, link: StaffLink) -> bool:
        """Insert one (revision 0) or replace it, if the stored revision is the same; then that is raised by one."""
        return await self.save_links([link]) == 1

    async def save_links(self, links: Sequence[StaffLink]) -> int:
        """Do the same for each of these, of any servers; how many were saved."""
        saved = 0
        for chunk in chunks(links):
            rows = await in_turns(chunk, _next_link)
            saved += await self._database.write(partial(save_all, table=LINKS, rows=rows))
        return saved

    async def open_credit(self, credit: Credit) -> bool:
        """Insert one that is absent; False if it is there already."""
        return await self.open_credits([credit]) == 1

    async def open_credits(self, rows: Sequence[Credit]) -> int:
        """Do the same for each of these, of any servers; how many were inserted."""
        opened = 0
        for chunk in chunks(rows):
            values = await in_turns(chunk, encode_credit)
            opened += await self._database.write(partial(Turn.run_many, sql=_OPEN, parameters=values))
        return opened

    async def get_credits(self, ids: Collection[CreditId]) -> dict[CreditId, Credit]:
        """Those that exist."""
        found: dict[CreditId, Credit] = {}
        for chunk in chunks(list(ids)):
            rows = await self._database.read(f"SELECT document FROM credits WHERE _id {AMONG}", [json.dumps(chunk)])
            found |= {credit.credit_id: credit for credit in await _read_credits(rows)}
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
        conditions, values = _where({"user_id": user_id, "staff_id": staff_id, "guild_id": guild_id})
        index = ""
        if states:
            is_of_person = user_id is not None or staff_id is not None
            if not is_of_person:  # few are to be decided, among all that were
                index = f"INDEXED BY {'credits_state' if guild_id is None else 'credits_guild_state'}"
            conditions.append(f"{'+' if is_of_person else ''}state {AMONG}")
            values.append(json.dumps([state.value for state in states]))
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = await self._database.read(
            f"SELECT document FROM credits {index} {where} ORDER BY created_at DESC, _id LIMIT ?",
            [*values, max(limit, 0)],
        )
        return await _read_credits(rows)

    async def save_credit(self, credit: Credit) -> bool:
        """Replace one, if the stored revision is the same; then that is raised by one."""
        values = encode_credit(attrs.evolve(credit, revision=credit.revision + 1))
        return await self._database.write(
            partial(save, table=CREDITS, values=values, revision=credit.revision, may_insert=False)
        )
