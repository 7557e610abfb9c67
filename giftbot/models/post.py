"""A message as a service composes it, without Discord's types, and what became of sending it."""

from __future__ import annotations

import enum

import attrs

from giftbot.models.ids import MessageId, RoleId


@attrs.frozen
class Field:
    """A titled paragraph of an embed."""

    name: str
    value: str


@attrs.frozen
class Page:
    """One embed. Discord's limits: 25 fields, 6,000 characters over all embeds of a message."""

    title: str
    description: str | None = None
    fields: tuple[Field, ...] = ()
    footer: str | None = None

    @property
    def length(self) -> int:
        """Characters as Discord counts them towards the 6,000 of a message."""
        parts = (self.title, self.description or "", self.footer or "")
        return sum(map(len, parts)) + sum(len(field.name) + len(field.value) for field in self.fields)


@attrs.frozen
class Post:
    """A message with gift codes."""

    pages: tuple[Page, ...]
    reference: str
    """Short id in the last page's footer; the buttons carry it. Empty on a message without buttons."""
    ping_role_id: RoleId | None = None


class Outcome(enum.StrEnum):
    """What became of one attempt to send."""

    SENT = "sent"
    DELETED = "deleted"
    """It was sent, and is gone again."""
    REFUSED = "refused"
    """Discord will not take messages for this channel: missing permission, or the channel is gone."""
    BUG = "bug"
    """Discord calls the message malformed; sending it again would not help."""
    FATAL = "fatal"
    """The token is not accepted any more."""
    NOT_SENT = "not_sent"
    """It certainly was not sent; try again after `retry_after`."""
    UNKNOWN = "unknown"
    """It may or may not have arrived."""


@attrs.frozen
class Delivery:
    """The result of one attempt."""

    outcome: Outcome
    message_id: MessageId | None = None
    detail: str | None = None
    """What Discord said, or the kind of fault; for the log and for admins."""
    retry_after: float = 0.0
    """Seconds to wait; only for `NOT_SENT`."""


class Search(enum.StrEnum):
    """What looking for a message in a channel's history gave."""

    FOUND = "found"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    """The bot may not read the channel's history, or the channel is gone."""
    FAILED = "failed"
    """Discord did not answer; look again later."""


@attrs.frozen
class SearchResult:
    """The result of looking for a message by its reference."""

    search: Search
    message_id: MessageId | None = None
