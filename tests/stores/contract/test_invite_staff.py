from __future__ import annotations

import asyncio
from collections.abc import Sequence

import attrs

from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import ChannelId, CreditId, GuildId, InviteCode, RoleId, UserId
from giftbot.models.join import Candidate, Level
from giftbot.models.staff import LinkState, StaffLink
from giftbot.services.ports import Store
from tests.stores.build import CHANNEL, GUILD, OTHER_GUILD, later
from tests.stores.build_invites import CODE, STAFF, credit, link
from tests.stores.lacking import bulk_updates

OTHER_STAFF = UserId(7)


def codes(links: Sequence[StaffLink]) -> list[str]:
    """Which links."""
    return [found.code for found in links]


def users(found: Sequence[Credit]) -> list[int]:
    """Whose achievements."""
    return [item.user_id for item in found]


async def test_a_link_is_read_as_written(store: Store) -> None:
    """Every field survives."""
    full = attrs.evolve(
        link(until=later(9)),
        staff_name="Ünal 雪",
        channel_id=CHANNEL,
        marker_role_id=RoleId(5),
        is_ours=True,
        state=LinkState.HIDDEN,
        replaces=InviteCode("old"),
        told_at=later(3),
        notes={"email_template": "Hi {ib.code} $x", "none": None, "$odd.name": "x"},
        updated_at=later(4),
    )
    assert await store.save_link(full)
    assert await store.list_links(GUILD) == [attrs.evolve(full, revision=1)]


async def test_a_link_needs_its_present_revision(store: Store) -> None:
    """What somebody else changed is not overwritten; what became None is gone."""
    assert await store.save_link(attrs.evolve(link(), channel_id=ChannelId(1)))
    assert not await store.save_link(link())
    assert not await store.save_link(attrs.evolve(link("new"), revision=3))
    changed = attrs.evolve(link(until=later(5)), state=LinkState.ENDED, revision=1)
    assert await store.save_link(changed)
    assert not await store.save_link(changed)
    assert await store.list_links(GUILD) == [attrs.evolve(changed, revision=2)]
    results = await asyncio.gather(*(store.save_link(link("raced")) for _ in range(5)))
    assert sorted(results) == [False] * 4 + [True]


@bulk_updates
async def test_many_links_are_saved_together(store: Store) -> None:
    """Each as if it were saved alone: new ones, those whose revision is the present one, and no others."""
    assert await store.save_links([]) == 0
    many = [link(f"code {number}", guild=GUILD + number % 3) for number in range(1100)]
    assert await store.save_links(many) == 1100
    present = [attrs.evolve(one, revision=1, staff_name="renamed") for one in many[:300]]
    stale = [attrs.evolve(one, staff_name="lost") for one in many[300:600]]
    unknown = [attrs.evolve(link(f"new {number}"), revision=number) for number in range(3)]
    assert await store.save_links([*present, *stale, *unknown]) == 301
    stored = {one.key: one for one in await store.list_links()}
    assert len(stored) == 1101
    assert all(stored[one.key] == attrs.evolve(one, revision=2) for one in present)
    assert all(stored[one.key] == attrs.evolve(one, revision=1) for one in many[300:])


async def test_links_are_listed_oldest_first(store: Store) -> None:
    """Of a server, of a staff member, of both or of all; those that still hold, or all."""
    for item in (
        link("b", seconds=5),
        link("a", until=later(9)),
        link("c", seconds=2, staff=OTHER_STAFF),
        link("d", seconds=1, guild=OTHER_GUILD),
    ):
        assert await store.save_link(item)
    assert codes(await store.list_links()) == ["a", "d", "c", "b"]
    assert codes(await store.list_links(GUILD)) == ["a", "c", "b"]
    assert codes(await store.list_links(staff_id=STAFF)) == ["a", "d", "b"]
    assert codes(await store.list_links(GUILD, staff_id=STAFF)) == ["a", "b"]
    assert codes(await store.list_links(GUILD, staff_id=STAFF, valid_only=True)) == ["b"]
    assert codes(await store.list_links(valid_only=True)) == ["d", "c", "b"]
    assert await store.list_links(GuildId(5)) == []


async def test_a_code_belongs_to_one_row_of_each_server(store: Store) -> None:
    """Its case counts."""
    assert await store.save_link(link("abc"))
    assert await store.save_link(link("ABC"))
    assert await store.save_link(link("abc", guild=OTHER_GUILD))
    assert not await store.save_link(link("abc", staff=OTHER_STAFF))


async def test_a_credit_is_opened_once(store: Store) -> None:
    """Every field survives, and a second one with the same id changes nothing."""
    full = attrs.evolve(
        credit(),
        user_name="Ünal 雪",
        staff_name="one",
        code=CODE,
        level=Level.CANDIDATES,
        candidates=(Candidate(CODE, STAFF, 0.5), Candidate(None, None, 0.5)),
    ).changed(CreditState.CREDITED, later(5), staff_id=STAFF, by=UserId(8), note="seen")
    assert await store.open_credit(full)
    assert not await store.open_credit(credit())
    unknown = CreditId("vip_conversion:nobody")
    assert await store.get_credits([full.credit_id, unknown]) == {full.credit_id: full}
    assert await store.get_credits([]) == {}
    results = await asyncio.gather(*(store.open_credit(credit(2)) for _ in range(5)))
    assert sorted(results) == [False] * 4 + [True]


async def test_many_credits_are_opened_together(store: Store) -> None:
    """Those that are absent; the others stay as they are."""
    assert await store.open_credits([]) == 0
    first = credit(500, state=CreditState.CREDITED)
    assert await store.open_credit(first)
    many = [credit(user, guild=GUILD + user % 3) for user in range(1, 1101)]
    there = credit(500)
    assert await store.open_credits([*many, there]) == 1100
    assert await store.open_credits(many) == 0
    stored = await store.get_credits([one.credit_id for one in [*many, there]])
    assert stored == {one.credit_id: one for one in [*many, first]}


async def test_a_credit_needs_its_present_revision(store: Store) -> None:
    """Of two admins that decide at once, one is told to look again."""
    assert not await store.save_credit(credit())
    assert await store.get_credits([credit().credit_id]) == {}
    await store.open_credit(credit())
    decided = credit().changed(CreditState.CREDITED, later(1), staff_id=OTHER_STAFF, by=UserId(8))
    assert await store.save_credit(decided)
    assert not await store.save_credit(
        credit().changed(CreditState.REJECTED, later(2), staff_id=None, by=UserId(9))
    )
    stored = attrs.evolve(decided, revision=1)
    assert await store.get_credits([decided.credit_id]) == {decided.credit_id: stored}
    rejected = stored.changed(CreditState.REJECTED, later(3), staff_id=None, by=UserId(9))
    assert await store.save_credit(rejected)
    assert await store.list_credits(GUILD, staff_id=OTHER_STAFF) == []
    assert await store.list_credits(GUILD, states=[CreditState.REJECTED]) == [attrs.evolve(rejected, revision=2)]


async def test_credits_are_listed_newest_first(store: Store) -> None:
    """Of a server, a staff member, a person and some states, in any combination."""
    for item in (
        credit(1),
        credit(2, seconds=1, state=CreditState.CREDITED),
        credit(3, seconds=2, staff=OTHER_STAFF),
        credit(4, seconds=3, staff=None, state=CreditState.REVERSED),
        credit(1, seconds=4, guild=OTHER_GUILD),
    ):
        assert await store.open_credit(item)
    assert users(await store.list_credits()) == [1, 4, 3, 2, 1]
    assert users(await store.list_credits(GUILD)) == [4, 3, 2, 1]
    assert users(await store.list_credits(GUILD, limit=2)) == [4, 3]
    assert await store.list_credits(GUILD, limit=0) == []
    assert users(await store.list_credits(GUILD, states=[CreditState.PENDING])) == [3, 1]
    assert users(await store.list_credits(states=[CreditState.PENDING, CreditState.CREDITED])) == [1, 3, 2, 1]
    assert users(await store.list_credits(GUILD, staff_id=STAFF)) == [2, 1]
    assert users(await store.list_credits(staff_id=STAFF, states=[CreditState.PENDING])) == [1, 1]
    assert [item.guild_id for item in await store.list_credits(user_id=UserId(1))] == [OTHER_GUILD, GUILD]
    assert users(await store.list_credits(GUILD, user_id=UserId(1), staff_id=OTHER_STAFF)) == []
