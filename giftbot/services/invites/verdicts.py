"""From what is possible to a row: level, source, owner, candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs

from giftbot.models.ids import InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage, Invite
from giftbot.models.join import Candidate, Join, Kind, Left, Level, Method, Reason, Source
from giftbot.models.staff import StaffLink
from giftbot.services.invites import memberships, sources
from giftbot.services.invites.evidence import Arrival, Circumstances
from giftbot.services.invites.owners import Owners
from giftbot.services.invites.stretches import Ways
from giftbot.text import attribution as texts


def givers(invites: Iterable[Invite]) -> dict[RoleId, int]:
    """How many invites give each role."""
    return Counter(role for invite in invites for role in invite.role_ids)


@attrs.frozen
class Scene:
    """What all joins of a batch have in common."""

    circumstances: Circumstances
    owners: Owners
    number: int
    now: datetime
    coverage: Coverage
    before: Mapping[InviteCode, Invite]
    after: Mapping[InviteCode, Invite]
    """The invites at the end, also those that are gone."""
    givers: Mapping[RoleId, int] = attrs.Factory(dict)
    """How many of them give each role."""
    vanity_code: str | None = None
    vanity_unknown: bool = False
    """Whether the server has an address whose uses nobody could compare."""
    evidence: tuple[str, ...] = ()
    _found: dict[tuple[Ways, int, int], tuple[Candidate, ...]] = attrs.field(
        factory=dict, init=False, eq=False, repr=False
    )
    """Candidates of members who are alike; shares by their identity, which lasts as long as the batch."""

    def row(self, arrival: Arrival, method: Method = Method.NONE, evidence: tuple[str, ...] = ()) -> Join:
        """A row about which nothing is known."""
        event = arrival.event
        if event.user_id is None:
            raise ValueError(f"event {event.event_id} is about nobody")
        return Join(
            guild_id=event.guild_id,
            user_id=event.user_id,
            joined_at=memberships.moment_of(event),
            user_name=event.user_name,
            method=method,
            evidence=evidence,
            batch=self.number,
            previous=arrival.previous.join_id if arrival.previous is not None else None,
            updated_at=self.now,
        )

    def finished(self, join: Join, arrival: Arrival) -> Join:
        """That row with its kind, and closed if the person is gone."""
        kind = memberships.kind_of(join, arrival.previous, is_bot=arrival.event.is_bot)
        if kind is not join.kind:
            join = attrs.evolve(join, kind=kind)
        if arrival.left is None:
            return join
        if arrival.left.kind is arrival.event.kind:
            moment = memberships.moment_of(arrival.left)
            return attrs.evolve(join, left_at=moment, left=Left.UNSEEN)
        roles = (*arrival.event.role_ids, *arrival.left.role_ids)
        return attrs.evolve(memberships.closed(join, arrival.left.received_at, roles), updated_at=self.now)

    def bot(self, arrival: Arrival) -> Join:
        """A bot that was added."""
        row = self.row(arrival)
        adder = self.circumstances.adders.get(row.user_id)
        known = adder is not None
        join = attrs.evolve(
            row,
            source=Source.BOT,
            level=Level.CONFIRMED if known else Level.INFERRED,
            method=Method.AUDIT_LOG if known else Method.NONE,
            owner_id=adder,
            evidence=(texts.ADDED_BY_AUDIT_LOG if known else texts.BOT_WITHOUT_ADDER,),
        )
        return attrs.evolve(self.finished(join, arrival), kind=Kind.BOT)

    def marked(self, arrival: Arrival, link: StaffLink, invite: Invite | None) -> Join:
        """A member with the marker role of a staff link."""
        join = attrs.evolve(
            self.row(arrival),
            source=Source.INVITE,
            level=Level.CONFIRMED,
            method=Method.MARKER,
            code=link.code,
            owner_id=link.staff_id,
            owner_name=link.staff_name,
            inviter_id=invite.inviter_id if invite is not None else None,
            is_temporary=invite is not None and invite.is_temporary,
            marker_role_id=link.marker_role_id,
            evidence=(texts.marked(link.code),),
        )
        return self.finished(join, arrival)

    def unknown(self, arrival: Arrival, reason: Reason, evidence: tuple[str, ...] = ()) -> Join:
        """Somebody about whom nothing can be found out by counting."""
        row = attrs.evolve(self.row(arrival), reason=reason, evidence=evidence)
        return self.finished(row, arrival)

    def counted(
        self,
        arrival: Arrival,
        ways: Ways,
        cap: Level,
        *,
        codes_of: Mapping[str, Sequence[InviteCode]],
        shares: Mapping[str | None, float],
        evidence: tuple[str, ...],
    ) -> Join:
        """Somebody who can have come by these ways."""
        method = Method.CATCH_UP if self.circumstances.catch_up else Method.COUNTED
        late = any(way is not None and way.startswith(sources.UNCLAIMED) for way in ways)
        seen = (*self.evidence, *evidence, *((texts.LATE,) if late else ()))
        row = self.row(arrival, method, seen)
        codes = sorted({code for way in ways if way is not None for code in codes_of[way]})
        if late or (self.circumstances.has_gate and not self._is_stamped_by_one(arrival, ways, codes)):
            cap = min(cap, Level.CANDIDATES)
        if ways == frozenset({None}):
            return self.finished(self._by_nothing(row), arrival)
        is_one = None not in ways and sources.VANITY not in ways and cap >= Level.OWNER
        if ways == frozenset({sources.VANITY}):
            row = self._by_vanity(row, cap)
        elif is_one and len(codes) == 1:
            row = self._by_code(row, arrival, codes[0], cap)
        elif is_one and self._one_owner(codes, row.joined_at) is not None:
            row = self._by_owner(row, codes, codes_of, shares, cap)
        else:
            row = attrs.evolve(
                row,
                level=min(cap, Level.CANDIDATES),
                reason=Reason.AMBIGUOUS,
                candidates=self._candidates(ways, codes_of, shares, row.joined_at),
            )
        return self.finished(row, arrival)

    def _by_nothing(self, row: Join) -> Join:
        if self.coverage is Coverage.BARE:
            return attrs.evolve(row, method=Method.NONE, reason=Reason.NO_PERMISSION)
        source, reason, sentence = Source.OTHER, Reason.NOT_COUNTED, texts.NO_COUNTER
        if self.circumstances.catch_up:
            source, reason = Source.UNKNOWN, Reason.OFFLINE_GAP
        elif self.coverage is Coverage.CHANNELS:
            source, sentence = Source.UNKNOWN, texts.PARTIAL
        elif self.vanity_unknown:
            source, sentence = Source.UNKNOWN, texts.ADDRESS_UNKNOWN
        return attrs.evolve(
            row, level=Level.INFERRED, source=source, reason=reason, evidence=(*row.evidence, sentence)
        )

    def _by_vanity(self, row: Join, cap: Level) -> Join:
        code = self.vanity_code
        link = self.owners.link(code, row.joined_at) if code is not None else None
        return attrs.evolve(
            row,
            level=min(cap, Level.COUNTED),
            source=Source.VANITY,
            code=InviteCode(code) if code is not None else None,
            owner_id=link.staff_id if link is not None else None,
            owner_name=link.staff_name if link is not None else None,
        )

    def _by_code(self, row: Join, arrival: Arrival, code: InviteCode, cap: Level) -> Join:
        invite = self._invite(code)
        level = min(cap, Level.COUNTED)
        evidence = row.evidence
        if level is Level.COUNTED and self._is_stamped(arrival, invite):
            level, evidence = Level.CONFIRMED, (*evidence, texts.ROLE_GIVEN)
        owner_id = self.owners.of(code, invite.inviter_id, row.joined_at)
        before = self.before.get(code)
        is_widget = invite.inviter_id is None and owner_id is None
        return attrs.evolve(
            row,
            level=level,
            source=Source.WIDGET if is_widget else Source.INVITE,
            code=code,
            owner_id=owner_id,
            owner_name=self._owner_name(code, invite, row.joined_at),
            inviter_id=invite.inviter_id,
            is_temporary=invite.is_temporary,
            uses_before=before.uses if before is not None else 0,
            uses_after=invite.uses,
            evidence=evidence,
        )

    def _is_stamped_by_one(self, arrival: Arrival, ways: Ways, codes: Sequence[InviteCode]) -> bool:
        return None not in ways and len(codes) == 1 and self._is_stamped(arrival, self._invite(codes[0]))

    def _is_stamped(self, arrival: Arrival, invite: Invite) -> bool:
        roles = arrival.event.role_ids
        return any(role in roles and self.givers.get(role, 0) <= 1 for role in invite.role_ids)

    def _by_owner(
        self,
        row: Join,
        codes: Sequence[InviteCode],
        codes_of: Mapping[str, Sequence[InviteCode]],
        shares: Mapping[str | None, float],
        cap: Level,
    ) -> Join:
        first = self._invite(codes[0])
        inviters = {self._invite(code).inviter_id for code in codes}
        return attrs.evolve(
            row,
            level=min(cap, Level.OWNER),
            source=Source.INVITE,
            owner_id=self._one_owner(codes, row.joined_at),
            owner_name=self._owner_name(codes[0], first, row.joined_at),
            inviter_id=first.inviter_id if len(inviters) == 1 else None,
            is_temporary=all(self._invite(code).is_temporary for code in codes),
            candidates=self._candidates(frozenset(shares), codes_of, shares, row.joined_at),
        )

    def _one_owner(self, codes: Sequence[InviteCode], moment: datetime) -> UserId | None:
        found = {self.owners.of(code, self._invite(code).inviter_id, moment) for code in codes}
        return next(iter(found)) if len(found) == 1 else None

    def _owner_name(self, code: InviteCode, invite: Invite, moment: datetime) -> str | None:
        link = self.owners.link(code, moment)
        if link is not None:
            return link.staff_name
        return None if self.owners.of(code, invite.inviter_id, moment) is None else invite.inviter_name

    def _invite(self, code: InviteCode) -> Invite:
        return self.after.get(code) or self.before.get(code) or Invite(code, 0)

    def _candidates(
        self,
        ways: Ways,
        codes_of: Mapping[str, Sequence[InviteCode]],
        shares: Mapping[str | None, float],
        moment: datetime,
    ) -> tuple[Candidate, ...]:
        key = (ways, id(shares), self.owners.period(moment))
        if key not in self._found:
            self._found[key] = self._weighed(ways, codes_of, shares, moment)
        return self._found[key]

    def _weighed(
        self,
        ways: Ways,
        codes_of: Mapping[str, Sequence[InviteCode]],
        shares: Mapping[str | None, float],
        moment: datetime,
    ) -> tuple[Candidate, ...]:
        weights: dict[InviteCode | None, float] = {}
        for way in ways:
            codes: Sequence[InviteCode | None] = self._codes_of(way, codes_of)
            for code in codes:
                weights[code] = weights.get(code, 0.0) + shares.get(way, 0.0) / len(codes)
        found = [
            Candidate(code, self._owner_of(code, moment), round(weight, 6)) for code, weight in weights.items()
        ]
        return tuple(sorted(found, key=lambda one: (-one.weight, one.code or "")))

    def _codes_of(
        self, way: str | None, codes_of: Mapping[str, Sequence[InviteCode]]
    ) -> Sequence[InviteCode | None]:
        if way is None:
            return (None,)
        if way == sources.VANITY:
            return (InviteCode(self.vanity_code) if self.vanity_code is not None else None,)
        return codes_of[way]

    def _owner_of(self, code: InviteCode | None, moment: datetime) -> UserId | None:
        return None if code is None else self.owners.of(code, self._invite(code).inviter_id, moment)
