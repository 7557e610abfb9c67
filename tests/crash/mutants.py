"""Guards of the protocol, broken on purpose: the matrix has to notice each of them. And clocks that are off."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import cast

import attrs

from giftbot.app import Discord, Outside
from giftbot.clock import SystemClock
from giftbot.models.announcement import AnnouncementState, Attempt, Claim, Mark
from giftbot.models.ids import AnnouncementId, ChannelId
from giftbot.models.post import Delivery, Post, Search, SearchResult
from giftbot.services.ports import Announcer, Journal, Store
from tests.crash.different import Different
from tests.crash.redeeming_mutants import REDEEMING

Ports = tuple[Outside, Discord]


def broken(name: str, outside: Outside, discord: Discord) -> Ports:
    """The ports with this guard broken."""
    return MUTANTS[name](outside, discord)


class _WithoutNonce(Different):
    """Discord can never recognise a message that it knows already."""

    _inner: Announcer

    async def send(self, channel_id: ChannelId, post: Post, nonce: str) -> Delivery:
        return await self._inner.send(channel_id, post, secrets.token_urlsafe(18))


class _WithoutHistory(Different):
    """Nobody looks whether a message arrived."""

    _inner: Announcer

    async def search(self, channel_id: ChannelId, reference: str, after: datetime, until: datetime) -> SearchResult:
        return SearchResult(Search.ABSENT)


class _ShowingOne(Different):
    """A message shows the first of its codes only."""

    _inner: Announcer

    async def send(self, channel_id: ChannelId, post: Post, nonce: str) -> Delivery:
        first = attrs.evolve(post.pages[0], fields=post.pages[0].fields[:1])
        return await self._inner.send(channel_id, attrs.evolve(post, pages=(first,)), nonce)


class _EndlessWindow(Different):
    """The nonce is trusted for ever: a new window begins with each claim."""

    _inner: Store

    async def claim_due(self, owner: str, now: datetime, lease_until: datetime, *, limit: int) -> list[Claim]:
        claims = await self._inner.claim_due(owner, now, lease_until, limit=limit)
        return [attrs.evolve(claim, anchor=attrs.evolve(claim.anchor, window_at=now)) for claim in claims]


class _WithoutLeases(Different):
    """Every claim of another process may be taken over at once."""

    _inner: Store

    async def claim_due(self, owner: str, now: datetime, lease_until: datetime, *, limit: int) -> list[Claim]:
        await self._inner.expire_leases(owner, now)
        return await self._inner.claim_due(owner, now, lease_until, limit=limit)


class _WithoutJournal(Different):
    """What the store does not take is forgotten."""

    async def append(self, marks: Sequence[Mark]) -> None:
        return None


class _MarkedEarly(Different):
    """Rows are marked as sent before anything is sent."""

    _inner: Store

    async def prepare(self, attempts: Sequence[Attempt]) -> set[AnnouncementId]:
        written = await self._inner.prepare(attempts)
        await self._inner.finish(
            [Mark(a.anchor, AnnouncementState.SENT, a.anchor.updated_at, joined=a.joined) for a in attempts]
        )
        return written


def _announcing(different: type[Different]) -> Callable[[Outside, Discord], Ports]:
    def change(outside: Outside, discord: Discord) -> Ports:
        return outside, attrs.evolve(discord, announcer=cast("Announcer", different(discord.announcer)))

    return change


def _storing(different: type[Different]) -> Callable[[Outside, Discord], Ports]:
    def change(outside: Outside, discord: Discord) -> Ports:
        return attrs.evolve(outside, store=cast("Store", different(outside.store))), discord

    return change


def _without_journal(outside: Outside, discord: Discord) -> Ports:
    return attrs.evolve(outside, journal=cast("Journal", _WithoutJournal(outside.journal))), discord


def _without_leases_and_nonce(outside: Outside, discord: Discord) -> Ports:
    return _storing(_WithoutLeases)(*_announcing(_WithoutNonce)(outside, discord))


def _with_clock(off: timedelta) -> Callable[[Outside, Discord], Ports]:
    def change(outside: Outside, discord: Discord) -> Ports:
        return attrs.evolve(outside, clock=SystemClock(off)), discord

    return change


MUTANTS: dict[str, Callable[[Outside, Discord], Ports]] = {
    "without nonce": _announcing(_WithoutNonce),
    "without history": _announcing(_WithoutHistory),
    "showing one": _announcing(_ShowingOne),
    "endless window": _storing(_EndlessWindow),
    "marked early": _storing(_MarkedEarly),
    "without journal": _without_journal,
    "without leases and nonce": _without_leases_and_nonce,
    "slow clock": _with_clock(timedelta(minutes=-4)),
    "fast clock": _with_clock(timedelta(minutes=4)),
    **{name: _storing(different) for name, different in REDEEMING.items()},
}
