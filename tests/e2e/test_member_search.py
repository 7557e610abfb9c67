"""Joins confirmed by Discord's member search, with the real bot on a Discord whose truth is known."""

from __future__ import annotations

import asyncio
import itertools

import attrs
import pytest
from structlog.testing import capture_logs

from giftbot.models.credit import CreditState
from giftbot.models.join import Join, Level, Method, Source
from giftbot.sandbox.arrivals import Way
from giftbot.sandbox.member_search import SearchMood
from giftbot.sandbox.nouns import Member
from tests.e2e.arrivals import House, house
from tests.e2e.headquarters import headquarters, said
from tests.e2e.stage import Stage

SEARCH = "/guilds/{guild_id}/members-search"
LONGER_THAN_A_SEARCH = 5.0
"""Seconds; at the stage's speed a search comes 2.25 s after a decision."""


@pytest.fixture
def home(stage: Stage) -> House:
    """A server whose joins are to be confirmed."""
    stage.environ["GIFTBOT_MEMBER_SEARCH"] = "true"
    return house(stage)


def confirmed(join: Join) -> bool:
    """Whether the search has said how they came."""
    return (join.level, join.method) == (Level.CONFIRMED, Method.MEMBER_SEARCH)


@attrs.frozen
class Crowd:
    """Three people with an invite each, who were there before the bot."""

    home: House
    inviters: list[Member]
    codes: list[str]

    def joins(self) -> list[Member]:
        """Two each by these invites, at once."""
        return [member for code in self.codes for member in self.home.joins(code, 2)]

    @property
    def owners(self) -> list[int]:
        """Who brought them."""
        return [inviter.user.id for inviter in self.inviters for _ in range(2)]


def crowd(home: House) -> Crowd:
    """Have them invite."""
    inviters = [home.inviter(name) for name in ("ann", "bob", "cleo")]
    return Crowd(home, inviters, [home.guild.invites.create(inviter=one).code for one in inviters])


async def test_a_burst_by_invites_of_several_people_is_told_apart(home: House) -> None:
    """Counting leaves candidates; one search for all of them says who came by which invite."""
    people = crowd(home)
    async with home.stage.bot():
        await home.settled()
        members = people.joins()
        counted = await home.decided(members)
        assert {join.level for join in counted} == {Level.CANDIDATES}
        joins = await home.decided(members, until=confirmed)
    assert [join.owner_id for join in joins] == people.owners
    home.check(joins)
    assert [(join.source, join.candidates, join.reason) for join in joins] == [(Source.INVITE, (), None)] * 6
    assert [join.owner_name for join in joins] == ["ann"] * 2 + ["bob"] * 2 + ["cleo"] * 2
    assert f"came by the invite {joins[0].code}." in joins[0].evidence[-1]
    assert home.sandbox.requests.count(method="POST", route=SEARCH) == 1


async def test_other_ways_are_named(home: House) -> None:
    """What counting can only infer, and the server's own address."""
    home.guild.set_vanity("home", 3)
    async with home.stage.bot():
        await home.settled()
        members = [*home.joins(None, way=Way.DISCOVERY), *home.joins("home", way=Way.VANITY)]
        found, address = await home.decided(members, until=confirmed)
    assert (found.source, found.owner_id, found.reason) == (Source.OTHER, None, None)
    assert (address.source, address.code) == (Source.VANITY, "home")


async def test_an_index_that_lags_or_is_not_ready_is_asked_again(home: House) -> None:
    """Not more often than the pause between two searches; then everybody is confirmed."""
    desk = home.sandbox.world.member_search
    desk.not_indexed, desk.stale = 1, 3600.0
    people = crowd(home)
    async with home.stage.bot():
        await home.settled()
        members = people.joins()
        await home.sandbox.requests.wait(2, method="POST", route=SEARCH)
        assert {join.level for join in await home.decided(members)} == {Level.CANDIDATES}
        desk.stale = 0.0
        joins = await home.decided(members, until=confirmed)
    assert [join.owner_id for join in joins] == people.owners
    asked = [one.at for one in home.sandbox.requests.of(method="POST", route=SEARCH)]
    assert len(asked) >= 3
    assert min(later - earlier for earlier, later in itertools.pairwise(asked)) >= 2.9


@pytest.mark.parametrize("mood", [SearchMood.ODD_SHAPE, SearchMood.DISABLED])
async def test_a_search_that_changed_is_left_alone_and_counting_goes_on(home: House, mood: SearchMood) -> None:
    """It is asked once; the log says so once, and /debug_invites; joins after that are decided as without it."""
    home.sandbox.world.member_search.mood = mood
    people = crowd(home)
    admin = home.sandbox.user(home.guild, name="admin", permissions="MANAGE_GUILD")
    with capture_logs() as logs:
        async with home.stage.bot():
            await home.settled()
            await home.decided(people.joins())
            await home.sandbox.requests.wait(1, method="POST", route=SEARCH)
            (join,) = await home.joined(people.codes[0])
            await asyncio.sleep(LONGER_THAN_A_SEARCH)
            shown = await said(await admin.command("debug_invites"))
    assert "on, but it does not work: " in shown
    assert "no search in this server since my start" in shown
    assert (join.level, join.owner_id) == (Level.COUNTED, people.inviters[0].user.id)
    assert home.sandbox.requests.count(method="POST", route=SEARCH) == 1
    assert [line["guild"] for line in logs if line["event"] == "member search switched off"] == ["all"]


async def test_what_waited_for_a_review_is_settled(stage: Stage) -> None:
    """VIPs whose inviter was one of two are credited to the right one, and the message that asked says so."""
    stage.environ["GIFTBOT_MEMBER_SEARCH"] = "true"
    stage.sandbox.world.member_search.stale = 3600.0
    async with headquarters(stage) as place:
        await place.settle()
        codes = []
        for staff in (place.ada, place.bob):
            invite = place.guild.invites.create(inviter=place.admin.member)
            codes.append(await place.link(staff, existing_code=invite.code))
        member = (await place.unsure(codes[0], codes[1]))[0]
        place.guild.give(member, place.vip)
        await place.credits(member, CreditState.PENDING)
        await place.posts(1)
        stage.sandbox.world.member_search.stale = 0.0
        (credit,) = await place.credits(member, CreditState.CREDITED)
        await place.closed(0, "settled: the join became certain")
        truth = stage.sandbox.world.arrivals.last(place.guild.id, member.user.id)
    assert truth is not None
    owners = dict(zip(codes, (place.ada.id, place.bob.id), strict=True))
    assert credit.staff_id == owners[str(truth.code)]


async def test_by_default_it_is_never_asked(stage: Stage) -> None:
    """A burst stays as far as counting gets."""
    home = house(stage)
    people = crowd(home)
    async with stage.bot():
        await home.settled()
        members = people.joins()
        await home.decided(members)
        await asyncio.sleep(LONGER_THAN_A_SEARCH)
        joins = await home.decided(members)
        admin = stage.sandbox.user(home.guild, name="admin", permissions="MANAGE_GUILD")
        assert "GIFTBOT_MEMBER_SEARCH" in await said(await admin.command("debug_invites"))
    assert {join.level for join in joins} == {Level.CANDIDATES}
    assert home.sandbox.requests.count(route=SEARCH) == 0


async def test_without_manage_server_it_is_not_asked(stage: Stage) -> None:
    """The channels' lists say what they can."""
    stage.environ["GIFTBOT_MEMBER_SEARCH"] = "true"
    home = house(stage, "VIEW_CHANNEL|SEND_MESSAGES|MANAGE_CHANNELS")
    people = crowd(home)
    async with stage.bot():
        await home.settled()
        members = people.joins()
        await home.decided(members)
        await asyncio.sleep(LONGER_THAN_A_SEARCH)
    assert home.sandbox.requests.count(route=SEARCH) == 0
