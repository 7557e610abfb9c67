"""Fakes at the ports: a clock that is moved by hand, sources that say what they are told, a listening owner."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import attrs

from giftbot.errors import SourceError
from giftbot.models.code import Finding, display_form, fold
from giftbot.models.ids import ChannelId, GuildId
from giftbot.models.notice import Notice
from giftbot.models.source import Listing, Trust

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@attrs.define
class ManualClock:
    """A clock that stands still until it is moved; sleeping moves it."""

    moment: datetime = START
    elapsed: float = 0.0

    def now(self) -> datetime:
        """The present moment."""
        return self.moment

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        """Move on by so many seconds, and let others run."""
        self.advance(seconds=seconds)
        await asyncio.sleep(0)

    def advance(self, **span: float) -> None:
        """Move on by a span, given as for `timedelta`."""
        step = timedelta(**span)
        self.moment += step
        self.elapsed += step.total_seconds()


@attrs.define
class ScriptedSource:
    """A source that lists what it is told; the same listing again counts as unchanged, as over HTTP."""

    name: str = "json"
    trust: Trust = Trust.TRUSTED
    url: str = "https://example.test/codes"
    listing: Listing = attrs.Factory(lambda: Listing(()))
    failure: Exception | None = None
    fetches: int = 0
    _answered: Listing | None = None

    def lists(self, *codes: str, **details: object) -> None:
        """List these codes from now on, each with the same details."""
        self.failure = None
        self.listing = listing_of(codes, **details)

    def fails(self, why: str = "it is down", *, retry_after: float | None = None) -> None:
        """Fail from now on."""
        self.failure = SourceError(why, retry_after=retry_after)

    async def fetch(self) -> Listing | None:
        """The listing; None when it was answered before."""
        self.fetches += 1
        if self.failure is not None:
            raise self.failure
        if self.listing is self._answered:
            return None
        self._answered = self.listing
        return self.listing

    async def aclose(self) -> None:
        """Nothing to give back."""


def listing_of(codes: Iterable[str], **details: object) -> Listing:
    """A listing of these codes, each with the same details."""
    return Listing(tuple(Finding(fold(code), display_form(code), **details) for code in codes))  # type: ignore[arg-type]


@attrs.define
class ListeningPeople:
    """Remembers what the owner and the admins were told."""

    reachable: bool = True
    owner: list[Notice] = attrs.Factory(list)
    admins: list[tuple[GuildId, str]] = attrs.Factory(list)

    async def tell_owner(self, notice: Notice) -> bool:
        """Listen as the owner."""
        if self.reachable:
            self.owner.append(notice)
        return self.reachable

    async def tell_admin(self, guild_id: GuildId, text: str) -> bool:
        """Listen as the admin of a server."""
        if self.reachable:
            self.admins.append((guild_id, text))
        return self.reachable


@attrs.define
class OpenChannels:
    """Channels in which the bot may do everything but what is named."""

    missing: tuple[str, ...] = ()

    async def missing_permissions(
        self, guild_id: GuildId, channel_id: ChannelId, *, ping_role_id: int | None = None
    ) -> tuple[str, ...]:
        """What is missing."""
        return self.missing
