from __future__ import annotations

import asyncio

import attrs

from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import ChannelId, GuildId, RoleId
from giftbot.services.ports import Store
from tests.stores.build import CHANNEL, GUILD, NOW, OTHER_GUILD, later

SETTINGS = GuildSettings(GUILD, channel_id=CHANNEL, updated_at=NOW)


async def test_settings_are_read_as_they_were_written(store: Store) -> None:
    """Every field survives; the revision is the store's."""
    full = GuildSettings(
        guild_id=GUILD,
        channel_id=CHANNEL,
        ping_role_id=RoleId(7),
        auto_post=False,
        language="de",
        epoch=2,
        backfill=Backfill.SKIP,
        backfill_at=NOW,
        disabled_reason="gone",
        disabled_at=later(1),
        missing_permissions=("Embed Links", "Send Messages"),
        checked_at=later(2),
        left_at=later(3),
        auto_redeem=True,
        default_kingdom=9999,
        redeem_channel_id=ChannelId(8),
        register_channel_id=ChannelId(9),
        updated_at=later(4),
    )
    assert await store.save_guild(full)
    assert await store.get_guilds([GUILD, OTHER_GUILD]) == {GUILD: attrs.evolve(full, revision=1)}


async def test_a_change_needs_the_present_revision(store: Store) -> None:
    """Settings that somebody else changed meanwhile are not overwritten."""
    assert await store.save_guild(SETTINGS)
    assert not await store.save_guild(SETTINGS)
    assert not await store.save_guild(attrs.evolve(SETTINGS, revision=5))
    assert await store.save_guild(attrs.evolve(SETTINGS, revision=1, channel_id=None))
    assert (await store.get_guilds([GUILD]))[GUILD] == attrs.evolve(SETTINGS, revision=2, channel_id=None)


async def test_what_redeems_can_be_taken_back(store: Store) -> None:
    """Channels and kingdom become none again; a reset leaves them as they are."""
    redeeming = attrs.evolve(SETTINGS, auto_redeem=True, default_kingdom=7, redeem_channel_id=CHANNEL)
    assert await store.save_guild(redeeming)
    raised = await store.raise_epoch(GUILD, None, later(1))
    assert (raised.auto_redeem, raised.default_kingdom, raised.redeem_channel_id) == (True, 7, CHANNEL)
    plain = attrs.evolve(raised, auto_redeem=False, default_kingdom=None, redeem_channel_id=None)
    assert await store.save_guild(plain)
    assert (await store.get_guilds([GUILD]))[GUILD] == attrs.evolve(plain, revision=3)


async def test_one_of_several_first_writes_wins(store: Store) -> None:
    """Concurrent inserts of a server: one is written."""
    results = await asyncio.gather(*(store.save_guild(SETTINGS) for _ in range(8)))
    assert sorted(results) == [False] * 7 + [True]


async def test_scans_all_servers_in_order_and_in_chunks(store: Store) -> None:
    """Each server once, by ascending id."""
    for number in range(1, 8):
        await store.save_guild(GuildSettings(GuildId(number * 10)))
    chunks = [chunk async for chunk in store.scan_guilds(posting_only=False, chunk=3)]
    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    assert [item.guild_id for chunk in chunks for item in chunk] == [number * 10 for number in range(1, 8)]


async def test_scans_servers_that_post(store: Store) -> None:
    """Servers without a channel, turned off, disabled or left are passed over."""
    posting = [attrs.evolve(SETTINGS, guild_id=GuildId(1)), attrs.evolve(SETTINGS, guild_id=GuildId(9))]
    silent = [
        GuildSettings(GuildId(2)),
        attrs.evolve(SETTINGS, guild_id=GuildId(3), auto_post=False),
        attrs.evolve(SETTINGS, guild_id=GuildId(4), disabled_reason="x"),
        attrs.evolve(SETTINGS, guild_id=GuildId(5), left_at=NOW),
    ]
    for settings in (*posting, *silent):
        await store.save_guild(settings)
    found = [item for chunk in [c async for c in store.scan_guilds(posting_only=True)] for item in chunk]
    assert [item.guild_id for item in found] == [1, 9]
    assert all(item.is_posting for item in found)


async def test_a_channel_is_disabled_once(store: Store) -> None:
    """Of many workers that hit the same broken channel, one is to tell the admins."""
    await store.save_guild(SETTINGS)
    results = await asyncio.gather(*(store.disable_channel(GUILD, CHANNEL, "no access", NOW) for _ in range(8)))
    assert sorted(results) == [False] * 7 + [True]
    found = (await store.get_guilds([GUILD]))[GUILD]
    assert (found.disabled_reason, found.disabled_at, found.is_posting) == ("no access", NOW, False)


async def test_a_channel_that_was_replaced_is_not_disabled(store: Store) -> None:
    """A late refusal of the old channel does not touch the new one."""
    await store.save_guild(SETTINGS)
    assert not await store.disable_channel(GUILD, ChannelId(5), "gone", NOW)
    assert (await store.get_guilds([GUILD]))[GUILD].is_posting


async def test_disabling_wins_over_a_change_decided_before(store: Store) -> None:
    """Settings read before the channel was disabled are refused."""
    await store.save_guild(SETTINGS)
    await store.disable_channel(GUILD, CHANNEL, "gone", NOW)
    assert not await store.save_guild(attrs.evolve(SETTINGS, revision=1, language="de"))


async def test_every_reset_raises_the_epoch(store: Store) -> None:
    """Resets at once each get an epoch of their own, and keep the rest."""
    await store.save_guild(SETTINGS)
    raised = await asyncio.gather(*(store.raise_epoch(GUILD, Backfill.POST, later(n)) for n in range(5)))
    assert sorted(item.epoch for item in raised) == [1, 2, 3, 4, 5]
    found = (await store.get_guilds([GUILD]))[GUILD]
    assert (found.channel_id, found.epoch, found.backfill) == (CHANNEL, 5, Backfill.POST)


async def test_a_reset_makes_settings_for_a_server_without_any(store: Store) -> None:
    """A server that chose nothing can be reset, too."""
    raised = await store.raise_epoch(GUILD, None, NOW)
    assert raised == GuildSettings(GUILD, epoch=1, updated_at=NOW, revision=1)
    assert await store.get_guilds([GUILD]) == {GUILD: raised}


async def test_a_backfill_is_listed_until_it_is_finished(store: Store) -> None:
    """Finishing an earlier backfill leaves one that was asked for later."""
    await store.save_guild(SETTINGS)
    await store.raise_epoch(GUILD, Backfill.POST, NOW)
    assert [item.guild_id for item in await store.list_backfills()] == [GUILD]
    await store.raise_epoch(GUILD, Backfill.SKIP, later(1))
    await store.finish_backfill(GUILD, NOW)
    assert [item.backfill for item in await store.list_backfills()] == [Backfill.SKIP]
    await store.finish_backfill(GUILD, later(1))
    await store.finish_backfill(GUILD, later(1))
    assert await store.list_backfills() == []
