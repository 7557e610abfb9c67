"""Players as people look at them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption


@attrs.frozen
class PlayerView:
    """A player as their owner sees them."""

    player: Player
    kingdom: int | None
    """The kingdom that the game is asked with: their own, or the server's default one."""
    redemptions: tuple[Redemption, ...]
    """What the game answered last, newest first."""
    as_of: datetime
    """When this was looked up."""
    halted: str | None = None
    """Why nothing is redeemed now, and what to do, in sentences; None while it is."""


@attrs.frozen
class PlayerResults:
    """What became of codes that were redeemed for one player while somebody waited."""

    player: Player
    redemptions: tuple[Redemption, ...] = ()
    """One per code, in the order in which they were asked for; empty when that did not work."""
    problem: str | None = None
    """Why it did not work, as a sentence for the player."""


@attrs.frozen
class PlayerPage:
    """Some of a server's players, by ascending id (text order)."""

    players: tuple[Player, ...]
    state: PlayerState | None
    """The state that is looked at; None is all."""
    counts: Mapping[PlayerState, int]
    """All players of the server."""
    start: int
    """How many players of that state come before these."""
    has_more: bool
    """Whether there are more after these."""

    @property
    def total(self) -> int:
        """All players in the state that is looked at."""
        return sum(self.counts.values()) if self.state is None else self.counts.get(self.state, 0)
