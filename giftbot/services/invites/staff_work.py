"""The worker behind staff links and VIP credit: what Discord and the decided batches tell is dealt with here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from itertools import islice

import structlog

from giftbot.errors import InviteLookError, StoreError
from giftbot.logs import new_reference
from giftbot.models.ids import GuildId, UserId
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.join import Join
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.invites.credits import Credits
from giftbot.services.invites.link_watch import LinkWatch
from giftbot.services.invites.ports import MemberSeen
from giftbot.services.invites.reviews import Reviews
from giftbot.services.invites.staff_news import StaffNews
from giftbot.services.ports import Clock

_log = structlog.get_logger(__name__)
CHECK_LINKS = 600.0
"""Seconds between two looks at all links: a channel may be hidden without any other sign."""
SYNC_AGAIN = 300.0
"""Seconds until members are asked for again, when Discord did not show them."""
STORE_AGAIN = 2.0
"""Seconds between two tries while the store is away."""
TURN = 0.5
"""Seconds between two turns."""


class StaffWork:
    """`saw`, `arrived` and `on_decided` never wait; `run` is the worker."""

    def __init__(
        self,
        *,
        choices: InviteChoices,
        ledger: Credits,
        reviews: Reviews,
        links: LinkWatch,
        news: StaffNews,
        clock: Clock,
        turn: float = TURN,
    ) -> None:
        self._choices = choices
        self._credits = ledger
        self._reviews = reviews
        self._links = links
        self._news = news
        self._clock = clock
        self._turn = turn
        self._seen: dict[GuildId, dict[UserId, MemberSeen]] = {}
        self._to_sync: dict[GuildId, float] = {}
        self._to_check: dict[GuildId, None] = {}
        self._to_settle: dict[GuildId, None] = {}
        self._present: set[GuildId] = set()
        self._batches: list[InviteBatch] = []
        self._recorded: list[tuple[GuildId, tuple[Join, ...]]] = []
        self._check_all_at = 0.0

    def saw(self, guild_id: GuildId, member: MemberSeen) -> None:
        """A member as they are now; only those with the VIP role matter."""
        role_id = self._choices.vip_roles.get(guild_id)
        if role_id is not None and role_id in member.role_ids and not member.is_bot:
            self._seen[guild_id] = {**self._seen.get(guild_id, {}), member.user_id: member}

    def arrived(self, guild_id: GuildId) -> None:
        """Nobody watched this server for a time, or ever."""
        self._present.add(guild_id)
        self._to_check[guild_id] = None
        self._to_settle[guild_id] = None
        if guild_id in self._choices.vip_roles:
            self._to_sync[guild_id] = 0.0

    def left(self, guild_id: GuildId) -> None:
        """The bot is not in this server any more."""
        self._present.discard(guild_id)

    async def on_decided(self, batch: InviteBatch) -> None:
        """A batch was committed."""
        self._batches.append(batch)
        self._to_check[batch.guild_id] = None

    def recorded(self, guild_id: GuildId, joins: Iterable[Join]) -> None:
        """Somebody recorded joins by hand."""
        self._recorded.append((guild_id, tuple(joins)))

    async def run(self) -> None:
        """Work until it is cancelled."""
        await self._insist(self._choices.load)
        for guild_id in self._present & self._choices.vip_roles.keys():
            self._to_sync[guild_id] = 0.0
        self._check_all_at = self._clock.monotonic() + CHECK_LINKS
        while True:
            await self._insist(self._take_turn)
            await self._clock.sleep(self._turn)

    async def _take_turn(self) -> None:
        while self._batches:
            batch = self._batches[0]
            for step in (self._reviews.on_decided, self._credits.on_decided, self._news.on_decided):
                await self._safely(partial(step, batch))
            del self._batches[0]
        while self._recorded:
            await self._safely(partial(self._reviews.settle, *self._recorded[0]))
            del self._recorded[0]
        while self._to_settle:
            guild_id = next(iter(self._to_settle))
            await self._safely(partial(self._reviews.catch_up, guild_id))
            self._to_settle.pop(guild_id, None)
        while self._seen:
            guild_id, members = next(iter(self._seen.items()))
            await self._safely(partial(self._credits.gained, guild_id, list(members.values())))
            if self._seen[guild_id] is members:
                del self._seen[guild_id]
        due = (one for one, moment in self._to_sync.items() if moment <= self._clock.monotonic())
        for guild_id in list(islice(due, 1)):
            await self._safely(partial(self._sync, guild_id))
        if self._clock.monotonic() >= self._check_all_at:
            self._check_all_at = self._clock.monotonic() + CHECK_LINKS
            self._to_check.update(dict.fromkeys(self._present))
        while self._to_check:
            guild_id = next(iter(self._to_check))
            await self._safely(partial(self._links.check, guild_id))
            self._to_check.pop(guild_id, None)
        await self._safely(self._credits.stop_waiting)
        await self._safely(self._news.send)

    async def _sync(self, guild_id: GuildId) -> None:
        """Compare one server's VIPs with the ledger: one a turn, because it asks for all members."""
        again = self._clock.monotonic() + SYNC_AGAIN
        self._to_sync[guild_id] = again
        try:
            synced = await self._credits.sync(guild_id)
        except InviteLookError as error:
            _log.warning("members not seen, VIPs not compared", guild=guild_id, why=str(error))
            return
        except StoreError:
            self._to_sync[guild_id] = 0.0
            raise
        if self._to_sync.get(guild_id) == again:
            del self._to_sync[guild_id]
        _log.info(
            "VIPs compared",
            guild=guild_id,
            holders=synced.holders,
            credited=len(synced.credited),
            pending=len(synced.pending),
        )

    async def _insist(self, step: Callable[[], Awaitable[None]]) -> None:
        """Take a step, again and again while the store is away; every step may be taken twice."""
        while True:
            try:
                return await step()
            except StoreError as error:
                _log.warning("staff credit waits for the store", why=str(error))
                await self._clock.sleep(STORE_AGAIN)

    async def _safely(self, step: Callable[[], Awaitable[object]]) -> None:
        """Take a step; one that fails is logged and passed over, unless the store is away."""
        try:
            await step()
        except StoreError:
            raise
        except Exception:
            _log.exception("staff credit failed", ref=new_reference())
