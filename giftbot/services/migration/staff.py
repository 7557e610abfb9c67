"""Staff links and VIP credits of earlier bots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import attrs

from giftbot.models.credit import Credit, CreditChange, CreditKind, CreditState, credit_id
from giftbot.models.ids import CreditId, GuildId, RoleId
from giftbot.models.legacy import Skip, StaffCode, VipRequest, VipRole
from giftbot.models.migration import ANOTHER_REQUEST
from giftbot.models.staff import StaffLink
from giftbot.services.migration.homes import NO_HOME, Homes
from giftbot.services.ports import Clock, Store

TAKEN = "the invite counts for another staff member"
NO_LINK = "no link of this staff member is known"
TAKEN_OVER = "taken over from an earlier bot"
_UNDATED = ", without a date"
_KEPT = 200
"""Characters of each of a request's notes that stay."""
_ALL = 1000
"""Credits of one member, at most."""
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)
"""When Discord began: a link of which nobody knows since when it counts."""
_STATES = {
    "completed": CreditState.CREDITED,
    "denied": CreditState.REJECTED,
    "cancelled": CreditState.REJECTED,
}
_ORDER = (CreditState.CREDITED, CreditState.REJECTED, CreditState.PENDING)


class Staff:
    """Stores links and credits. What is known here already counts more."""

    def __init__(self, *, store: Store, clock: Clock, homes: Homes) -> None:
        self._store = store
        self._clock = clock
        self._homes = homes

    async def take_links(self, codes: Sequence[StaffCode]) -> tuple[int, list[Skip]]:
        """Store links, and what else is known of staff members with their links."""
        changed, skips = 0, []
        for code in sorted(codes, key=lambda one: one.code is None):
            if code.code is None:
                written = await self._describe(code)
                if written is None:
                    skips.append(Skip(f"staff member {code.staff_id}", NO_LINK, code.staff_name or ""))
                changed += written or 0
                continue
            guild_id = code.guild_id or await self._homes.of(code.code)
            if guild_id is None:
                skips.append(Skip(f"staff member {code.staff_id}", NO_HOME, code.code))
                continue
            written = await self._link(guild_id, code)
            if written is None:
                skips.append(Skip(f"staff member {code.staff_id}", TAKEN, code.code))
            changed += bool(written)
        if changed:
            self._homes.forget()
        return changed, skips

    async def _link(self, guild_id: GuildId, code: StaffCode) -> bool | None:
        """Store a link; whether that changed anything, None when the invite is somebody else's."""
        known = [link for link in await self._store.list_links(guild_id) if link.code == code.code]
        mine = [link for link in known if link.staff_id == code.staff_id]
        if mine:
            return await self._add(mine[-1], code)
        if known or code.code is None:
            return None
        link = StaffLink(
            guild_id,
            code.code,
            code.staff_id,
            valid_from=code.since or LONG_AGO,
            staff_name=code.staff_name,
            notes=dict(code.notes),
            updated_at=self._clock.now(),
        )
        return await self._store.save_link(link)

    async def _describe(self, code: StaffCode) -> int | None:
        links = await self._store.list_links(staff_id=code.staff_id)
        return sum([await self._add(link, code) for link in links]) if links else None

    async def _add(self, link: StaffLink, code: StaffCode) -> bool:
        """Add what was kept of a staff member to a link of theirs, where that says nothing yet."""
        added = attrs.evolve(
            link, staff_name=link.staff_name or code.staff_name, notes={**dict(code.notes), **link.notes}
        )
        return added != link and await self._store.save_link(attrs.evolve(added, updated_at=self._clock.now()))

    async def take_requests(self, requests: Sequence[VipRequest]) -> tuple[int, list[Skip]]:
        """Store one credit for each member, however many requests there were; the others of a member are skips."""
        rows: dict[CreditId, Credit] = {}
        skips: list[Skip] = []
        for request in requests:
            guild_id = request.guild_id or await self._homes.of(request.code)
            if guild_id is None:
                skips.append(Skip(f"VIP request of member {request.user_id}", NO_HOME, request.code or ""))
                continue
            credit = await self._credit(guild_id, request)
            best, other = _sorted(rows.get(credit.credit_id), credit)
            rows[credit.credit_id] = best
            skips += _another(other)
        changed = 0
        for credit in rows.values():
            written, other = await self._store_credit(credit)
            changed += written
            skips += _another(other)
        return changed, skips

    async def _credit(self, guild_id: GuildId, request: VipRequest) -> Credit:
        join = (await self._store.last_joins(guild_id, [request.user_id])).get(request.user_id)
        state = _STATES.get(request.status, CreditState.PENDING)
        if state is CreditState.CREDITED and request.staff_id is None:
            state = CreditState.PENDING
        at = request.at or self._clock.now()
        dated = "" if request.at is not None else _UNDATED
        notes = [
            *[f"{TAKEN_OVER}: {_short(name)}: {_short(value)}" for name, value in request.notes.items() if value],
            f"{TAKEN_OVER}: {request.kind or 'request'}, {request.status}{dated}",
        ]
        return Credit(
            credit_id(guild_id, request.user_id, CreditKind.VIP, join.join_id if join is not None else None),
            guild_id,
            request.user_id,
            CreditKind.VIP,
            state,
            at,
            at,
            join_id=join.join_id if join is not None else None,
            user_name=request.user_name,
            staff_id=request.staff_id,
            code=request.code,
            history=tuple(CreditChange(at, state, request.staff_id, None, note) for note in notes),
        )

    async def _store_credit(self, credit: Credit) -> tuple[bool, Credit | None]:
        """Open a credit, if the member has none of any membership: joins may be found later than requests.

        Whether that changed anything, and the request that gave way, if another one did.
        """
        there = await self._store.list_credits(credit.guild_id, user_id=credit.user_id, limit=_ALL)
        if not there:
            return await self._store.open_credit(credit), None
        stored = next((one for one in there if _is_taken_over(one)), None)
        if stored is None:
            return False, None
        same = attrs.evolve(credit, credit_id=stored.credit_id, join_id=stored.join_id, revision=stored.revision)
        better, other = _sorted(stored, same)
        return better != stored and await self._store.save_credit(better), other

    async def take_roles(self, roles: Sequence[VipRole]) -> tuple[int, list[Skip]]:
        """Let the VIP role be the one that was configured, where none was chosen here."""
        changed, skips = 0, []
        for role in roles:
            guild_id = await self._homes.of(None)
            if guild_id is None:
                skips.append(Skip(f"VIP role {role.role_id}", NO_HOME))
                continue
            settings = await self._store.get_invite_settings(guild_id)
            if settings.vip_role_id is None:
                chosen = attrs.evolve(settings, vip_role_id=RoleId(role.role_id), updated_at=self._clock.now())
                changed += await self._store.save_invite_settings(chosen)
        return changed, skips


def _is_taken_over(credit: Credit) -> bool:
    return bool(credit.history) and all(step.note.startswith(TAKEN_OVER) for step in credit.history)


def _short(text: str) -> str:
    return " ".join(text.split())[:_KEPT]


def _another(credit: Credit | None) -> list[Skip]:
    if credit is None:
        return []
    kept = "; ".join(step.note.removeprefix(f"{TAKEN_OVER}: ") for step in credit.history)
    where = f"VIP request of member {credit.user_id}, made {credit.created_at:%Y-%m-%d %H:%M:%S}"
    return [Skip(where, ANOTHER_REQUEST, kept)]


def _sorted(one: Credit | None, other: Credit) -> tuple[Credit, Credit | None]:
    """Of two requests of a member the one that came furthest, then the earliest; and the other, if it differs."""
    if one is None:
        return other, None
    first, second = sorted((one, other), key=_rank)
    return first, None if _is_same(first, second) else second


def _is_same(one: Credit, other: Credit) -> bool:
    """Whether it is one request, of which sources may tell at different times: by its moment, if that is known."""
    notes = one.history[-1].note, other.history[-1].note
    if not any(note.endswith(_UNDATED) for note in notes):
        return one.created_at == other.created_at
    return notes[0] == notes[1] and one.staff_id == other.staff_id


def _rank(credit: Credit) -> tuple[int, datetime, int, str, int, list[str]]:
    moment, staff = credit.created_at, credit.staff_id or 0
    notes = [step.note for step in credit.history]
    return _ORDER.index(credit.state), moment, staff, credit.user_name or "", -len(notes), notes
