"""Credit for members who gained the VIP role: compared with the ledger, so that being away loses nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs
import structlog

from giftbot.errors import InvalidInputError, StoreError
from giftbot.models.credit import Credit, CreditKind, CreditState, credit_id
from giftbot.models.ids import GuildId, UserId
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.join import Join, Level
from giftbot.models.staff import StaffLink
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.invites.claims import claim_of, first_touches, is_awaited, is_new, membership_of
from giftbot.services.invites.ports import InviteDirectory, MemberSeen
from giftbot.services.invites.reviews import Reviews
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore
from giftbot.text import vip as texts

_log = structlog.get_logger(__name__)
ALL = 1_000_000_000
"""Rows; more than any server has."""
PATIENCE = timedelta(minutes=15)
"""How long a credit waits for its join to be decided, before somebody is asked."""
_TRIES = 5


@attrs.frozen
class Synced:
    """What comparing a server's VIPs with the ledger did."""

    holders: int = 0
    """Members with the role, without bots."""
    credited: tuple[Credit, ...] = ()
    pending: tuple[Credit, ...] = ()
    waiting: int = 0
    """Members whose join is not decided yet."""


class Credits:
    """Opens credits by itself, and changes them at an admin's word."""

    def __init__(
        self,
        *,
        store: InviteStore,
        directory: InviteDirectory,
        choices: InviteChoices,
        reviews: Reviews,
        clock: Clock,
    ) -> None:
        self._store = store
        self._directory = directory
        self._choices = choices
        self._reviews = reviews
        self._clock = clock
        self._waiting: dict[tuple[GuildId, UserId], tuple[MemberSeen, datetime]] = {}

    async def gained(self, guild_id: GuildId, members: Sequence[MemberSeen]) -> Synced:
        """Credit those of these members who have the VIP role and are not in the ledger.

        Safe to repeat: one credit for each membership. Whose join is not decided yet waits for that.
        """
        role_id = (await self._choices.get(guild_id)).vip_role_id
        if role_id is None:
            return Synced()
        holders = [member for member in members if role_id in member.role_ids and not member.is_bot]
        if not holders:
            return Synced()
        rows = await self._rows(guild_id, [member.user_id for member in holders])
        count = len(holders)
        holders = [member for member in holders if not _has_credit(rows.get(member.user_id, ()))]
        if not holders:
            return Synced(count)
        ledger = await self._store.get_ledger(guild_id)  # before the joins: what is decided meanwhile is among them
        last = await self._store.last_joins(guild_id, [member.user_id for member in holders])
        links = await self._store.list_links(guild_id)
        joins = {
            member.user_id: join
            for member in holders
            if (join := membership_of(member, last.get(member.user_id))) is not None
        }
        first = await first_touches(self._store, list(joins.values()))
        opened: list[Credit] = []
        waiting = 0
        for member in holders:
            join = joins.get(member.user_id)
            of_member = rows.get(member.user_id, [])
            if not is_new(member, join, of_member):
                continue
            if join is None and self._must_wait(guild_id, member, ledger):
                waiting += 1
                continue
            touch = first[join.join_id] if join is not None else None
            credit = self._credit(guild_id, member, (touch, join), links, again=bool(of_member))
            if credit is not None and await self._store.open_credit(credit):
                opened.append(credit)
        pending = tuple(credit for credit in opened if credit.state is CreditState.PENDING)
        credited = tuple(credit for credit in opened if credit.state is CreditState.CREDITED)
        for credit in credited:
            _log.info("credited", guild=guild_id, member=credit.user_id, staff=credit.staff_id)
        if opened:
            self._reviews.changed(guild_id)
        await self._reviews.show(guild_id, pending)
        return Synced(count, credited, pending, waiting)

    async def sync(self, guild_id: GuildId) -> Synced:
        """Credit everybody who has the VIP role now and is not in the ledger. Raises `InviteLookError`."""
        if (await self._choices.get(guild_id)).vip_role_id is None:
            return Synced()
        return await self.gained(guild_id, await self._directory.members(guild_id))

    async def on_decided(self, batch: InviteBatch) -> None:
        """Credit those who waited for their join to be decided. After a `StoreError` they wait still."""
        keys = {(batch.guild_id, join.user_id) for join in batch.joins} & self._waiting.keys()
        if not keys:
            return
        waiting = {key: self._waiting.pop(key) for key in sorted(keys)}
        try:
            await self.gained(batch.guild_id, [member for member, _ in waiting.values()])
        except BaseException:
            self._waiting = waiting | self._waiting
            raise

    async def stop_waiting(self) -> None:
        """Ask somebody about those whose join was not decided in all that time."""
        late = [key for key, (_, since) in self._waiting.items() if self._clock.now() - since >= PATIENCE]
        for key in late:
            member, _ = self._waiting[key]
            await self.gained(key[0], [member])
            self._waiting.pop(key, None)

    async def credit(
        self, guild_id: GuildId, member: MemberSeen, staff_id: UserId, staff_name: str, *, by: UserId
    ) -> Credit:
        """Credit a member to somebody by hand.

        Raises `InvalidInputError` when that makes no sense, or it is credited already.
        """
        if member.is_bot or member.user_id == staff_id:
            raise InvalidInputError(texts.NOT_FOR_THEMSELVES if not member.is_bot else texts.NOT_FOR_BOTS)
        for _ in range(_TRIES):
            rows = (await self._rows(guild_id, [member.user_id])).get(member.user_id, [])
            credited = next((row for row in rows if row.state is CreditState.CREDITED), None)
            if credited is not None:
                raise InvalidInputError(texts.credited_already(credited))
            now = self._clock.now()
            last = (await self._store.last_joins(guild_id, [member.user_id])).get(member.user_id)
            join = membership_of(member, last)
            row = next((row for row in rows if not is_new(member, join, [row])), None)
            changed = attrs.evolve(row or self._blank(guild_id, member, join), staff_name=staff_name).changed(
                CreditState.CREDITED, now, staff_id=staff_id, by=by, note=texts.NOTE_BY_HAND
            )
            if await (self._store.open_credit(changed) if row is None else self._store.save_credit(changed)):
                self._reviews.changed(guild_id)
                return changed
        raise StoreError(texts.BEING_CHANGED)

    async def revoke(self, guild_id: GuildId, user_id: UserId, *, by: UserId) -> Credit:
        """Take a member's credit back; its history stays. Raises `InvalidInputError` when there is none."""
        for _ in range(_TRIES):
            rows = (await self._rows(guild_id, [user_id])).get(user_id, [])
            row = next((row for row in rows if row.state is CreditState.CREDITED), None)
            if row is None:
                raise InvalidInputError(texts.not_credited(user_id))
            changed = row.changed(
                CreditState.REVERSED, self._clock.now(), staff_id=row.staff_id, by=by, note=texts.NOTE_REVOKED
            )
            if await self._store.save_credit(changed):
                self._reviews.changed(guild_id)
                return changed
        raise StoreError(texts.BEING_CHANGED)

    async def _rows(self, guild_id: GuildId, ids: Sequence[UserId]) -> Mapping[UserId, list[Credit]]:
        if len(ids) == 1:
            found = await self._store.list_credits(guild_id, user_id=ids[0], limit=ALL)
        else:
            found = await self._store.list_credits(guild_id, limit=ALL)
        rows: dict[UserId, list[Credit]] = {}
        for row in found:
            if row.kind is CreditKind.VIP:
                rows.setdefault(row.user_id, []).append(row)
        return rows

    def _must_wait(self, guild_id: GuildId, member: MemberSeen, ledger: Ledger | None) -> bool:
        """Whether the join of that member is still to be decided; remembered, then."""
        now = self._clock.now()
        if not is_awaited(member, ledger, now):
            return False
        _, since = self._waiting.setdefault((guild_id, member.user_id), (member, now))
        return now - since < PATIENCE

    def _blank(self, guild_id: GuildId, member: MemberSeen, join: Join | None) -> Credit:
        now = self._clock.now()
        return Credit(
            credit_id=credit_id(guild_id, member.user_id, CreditKind.VIP, join.join_id if join else None),
            guild_id=guild_id,
            user_id=member.user_id,
            kind=CreditKind.VIP,
            state=CreditState.PENDING,
            created_at=now,
            updated_at=now,
            join_id=join.join_id if join is not None else None,
            user_name=member.user_name,
            code=join.code if join is not None else None,
            level=join.level if join is not None else Level.UNKNOWN,
        )

    def _credit(
        self,
        guild_id: GuildId,
        member: MemberSeen,
        joins: tuple[Join | None, Join | None],
        links: Sequence[StaffLink],
        *,
        again: bool,
    ) -> Credit | None:
        """A new credit: settled where the join is certain; None where nobody can have it.

        After one that an admin took back or refused, an admin is asked (`again`).
        """
        claim = claim_of(*joins, links)
        if claim.is_excluded:
            return None
        is_settled = claim.is_settled and not again
        credit = attrs.evolve(
            self._blank(guild_id, member, joins[1]),
            staff_name=claim.staff_name,
            code=claim.code,
            level=claim.level,
            candidates=claim.candidates,
        )
        return credit.changed(
            CreditState.CREDITED if is_settled else CreditState.PENDING,
            credit.created_at,
            staff_id=claim.staff_id,
            by=None,
            note=texts.NOTE_JOIN if is_settled else texts.NOTE_AGAIN if again else texts.NOTE_UNCERTAIN,
        )


def _has_credit(rows: Iterable[Credit]) -> bool:
    """Whether somebody's achievement is credited, or waits for a decision."""
    return any(row.state in {CreditState.CREDITED, CreditState.PENDING} for row in rows)
