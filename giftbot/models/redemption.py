"""One gift code for one player in one server: what the game answered, and when it is asked again."""

from __future__ import annotations

import enum
from datetime import datetime

import attrs

from giftbot.models.ids import CodeKey, GuildId, PlayerId, RedemptionId, redemption_id


class RedemptionOutcome(enum.StrEnum):
    """What became of it. The game's answers map to these and to nothing else."""

    WAITING = "waiting"
    """Not asked yet."""
    REDEEMED = "redeemed"
    ALREADY = "already"
    """The player has it, or another one of its kind, from before."""
    EXPIRED = "expired"
    """The code's time is over (or not come yet)."""
    NOT_FOUND = "not_found"
    """The game knows no such code."""
    EXHAUSTED = "exhausted"
    """The code was claimed as often as it may be; believed after two independent answers only."""
    INELIGIBLE = "ineligible"
    """The player's level or spending is too low yet; asked again daily until the code expires."""
    WRONG_KINGDOM = "wrong_kingdom"
    NO_SUCH_PLAYER = "no_such_player"
    RETRY = "retry"
    """Nothing was decided (too frequent, time-out, fault of the game): asked again."""
    REFUSED_SIGNATURE = "refused_signature"
    """The game does not accept our signature: nobody is asked until an operator looks at it."""
    BY_HAND = "by_hand"
    """The game wants a login or a captcha: the player has to redeem it."""
    UNKNOWN = "unknown"
    """An answer that is not known; kept as it came, and parked."""


GRANTED = frozenset({RedemptionOutcome.REDEEMED, RedemptionOutcome.ALREADY})
"""The player has the code. Never overwritten by anything less."""
DEAD_CODE = frozenset({RedemptionOutcome.EXPIRED, RedemptionOutcome.NOT_FOUND, RedemptionOutcome.EXHAUSTED})
"""The code is over for everybody."""
SHOWS_PLAYER = GRANTED | DEAD_CODE | {RedemptionOutcome.INELIGIBLE}
"""Answers that the game gives only once id and kingdom were found to belong together: it looks at the code last."""
OPEN = frozenset({RedemptionOutcome.WAITING, RedemptionOutcome.RETRY, RedemptionOutcome.INELIGIBLE})
"""The game is to be asked (again) at `next_attempt_at`; without that moment it rests."""


@attrs.frozen
class GameAnswer:
    """What one attempt gave."""

    outcome: RedemptionOutcome
    raw: str = ""
    """The answer in the game's own words, e.g. `40014 CDK NOT FOUND`; harmless text of at most 300 characters."""
    retry_after: float | None = None
    """Seconds that the game asked to wait for."""
    throttled: bool = False
    """Whether we were too fast: the governor slows down."""
    broken: bool = False
    """Whether the game itself seems broken (5xx, HTML, garbage, no answer): counts for the circuit breaker."""


@attrs.frozen
class Redemption:
    """A row of `auto_redeemed_codes`. A row of an earlier bot without an outcome was redeemed."""

    guild_id: GuildId
    code: CodeKey
    player_id: PlayerId
    outcome: RedemptionOutcome
    created_at: datetime
    updated_at: datetime
    raw: str = ""
    attempts: int = 0
    redeemed_at: datetime | None = None
    next_attempt_at: datetime | None = None
    """When the game is to be asked; None when it is not to be asked (any more)."""

    @property
    def redemption_id(self) -> RedemptionId:
        """The row's id."""
        return redemption_id(self.guild_id, self.code, self.player_id)

    @property
    def is_granted(self) -> bool:
        """Whether the player has the code."""
        return self.outcome in GRANTED
