"""Looking at a server's invites: one request at a time, paced over all servers, with the grace for late events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import attrs
import structlog

from giftbot.errors import InviteLookError
from giftbot.models.ids import GuildId, InviteCode
from giftbot.models.invite import Snapshot
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_times import InviteTimes
from giftbot.services.invites.evidence import Look
from giftbot.services.invites.numbers import Numbers
from giftbot.services.invites.ports import InviteDirectory
from giftbot.services.ports import Clock

_log = structlog.get_logger(__name__)

AT_ONCE = 4
"""How many servers are looked at in the same second."""


class LookPace:
    """Spreads the looks of all servers: Discord limits them across servers, too."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free_at: list[float] = [0.0] * AT_ONCE
        self._turn = asyncio.Lock()

    async def wait(self) -> None:
        """Return when one more may begin."""
        async with self._turn:
            self._free_at.sort()
            pause = self._free_at[0] - self._clock.monotonic()
            if pause > 0:
                await self._clock.sleep(pause)
            self._free_at[0] = self._clock.monotonic() + 1.0


@attrs.frozen
class Looker:
    """Looks for all servers."""

    directory: InviteDirectory
    numbers: Numbers
    clock: Clock
    times: InviteTimes
    pace: LookPace

    async def look(self, ledger: Ledger, *, paced: bool) -> Look:
        """Look once; the answer is whole after `settled`. Raises `InviteLookError`.

        `paced` is for looks that no member waits for.
        """
        if paced:
            await self.pace.wait()
        asked = self.numbers.last
        snapshot = attrs.evolve(await self.directory.look(ledger.guild_id), taken_at=self.clock.now())
        revoked = await self._revoked(ledger, snapshot)
        homeless = self._homeless(ledger, snapshot)
        return Look(snapshot, asked_seq=asked, seen_seq=self.numbers.last, revoked=revoked, homeless=homeless)

    async def settled(self, look: Look) -> Look:
        """The same look, after what it may have counted has been told."""
        await self.clock.sleep(self.times.grace)
        return attrs.evolve(look, seen_seq=self.numbers.last)

    async def with_vanity(self, guild_id: GuildId, look: Look) -> Look:
        """The same look, and the server's own address, if it can be seen: the members do not wait for it."""
        try:
            vanity = await self.directory.vanity(guild_id)
        except InviteLookError as error:
            _log.warning("the server's own address not seen", guild=guild_id, why=str(error))
            vanity = None
        return attrs.evolve(look, vanity=vanity, vanity_asked=True)

    def _homeless(self, ledger: Ledger, snapshot: Snapshot) -> frozenset[InviteCode]:
        """That a channel was deleted may have been missed: its invites did not vanish by their last use."""
        channels = {sight.channel_id for sight in self.directory.sights(ledger.guild_id)}
        if not channels:
            return frozenset()
        gone = [invite for code, invite in ledger.invites.items() if code not in snapshot.invites]
        return frozenset(
            invite.code for invite in gone if invite.channel_id is not None and invite.channel_id not in channels
        )

    async def _revoked(self, ledger: Ledger, snapshot: Snapshot) -> Mapping[InviteCode, int] | None:
        gone = any(
            snapshot.covers(invite) and code not in snapshot.invites for code, invite in ledger.invites.items()
        )
        if ledger.taken_at is None or not (gone or ledger.tombstones):
            return None
        try:
            return await self.directory.revoked(ledger.guild_id, ledger.taken_at)
        except InviteLookError as error:
            _log.warning("audit log not seen", guild=ledger.guild_id, why=str(error))
            return None
