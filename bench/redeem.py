"""Figures 9 to 13: redemption."""

from __future__ import annotations

from bench import redeem_job, redeem_lookups, redeem_pace, redeem_rosters, redeem_speed
from bench.figures import Figure
from bench.session import Session


async def measure(session: Session) -> list[Figure]:
    """All figures of redemption."""
    figures = []
    for part in (redeem_lookups, redeem_rosters, redeem_speed, redeem_pace, redeem_job):
        figures += await part.measure(session)
    return figures
