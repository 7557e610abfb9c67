"""Whom invites count for, and what marker roles say."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from datetime import datetime

from giftbot.models.ids import UserId
from giftbot.models.invite_event import InviteEvent
from giftbot.models.staff import StaffLink


class Owners:
    """Whom an invite counts for."""

    def __init__(self, links: Sequence[StaffLink], bot_id: UserId) -> None:
        self._bot_id = bot_id
        self._links: dict[str, list[StaffLink]] = {}
        for link in links:
            self._links.setdefault(link.code, []).append(link)
        ends = {moment for link in links for moment in (link.valid_from, link.valid_to) if moment is not None}
        self._ends = sorted(ends)

    def period(self, moment: datetime) -> int:
        """A number that is the same for moments between which no link began or ended."""
        return bisect.bisect_right(self._ends, moment)

    def link(self, code: str, moment: datetime) -> StaffLink | None:
        """The staff link by which a join at that moment counts."""
        return next((link for link in self._links.get(code, ()) if link.is_valid_at(moment)), None)

    def of(self, code: str, inviter_id: UserId | None, moment: datetime) -> UserId | None:
        """The staff member, else the inviter; None for what the bot made for nobody."""
        link = self.link(code, moment)
        if link is not None:
            return link.staff_id
        return None if inviter_id == self._bot_id else inviter_id


def marker_of(event: InviteEvent, links: Iterable[StaffLink]) -> StaffLink | None:
    """The one valid staff link whose marker role the member has; None also when there are several."""
    if not event.role_ids:
        return None
    moment = event.joined_at or event.received_at
    found = [link for link in links if link.marker_role_id in event.role_ids and link.is_valid_at(moment)]
    return found[0] if len(found) == 1 else None
