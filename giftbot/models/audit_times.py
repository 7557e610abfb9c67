"""How long things may take in auditing joins: one frozen value, so that a test can run it faster."""

from __future__ import annotations

import attrs


@attrs.frozen
class AuditTimes:
    """Durations of the audit of joins by the member search, in seconds."""

    delay: float = 45.0
    """From a decision to the search: new members are missing from the index for 20 s and more."""
    lag: float = 30.0
    """Who was decided less long ago is left for the next search."""
    pause: float = 60.0
    """Between two searches in one server; doubled for a member whom each new search does not find."""
    off: float = 3600.0
    """How long the search is left alone once it does not work; doubled each time, up to `off_limit`."""
    off_limit: float = 86_400.0
    turn: float = 1.0
    """Between two looks at what is due."""

    def scaled(self, factor: float) -> AuditTimes:
        """All durations multiplied by `factor`."""
        return AuditTimes(**{name: getattr(self, name) * factor for name in attrs.fields_dict(AuditTimes)})
