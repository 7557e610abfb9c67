"""What the member search says of a join, beside what is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from giftbot.models.ids import InviteCode, UserId
from giftbot.models.invite import Invite
from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Join, Kind, Level, Method, Source
from giftbot.models.staff import StaffLink
from giftbot.services.invites.memberships import kind_of
from giftbot.services.invites.owners import Owners
from giftbot.services.invites.ports import MemberOrigin, Way
from giftbot.text import attribution as texts

SAME_MOMENT = timedelta(seconds=1)
"""Discord gives the moments of one join this far apart."""
_WITHOUT_INVITE = frozenset({Way.OAUTH, Way.INTEGRATION, Way.DISCOVERY, Way.HUB, Way.LOBBY})


class Origins:
    """Compares joins of one server with what the search says."""

    def __init__(self, ledger: Ledger | None, links: Sequence[StaffLink], bot_id: UserId, now: datetime) -> None:
        """Take `bot_id`, the bot's own: its invites count for whom they were made."""
        self._owners = Owners(links, bot_id)
        self._invites = _invites_of(ledger)
        self._now = now

    def audited(self, join: Join, origin: MemberOrigin, previous: Join | None) -> Join:
        """That join as it is from now on; the same when the search says nothing new.

        It is raised to level 5; where it was certain and the search contradicts it, that is noted and no more.
        """
        said = self._said(join, origin)
        if join.level >= Level.CONFIRMED or said is None:
            return join
        if join.level >= Level.OWNER and not _agrees(join, said):
            sentence = texts.search_contradicts(texts.searched(origin.way, origin.code))
            if join.has_disagreement and sentence in join.evidence:
                return join
            evidence = (*join.evidence, sentence)
            return attrs.evolve(join, has_disagreement=True, evidence=evidence, updated_at=self._now)
        raised = attrs.evolve(
            said,
            level=Level.CONFIRMED,
            method=Method.MEMBER_SEARCH,
            reason=None,
            candidates=(),
            evidence=(*join.evidence, texts.searched(origin.way, origin.code)),
            updated_at=self._now,
        )
        return attrs.evolve(raised, kind=kind_of(raised, previous, is_bot=join.kind is Kind.BOT))

    def _said(self, join: Join, origin: MemberOrigin) -> Join | None:
        """That join with the source, code and owner that the search says; None when it does not say which."""
        if join.source is Source.BOT or join.kind is Kind.BOT:
            if origin.way is not Way.OAUTH or (origin.inviter_id is None and join.owner_id is None):
                return None
            return attrs.evolve(join, source=Source.BOT, owner_id=join.owner_id or origin.inviter_id)
        if origin.way in _WITHOUT_INVITE:
            return attrs.evolve(
                join, source=Source.OTHER, code=None, owner_id=None, owner_name=None, inviter_id=None
            )
        if origin.way is Way.VANITY:
            return self._by_vanity(join, origin)
        if origin.way in {Way.INVITE, Way.APPROVAL} and origin.code is not None:
            return self._by_invite(join, origin, origin.code)
        return None

    def _by_vanity(self, join: Join, origin: MemberOrigin) -> Join:
        code = origin.code or (join.code if join.source is Source.VANITY else None)
        link = self._owners.link(code, join.joined_at) if code is not None else None
        return attrs.evolve(
            join,
            source=Source.VANITY,
            code=code,
            owner_id=link.staff_id if link is not None else None,
            owner_name=link.staff_name if link is not None else None,
            inviter_id=None,
        )

    def _by_invite(self, join: Join, origin: MemberOrigin, code: InviteCode) -> Join:
        invite = self._invites.get(code)
        inviter_id = origin.inviter_id
        if inviter_id is None:
            inviter_id = invite.inviter_id if invite is not None else None
        owner_id = self._owners.of(code, inviter_id, join.joined_at)
        if join.level >= Level.COUNTED and join.code == code and join.owner_id is not None:
            owner_id = join.owner_id
        return attrs.evolve(
            join,
            source=Source.WIDGET if inviter_id is None and owner_id is None else Source.INVITE,
            code=code,
            owner_id=owner_id,
            owner_name=self._name(join, code, owner_id),
            inviter_id=inviter_id,
            is_temporary=invite.is_temporary if invite is not None else join.is_temporary,
        )

    def _name(self, join: Join, code: InviteCode, owner_id: UserId | None) -> str | None:
        if owner_id is None or owner_id == join.owner_id:
            return join.owner_name if owner_id is not None else None
        link = self._owners.link(code, join.joined_at)
        if link is not None:
            return link.staff_name
        names = (one.inviter_name for one in self._invites.values() if one.inviter_id == owner_id)
        return next((name for name in names if name is not None), None)


def origin_of(join: Join, origins: Mapping[UserId, MemberOrigin]) -> MemberOrigin | None:
    """What the search says of that membership; None when it shows no such one."""
    origin = origins.get(join.user_id)
    if origin is None or abs(origin.joined_at - join.joined_at) > SAME_MOMENT:
        return None
    return origin


def _agrees(join: Join, said: Join) -> bool:
    """Whether what is known for certain is among what the search says."""
    if join.source is Source.VANITY or said.source is Source.VANITY:
        return join.source is said.source
    if join.level >= Level.COUNTED:
        return join.code == said.code
    return join.owner_id == said.owner_id


def _invites_of(ledger: Ledger | None) -> Mapping[InviteCode, Invite]:
    """Every invite that is known, also of those that are gone."""
    if ledger is None:
        return {}
    gone = {stone.invite.code: stone.invite for stone in ledger.tombstones}
    return {**gone, **ledger.invites}
