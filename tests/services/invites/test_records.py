"""Joins recorded by hand, and all of them as a table."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import attrs
import pytest

from giftbot.errors import UserError
from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.invite_board import Period
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Candidate, Join, Kind, Left, Level, Method, Reason, Source
from giftbot.models.staff import StaffLink
from giftbot.services.invites.book import Book
from giftbot.services.invites.inquiries import LINES, Inquiries
from giftbot.services.invites.leaderboard import Leaderboard
from giftbot.services.invites.memberships import receive
from giftbot.services.invites.numbers import Numbers
from giftbot.services.invites.records import EXPORT_COLUMNS, JoinRecords, Statement
from giftbot.services.ports import Store
from giftbot.text import invites as texts
from tests.fakes import START, ManualClock
from tests.services.invites.joining import ADA, ADMIN, BOB, GUILD, joined, member
from tests.services.invites.watching import batch, invite, ledger


@attrs.frozen
class Desk:
    """The service, and what it told of."""

    records: JoinRecords
    told: list[tuple[GuildId, Join]]


@pytest.fixture
def desk(store: Store) -> Desk:
    """Over an empty store."""
    told: list[tuple[GuildId, Join]] = []
    records = JoinRecords(
        store=store,
        clock=ManualClock(),
        changed=lambda guild_id, joins: told.extend((guild_id, join) for join in joins),
    )
    return Desk(records, told)


def stated(join: Join, owner: UserId = BOB, **more: object) -> Statement:
    """An admin says that this member was brought by somebody."""
    made = Statement(join.user_id, "member", join.joined_at, owner, "bob", code=InviteCode("bobs"), by=ADMIN)
    return attrs.evolve(made, **more)  # type: ignore[arg-type] # checked by attrs


async def test_a_record_replaces_what_was_inferred_and_keeps_it_as_evidence(store: Store, desk: Desk) -> None:
    """Level, method and who decided are stored; what was known before can be read afterwards."""
    before = joined(
        1,
        None,
        level=Level.CANDIDATES,
        code=None,
        candidates=(Candidate(InviteCode("a"), ADA, 0.5), Candidate(InviteCode("bobs"), BOB, 0.5)),
        has_disagreement=True,
    )
    await store.insert_joins([before])
    done = await desk.records.record(GUILD, stated(before))
    assert done.before == before
    [kept] = await store.list_joins(GUILD)
    assert kept == done.join
    assert (kept.level, kept.method, kept.decided_by) == (Level.CONFIRMED, Method.MANUAL, ADMIN)
    assert (kept.owner_id, kept.owner_name, kept.code, kept.source) == (BOB, "bob", "bobs", Source.INVITE)
    assert (kept.candidates, kept.has_disagreement, kept.updated_at) == ((), False, START)
    assert kept.evidence == (
        f"Recorded by user {ADMIN} on 2026-01-01 12:00 UTC. Before: level 2 by counted, no inviter.",
        *before.evidence,
    )
    assert desk.told == [(GUILD, kept)]


async def test_a_certain_join_can_be_overruled_and_its_kind_follows(store: Store, desk: Desk) -> None:
    """An admin's word lowers nothing but replaces the inviter; by oneself is a self-invite."""
    before = joined(1, ADA, inviter_id=ADA)
    await store.insert_joins([before])
    kept = (await desk.records.record(GUILD, stated(before, before.user_id, code=None))).join
    assert (kept.kind, kept.code, kept.inviter_id) == (Kind.SELF, None, None)
    assert f"level 4 by counted, inviter {ADA}, invite code{ADA}." in kept.evidence[0]
    again = (await desk.records.record(GUILD, stated(before, ADA, code=None))).join
    assert (again.kind, len(again.evidence)) == (Kind.FIRST, 3)


async def test_a_member_of_before_the_bot_gets_a_join(store: Store, desk: Desk) -> None:
    """With the moment that Discord shows, in milliseconds, so that the same record is the same row."""
    someone = joined(1)
    moment = someone.joined_at + timedelta(microseconds=123_456)
    done = await desk.records.record(GUILD, stated(someone, joined_at=moment))
    assert done.before is None
    again = await desk.records.record(GUILD, stated(someone, ADA, joined_at=moment))
    assert again.before == done.join
    [kept] = await store.list_joins(GUILD)
    assert (kept.owner_id, kept.joined_at.microsecond, kept.is_open) == (ADA, 123_000, True)


async def test_a_later_membership_is_another_join(store: Store, desk: Desk) -> None:
    """Who came again unseen has two memberships; the second is linked to the first."""
    first = joined(1, ADA, days_ago=9, left_at=START - timedelta(days=5), left=Left.LEFT)
    await store.insert_joins([first])
    done = await desk.records.record(GUILD, stated(first, joined_at=START))
    assert (done.before, done.join.previous, done.join.kind) == (None, first.join_id, Kind.REJOIN_OTHER)
    assert len(await store.list_joins(GUILD)) == 2


async def test_an_open_membership_before_ends_with_the_later_one(store: Store, desk: Desk) -> None:
    """Nobody is there twice."""
    await store.insert_joins([joined(1, ADA, days_ago=9)])
    await desk.records.record(GUILD, stated(joined(1), joined_at=START))
    new, old = await store.list_joins(GUILD)
    assert (new.is_open, old.left, old.left_at) == (True, Left.UNSEEN, START)
    assert [join.left for _, join in desk.told] == [Left.UNSEEN, None]


async def test_a_record_outlives_the_leave(store: Store, desk: Desk) -> None:
    """Also in a busy server, where the membership was read before the record and others still wait."""
    told: list[InviteBatch] = []
    numbers = Numbers(ManualClock())
    book = Book(GUILD, store, ManualClock(), told.append, numbers)
    await book.load()

    async def put(join: Join, kind: InviteEventKind) -> InviteEvent:
        event = InviteEvent(GUILD, numbers.next(), kind, START, user_id=join.user_id, joined_at=join.joined_at)
        book.inbox.put(event)
        await book.inbox.keep()
        return event

    guess = joined(1, None, level=Level.CANDIDATES, days_ago=1)
    arrived = await put(guess, InviteEventKind.JOINED)
    await put(joined(2), InviteEventKind.JOINED)
    assert await book.inbox.known() == {}
    assert await book.commit(book.without_look((guess,), (arrived.seq,)))
    recorded = (await desk.records.record(GUILD, stated(guess))).join
    await put(guess, InviteEventKind.LEFT)
    received = receive(book.inbox.events, await book.inbox.known(), now=START)
    assert await book.commit(book.without_look(received.changed, received.consumed))
    [kept] = await store.list_joins(GUILD)
    assert attrs.evolve(kept, batch=None) == attrs.evolve(recorded, batch=None, left_at=START, left=Left.LEFT)
    [told_of] = told[-1].joins
    assert (told_of.owner_id, told_of.method, told_of.left_at) == (BOB, Method.MANUAL, START)


async def test_who_left_and_was_never_seen_cannot_be_recorded(desk: Desk) -> None:
    """There is no moment at which they joined."""
    with pytest.raises(UserError, match="Choose somebody who is a member"):
        await desk.records.record(GUILD, stated(joined(1), joined_at=None))
    assert desk.told == []


async def test_a_bot_is_brought_by_nobody(store: Store, desk: Desk) -> None:
    """Its adder is in the audit log."""
    await store.insert_joins([joined(1, source=Source.BOT, kind=Kind.BOT)])
    with pytest.raises(UserError, match="authorisation"):
        await desk.records.record(GUILD, stated(joined(1)))


async def test_a_join_that_is_being_decided_is_not_recorded(store: Store, desk: Desk) -> None:
    """The decision would write over it."""
    await store.add_events(
        [InviteEvent(GUILD, 1, InviteEventKind.JOINED, START, user_id=member(1), joined_at=START)]
    )
    with pytest.raises(UserError, match="Try again in a minute"):
        await desk.records.record(GUILD, stated(joined(1)))
    await desk.records.record(GUILD, stated(joined(2)))


async def test_an_export_has_every_detail_and_no_formulas(store: Store, desk: Desk) -> None:
    """A name that a spreadsheet would carry out is text."""
    await store.insert_joins(
        [
            joined(1, user_name="=1+1", left_at=START, left=Left.TEMPORARY),
            joined(
                2,
                None,
                level=Level.UNKNOWN,
                source=Source.UNKNOWN,
                method=Method.NONE,
                reason=Reason.AMBIGUOUS,
                user_name='Ünal "雪", x',
                candidates=(Candidate(InviteCode("a"), ADA, 0.5), Candidate(None, None, 0.5)),
            ),
        ]
    )
    words, count = await desk.records.export(GUILD)
    heading, first, second = csv.reader(io.StringIO(words))
    assert (tuple(heading), count) == (EXPORT_COLUMNS, 2)
    row = dict(zip(heading, first, strict=True))
    assert (row["member"], row["joined_at"], row["left"]) == ("'=1+1", "2026-01-01T12:00:00Z", "temporary_ended")
    assert (row["inviter_id"], row["level"], row["method"]) == (str(ADA), "4", "counted")
    assert row["account_made_at"] == "2016-01-01T00:00:00Z"
    row = dict(zip(heading, second, strict=True))
    assert (row["member"], row["reason"], row["candidates"]) == (
        'Ünal "雪", x',
        "ambiguous",
        f"0.500 a {ADA}; 0.500 other",
    )


async def test_an_export_of_nothing_or_too_much_is_a_sentence(store: Store, desk: Desk) -> None:
    """No empty file, and none that Discord refuses."""
    with pytest.raises(UserError, match="nothing to export"):
        await desk.records.export(GUILD)
    await store.insert_joins([joined(1, days_ago=100)])
    with pytest.raises(UserError, match="nothing to export"):
        await desk.records.export(GUILD, Period.WEEK)
    with pytest.raises(UserError, match="shorter period"):
        await JoinRecords(store=store, clock=ManualClock(), most_bytes=50).export(GUILD)


async def test_a_code_of_somebody_else_is_recorded_with_a_warning(store: Store, desk: Desk) -> None:
    """The staff member whose link it was when the member joined, else who made it."""
    made = invite("bobs", inviter_id=ADA)
    await store.commit_batch(batch(joined(1), known=ledger(1, made)))
    assert (await desk.records.record(GUILD, stated(joined(1)))).code_owner == ADA
    link = StaffLink(GUILD, made.code, BOB, START - timedelta(days=1), valid_to=START + timedelta(days=1))
    await store.save_link(link)
    assert (await desk.records.record(GUILD, stated(joined(1)))).code_owner is None
    done = await desk.records.record(GUILD, stated(joined(1), ADA))
    assert done.code_owner == BOB
    assert f"Mind that `bobs` is an invite of <@{BOB}>" in texts.recorded(done.join, done.before, done.code_owner)
    assert (await desk.records.record(GUILD, stated(joined(1), code=InviteCode("another")))).code_owner is None


async def test_a_join_that_waits_is_told_from_one_that_was_never_seen(store: Store) -> None:
    """It is decided soon."""
    inquiries = Inquiries(store=store, leaderboard=Leaderboard(store=store, clock=ManualClock()))
    await store.add_events([InviteEvent(GUILD, 1, InviteEventKind.JOINED, START, user_id=member(1))])
    await store.add_events([InviteEvent(GUILD, 2, InviteEventKind.ROLES, START, user_id=member(2))])
    assert await inquiries.is_pending(GUILD, member(1))
    assert not await inquiries.is_pending(GUILD, member(2))


async def test_pages_of_whom_somebody_brought(store: Store) -> None:
    """The newest first; a page that is not there any more is the last one."""
    inquiries = Inquiries(store=store, leaderboard=Leaderboard(store=store, clock=ManualClock()))
    await store.insert_joins([joined(number, days_ago=number) for number in range(LINES + 3)])
    first = await inquiries.by(GUILD, ADA)
    assert ([join.user_name for join in first.joins[:2]], first.has_more) == (["member_0", "member_1"], True)
    second = await inquiries.by(GUILD, ADA, 1)
    assert (len(second.joins), second.has_more, second.number) == (3, False, 1)
    assert (await inquiries.by(GUILD, ADA, 9)).joins == second.joins
    nobody = await inquiries.by(GUILD, BOB)
    assert (nobody.joins, nobody.number, nobody.has_more) == ((), 0, False)


async def test_an_inviters_name_is_found_where_the_join_has_none(store: Store) -> None:
    """In their own membership; memberships of one member come newest first."""
    inquiries = Inquiries(store=store, leaderboard=Leaderboard(store=store, clock=ManualClock()))
    owner = attrs.evolve(joined(1, None), user_id=BOB, user_name="bob of old")
    await store.insert_joins(
        [owner, joined(2, BOB, owner_name=None), joined(2, days_ago=5, left_at=START - timedelta(days=4))]
    )
    newest, oldest = await inquiries.memberships(GUILD, member(2))
    assert (newest.owner_name, oldest.owner_name) == ("bob of old", "ada")
    assert await inquiries.memberships(GUILD, member(3)) == []
