"""Invites and joins as earlier bots knew them."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from giftbot.models.ids import GuildId, JoinId
from giftbot.models.invite import Coverage
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.join import Join, Kind, Level, Method, Reason, Source
from giftbot.models.legacy import Baseline, Membership, Skip
from giftbot.services.migration.homes import NO_HOME, Homes
from giftbot.services.ports import Clock, Store

EVIDENCE = "An earlier bot recorded it; how it came to that is not known."
BY_HAND = "An earlier bot recorded it by hand."
LOGGED = "It is in that bot's log of joins."


class Joins:
    """Stores joins with what an earlier bot said of them, which is believed no more than a guess.

    The same join is in several of its files; moments are compared to the second.
    """

    def __init__(self, *, store: Store, clock: Clock, homes: Homes) -> None:
        self._store = store
        self._clock = clock
        self._homes = homes

    async def take_baselines(self, baselines: Sequence[Baseline]) -> int:
        """Let servers of whose invites nothing is known yet be compared with these; how many."""
        changed = 0
        for baseline in baselines:
            if baseline.taken_at is None or await self._store.get_ledger(baseline.guild_id) is not None:
                continue
            ledger = Ledger(
                baseline.guild_id,
                number=1,
                taken_at=baseline.taken_at,
                invites={invite.code: invite for invite in baseline.invites},
                coverage=Coverage.FULL,
                since=baseline.taken_at,
            )
            batch = InviteBatch(baseline.guild_id, 1, self._clock.now(), (), {}, None, ledger, ())
            changed += await self._store.commit_batch(batch)
        self._homes.forget()
        return changed

    async def take(self, memberships: Sequence[Membership]) -> tuple[int, list[Skip]]:
        """Store joins; how many rows changed, and those of which nobody knows the server."""
        rows: dict[JoinId, Join] = {}
        skips: list[Skip] = []
        for membership in memberships:
            guild_id = membership.guild_id or await self._homes.of(membership.code)
            if guild_id is None:
                moment = f"{membership.joined_at:%Y-%m-%d %H:%M:%S}"
                skips.append(Skip(f"member {membership.user_id}, joined {moment}", NO_HOME, membership.code or ""))
                continue
            row = self._row(guild_id, membership)
            rows[row.join_id] = _better(rows.get(row.join_id), row)
        inserted = await self._store.insert_joins(list(rows.values())) if rows else set()
        changed = len(inserted)
        there = await self._store.get_joins(rows.keys() - inserted) if rows.keys() - inserted else {}
        for join_id, stored in there.items():
            better = _better(stored, rows[join_id])
            if stored.method is Method.IMPORTED and better != stored:
                changed += await self._store.save_join(better, before=stored)
        return changed, skips

    def _row(self, guild_id: GuildId, membership: Membership) -> Join:
        is_known = membership.code is not None
        is_self = membership.owner_id is not None and membership.owner_id == membership.user_id
        return Join(
            guild_id,
            membership.user_id,
            membership.joined_at,
            user_name=membership.user_name,
            source=Source.INVITE if is_known else Source.UNKNOWN,
            level=Level.INFERRED if is_known else Level.UNKNOWN,
            method=Method.IMPORTED,
            reason=None if is_known else Reason.OFFLINE_GAP,
            code=membership.code,
            owner_id=membership.owner_id if is_known else None,
            owner_name=membership.owner_name if is_known else None,
            evidence=(BY_HAND if membership.is_manual else EVIDENCE, *([LOGGED] if membership.is_logged else [])),
            kind=Kind.SELF if is_self else Kind.FIRST,
            uses_before=membership.uses_before,
            uses_after=membership.uses_after,
            updated_at=membership.joined_at,
        )


def _better(one: Join | None, other: Join) -> Join:
    """Of two records of a join the one that says more, whatever the order; what else is known of it stays."""
    if one is None:
        return other
    best = min(one, other, key=_rank)
    names = [name for name in (one.user_name, other.user_name) if name is not None]
    return attrs.evolve(
        one,
        user_name=min(names, default=None),
        source=best.source,
        level=best.level,
        reason=best.reason,
        code=best.code,
        owner_id=best.owner_id,
        owner_name=best.owner_name,
        evidence=best.evidence,
        kind=best.kind,
        uses_before=best.uses_before,
        uses_after=best.uses_after,
    )


def _rank(join: Join) -> tuple[bool, bool, bool, bool, str, int, bool, str]:
    """What names an invite counts more than what names none; then the log of joins counts most."""
    return (
        join.code is None,
        LOGGED not in join.evidence,
        join.owner_id is None,
        BY_HAND not in join.evidence,
        join.code or "",
        join.owner_id or 0,
        join.owner_name is None,
        repr((join.owner_name, join.uses_before, join.uses_after)),
    )
