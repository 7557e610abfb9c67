from __future__ import annotations

import asyncio

import attrs

from giftbot.models.ids import ChannelId, GuildId, RoleId, UserId
from giftbot.models.invite_settings import InviteSettings
from giftbot.services.ports import Store
from tests.stores.build import GUILD, NOW, OTHER_GUILD
from tests.stores.lacking import bulk_updates


async def test_a_server_that_chose_nothing_has_the_defaults(store: Store) -> None:
    """And no row."""
    assert await store.get_invite_settings(GUILD) == InviteSettings(GUILD)
    assert await store.list_invite_settings() == []


async def test_choices_are_read_as_written(store: Store) -> None:
    """Every field survives."""
    full = InviteSettings(
        GUILD,
        join_channel_id=ChannelId(1),
        join_template="{user} came by {code} $x.y",
        leave_channel_id=ChannelId(2),
        leave_template="bye",
        vip_role_id=RoleId(3),
        review_channel_id=ChannelId(4),
        told_staff=frozenset({UserId(5), UserId(6)}),
        told_missing=("Manage Server",),
        updated_at=NOW,
    )
    assert await store.save_invite_settings(full)
    assert await store.get_invite_settings(GUILD) == attrs.evolve(full, revision=1)
    assert await store.save_invite_settings(InviteSettings(OTHER_GUILD))
    listed = await store.list_invite_settings()
    assert {item.guild_id: item.revision for item in listed} == {GUILD: 1, OTHER_GUILD: 1}


async def test_choices_need_their_present_revision(store: Store) -> None:
    """Of admins that choose at once, one wins, and the others are told."""
    chosen = [InviteSettings(GUILD, vip_role_id=RoleId(number)) for number in range(1, 6)]
    results = await asyncio.gather(*(store.save_invite_settings(settings) for settings in chosen))
    assert sorted(results) == [False] * 4 + [True]
    stored = await store.get_invite_settings(GUILD)
    assert stored == attrs.evolve(chosen[results.index(True)], revision=1)
    assert await store.save_invite_settings(attrs.evolve(stored, vip_role_id=None))
    assert not await store.save_invite_settings(stored)
    assert not await store.save_invite_settings(InviteSettings(GuildId(5), revision=1))
    assert await store.get_invite_settings(GUILD) == InviteSettings(GUILD, revision=2)


@bulk_updates
async def test_choices_of_many_servers_are_saved_together(store: Store) -> None:
    """Each as if it were saved alone."""
    assert await store.save_many_invite_settings([]) == 0
    many = [InviteSettings(GuildId(number), vip_role_id=RoleId(number)) for number in range(1, 602)]
    assert await store.save_many_invite_settings(many) == 601
    again = [attrs.evolve(one, vip_role_id=None, revision=one.guild_id % 2) for one in many]
    assert await store.save_many_invite_settings(again) == 301
    stored = {one.guild_id: one for one in await store.list_invite_settings()}
    for one, before in zip(again, many, strict=True):
        expected = attrs.evolve(one, revision=2) if one.revision else attrs.evolve(before, revision=1)
        assert stored[one.guild_id] == expected


@bulk_updates
async def test_unknown_tables_are_carried_as_they_came(store: Store) -> None:
    """Whatever JSON can hold, by name; a table that comes again takes the place of the one before."""
    assert await store.get_carried() == {}
    tables = {
        "onboarding_progress": [{"user_id": 444444444444444444, "$step.1": None, "done": True, "x": 1.5}],
        "some.$table": {"a": [], "number": 2**80, "half": "\ud800"},
        "empty": None,
    }
    await store.save_carried(tables)
    await store.save_carried({})
    assert await store.get_carried() == tables
    await store.save_carried({"empty": ["no more"]})
    assert await store.get_carried() == {**tables, "empty": ["no more"]}
