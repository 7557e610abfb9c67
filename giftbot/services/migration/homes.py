"""Which server a row belongs to that does not say so: earlier bots kept some tables for one server only."""

from __future__ import annotations

from giftbot.models.ids import GuildId, InviteCode
from giftbot.models.ledger_document import LedgerDocument
from giftbot.services.ports import Store

NO_HOME = "nobody knows of which server it is: name it with --guild"


class Homes:
    """Finds a row's server by what the operator said, by its invite, or because there is only one."""

    def __init__(self, *, store: Store, named: GuildId | None = None) -> None:
        self._store = store
        self._named = named
        self._by_code: dict[InviteCode, GuildId] | None = None
        self._only: GuildId | None = None

    def forget(self) -> None:
        """Look again: servers have come."""
        self._by_code = None

    async def of(self, code: InviteCode | None) -> GuildId | None:
        """The server of a row with this invite; None when nobody can tell."""
        if self._named is not None:
            return self._named
        if self._by_code is None:
            await self._look()
        by_code = self._by_code or {}
        return (by_code.get(code) if code is not None else None) or self._only

    async def _look(self) -> None:
        by_code: dict[InviteCode, GuildId] = {}
        guilds: set[GuildId] = set()
        async for page in self._store.scan_ledger_documents():
            for ledger in page:
                guilds.add(ledger.guild_id)
                by_code.update(dict.fromkeys(_codes(ledger), ledger.guild_id))
        async for chunk in self._store.scan_guilds(posting_only=False):
            guilds.update(settings.guild_id for settings in chunk)
        for link in await self._store.list_links():
            by_code[link.code] = link.guild_id
        self._by_code = by_code
        self._only = next(iter(guilds)) if len(guilds) == 1 else None


def _codes(ledger: LedgerDocument) -> list[InviteCode]:
    invites = ledger.document.get("invites")
    return [InviteCode(str(code)) for code in invites] if isinstance(invites, dict) else []
