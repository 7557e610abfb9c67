"""What admins know better: a join's inviter, recorded by hand; and all joins as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import attrs
import structlog

from giftbot.errors import UserError
from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.models.invite_board import Period
from giftbot.models.join import Join, Kind, Left, Level, Method, Source
from giftbot.services.invites.leaderboard import account_made_at, joins_since
from giftbot.services.invites.memberships import kind_of
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore
from giftbot.services.roster_lines import csv_of
from giftbot.text import invites as texts

_log = structlog.get_logger(__name__)

MOST_BYTES = 9_000_000
"""Of an export: Discord takes files of ten million."""
EXPORT_COLUMNS = (
    "member_id",
    "member",
    "joined_at",
    "left_at",
    "left",
    "source",
    "code",
    "inviter_id",
    "inviter",
    "made_by_id",
    "level",
    "method",
    "reason",
    "kind",
    "account_made_at",
    "candidates",
    "disagreement",
    "recorded_by_id",
)
_ATTEMPTS = 5


@attrs.frozen
class Statement:
    """What an admin says of somebody's join."""

    user_id: UserId
    user_name: str
    joined_at: datetime | None
    """As Discord shows it; None for somebody who is not there."""
    owner_id: UserId
    owner_name: str
    code: InviteCode | None
    by: UserId
    """The admin."""


@attrs.frozen
class Recorded:
    """A join as it is recorded, and as it was before."""

    join: Join
    before: Join | None
    """None when it had not been seen."""
    code_owner: UserId | None = None
    """Somebody else whom the invite belongs to, as far as is known."""


class JoinRecords:
    """Records by hand. What was known before is kept in the join's evidence."""

    def __init__(
        self,
        *,
        store: InviteStore,
        clock: Clock,
        changed: Callable[[GuildId, Iterable[Join]], None] = lambda _guild_id, _joins: None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """Take whom to tell of joins that changed, such as the copies, and how large an export may be."""
        self._store = store
        self._clock = clock
        self._changed = changed
        self._most_bytes = most_bytes

    async def record(self, guild_id: GuildId, statement: Statement) -> Recorded:
        """Let the newest membership of a member count for that inviter.

        Raises `UserError` when there is nothing to record, or when it is just being decided.
        """
        waiting = await self._store.list_events(guild_id)
        if any(event.user_id == statement.user_id for event in waiting):
            raise UserError(texts.RECORD_PENDING)
        for _ in range(_ATTEMPTS):
            done = await self._record(guild_id, statement)
            if done is not None:
                self._changed(guild_id, (done.join,))
                _log.info(
                    "join recorded by hand",
                    guild=guild_id,
                    user=statement.user_id,
                    owner=statement.owner_id,
                    code=statement.code,
                    by=statement.by,
                    level_before=None if done.before is None else int(done.before.level),
                    owner_before=None if done.before is None else done.before.owner_id,
                )
                return attrs.evolve(done, code_owner=await self._other_owner(done.join))
        raise UserError(texts.RECORD_CHANGED)

    async def export(self, guild_id: GuildId, period: Period = Period.ALL) -> tuple[str, int]:
        """All joins of a period as CSV, and how many. Raises `UserError` when it is empty or too large."""
        parts, size, count = [csv_of([EXPORT_COLUMNS])], 0, 0
        async for joins in joins_since(self._store, guild_id, period.since(self._clock.now())):
            part = csv_of(map(_row, joins))
            parts.append(part)
            count += len(joins)
            size += len(part.encode())
            if size > self._most_bytes:
                raise UserError(texts.EXPORT_TOO_LARGE)
        if not count:
            raise UserError(texts.NOTHING_TO_EXPORT)
        return "".join(parts), count

    async def _other_owner(self, join: Join) -> UserId | None:
        """Whom the recorded invite belonged to at that moment, if it is not the recorded inviter."""
        if join.code is None:
            return None
        links = [link for link in await self._store.list_links(join.guild_id) if link.code == join.code]
        owner = next((link.staff_id for link in links if link.is_valid_at(join.joined_at)), None)
        ledger = await self._store.get_ledger(join.guild_id)
        if owner is None and ledger is not None and join.code in ledger.invites and not links:
            owner = ledger.invites[join.code].inviter_id
        return owner if owner != join.owner_id else None

    async def _record(self, guild_id: GuildId, statement: Statement) -> Recorded | None:
        """Try once; None when somebody else wrote meanwhile."""
        last = await self._store.list_joins(guild_id, user_id=statement.user_id, limit=2)
        before = last[0] if last else None
        if before is not None and (before.source is Source.BOT or before.kind is Kind.BOT):
            raise UserError(texts.RECORD_BOT)
        is_seen = before is not None and (
            statement.joined_at is None or statement.joined_at - before.joined_at <= timedelta(seconds=1)
        )
        if is_seen and before is not None:
            join = self._stated(before, before, statement, last[1] if len(last) > 1 else None)
            return Recorded(join, before) if await self._store.save_join(join, before=before) else None
        if statement.joined_at is None:
            raise UserError(texts.RECORD_NOT_THERE)
        moment = statement.joined_at.astimezone(UTC)
        fresh = Join(guild_id, statement.user_id, moment.replace(microsecond=moment.microsecond // 1000 * 1000))
        if before is not None:
            fresh = attrs.evolve(fresh, previous=before.join_id)
            if before.is_open:
                moment = fresh.joined_at
                ended = attrs.evolve(before, left_at=moment, left=Left.UNSEEN, updated_at=self._clock.now())
                if not await self._store.save_join(ended, before=before):
                    return None
                self._changed(guild_id, (ended,))
        join = self._stated(fresh, None, statement, before)
        return Recorded(join, None) if await self._store.insert_joins([join]) else None

    def _stated(self, join: Join, before: Join | None, statement: Statement, previous: Join | None) -> Join:
        now = self._clock.now()
        evidence = texts.record_evidence(
            statement.by, f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC", texts.evidence_before(before)
        )
        code = statement.code
        if code is None and before is not None and before.owner_id == statement.owner_id:
            code = before.code
        join = attrs.evolve(
            join,
            user_name=statement.user_name,
            source=Source.INVITE,
            level=Level.CONFIRMED,
            method=Method.MANUAL,
            reason=None,
            code=code,
            owner_id=statement.owner_id,
            owner_name=statement.owner_name,
            inviter_id=join.inviter_id if before is not None and before.code == code else None,
            candidates=(),
            evidence=(evidence, *join.evidence),
            decided_by=statement.by,
            has_disagreement=False,
            updated_at=now,
        )
        return attrs.evolve(join, kind=kind_of(join, previous))


def _row(join: Join) -> tuple[str | int | None, ...]:
    return (
        join.user_id,
        join.user_name,
        _moment(join.joined_at),
        _moment(join.left_at),
        join.left.value if join.left else None,
        join.source.value,
        join.code,
        join.owner_id,
        join.owner_name,
        join.inviter_id,
        int(join.level),
        join.method.value,
        join.reason.value if join.reason else None,
        join.kind.value,
        _moment(account_made_at(join.user_id)),
        "; ".join(
            f"{one.weight:.3f} {one.code or 'other'} {one.owner_id or ''}".strip() for one in join.candidates
        ),
        "yes" if join.has_disagreement else None,
        join.decided_by,
    )


def _moment(value: datetime | None) -> str | None:
    return None if value is None else f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
