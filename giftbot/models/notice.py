"""Something the owner is told once."""

from __future__ import annotations

import enum
from datetime import datetime

import attrs

from giftbot.models.ids import CodeKey


class NoticeKind(enum.StrEnum):
    """What a notice is about."""

    NEW_CODE = "new_code"
    HELD_CODES = "held_codes"
    """Codes wait for a decision; the notice carries buttons."""
    BROKEN_CHANNEL = "broken_channel"
    ADMIN = "admin"
    """Not for the owner: its subject begins with the id of the server whose admin is told."""
    SOURCE = "source"
    """A source fails or behaves strangely; told again only after it was well in between."""
    UNKNOWN_ANSWER = "unknown_answer"
    """The game said something that is not known; told once for each answer."""
    GAME_HALTED = "game_halted"
    """The game refuses our signature; told again only after it was well in between."""
    VERIFY_PLAYER = "verify_player"
    """The player with whom new codes are tried is wrong; told again only after it was well in between."""
    MIGRATION = "migration"
    """What earlier bots left was taken over, or cannot be."""
    PARKED = "parked"
    """A post that Discord calls malformed."""


@attrs.frozen
class Notice:
    """One notice. Its id says what it is about, so that the same thing is told once."""

    notice_id: str
    """Kind and subject, e.g. `"source:json"` or `"broken_channel:1:2"`; unique."""
    kind: NoticeKind
    text: str
    """What the owner reads, without markup that could mention anybody."""
    created_at: datetime
    codes: tuple[CodeKey, ...] = ()
    """The held codes that its buttons decide on."""
    told_at: datetime | None = None
    """When it was delivered; None while it still has to be."""

    @property
    def subject(self) -> str:
        """The id without the kind."""
        return self.notice_id.partition(":")[2]
