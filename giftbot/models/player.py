"""A player of the game: who they are there, and whether codes may be redeemed for them."""

from __future__ import annotations

import enum
import re
import unicodedata
from datetime import datetime

import attrs

from giftbot.errors import InvalidInputError
from giftbot.models.ids import GuildId, PlayerId, UserId

_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
HIGHEST_KINGDOM = 9_999
NICKNAME_LENGTH = 40
"""Characters; the game's own names are shorter."""


class PlayerState(enum.StrEnum):
    """Whether the game is asked for a player."""

    UNPROVED = "unproved"
    """Imported: the first redemption shows whether id and kingdom are right."""
    ACTIVE = "active"
    PAUSED = "paused"
    """The player (or an admin) wants no redemption at present."""
    WRONG_KINGDOM = "wrong_kingdom"
    """The game knows the id, but in another kingdom; nothing is asked until that is repaired."""
    NOT_FOUND = "not_found"
    """The game does not know the id; nothing is asked any more."""


ASKABLE = frozenset({PlayerState.UNPROVED, PlayerState.ACTIVE})
"""The states in which codes are redeemed."""


@attrs.frozen
class Player:
    """One player in one server. The same player may be registered in several servers."""

    guild_id: GuildId
    player_id: PlayerId
    state: PlayerState
    created_at: datetime
    updated_at: datetime
    kingdom: int | None = None
    """1 to 9,999; None is the server's default kingdom."""
    nickname: str | None = None
    owner_id: UserId | None = None
    """The Discord user whose player this is; None when nobody claimed them yet (an import)."""
    added_by: UserId | None = None
    proved_at: datetime | None = None
    """When the game last showed that id and kingdom belong together."""
    revision: int = 0
    """Raised by the store with each write; a write with an old revision is refused."""

    def seen_as(self, state: PlayerState, now: datetime) -> Player:
        """This player after the game showed what they are. A paused player stays paused."""
        proved_at = now if state is PlayerState.ACTIVE else self.proved_at
        state = self.state if self.state is PlayerState.PAUSED else state
        return attrs.evolve(self, state=state, proved_at=proved_at, updated_at=now)


def parse_player_id(raw: str) -> PlayerId:
    """A player id as people type it. Raises `InvalidInputError` when it is not 1 to 20 digits."""
    text = raw.strip()
    if not _ID.fullmatch(text):
        raise InvalidInputError(
            "A player id has 1 to 20 digits and nothing else. You find it in the game, on your profile."
        )
    return PlayerId(text)


def parse_nickname(raw: str | None) -> str | None:
    """A player's name as people type it: one line without invisible characters, cut; None when nothing is left."""
    visible = "".join(
        char if char.isprintable() or char.isspace() else "" for char in (raw or "")[: NICKNAME_LENGTH * 5]
    )
    name = unicodedata.normalize("NFC", " ".join(visible.split()))
    return name[:NICKNAME_LENGTH].rstrip() or None


def parse_kingdom(raw: str) -> int:
    """A kingdom number as people type it, with or without `#`. Raises `InvalidInputError`."""
    text = raw.strip().removeprefix("#")
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= HIGHEST_KINGDOM):
        raise InvalidInputError("A kingdom (state) is a number from 1 to 9,999. You find it in the game.")
    return int(text)
