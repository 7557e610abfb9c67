"""Who added bots to a server, asked once for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import structlog

from giftbot.errors import InviteLookError
from giftbot.models.ids import GuildId, UserId
from giftbot.services.invites.evidence import Arrival
from giftbot.services.invites.ports import InviteDirectory

_log = structlog.get_logger(__name__)


class Adders:
    """Asks the audit log, where that is permitted."""

    def __init__(self, guild_id: GuildId, directory: InviteDirectory) -> None:
        self._guild_id = guild_id
        self._directory = directory
        self._found: dict[UserId, UserId] = {}
        self._asked: set[UserId] = set()

    async def of(self, arrivals: Iterable[Arrival]) -> Mapping[UserId, UserId]:
        """Those who are known, by bot; after asking for the bots among these."""
        for event in (arrival.event for arrival in arrivals):
            if not event.is_bot or event.user_id is None or event.user_id in self._asked:
                continue
            self._asked.add(event.user_id)
            try:
                adder = await self._directory.adder(self._guild_id, event.user_id)
            except InviteLookError as error:
                _log.warning(
                    "who added a bot is not known", guild=self._guild_id, user=event.user_id, why=str(error)
                )
                continue
            if adder is not None:
                self._found[event.user_id] = adder
        return self._found
