"""How long things may take in attribution: one frozen value, so that a test can run it faster."""

from __future__ import annotations

import attrs


@attrs.frozen
class InviteTimes:
    """Durations of attribution, in seconds."""

    grace: float = 0.3
    """After an answer: joins that it counts are told within this."""
    role_wait: float = 3.0
    """Within this the roles that an invite gives are on the member."""
    retry: float = 5.0
    """Pause before a look that failed is repeated; doubled up to `retry_limit`."""
    retry_limit: float = 60.0
    give_up: float = 600.0
    """Who waits for a look for so long is decided without one."""
    raid_pause: float = 2.0
    """Between two looks while many wait."""
    chain: float = 10.0
    """Looks that cannot be told apart are put together after this."""
    idle: float = 30.0
    """A server of which nothing is heard for so long is put out of memory."""
    refresh: float = 1800.0
    """Between two looks at a server in which something can have changed."""
    before_expiry: float = 2.0
    """How long before an invite's end its uses are looked at once more."""

    def scaled(self, factor: float) -> InviteTimes:
        """All durations multiplied by `factor`."""
        return InviteTimes(**{name: getattr(self, name) * factor for name in attrs.fields_dict(InviteTimes)})
