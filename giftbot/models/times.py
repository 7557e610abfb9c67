"""How long things may take in posting: one frozen value, so that a test can run the whole protocol faster."""

from __future__ import annotations

from datetime import timedelta

import attrs


@attrs.frozen
class PostingTimes:
    """Durations of the posting protocol, in seconds.

    Discord keeps a nonce "for the past few minutes" without naming a number; up to `window` it is relied on.
    """

    lease: float = 45.0
    """How long a claim holds."""
    window: float = 60.0
    """How long after the first attempt the same nonce is trusted to give the same message."""
    send: float = 10.0
    """The longest that one attempt may take."""
    margin: float = 5.0
    """What must be left of the lease after an attempt, to write down its end."""
    grace: float = 20.0
    """After this long the channel's history is trusted to show what an attempt sent."""
    backoff: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0)
    """Pauses before the claim's owner sends again after an unknown outcome."""
    poll: float = 2.0
    """Pause between two looks into an outbox without due work."""
    search_again: float = 30.0
    """Pause before a history that could not be fetched is asked again."""
    drain: float = 10.0
    """How long a stopping process waits for what is in flight."""
    upkeep: float = 10.0
    """Pause between two rounds of upkeep (backfills, leftovers, notices)."""

    def scaled(self, factor: float) -> PostingTimes:
        """All durations multiplied by `factor`; the shape of the protocol stays the same."""
        return attrs.evolve(
            self,
            backoff=tuple(pause * factor for pause in self.backoff),
            **{name: getattr(self, name) * factor for name in attrs.fields_dict(PostingTimes) if name != "backoff"},
        )

    @property
    def factor(self) -> float:
        """How much faster than in production these are."""
        return self.lease / PostingTimes().lease

    @property
    def lease_span(self) -> timedelta:
        """`lease` as a span of wall-clock time."""
        return timedelta(seconds=self.lease)

    @property
    def needed(self) -> float:
        """What must be left of a lease before an attempt may begin."""
        return self.send + self.margin


@attrs.frozen
class RedeemingTimes:
    """Durations of the work on redemption jobs, in seconds."""

    lease: float = 60.0
    """How long the claim of a job holds."""
    heartbeat: float = 10.0
    """How often a worker renews its claim, and looks whether its job was stopped elsewhere."""
    poll: float = 2.0
    """Pause between two looks for jobs."""
    halted: float = 600.0
    """Pause of a job after the game refused us altogether."""
    drain: float = 10.0
    """How long a stopping process waits for answers that are on their way."""

    def scaled(self, factor: float) -> RedeemingTimes:
        """All durations multiplied by `factor`."""
        return RedeemingTimes(**{name: getattr(self, name) * factor for name in attrs.fields_dict(RedeemingTimes)})

    @property
    def lease_span(self) -> timedelta:
        """`lease` as a span of wall-clock time."""
        return timedelta(seconds=self.lease)
