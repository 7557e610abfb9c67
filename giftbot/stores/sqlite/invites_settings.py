"""What servers chose about invites, and tables that copies carry along, in SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import attrs

from giftbot.models.ids import GuildId
from giftbot.models.invite_settings import InviteSettings
from giftbot.stores.documents import chunks
from giftbot.stores.invite_documents import from_json, in_turns, read_all, read_text, to_json, to_text
from giftbot.stores.sqlite.database import Database, Turn, Value
from giftbot.stores.sqlite.invites_rows import SETTINGS
from giftbot.stores.sqlite.invites_staff import save_all

_CARRY = """
    INSERT INTO carried_tables (_id, document) VALUES (?, ?)
    ON CONFLICT (_id) DO UPDATE SET document = excluded.document
"""


def _next(settings: InviteSettings) -> tuple[tuple[Value, ...], int]:
    """Choices as the values of their next revision, and the revision that they replace."""
    saved = attrs.evolve(settings, revision=settings.revision + 1)
    return (saved.guild_id, saved.revision, to_text(saved)), settings.revision


class SqliteInviteSettingsStore:
    """`InviteSettingsStore` and `CarriedStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_invite_settings(self, guild_id: GuildId) -> InviteSettings:
        """A server's choices, or the defaults."""
        rows = await self._database.read("SELECT revision, document FROM invite_settings WHERE _id = ?", [guild_id])
        if not rows:
            return InviteSettings(guild_id)
        [[revision, text]] = rows
        # What cannot be read counts as never chosen, and can be chosen again.
        return read_text(InviteSettings, text) or InviteSettings(guild_id, revision=int(revision or 0))

    async def save_invite_settings(self, settings: InviteSettings) -> bool:
        """Insert (revision 0) or replace, if the stored revision is the same; then that is raised by one."""
        return await self.save_many_invite_settings([settings]) == 1

    async def save_many_invite_settings(self, many: Sequence[InviteSettings]) -> int:
        """Do the same for each of these servers; how many were saved."""
        saved = 0
        for chunk in chunks(many):
            rows = await in_turns(chunk, _next)
            saved += await self._database.write(partial(save_all, table=SETTINGS, rows=rows))
        return saved

    async def list_invite_settings(self) -> list[InviteSettings]:
        """Those of all servers that chose something."""
        rows = await self._database.read("SELECT document FROM invite_settings ORDER BY _id")
        return await read_all(InviteSettings, [text for [text] in rows], read_text)

    async def get_carried(self) -> dict[str, object]:
        """All of them, by name; values as JSON has them."""
        rows = await self._database.read("SELECT _id, document FROM carried_tables ORDER BY _id")
        return {str(name): from_json(text) for name, text in rows}

    async def save_carried(self, tables: Mapping[str, object]) -> None:
        """Store these, each in place of what was there by its name."""
        values = [(name, to_json(table)) for name, table in tables.items()]
        await self._database.write(partial(Turn.run_many, sql=_CARRY, parameters=values))
