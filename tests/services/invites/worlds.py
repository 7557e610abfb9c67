"""Invites, joins and looks as tests write them: a server whose state is given, and what is decided about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage, Invite, Snapshot, Vanity
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Join
from giftbot.models.staff import StaffLink
from giftbot.services.invites.deciding import decide
from giftbot.services.invites.evidence import Arrival, Circumstances, Decision, Look, Wanted

GUILD = GuildId(1)
BOT = UserId(99)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """That many seconds after the baseline."""
    return START + timedelta(seconds=seconds)


def invite(code: str, uses: int = 0, *, owner: int | None = 101, **more: Any) -> Invite:
    """An invite of a user."""
    inviter = None if owner is None else UserId(owner)
    made = Invite(InviteCode(code), uses, inviter, channel_id=ChannelId(5), created_at=START - timedelta(days=1))
    return attrs.evolve(made, **more)


def ledger(*invites: Invite, **more: Any) -> Ledger:
    """A baseline with these."""
    made = Ledger(GUILD, 1, START, {one.code: one for one in invites}, coverage=Coverage.FULL)
    return attrs.evolve(made, **more)


def joined(
    user: int, seconds: float, *, seq: int | None = None, roles: tuple[int, ...] = (), **more: Any
) -> Arrival:
    """Somebody who joined."""
    event = InviteEvent(
        GUILD,
        user if seq is None else seq,
        InviteEventKind.JOINED,
        at(seconds),
        user_id=UserId(user),
        user_name=f"user{user}",
        joined_at=at(seconds),
        role_ids=tuple(RoleId(role) for role in roles),
    )
    event = attrs.evolve(event, **more)
    return Arrival(event, seqs=(event.seq,))


def told(kind: InviteEventKind, seq: int, seconds: float, **more: Any) -> InviteEvent:
    """Something that Discord told about an invite."""
    return attrs.evolve(InviteEvent(GUILD, seq, kind, at(seconds)), **more)


def deleted(code: str, seq: int, seconds: float) -> InviteEvent:
    """An invite is gone."""
    return told(InviteEventKind.DELETED, seq, seconds, code=InviteCode(code))


def created(made: Invite, seq: int, seconds: float) -> InviteEvent:
    """An invite was made."""
    return told(InviteEventKind.CREATED, seq, seconds, code=made.code, invite=made)


def look(*invites: Invite, asked: int = 0, seen: int | None = None, seconds: float = 10, **more: Any) -> Look:
    """A look that shows these; `asked` and `seen` are the highest numbers before it and at its end."""
    coverage = more.pop("coverage", Coverage.FULL)
    lost = more.pop("lost", 0)
    channels = more.pop("channel_ids", frozenset())
    assert isinstance(coverage, Coverage)
    assert isinstance(lost, int)
    assert isinstance(channels, frozenset)
    snapshot = Snapshot(
        GUILD, at(seconds), {one.code: one for one in invites}, coverage, channel_ids=channels, lost=lost
    )
    made = Look(snapshot, asked, asked if seen is None else seen)
    return attrs.evolve(made, **more)


def vanity(uses: int, code: str = "home") -> Vanity:
    """The server's own address."""
    return Vanity(code, uses)


def link(code: str, staff: int, *, role: int | None = None, **more: Any) -> StaffLink:
    """A staff link."""
    marker = None if role is None else RoleId(role)
    made = StaffLink(GUILD, InviteCode(code), UserId(staff), START - timedelta(days=1), marker_role_id=marker)
    return attrs.evolve(made, **more)


def circumstances(**more: Any) -> Circumstances:
    """Nothing special."""
    return attrs.evolve(Circumstances(BOT), **more)


def decided(
    state: Ledger,
    looks: Look | list[Look],
    *arrivals: Arrival,
    final: bool = False,
    seconds: float = 11,
    **more: Any,
) -> Decision:
    """What is decided, which must be something."""
    decision = asked(state, looks, *arrivals, final=final, seconds=seconds, **more)
    assert isinstance(decision, Decision), decision
    return decision


def asked(
    state: Ledger,
    looks: Look | list[Look],
    *arrivals: Arrival,
    final: bool = False,
    seconds: float = 11,
    **more: Any,
) -> Decision | Wanted:
    """What `decide` answers."""
    series = looks if isinstance(looks, list) else [looks]
    return decide(state, series, list(arrivals), circumstances(**more), final=final, now=at(seconds))


def row(decision: Decision, user: int) -> Join:
    """The join of that user."""
    (found,) = [join for join in decision.joins if join.user_id == user]
    return found


def is_conserved(before: Ledger, decision: Decision) -> bool:
    """Whether claimed, unclaimed and archived uses have grown by exactly what was counted, for each invite."""
    after = decision.ledger

    def total(of: Ledger, code: InviteCode) -> int:
        held = sum(uses.count for uses in of.unclaimed if uses.code == code)
        return of.claimed.get(code, 0) + of.archived.get(code, 0) + held

    codes = {*before.claimed, *after.claimed, *after.archived, *decision.deltas}
    codes |= {uses.code for uses in (*before.unclaimed, *after.unclaimed)}
    return all(total(after, code) - total(before, code) == decision.deltas.get(code, 0) for code in codes) and all(
        count >= 0 for count in (*after.claimed.values(), *after.archived.values())
    )
