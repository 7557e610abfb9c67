"""How the bot is: what `/giftcode_status` and `ops doctor` show."""

from __future__ import annotations

from datetime import datetime

import attrs

from giftbot.errors import StoreError
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import GuildId
from giftbot.models.source import SourceHealth
from giftbot.models.statistics import OutboxCounts
from giftbot.services.detection import Detection
from giftbot.services.ports import Store
from giftbot.services.posting import Posting


@attrs.frozen
class StatusReport:
    """The state of the bot at one moment, and of one server."""

    store: str
    """What keeps the data, e.g. `SQLite`."""
    problem: str | None
    """Why the store or posting does not work at present; None while all is well."""
    sources: tuple[SourceHealth, ...]
    last_check_at: datetime | None
    outbox: OutboxCounts
    """The open work of this server."""
    guild: GuildSettings


class Status:
    """Collects the report."""

    def __init__(self, *, store: Store, detection: Detection, posting: Posting) -> None:
        self._store = store
        self._detection = detection
        self._posting = posting

    async def report(self, guild_id: GuildId) -> StatusReport:
        """The report for one server; it says so when the store is away, instead of failing."""
        sources = tuple(self._detection.health)
        guild, outbox, problem = GuildSettings(guild_id=guild_id), OutboxCounts(), self._posting.halted
        try:
            guild = (await self._store.get_guilds([guild_id])).get(guild_id, guild)
            outbox = await self._store.count_outbox(guild_id)
        except StoreError as error:
            problem = str(error)
        asked = [health.last_asked_at for health in sources if health.last_asked_at is not None]
        return StatusReport(
            store=self._store.label,
            problem=problem,
            sources=sources,
            last_check_at=max(asked, default=None),
            outbox=outbox,
            guild=guild,
        )
