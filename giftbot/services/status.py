"""How the bot is: what `/giftcode_status` and `ops doctor` show."""

from __future__ import annotations

from giftbot.errors import StoreError
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import GuildId
from giftbot.models.statistics import OutboxCounts
from giftbot.models.status import StatusReport
from giftbot.services.detection import Detection
from giftbot.services.governor import Governor
from giftbot.services.ports import Store
from giftbot.services.posting import Posting


class Status:
    """Collects the report."""

    def __init__(self, *, store: Store, detection: Detection, posting: Posting, governor: Governor) -> None:
        self._store = store
        self._detection = detection
        self._posting = posting
        self._governor = governor

    async def outbox(self, guild_id: GuildId) -> OutboxCounts:
        """The open work of one server."""
        return await self._store.count_outbox(guild_id)

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
            pace=self._governor.state,
        )
