"""Guards of the protocol, broken on purpose: the matrix has to notice each of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast

import attrs

from giftbot.app import Discord, Outside
from giftbot.models.announcement import AnnouncementState, Attempt, Mark
from giftbot.models.ids import AnnouncementId, ChannelId
from giftbot.models.post import Delivery, Post, Search, SearchResult
from giftbot.services.ports import Announcer, Journal, Store

Ports = tuple[Outside, Discord]


def broken(name: str, outside: Outside, discord: Discord) -> Ports:
    """The ports with this guard broken."""
    return MUTANTS[name](outside, discord)


class _Different:
    """A port that differs in what a subclass defines."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


class _WithoutNonce(_Different):
    """Discord can never recognise a message that it knows already."""

    _inner: Announcer

    async def send(self, channel_id: ChannelId, post: Post, nonce: str) -> Delivery:
        return await self._inner.send(channel_id, post, secrets.token_urlsafe(18))


class _WithoutHistory(_Different):
    """Nobody looks whether a message arrived."""

    _inner: Announcer

    async def search(self, channel_id: ChannelId, reference: str, after: datetime, until: datetime) -> SearchResult:
        return SearchResult(Search.ABSENT)


class _WithoutJournal(_Different):
    """What the store does not take is forgotten."""

    async def append(self, marks: Sequence[Mark]) -> None:
        return None


class _MarkedEarly(_Different):
    """Rows are marked as sent before anything is sent."""

    _inner: Store

    async def prepare(self, attempts: Sequence[Attempt]) -> set[AnnouncementId]:
        written = await self._inner.prepare(attempts)
        await self._inner.finish(
            [Mark(a.anchor, AnnouncementState.SENT, a.anchor.updated_at, joined=a.joined) for a in attempts]
        )
        return written


def _without_nonce(outside: Outside, discord: Discord) -> Ports:
    announcer = cast("Announcer", _WithoutNonce(discord.announcer))
    return outside, attrs.evolve(discord, announcer=announcer)


def _without_history(outside: Outside, discord: Discord) -> Ports:
    announcer = cast("Announcer", _WithoutHistory(discord.announcer))
    return outside, attrs.evolve(discord, announcer=announcer)


def _without_journal(outside: Outside, discord: Discord) -> Ports:
    return attrs.evolve(outside, journal=cast("Journal", _WithoutJournal(outside.journal))), discord


def _marked_early(outside: Outside, discord: Discord) -> Ports:
    return attrs.evolve(outside, store=cast("Store", _MarkedEarly(outside.store))), discord


MUTANTS: dict[str, Callable[[Outside, Discord], Ports]] = {
    "without nonce": _without_nonce,
    "without history": _without_history,
    "without journal": _without_journal,
    "marked early": _marked_early,
}
