"""One code in one server: the outbox row, which is also the permanent history of posts."""

from __future__ import annotations

import base64
import enum
import hashlib
from collections.abc import Iterable
from datetime import datetime

import attrs

from giftbot.models.ids import AnnouncementId, ChannelId, CodeKey, GuildId, MessageId, announcement_id


class AnnouncementState(enum.StrEnum):
    """Where an announcement stands. Rows of earlier bots have no state: they count as sent."""

    PENDING = "pending"
    CLAIMED = "claimed"
    """A worker holds it under a lease; it may or may not have been sent."""
    SENT = "sent"
    FAILED = "failed"
    """Refused by Discord or by our own bug; `reason` says which. Not tried again by itself."""
    UNKNOWN = "unknown"
    """Sent or not: the channel's history cannot be read to find out. An admin decides."""
    SKIPPED = "skipped"
    """Not to be posted: "only new ones" was chosen, the code is over, or the server was left."""


class Origin(enum.StrEnum):
    """Why an announcement exists (the stored field `source`)."""

    AUTO = "auto"
    API = "api"
    WEBSITE = "website"
    RSS = "rss"
    MANUAL = "manual"
    MIGRATION = "migration"


FINAL_STATES = frozenset(
    {AnnouncementState.SENT, AnnouncementState.FAILED, AnnouncementState.UNKNOWN, AnnouncementState.SKIPPED}
)
"""States that need no work; rows in them have no `due_at`."""

REVIVABLE_STATES = frozenset({AnnouncementState.FAILED, AnnouncementState.SKIPPED})
"""States from which an admin's "post the codes active now" starts over."""


@attrs.frozen
class Announcement:
    """One row of the outbox."""

    guild_id: GuildId
    code: CodeKey
    source: Origin
    state: AnnouncementState
    created_at: datetime
    updated_at: datetime
    guild_epoch: int = 0
    code_epoch: int = 0
    due_at: datetime | None = None
    """When it next needs work; None on rows that need none, so that idle look-ups cost nothing."""
    owner: str | None = None
    """The process incarnation that claimed it last."""
    fence: int = 0
    """Raised by every claim; a write of an earlier claim is refused."""
    lease_until: datetime | None = None
    batch: AnnouncementId | None = None
    """On joined rows: the anchor row whose message shows this code. None on anchors."""
    codes: tuple[str, ...] = ()
    """On anchors, once prepared: every `CODE@epoch` of the message, sorted, its own among them."""
    channel_id: ChannelId | None = None
    """Pinned when the first attempt was prepared."""
    nonce: str | None = None
    """Set before the first attempt and constant over all attempts; None means that nothing was ever sent."""
    reference: str | None = None
    """The short id in the message's footer, e.g. `7F3A-91C2`."""
    first_attempt_at: datetime | None = None
    last_attempt_at: datetime | None = None
    window_at: datetime | None = None
    """Start of the current window in which Discord is trusted to know the nonce."""
    attempts: int = 0
    message_id: MessageId | None = None
    sent_at: datetime | None = None
    reason: str | None = None
    """Why it failed, was skipped or is unknown."""

    @property
    def announcement_id(self) -> AnnouncementId:
        """`"<guild>:<CODE>"`."""
        return announcement_id(self.guild_id, self.code)

    @property
    def is_prepared(self) -> bool:
        """Whether an attempt may have been made: its batch and nonce are fixed for good."""
        return self.nonce is not None

    @property
    def batch_keys(self) -> tuple[CodeKey, ...]:
        """The codes of a prepared anchor's message."""
        return tuple(CodeKey(entry.rpartition("@")[0]) for entry in self.codes)


@attrs.frozen
class Claim:
    """An anchor that this process holds, and the other rows that were due in its server at that moment."""

    anchor: Announcement
    others: tuple[AnnouncementId, ...] = ()


@attrs.frozen
class Attempt:
    """What is written into an anchor before a message is sent (compare and set on owner and fence)."""

    anchor: Announcement
    """The anchor with batch, nonce, channel and times of the attempt filled in."""
    joined: tuple[AnnouncementId, ...] = ()


@attrs.frozen
class Mark:
    """The end of an attempt, applied to the joined rows first and to the anchor last."""

    anchor: Announcement
    """The anchor as it was claimed: id, epochs, owner and fence are compared."""
    state: AnnouncementState
    at: datetime
    joined: tuple[AnnouncementId, ...] = ()
    message_id: MessageId | None = None
    reason: str | None = None
    due_at: datetime | None = None
    """When to look again; only for states that are not final."""


def pending(
    guild_id: GuildId, code: CodeKey, source: Origin, now: datetime, *, guild_epoch: int, code_epoch: int
) -> Announcement:
    """A row that waits to be posted."""
    return Announcement(
        guild_id=guild_id,
        code=code,
        source=source,
        state=AnnouncementState.PENDING,
        guild_epoch=guild_epoch,
        code_epoch=code_epoch,
        due_at=now,
        created_at=now,
        updated_at=now,
    )


def derive_nonce(application_id: int, guild_id: GuildId, guild_epoch: int, codes: Iterable[str]) -> str:
    """The nonce of a message: 24 characters (Discord allows 25) that depend on everything that identifies it.

    `codes` are the `CODE@epoch` entries of the batch. Discord returns the first message again when it sees the
    same nonce of the same author once more, so a collision would swallow a post: hence a hash, not a prefix.
    """
    text = "|".join(("v1", str(application_id), str(guild_id), str(guild_epoch), *sorted(codes)))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())[:24].decode()


def derive_reference(nonce: str) -> str:
    """The short id that a message shows in its footer and its buttons carry, e.g. `7F3A-91C2`."""
    digest = hashlib.sha256(nonce.encode()).hexdigest()[:8].upper()
    return f"{digest[:4]}-{digest[4:]}"
