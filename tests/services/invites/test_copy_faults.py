"""Faults of our own in reading a copy: no start ends with them."""

from __future__ import annotations

from pathlib import Path

from giftbot.clock import SystemClock
from giftbot.services.invites.merging import Merging
from giftbot.services.invites.ports import Copy
from giftbot.services.invites.restoring import Restoring, look_at
from giftbot.stores import invite_documents
from giftbot.stores.copy_file import CopyFile
from giftbot.stores.sqlite.store import open_sqlite
from tests.services.invites.changed_copies import copy_of, sections
from tests.services.invites.copying import NORTH


class _Broken(CopyFile):
    """A place whose reading has a fault that nobody thought of."""

    async def read(self) -> Copy | None:
        """Fail."""
        raise ZeroDivisionError


async def test_a_fault_of_ours_stops_no_start(tmp_path: Path) -> None:
    """It is logged under a reference, and nothing is written there before it is known what is there."""
    place = _Broken(tmp_path / "a.json")
    look = await look_at(place)
    assert look.copy is None
    assert "the log has it under" in str(look.failed)
    async with open_sqlite(tmp_path / "a.sqlite") as store:
        restoring = Restoring(
            store=store, merging=Merging(store, invite_documents), places=[place], clock=SystemClock()
        )
        assert await restoring.run() == frozenset()
        assert restoring.statuses["local"].held is not None


class _BrokenDocuments:
    """Reading rows has a fault that nobody thought of."""

    to_document = staticmethod(invite_documents.to_document)
    settled_invite = staticmethod(invite_documents.settled_invite)

    def read_document(self, model: object, document: object) -> None:
        """Fail."""
        raise ZeroDivisionError


async def test_a_fault_of_ours_in_an_entry_stops_no_start_either(tmp_path: Path) -> None:
    """The copy is not used and not written over; the bot starts with what the tables have."""
    place = CopyFile(tmp_path / "a.json")
    await place.write(copy_of({str(NORTH): sections()}))
    async with open_sqlite(tmp_path / "a.sqlite") as store:
        merging = Merging(store, _BrokenDocuments())
        restoring = Restoring(store=store, merging=merging, places=[place], clock=SystemClock())
        await restoring.run()
        status = restoring.statuses["local"]
        assert "the log has it under" in str(status.refused)
        assert status.held == status.refused
        assert restoring.series.sequence == 0
