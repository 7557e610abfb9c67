"""Figures 14 to 18: invites."""

from __future__ import annotations

from bench import invites_copies, invites_fresh, invites_joins, invites_memory, invites_raid
from bench.figures import Figure
from bench.session import Session


async def measure(session: Session) -> list[Figure]:
    """All figures of invites."""
    figures = []
    for part in (invites_joins, invites_raid, invites_fresh, invites_copies, invites_memory):
        figures += await part.measure(session)
    return figures
