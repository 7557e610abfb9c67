"""Rows for the tests of the stores, and the usual steps of a claim."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs

from giftbot.models.announcement import (
    Announcement,
    AnnouncementState,
    Attempt,
    Claim,
    Mark,
    Origin,
    derive_nonce,
    derive_reference,
    pending,
)
from giftbot.models.ids import AnnouncementId, ChannelId, CodeKey, GuildId, MessageId, announcement_id
from giftbot.services.ports import AnnouncementStore

NOW = datetime(2026, 5, 1, 12, 0, 0, 123000, tzinfo=UTC)
LEASE = timedelta(seconds=45)
GUILD = GuildId(111111111111111111)
OTHER_GUILD = GuildId(222222222222222222)
CHANNEL = ChannelId(333333333333333333)
MESSAGE = MessageId(444444444444444444)


def later(seconds: float) -> datetime:
    """`NOW` and so many seconds."""
    return NOW + timedelta(seconds=seconds)


def row(
    code: str = "FROST77",
    *,
    guild: int = GUILD,
    guild_epoch: int = 0,
    code_epoch: int = 0,
    now: datetime = NOW,
) -> Announcement:
    """A row that waits to be posted."""
    return pending(GuildId(guild), CodeKey(code), Origin.AUTO, now, guild_epoch=guild_epoch, code_epoch=code_epoch)


def row_id(code: str, guild: int = GUILD) -> AnnouncementId:
    """The id of a row."""
    return announcement_id(GuildId(guild), CodeKey(code))


async def claim(store: AnnouncementStore, owner: str = "a", now: datetime = NOW, *, limit: int = 10) -> list[Claim]:
    """Claim what is due, for the usual lease."""
    return await store.claim_due(owner, now, now + LEASE, limit=limit)


async def claim_one(store: AnnouncementStore, owner: str = "a", now: datetime = NOW) -> Claim:
    """Claim the one anchor that is due."""
    [claimed] = await claim(store, owner, now)
    return claimed


def prepared(anchor: Announcement, joined: tuple[Announcement, ...] = (), now: datetime = NOW) -> Attempt:
    """The first attempt of a message with these rows."""
    codes = tuple(sorted(f"{item.code}@{item.code_epoch}" for item in (anchor, *joined)))
    nonce = anchor.nonce or derive_nonce(1, anchor.guild_id, anchor.guild_epoch, codes)
    anchor = attrs.evolve(
        anchor,
        codes=anchor.codes or codes,
        nonce=nonce,
        reference=derive_reference(nonce),
        channel_id=CHANNEL,
        first_attempt_at=anchor.first_attempt_at or now,
        last_attempt_at=now,
        window_at=now,
        attempts=anchor.attempts + 1,
        updated_at=now,
    )
    return Attempt(anchor, tuple(item.announcement_id for item in joined))


async def prepare(
    store: AnnouncementStore, claimed: Claim, now: datetime = NOW, *, with_others: bool = True
) -> Attempt:
    """Join the others of a claim and write the attempt."""
    ids = claimed.others if with_others else ()
    joined = await store.join(claimed.anchor, ids, now)
    attempt = prepared(claimed.anchor, tuple(joined), now)
    assert await store.prepare([attempt]) == {claimed.anchor.announcement_id}
    return attempt


def mark(attempt: Attempt, state: AnnouncementState = AnnouncementState.SENT, now: datetime = NOW) -> Mark:
    """The end of an attempt."""
    return Mark(
        anchor=attempt.anchor,
        state=state,
        at=now,
        joined=attempt.joined,
        message_id=MESSAGE if state is AnnouncementState.SENT else None,
        reason=None if state is AnnouncementState.SENT else "why",
    )


async def post(store: AnnouncementStore, *codes: str, guild: int = GUILD, now: datetime = NOW) -> Attempt:
    """Enqueue codes for a server and bring them all the way to sent, in one message."""
    await store.enqueue([row(code, guild=guild, now=now) for code in codes])
    attempt = await prepare(store, await claim_one(store, now=now), now)
    assert await store.finish([mark(attempt, now=now)]) == {attempt.anchor.announcement_id}
    return attempt


async def stored(store: AnnouncementStore, code: str = "FROST77", guild: int = GUILD) -> Announcement:
    """A row as it is stored."""
    [found] = await store.list_announcements(guild_id=GuildId(guild), code=CodeKey(code))
    return found


async def states(store: AnnouncementStore, guild: int = GUILD) -> dict[str, AnnouncementState]:
    """The state of every row of a server."""
    return {
        found.code: found.state for found in await store.list_announcements(guild_id=GuildId(guild), limit=1000)
    }
