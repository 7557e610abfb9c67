"""What the member search does to joins that are stored: raised, contradicted, looked for again, left alone."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import attrs
import pytest
from structlog.testing import capture_logs

from giftbot.errors import InviteLookError, SearchNotReadyError, SearchRefusedError
from giftbot.models.audit_times import AuditTimes
from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Candidate, Join, Kind, Left, Level, Method, Reason, Source
from giftbot.models.staff import StaffLink
from giftbot.services.invites.auditor import TRIES, Auditor
from giftbot.services.invites.ports import MemberOrigin, Way
from giftbot.services.remembering_invites import InviteStore
from tests.fakes import START
from tests.services.invites.joining import ADA, ADMIN, BOB, CLEO, GUILD, joined
from tests.services.invites.processes import Handle, staged
from tests.services.invites.watching import BOT, SeenInvites, batch
from tests.virtual_time import virtual

OTHER = GuildId(900_000_000_000_000_002)
TIMES = AuditTimes()
A, B = InviteCode("a"), InviteCode("b")


@attrs.define
class Index:
    """A `MemberSearch` that knows what it is told, and remembers when it was asked for which time."""

    members: dict[tuple[GuildId, UserId], MemberOrigin] = attrs.Factory(dict)
    failures: list[Exception] = attrs.Factory(list)
    asked: list[tuple[float, GuildId, datetime, datetime]] = attrs.Factory(list)

    def says(
        self, join: Join, way: Way, code: str | None = None, inviter: UserId | None = None, *, late: float = 0
    ) -> None:
        """This member came like that, `late` seconds after the stored moment."""
        moment = join.joined_at + timedelta(seconds=late)
        made = MemberOrigin(join.user_id, moment, way, InviteCode(code) if code else None, inviter)
        self.members[join.guild_id, join.user_id] = made

    async def joined(self, guild_id: GuildId, first: datetime, last: datetime) -> Sequence[MemberOrigin]:
        """Those of that time."""
        self.asked.append((asyncio.get_running_loop().time(), guild_id, first, last))
        if self.failures:
            raise self.failures.pop(0)
        return [
            one for (guild, _), one in self.members.items() if guild == guild_id and first <= one.joined_at <= last
        ]


@attrs.frozen
class Office:
    """The service at work over an empty store."""

    store: InviteStore
    index: Index
    auditor: Auditor
    told: list[Join]

    async def decided(self, *joins: Join) -> None:
        """These were stored, and passed on."""
        await self.store.insert_joins(joins)
        await self.auditor.on_decided(batch(*joins))

    async def one(self, join: Join) -> Join:
        """That join as it is stored."""
        return (await self.store.get_joins([join.join_id]))[join.join_id]


@asynccontextmanager
async def office(path: Path) -> AsyncIterator[Office]:
    """Open it; the clock is the loop's."""
    index, told = Index(), list[Join]()
    async with staged(path / "store.db") as stage:
        store = cast("InviteStore", Handle(stage.store))
        auditor = Auditor(
            store=store,
            search=index,
            directory=SeenInvites(),
            clock=stage.clock,
            times=TIMES,
            changed=lambda _guild_id, joins: told.extend(joins),
        )
        worker = asyncio.create_task(auditor.run())
        try:
            yield Office(store, index, auditor, told)
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)


def unsure(number: int, **more: object) -> Join:
    """Somebody who came by an invite of Ada's or of Bob's."""
    return joined(
        number,
        None,
        **{  # type: ignore[arg-type] # checked by attrs
            "level": Level.CANDIDATES,
            "source": Source.UNKNOWN,
            "reason": Reason.AMBIGUOUS,
            "candidates": (Candidate(A, ADA, 0.5), Candidate(B, BOB, 0.5)),
            **more,
        },
    )


@virtual
async def test_a_burst_is_raised_by_one_search_between_its_first_and_last_join(tmp_path: Path) -> None:
    """Code, owner and evidence are stored, candidates are not needed any more, and others are told."""
    async with office(tmp_path) as desk:
        joins = [unsure(n, joined_at=START + timedelta(seconds=n)) for n in range(1, 5)]
        for join, (code, owner) in zip(joins, [("a", ADA), ("b", BOB)] * 2, strict=True):
            desk.index.says(join, Way.INVITE, code, owner)
        await desk.decided(*joins)
        await asyncio.sleep(29)
        assert desk.index.asked == []
        await asyncio.sleep(90)
        [(_, guild_id, first, last)] = desk.index.asked
        assert guild_id == GUILD
        assert first <= joins[0].joined_at < joins[-1].joined_at <= last
        kept = [await desk.one(join) for join in joins]
        assert [(one.code, one.owner_id) for one in kept] == [("a", ADA), ("b", BOB)] * 2
        assert {(one.level, one.method, one.source) for one in kept} == {
            (Level.CONFIRMED, Method.MEMBER_SEARCH, Source.INVITE)
        }
        assert {(one.candidates, one.reason, one.has_disagreement) for one in kept} == {((), None, False)}
        assert kept[0].evidence == (
            *joins[0].evidence,
            "Discord's member search says that they came by the invite a.",
        )
        assert desk.told == kept


@virtual
async def test_staff_links_name_the_owner(tmp_path: Path) -> None:
    """The link of that moment counts, not who made the invite; the bot's own without a link belong to nobody."""
    async with office(tmp_path) as desk:
        link = StaffLink(GUILD, A, CLEO, START - timedelta(days=1), staff_name="cleo")
        await desk.store.save_link(link)
        by_link, by_bot = unsure(1), unsure(2)
        desk.index.says(by_link, Way.INVITE, "a", ADA)
        desk.index.says(by_bot, Way.INVITE, "b", BOT)
        await desk.decided(by_link, by_bot)
        await asyncio.sleep(120)
        one, two = await desk.one(by_link), await desk.one(by_bot)
    assert (one.owner_id, one.owner_name, one.inviter_id) == (CLEO, "cleo", ADA)
    assert (two.owner_id, two.inviter_id, two.source, two.level) == (None, BOT, Source.INVITE, Level.CONFIRMED)


@pytest.mark.parametrize(
    ("way", "code", "source"),
    [
        (Way.OAUTH, None, Source.OTHER),
        (Way.INTEGRATION, None, Source.OTHER),
        (Way.DISCOVERY, None, Source.OTHER),
        (Way.HUB, None, Source.OTHER),
        (Way.LOBBY, None, Source.OTHER),
        (Way.VANITY, "home", Source.VANITY),
        (Way.APPROVAL, "a", Source.INVITE),
        (Way.INVITE, "widget", Source.WIDGET),
    ],
)
def test_every_way_that_says_something_confirms(tmp_path: Path, way: Way, code: str | None, source: Source) -> None:
    """The source is stored, and the code if there is one."""

    @virtual
    async def check() -> None:
        async with office(tmp_path) as desk:
            join = unsure(1)
            desk.index.says(join, way, code, ADA if source is Source.INVITE else None)
            await desk.decided(join)
            await asyncio.sleep(120)
            kept = await desk.one(join)
        assert (kept.level, kept.source, kept.code) == (Level.CONFIRMED, source, code)
        assert kept.owner_id == (ADA if source is Source.INVITE else None)

    check()


@pytest.mark.parametrize(("way", "code"), [(Way.UNSPECIFIED, None), (Way.INVITE, None), (Way.APPROVAL, None)])
def test_a_way_that_says_nothing_changes_nothing(tmp_path: Path, way: Way, code: str | None) -> None:
    """And it is not asked again."""

    @virtual
    async def check() -> None:
        async with office(tmp_path) as desk:
            join = unsure(1)
            desk.index.says(join, way, code)
            await desk.decided(join)
            await asyncio.sleep(3600)
            assert await desk.one(join) == join
        assert (len(desk.index.asked), desk.told) == (1, [])

    check()


@virtual
async def test_certain_joins_are_confirmed_or_contradicted_but_never_overwritten(tmp_path: Path) -> None:
    """What was counted stays with a mark, a sentence and a warning."""
    async with office(tmp_path) as desk:
        right = joined(1, ADA, code=A)
        wrong = joined(2, ADA, code=A)
        wrong_way = joined(3, ADA, code=A)
        hers = joined(4, ADA, code=None, level=Level.OWNER)
        not_hers = joined(5, ADA, code=None, level=Level.OWNER)
        for join in (right, hers):
            desk.index.says(join, Way.INVITE, "a", ADA)
        for join in (wrong, not_hers):
            desk.index.says(join, Way.INVITE, "b", BOB)
        desk.index.says(wrong_way, Way.DISCOVERY)
        with capture_logs() as logs:
            await desk.decided(right, wrong, wrong_way, hers, not_hers)
            await asyncio.sleep(120)
            await desk.auditor.on_decided(batch(await desk.one(wrong)))
            await asyncio.sleep(120)
        for join in (right, hers):
            kept = await desk.one(join)
            assert (kept.level, kept.code, kept.owner_id) == (Level.CONFIRMED, A, ADA)
            assert not kept.has_disagreement
        for join in (wrong, wrong_way, not_hers):
            kept = await desk.one(join)
            assert kept.evidence[-1].endswith("That contradicts what was counted, which was kept.")
            assert kept.has_disagreement
            evidence = join.evidence
            assert attrs.evolve(kept, evidence=evidence, has_disagreement=False, updated_at=START) == join
    warned = [line for line in logs if line["event"] == "member search contradicts a join"]
    assert [(line["user"], line["log_level"]) for line in warned] == [
        (join.user_id, "warning") for join in sorted((wrong, wrong_way, not_hers), key=lambda one: one.user_id)
    ]
    assert len(desk.index.asked) == 2


@virtual
async def test_only_open_joins_below_level_five_are_looked_for(tmp_path: Path) -> None:
    """Neither an admin's word nor a marker role is questioned; who left is not in the index."""
    async with office(tmp_path) as desk:
        by_hand = joined(1, ADA, level=Level.CONFIRMED, method=Method.MANUAL, decided_by=ADMIN)
        gone = unsure(2, left_at=START, left=Left.LEFT)
        for join in (by_hand, gone):
            desk.index.says(join, Way.INVITE, "b", BOB)
        await desk.decided(by_hand, gone)
        left_later = unsure(3)
        await desk.decided(left_later)
        ended = attrs.evolve(left_later, left_at=START, left=Left.LEFT)
        assert await desk.store.save_join(ended, before=left_later)
        await asyncio.sleep(3600)
        assert [await desk.one(join) for join in (by_hand, gone, left_later)] == [by_hand, gone, ended]
    assert desk.index.asked == []


@virtual
async def test_an_earlier_membership_of_somebody_is_not_this_one(tmp_path: Path) -> None:
    """The moment decides; a rejoin by the same person's invite gets its kind."""
    async with office(tmp_path) as desk:
        first = joined(1, ADA, code=A, level=Level.CONFIRMED, days_ago=2, left_at=START, left=Left.LEFT)
        again = unsure(1, previous=first.join_id, kind=Kind.REJOIN_OTHER)
        elsewhen = unsure(2)
        desk.index.says(again, Way.INVITE, "a", ADA, late=0.4)
        desk.index.says(elsewhen, Way.INVITE, "a", ADA, late=5)
        await desk.store.insert_joins([first])
        await desk.decided(again, elsewhen, unsure(3, joined_at=START + timedelta(seconds=10)))
        await asyncio.sleep(60)
        kept = await desk.one(again)
        assert (kept.kind, kept.owner_id) == (Kind.REJOIN_SAME, ADA)
        assert await desk.one(elsewhen) == elsewhen


@virtual
async def test_who_is_not_in_the_index_yet_is_looked_for_again(tmp_path: Path) -> None:
    """With longer and longer pauses of a minute and more, and not for ever."""
    async with office(tmp_path) as desk:
        join, never = unsure(1), unsure(2)
        await desk.decided(join, never)
        await asyncio.sleep(50)
        desk.index.says(join, Way.INVITE, "a", ADA)
        await asyncio.sleep(24 * 3600)
        assert (await desk.one(join)).level is Level.CONFIRMED
        assert await desk.one(never) == never
    moments = [moment for moment, *_ in desk.index.asked]
    pauses = [round(later - earlier) for earlier, later in itertools.pairwise(moments)]
    assert len(moments) == TRIES
    assert min(pauses) >= TIMES.pause
    assert pauses == sorted(pauses)


@virtual
async def test_a_stream_of_batches_is_one_search_a_minute_and_server(tmp_path: Path) -> None:
    """However many batches there are; servers do not wait for each other."""
    async with office(tmp_path) as desk:
        joins = [unsure(number, joined_at=START + timedelta(seconds=number * 2)) for number in range(1, 151)]
        elsewhere = unsure(1, guild_id=OTHER)
        for join in (*joins, elsewhere):
            desk.index.says(join, Way.INVITE, "a", ADA)
        await desk.decided(elsewhere)
        for join in joins:
            await asyncio.sleep(2)
            await desk.decided(join)
        await asyncio.sleep(180)
        assert {(await desk.one(join)).level for join in (*joins, elsewhere)} == {Level.CONFIRMED}
    here = [moment for moment, guild_id, *_ in desk.index.asked if guild_id == GUILD]
    assert min(later - earlier for earlier, later in itertools.pairwise(here)) >= TIMES.pause
    assert [guild_id for _, guild_id, *_ in desk.index.asked].count(OTHER) == 1


@virtual
async def test_an_index_that_is_not_ready_says_how_long_to_wait(tmp_path: Path) -> None:
    """That is kept to, and so is the pause when an answer does not come."""
    async with office(tmp_path) as desk:
        join = unsure(1)
        desk.index.says(join, Way.INVITE, "a", ADA)
        desk.index.failures = [
            SearchNotReadyError("Not ready.", retry_after=200.0),
            InviteLookError("Nothing came."),
        ]
        await desk.decided(join)
        await asyncio.sleep(900)
        assert (await desk.one(join)).level is Level.CONFIRMED
    first, second, third = (moment for moment, *_ in desk.index.asked)
    assert 200 <= second - first < 205
    assert TIMES.pause <= third - second < 200


@virtual
async def test_a_search_that_does_not_work_is_off_for_an_hour_then_two(tmp_path: Path) -> None:
    """In all servers, said once; when it works again, what waited is confirmed, and a new failure is an hour."""
    async with office(tmp_path) as desk:
        join, elsewhere = unsure(1), unsure(1, guild_id=OTHER)
        for one in (join, elsewhere):
            desk.index.says(one, Way.INVITE, "a", ADA)
        desk.index.failures = [SearchRefusedError("Odd.", is_everywhere=True) for _ in range(2)]
        with capture_logs() as logs:
            await desk.decided(join)
            await desk.decided(elsewhere)
            await asyncio.sleep(4 * 3600)
        assert (await desk.one(join)).level is Level.CONFIRMED
        assert (await desk.one(elsewhere)).level is Level.CONFIRMED
        first, second, third, _ = (moment for moment, *_ in desk.index.asked)
        assert 3600 <= second - first < 3700
        assert 7200 <= third - second < 7300
        said = [line["event"] for line in logs]
        assert said.count("member search switched off") == 1
        assert said.count("member search works again") == 1


@virtual
async def test_a_server_that_forbids_it_does_not_switch_it_off_elsewhere(tmp_path: Path) -> None:
    """Its joins wait; without the permission nothing waits."""
    async with office(tmp_path) as desk:
        join, elsewhere = unsure(1), unsure(1, guild_id=OTHER)
        for one in (join, elsewhere):
            desk.index.says(one, Way.INVITE, "a", ADA)
        desk.index.failures = [SearchRefusedError("Forbidden.", is_everywhere=False)]
        await desk.decided(join)
        await desk.decided(elsewhere)
        await asyncio.sleep(600)
        assert [(await desk.one(one)).level for one in (join, elsewhere)] == [Level.CANDIDATES, Level.CONFIRMED]
        await asyncio.sleep(3600)
        assert (await desk.one(join)).level is Level.CONFIRMED
        desk.index.failures = [InviteLookError("No permission.", permitted=False)]
        await desk.decided(unsure(2))
        asked = len(desk.index.asked)
        await asyncio.sleep(3600)
        assert len(desk.index.asked) == asked + 1


@virtual
async def test_somebody_of_whom_there_is_news_waits_for_their_batch(tmp_path: Path) -> None:
    """What a batch is about to write is not written over; a change in between is seen."""
    async with office(tmp_path) as desk:
        join = unsure(1)
        desk.index.says(join, Way.INVITE, "a", ADA)
        await desk.decided(join)
        news = InviteEvent(GUILD, 7, InviteEventKind.LEFT, START, user_id=join.user_id)
        await desk.store.add_events([news])
        await asyncio.sleep(50)
        assert len(desk.index.asked) == 1
        assert await desk.one(join) == join


def test_what_a_process_left_is_taken_up_by_the_next(tmp_path: Path) -> None:
    """Joins of the last hour, without any batch."""

    @virtual
    async def check() -> None:
        async with office(tmp_path) as desk:
            await desk.store.insert_joins([unsure(1), unsure(2, days_ago=1)])
        async with office(tmp_path) as desk:
            for one in (unsure(1), unsure(2, days_ago=1)):
                desk.index.says(one, Way.INVITE, "a", ADA)
            await asyncio.sleep(120)
            assert (await desk.one(unsure(1))).level is Level.CONFIRMED
            assert (await desk.one(unsure(2, days_ago=1))).level is Level.CANDIDATES

    check()


@virtual
async def test_bots_get_their_adder(tmp_path: Path) -> None:
    """Where the audit log could not be read; they stay bots."""
    async with office(tmp_path) as desk:
        bot = joined(1, None, source=Source.BOT, kind=Kind.BOT, level=Level.INFERRED, method=Method.NONE)
        desk.index.says(bot, Way.OAUTH, None, ADMIN)
        await desk.decided(bot)
        await asyncio.sleep(120)
        kept = await desk.one(bot)
    assert (kept.source, kept.kind, kept.owner_id, kept.level) == (Source.BOT, Kind.BOT, ADMIN, Level.CONFIRMED)
