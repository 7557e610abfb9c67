from __future__ import annotations

from datetime import timedelta

import attrs

from giftbot.models.ids import GuildId
from giftbot.models.ledger_document import LedgerDocument
from giftbot.services.ports import Store
from giftbot.stores.invite_documents import to_document
from tests.stores.build import GUILD, NOW, later
from tests.stores.build_invites import CODE, batch, joined, ledger
from tests.stores.full_ledger import full_ledger
from tests.stores.lacking import bulk_updates


async def test_ledgers_are_scanned_by_server(store: Store) -> None:
    """All of them, or those with a newer baseline."""
    guilds = [GuildId(guild) for guild in range(1, 121)]
    for guild in reversed(guilds):
        taken_at = None if guild % 3 == 0 else NOW + timedelta(seconds=guild)
        await store.commit_batch(batch(1, guild=guild, known=ledger(1, guild=guild, taken_at=taken_at)))
    pages = [page async for page in store.scan_ledgers()]
    assert [item.guild_id for page in pages for item in page] == guilds
    assert len(pages) > 1
    changed = [item async for page in store.scan_ledgers(later(100)) for item in page]
    assert [item.guild_id for item in changed] == [guild for guild in guilds if guild > 100 and guild % 3]
    assert changed[0] == ledger(1, guild=101, taken_at=later(101))
    assert [page async for page in store.scan_ledgers(later(1000))] == []


@bulk_updates
async def test_ledgers_are_restored_as_they_came(store: Store) -> None:
    """Many at once, as documents; a number that is taken stays with whoever has it, and no older one comes back."""
    guilds = [GuildId(guild) for guild in range(1, 121)]
    assert await store.commit_batch(batch(7, [joined(1, guild=2)], guild=2))
    assert await store.commit_batch(batch(3, guild=3))
    given = [attrs.evolve(full_ledger(7), guild_id=guild) for guild in guilds]
    documents = [LedgerDocument(one.guild_id, one.number, to_document(one)) for one in given]
    expected = {guild for guild in guilds if guild != 2}
    assert await store.restore_ledgers(documents, decided_at=NOW) == expected
    assert await store.restore_ledgers(documents, decided_at=NOW) == set()
    assert await store.restore_ledgers([], decided_at=NOW) == set()
    assert [item async for page in store.scan_ledgers() for item in page if item.guild_id != 2] == [
        one for one in given if one.guild_id != 2
    ]
    assert [item async for page in store.scan_ledger_documents() for item in page if item.guild_id != 2] == [
        one for one in documents if one.guild_id != 2
    ]
    assert await store.get_ledger(GuildId(2)) == ledger(7, guild=2)
    assert await store.ledger_numbers() == dict.fromkeys(guilds, 7)
    assert not await store.commit_batch(batch(7, [joined(9, guild=3)], guild=3))
    assert await store.commit_batch(batch(8, [joined(9, guild=3)], guild=3))
    assert (await store.ledger_numbers())[GuildId(3)] == 8
    assert await store.repair_batches(GuildId(1)) == 0


async def test_a_ledger_is_given_as_it_is_stored(store: Store) -> None:
    """For copies: with a baseline or without, those of a newer baseline alone; nothing where there is none."""
    for guild in (GuildId(1), GuildId(2)):
        assert await store.commit_batch(batch(1, guild=guild, known=attrs.evolve(full_ledger(), guild_id=guild)))
    later_one = attrs.evolve(full_ledger(2), guild_id=GuildId(2), taken_at=later(60))
    assert await store.commit_batch(batch(2, guild=2, known=later_one))
    expected = LedgerDocument(GuildId(2), 2, to_document(later_one))
    assert await store.get_ledger_document(GuildId(2)) == expected
    assert await store.get_ledger_document(GuildId(9)) is None
    assert [item async for page in store.scan_ledger_documents(NOW) for item in page] == [expected]


async def test_half_a_character_in_a_name_is_a_question_mark_in_copies(store: Store) -> None:
    """No text that others read can hold one; the ledger itself is as it was."""
    halved = attrs.evolve(full_ledger().invites[CODE], inviter_name="a\ud83d")
    known = attrs.evolve(full_ledger(), invites={CODE: halved})
    assert await store.commit_batch(batch(1, known=known))
    assert await store.get_ledger(GUILD) == known
    found = await store.get_ledger_document(GUILD)
    assert found is not None
    expected = attrs.evolve(known, invites={CODE: attrs.evolve(halved, inviter_name="a?")})
    assert found.document == to_document(expected)
