"""What came of registering a player."""

from __future__ import annotations

import enum

import attrs

from giftbot.models.player import Player


class Proof(enum.Enum):
    """What the game said of an id and a kingdom."""

    PROVED = "proved"
    """They belong together."""
    UNANSWERED = "unanswered"
    """Nothing that can be used; the first redemption will show it."""
    HALTED = "halted"
    """The game is not asked at present; the first redemption will show it."""
    NOT_ASKED = "not_asked"
    """It was known before."""


@attrs.frozen
class Registered:
    """A player as they are stored now."""

    player: Player
    proof: Proof
    codes: int
    """How many active codes will be redeemed for them by themselves."""
    is_new: bool
    was_paused: bool = False
    """Whether codes are redeemed for them by themselves again from now on."""
    halted: str | None = None
    """Why nothing is redeemed now, and what to do, in sentences; None while it is."""
