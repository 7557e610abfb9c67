"""Looking up what was posted, and what can be used now."""

from __future__ import annotations

from collections.abc import Sequence

from giftbot.models.code import GiftCode, fold
from giftbot.models.ids import GuildId
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

    async def posted(self, guild_id: GuildId, reference: str, shown: Sequence[str]) -> list[GiftCode]:
        """The codes of one message, by the reference in its footer.

        A reset forgets what was posted: then it is what the message itself shows (`shown`), as far as it is known.
        """
        anchor = await self._store.find_by_reference(guild_id, reference)
        keys = anchor.batch_keys if anchor is not None else [fold(code) for code in shown]
        found = await self._codes.get(keys)
        return [found[key] for key in keys if key in found]

    def suggest(self, beginning: str, *, limit: int = 25) -> list[str]:
        """Active codes, as published, that begin with what somebody typed so far; answered from memory."""
        folded = beginning.strip().upper()
        return [code.display for code in self._codes.recent if code.key.startswith(folded)][:limit]
