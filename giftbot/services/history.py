"""Looking up what was posted, and what can be used now."""

from __future__ import annotations

from giftbot.models.code import GiftCode
from giftbot.models.ids import CodeKey, GuildId
from giftbot.services.codes import Codes
from giftbot.services.ports import AnnouncementStore


class History:
    """Reads for people who press buttons."""

    def __init__(self, *, store: AnnouncementStore, codes: Codes) -> None:
        self._store = store
        self._codes = codes

    async def active(self) -> list[GiftCode]:
        """The codes that can be used now, newest first."""
        return await self._codes.active()

    async def posted(self, guild_id: GuildId, reference: str) -> list[GiftCode]:
        """The codes of one message, by the reference in its footer; empty when there is no such message."""
        anchor = await self._store.find_by_reference(guild_id, reference)
        if anchor is None:
            return []
        found = await self._codes.get(anchor.batch_keys)
        return [found[key] for key in anchor.batch_keys if key in found]

    def suggest(self, beginning: str, *, limit: int = 25) -> list[CodeKey]:
        """Known codes that begin with what somebody typed so far; answered from memory."""
        folded = beginning.strip().upper()
        return [code.key for code in self._codes.recent if code.key.startswith(folded)][:limit]
