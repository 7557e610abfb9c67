"""Times in which nobody watched a server: what is found out about them before the next decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from giftbot.errors import InviteLookError
from giftbot.models.invite import Coverage
from giftbot.services.invites.book import Book
from giftbot.services.invites.catch_up import note_missed, note_unknown
from giftbot.services.invites.evidence import Arrival, Circumstances, Decision
from giftbot.services.invites.looking import Looker
from giftbot.services.invites.refreshes import Refreshes

_log = structlog.get_logger(__name__)


class Absence:
    """What is still to be found out of one server."""

    def __init__(self, book: Book, looker: Looker, refreshes: Refreshes) -> None:
        """Take `refreshes`, which is told when a look has to follow."""
        self._book = book
        self._looker = looker
        self._refreshes = refreshes
        self._since: datetime | None = None
        self.has_missed = False
        """Whether nobody has looked yet who came and left meanwhile."""
        self.is_undecided = False
        """Whether those who came meanwhile wait for a decision."""

    def known_since(self, moment: datetime) -> None:
        """Rows of everybody who joined since then are there: who came before the baseline and has none gets one."""
        self._since = moment if self._since is None else min(moment, self._since)

    @property
    def is_open(self) -> bool:
        """Whether something is still to be found out."""
        return self.has_missed or self._since is not None

    async def look_back(self, commit: Callable[[Decision], Awaitable[bool]]) -> bool:
        """Compare who is there with who is stored, before the baseline is replaced; whether that was possible.

        Where the bot may not look at all there is nothing to compare. Raises `StoreError`.
        """
        is_done = False
        self.has_missed = False
        try:
            is_done = self._is_blind or await self._compare(commit)
        except InviteLookError as error:
            _log.warning("members not seen", guild=self._book.guild_id, why=str(error))
        finally:
            self.has_missed = self.has_missed or not is_done
        return is_done

    async def note_unknown(
        self,
        commit: Callable[[Decision], Awaitable[bool]],
        circumstances: Callable[[list[Arrival]], Awaitable[Circumstances]],
    ) -> bool:
        """Write down who joined before the baseline, as far as that is missing; whether that was possible.

        Raises `StoreError`.
        """
        since = None if self._is_blind else self._since
        if since is None or self._book.ledger.taken_at is None:
            self._since = since
            return True
        if not await note_unknown(self._book, self._looker, since, commit, circumstances):
            return False
        self._since = None if self._since == since else self._since
        return True

    @property
    def _is_blind(self) -> bool:
        return self._looker.directory.coverage(self._book.guild_id) is Coverage.NONE

    async def _compare(self, commit: Callable[[Decision], Awaitable[bool]]) -> bool:
        if self._book.ledger.since is not None or self._book.ledger.taken_at is not None:
            gone = await note_missed(self._book, self._looker)
            self.is_undecided = True
            if gone and not await commit(self._book.without_look(gone, ())):
                return False
        self._refreshes.want()
        return True
