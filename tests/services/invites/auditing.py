"""A member search that knows what it is told, and the auditor at work over a store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import attrs

from giftbot.models.audit_times import AuditTimes
from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.models.join import Candidate, Join, Level, Reason, Source
from giftbot.services.invites.auditor import Auditor
from giftbot.services.invites.ports import MemberOrigin, Way
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore
from tests.services.invites.joining import ADA, BOB, joined
from tests.services.invites.processes import Handle, staged
from tests.services.invites.watching import SeenInvites, batch

OTHER = GuildId(900_000_000_000_000_002)


TIMES = AuditTimes()


A, B = InviteCode("a"), InviteCode("b")


@attrs.define
class Index:
    """A `MemberSearch` that knows what it is told, and remembers when it was asked for which time."""

    members: dict[tuple[GuildId, UserId], MemberOrigin] = attrs.Factory(dict)
    failures: list[Exception] = attrs.Factory(list)
    asked: list[tuple[float, GuildId, datetime, datetime]] = attrs.Factory(list)

    def says(
        self, join: Join, way: Way, code: str | None = None, inviter: UserId | None = None, *, late: float = 0
    ) -> None:
        """This member came like that, `late` seconds after the stored moment."""
        moment = join.joined_at + timedelta(seconds=late)
        made = MemberOrigin(join.user_id, moment, way, InviteCode(code) if code else None, inviter)
        self.members[join.guild_id, join.user_id] = made

    async def joined(self, guild_id: GuildId, first: datetime, last: datetime) -> Sequence[MemberOrigin]:
        """Those of that time."""
        self.asked.append((asyncio.get_running_loop().time(), guild_id, first, last))
        if self.failures:
            raise self.failures.pop(0)
        return [
            one for (guild, _), one in self.members.items() if guild == guild_id and first <= one.joined_at <= last
        ]


@attrs.frozen
class Office:
    """The service at work over an empty store."""

    store: InviteStore
    index: Index
    auditor: Auditor
    told: list[Join]
    clock: Clock

    async def decided(self, *joins: Join) -> None:
        """These were stored, and passed on."""
        await self.store.insert_joins(joins)
        await self.auditor.on_decided(batch(*joins))

    async def one(self, join: Join) -> Join:
        """That join as it is stored."""
        return (await self.store.get_joins([join.join_id]))[join.join_id]


@asynccontextmanager
async def office(path: Path) -> AsyncIterator[Office]:
    """Open it; the clock is the loop's."""
    index, told = Index(), list[Join]()
    async with staged(path / "store.db") as stage:
        store = cast("InviteStore", Handle(stage.store))
        auditor = Auditor(
            store=store,
            search=index,
            directory=SeenInvites(),
            clock=stage.clock,
            times=TIMES,
            changed=lambda _guild_id, joins: told.extend(joins),
        )
        worker = asyncio.create_task(auditor.run())
        try:
            yield Office(store, index, auditor, told, stage.clock)
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)


def unsure(number: int, **more: object) -> Join:
    """Somebody who came by an invite of Ada's or of Bob's."""
    return joined(
        number,
        None,
        **{  # type: ignore[arg-type] # checked by attrs
            "level": Level.CANDIDATES,
            "source": Source.UNKNOWN,
            "reason": Reason.AMBIGUOUS,
            "candidates": (Candidate(A, ADA, 0.5), Candidate(B, BOB, 0.5)),
            **more,
        },
    )
