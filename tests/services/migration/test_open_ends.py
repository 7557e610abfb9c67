"""What was begun and not ended: a process that died in a source, a code that others change all the time."""

from __future__ import annotations

from pathlib import Path

import pytest

from giftbot.errors import InvalidInputError, StoreError
from giftbot.models.code import GiftCode
from giftbot.models.ids import CodeKey
from giftbot.models.legacy import KnownCode
from giftbot.models.migration import Migration, MigrationState
from giftbot.services.migration.codes import KnownCodes
from giftbot.services.migration.migrating import Migrating
from giftbot.stores.sqlite.store import SqliteStore, open_sqlite
from tests.fakes import ManualClock
from tests.services.migration.scripted import KeptReport, ScriptedLegacy, sent


class Contested:
    """The codes of a store in which somebody else is always faster."""

    def __init__(self, store: SqliteStore) -> None:
        self.insert_codes = store.insert_codes
        self.get_codes = store.get_codes
        self.list_codes = store.list_codes
        self.list_fan_out = store.list_fan_out
        self.list_to_redeem = store.list_to_redeem

    async def replace_code(self, code: GiftCode) -> bool:
        """Too late."""
        return False


async def test_a_source_at_which_a_process_died_can_be_given_up(tmp_path: Path) -> None:
    """It may be what kills each process that reads it; one that is done is nothing to give up."""
    clock, source = ManualClock(), ScriptedLegacy(values=[sent(1, "FROST77")])
    async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
        migrating = Migrating(store=store, clock=clock, owner="one")
        begun = Migration(source.name, source.title, MigrationState.RUNNING, clock.now(), "", "0.1.0")
        await store.save_migration(begun)
        assert (await migrating.give_up(source.name)).state is MigrationState.GIVEN_UP
        [outcome] = await migrating.run([source], report=KeptReport())
        assert outcome.was_done
        [outcome] = await migrating.run([source], report=KeptReport(), again=True)
        assert outcome.migration.state is MigrationState.DONE
        with pytest.raises(InvalidInputError, match="None has"):
            await migrating.give_up(source.name)


async def test_a_code_that_cannot_be_merged_is_no_success(tmp_path: Path) -> None:
    """The run fails and is begun again, instead of leaving the code as it is."""
    clock, key = ManualClock(), CodeKey("FROST77")
    async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
        codes = KnownCodes(store=store, clock=clock)
        codes.note([KnownCode(key, "FROST77", None)])
        assert await codes.flush() == 1
        contested = KnownCodes(store=Contested(store), clock=clock)
        contested.note([KnownCode(key, "Frost77", None)])
        with pytest.raises(StoreError, match="over and over"):
            await contested.flush()
