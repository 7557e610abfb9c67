"""What is shown to those who look for a fault, and looking anew."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from giftbot.errors import InviteLookError, StoreUnavailableError, UserError
from giftbot.models.ids import ChannelId, GuildId, InviteCode, UserId
from giftbot.models.invite import Coverage, Gone, Tombstone, Unclaimed, Vanity
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.invite_health import Audited, Difference, Health, SearchState
from giftbot.models.staff import StaffLink
from giftbot.services.invites.health import LINES, InviteHealth
from giftbot.services.invites.ports import ChannelSight
from giftbot.services.ports import Store
from giftbot.text import invite_debug as texts
from tests.fakes import START, ManualClock
from tests.services.invites.joining import ADA, BOB, GUILD, joined
from tests.services.invites.watching import CountedCopies, SeenInvites, batch, invite, ledger

HALL, CELLAR = ChannelId(1), ChannelId(2)


@attrs.frozen
class Ward:
    """The service and everything around it."""

    store: Store
    directory: SeenInvites
    copies: CountedCopies
    health: InviteHealth
    answers: list[Ledger | InviteBatch | Exception]
    """What the next refreshes come to; a batch is committed by them."""


@pytest.fixture
def ward(store: Store) -> Ward:
    """A server in which the bot may see everything."""
    directory, copies = SeenInvites(), CountedCopies()
    answers: list[Ledger | InviteBatch | Exception] = []

    async def refresh(guild_id: GuildId) -> Ledger:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, InviteBatch):
            await commit(store, answer)
            return answer.ledger
        return answer

    health = InviteHealth(store=store, directory=directory, refresh=refresh, copies=copies, clock=ManualClock())
    return Ward(store, directory, copies, health, answers)


async def commit(store: Store, made: InviteBatch) -> None:
    """Write a batch."""
    assert await store.commit_batch(made)


def fields(found: list[tuple[str, str]]) -> dict[str, str]:
    """Titles and texts."""
    return dict(found)


async def test_live_and_cached_are_compared_by_one_look(ward: Ward) -> None:
    """What moved, what is new, what is gone; equal ones are counted."""
    await commit(ward.store, batch(known=ledger(1, invite("same", 3), invite("moved", 3), invite("gone", 1))))
    ward.directory.invites = (invite("same", 3), invite("moved", 5), invite("new", 2))
    found = await ward.health.examine(GUILD)
    assert found.comparison is not None
    assert found.comparison.equal == 1
    assert found.comparison.different == (
        Difference(InviteCode("gone"), 1, None),
        Difference(InviteCode("moved"), 3, 5),
        Difference(InviteCode("new"), None, 2),
    )
    assert ward.directory.looks == 1
    shown = fields(texts.overview(found))["Live against cached"]
    assert "1 equal, 3 different" in shown
    assert "`moved`: 5 live, 3 cached" in shown


async def test_what_a_look_does_not_cover_is_not_called_gone(ward: Ward) -> None:
    """An invite in a channel that is not looked into may well be there."""
    elsewhere = invite("elsewhere", 1, channel_id=CELLAR)
    await commit(ward.store, batch(known=ledger(1, elsewhere)))
    ward.directory.seen = Coverage.CHANNELS
    found = await ward.health.examine(GUILD)
    assert found.comparison is not None
    assert found.comparison.different == ()


async def test_everything_that_is_wrong_is_shown(ward: Ward) -> None:
    """Blind spots, unclaimed uses, tombstones, what waits, and each copy with what was refused of it."""
    known = ledger(
        3,
        invite("a", 1),
        vanity=Vanity("north", 9),
        unclaimed=(Unclaimed(InviteCode("late"), 2, START),),
        archived={InviteCode("a"): 4},
        tombstones=(Tombstone(invite("dead", 6), START, Gone.EXPIRED),),
        anomalies=1,
    )
    await commit(ward.store, batch(known=known))
    await ward.store.add_events([InviteEvent(GUILD, 9, InviteEventKind.JOINED, START, user_id=UserId(5))])
    ward.directory.channels = (
        ChannelSight(HALL, "hall_", may_create=True, may_manage=True, is_public=True),
        ChannelSight(CELLAR, "cellar", may_create=False, may_manage=False, is_public=True),
    )
    shown = fields(texts.overview(await ward.health.examine(GUILD)))
    assert "1 of 2 channels: #cellar" in shown["Blind spots"]
    assert "Create Invite) in: #cellar" in shown["Blind spots"]
    assert "decision 3" in shown["Baseline"]
    assert "`north`: 9 uses" in shown["Baseline"]
    assert "1 anomaly" in shown["Baseline"]
    assert shown["Waiting"] == "1 event to be decided."
    assert "`late`: 2 since" in shown["Unclaimed uses"]
    assert "4 uses that nobody" in shown["Unclaimed uses"]
    assert "`dead`: expired" in shown["Gone invites"]
    assert "**tables**: number 7" in shown["Copies"]
    assert r"refused: It was \*tampered\* with." in shown["Copies"]
    assert r"1 entry refused: joins\[3\]: no number" in shown["Copies"]


async def test_without_the_permission_nothing_is_asked(ward: Ward) -> None:
    """The missing permission is named, also by a refresh; and there is no baseline."""
    ward.directory.seen, ward.directory.lacks = Coverage.NONE, ("Manage Server",)
    shown = fields(texts.overview(await ward.health.examine(GUILD)))
    assert "Manage Server" in shown["Permissions"]
    assert "I lack Manage Server" in shown["Live against cached"]
    assert "none yet" in shown["Baseline"]
    with pytest.raises(UserError, match="I lack Manage Server"):
        await ward.health.refresh(GUILD)
    assert ward.directory.looks == 0


async def test_a_look_that_fails_is_a_sentence(ward: Ward) -> None:
    """The rest is shown; a refresh changes nothing."""
    ward.directory.failure = "Discord answered 502."
    shown = fields(texts.overview(await ward.health.examine(GUILD)))
    assert shown["Live against cached"] == "Discord answered 502."
    ward.answers.append(InviteLookError("Discord answered 502."))
    with pytest.raises(UserError, match=r"Nothing was changed: Discord answered 502\. It is tried again"):
        await ward.health.refresh(GUILD)
    assert ward.copies.made == 0


async def test_invites_come_in_pages_with_their_staff_member(ward: Ward) -> None:
    """The most used first; a link that ended does not count; an invite without inviter is the widget's."""
    invites = [invite(f"c{number:02}", 100 - number, inviter_id=ADA) for number in range(LINES + 1)]
    invites[0] = attrs.evolve(invites[0], inviter_id=None, max_uses=200)
    await commit(ward.store, batch(known=ledger(1, *invites)))
    long_ago = START - timedelta(days=9)
    await ward.store.save_link(StaffLink(GUILD, invites[1].code, BOB, long_ago, staff_name="bob"))
    await ward.store.save_link(StaffLink(GUILD, invites[2].code, BOB, long_ago, valid_to=START))
    page = await ward.health.invites(GUILD, 0)
    assert (page.pages, page.invites, len(page.lines)) == (2, LINES + 1, LINES)
    first, second, third = map(texts.invite_line, page.lines[:3])
    assert "`c00` **100** of 200 uses, made by no inviter (widget)" in first
    assert f"counts for **bob** (<@{BOB}>)" in second
    assert "counts for" not in third
    last = await ward.health.invites(GUILD, 99)
    assert (last.number, [line.invite.code for line in last.lines]) == (1, [f"c{LINES}"])
    empty = await ward.health.invites(GuildId(5), 0)
    assert (empty.pages, empty.lines) == (1, ())


async def test_a_refresh_says_what_changed_and_makes_copies(ward: Ward) -> None:
    """Uses that moved, invites that are new and gone, and the joins that were decided by it."""
    await commit(ward.store, batch(joined(1), known=ledger(1, invite("a", 1), invite("b", 1))))
    after = ledger(2, invite("a", 2), invite("c", 0))
    ward.answers.append(batch(joined(2), known=after))
    done = await ward.health.refresh(GUILD)
    assert (done.moved, done.new, done.gone) == ((Difference(InviteCode("a"), 1, 2),), ("c",), ("b",))
    assert done.joins == (joined(2),)
    assert (done.invites, ward.copies.made) == (2, 1)
    shown = fields(texts.refreshed(done))
    assert shown["Uses that moved"] == "`a`: 1 to 2 (+1)"
    assert shown["Joins decided"].startswith("**member\\_2**")
    assert "number 8" in shown["Copies"]
    ward.answers.append(after)
    again = await ward.health.refresh(GUILD)
    assert fields(texts.refreshed(again))["Changes"] == "Nothing had changed."


async def test_copies_that_cannot_be_made_do_not_hide_what_was_found(ward: Ward) -> None:
    """They are shown as they stand, and queue by themselves."""
    ward.copies.failure = lambda: StoreUnavailableError("away")
    ward.answers.append(ledger(1, invite("a", 1)))
    done = await ward.health.refresh(GUILD)
    assert (done.new, done.copies) == (("a",), ward.copies.status())


async def test_the_member_search_is_off_on_or_left_alone(store: Store) -> None:
    """With the reason and the moment at which it is asked again, and what its last search came to."""
    states: list[SearchState] = []

    async def refresh(guild_id: GuildId) -> Ledger:
        return Ledger(guild_id)

    def shown(found: Health) -> str:
        return fields(texts.overview(found))["Member search"]

    plain, searching = (
        InviteHealth(
            store=store, directory=SeenInvites(), refresh=refresh, copies=None, clock=ManualClock(), search=search
        )
        for search in (None, lambda _guild_id: states[-1])
    )
    assert shown(await plain.examine(GUILD)) == texts.SEARCH_OFF
    states.append(SearchState())
    assert shown(await searching.examine(GUILD)) == "on\nno search in this server since my start"
    states.append(
        SearchState(3, START + timedelta(hours=1), "It answered 404.", Audited(START, joins=12, contradicted=2))
    )
    moment = int(START.timestamp())
    assert shown(await searching.examine(GUILD)).splitlines() == [
        f"on, but it does not work: It answered 404. It is asked again <t:{moment + 3600}:R>.",
        "3 joins to look for",
        f"last search <t:{moment}:R>: 12 joins, 2 of them contradicted",
    ]
