"""What the member search does to joins that are stored: raised, contradicted, looked for again, left alone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from structlog.testing import capture_logs

from giftbot.models.join import Kind, Left, Level, Method, Source
from giftbot.models.staff import StaffLink
from giftbot.services.invites.ports import Way
from tests.fakes import START
from tests.services.invites.auditing import A, office, unsure
from tests.services.invites.joining import ADA, ADMIN, BOB, CLEO, GUILD, joined
from tests.services.invites.watching import BOT, batch
from tests.virtual_time import virtual


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
async def test_bots_get_their_adder(tmp_path: Path) -> None:
    """Where the audit log could not be read; they stay bots."""
    async with office(tmp_path) as desk:
        bot = joined(1, None, source=Source.BOT, kind=Kind.BOT, level=Level.INFERRED, method=Method.NONE)
        desk.index.says(bot, Way.OAUTH, None, ADMIN)
        await desk.decided(bot)
        await asyncio.sleep(120)
        kept = await desk.one(bot)
    assert (kept.source, kept.kind, kept.owner_id, kept.level) == (Source.BOT, Kind.BOT, ADMIN, Level.CONFIRMED)
