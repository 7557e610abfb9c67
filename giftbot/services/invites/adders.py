"""Who added bots to a server, asked once for each time."""

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
        self._asked: dict[UserId, int] = {}
        """The join for which it was asked, by its number: a bot may be added again, by somebody else."""

    async def of(self, arrivals: Iterable[Arrival]) -> Mapping[UserId, UserId]:
        """Those who are known, by bot; after asking for the bots among these."""
        for event in (arrival.event for arrival in arrivals):
            if not event.is_bot or event.user_id is None or self._asked.get(event.user_id) == event.seq:
                continue
            self._asked[event.user_id] = event.seq
            self._found.pop(event.user_id, None)
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
