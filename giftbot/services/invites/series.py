"""Which copy the tables are in step with, and which copy is newer than they are."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import attrs

from giftbot.services.invites.payload import MARK
from giftbot.services.invites.ports import Copy
from giftbot.services.remembering_invites import CarriedStore

_BEGUN_BLIND = "new-"


@attrs.define
class Series:
    """The series of copies that this process goes on with. Kept in the tables, so that they have a number, too."""

    epoch: str = ""
    """Empty before anything was found or begun."""
    sequence: int = 0
    """Of the newest copy that the tables hold everything of."""

    @property
    def is_blind(self) -> bool:
        """Whether it was begun while somebody could not be asked whether there is a series already.

        Such a one is continued under the name of whatever series is found.
        """
        return not self.epoch or self.epoch.startswith(_BEGUN_BLIND)

    def begin(self, *, blind: bool) -> None:
        """Give it a name of its own, unless it has one."""
        if not self.epoch:
            self.epoch = f"{_BEGUN_BLIND if blind else ''}{uuid.uuid4().hex}"
        elif not blind:
            self.epoch = self.epoch.removeprefix(_BEGUN_BLIND)

    def belongs(self, copy: Copy) -> bool:
        """Whether a copy is of this series, or one of the two was begun blind."""
        return self.is_blind or is_blind(copy) or copy.epoch == self.epoch

    def is_behind(self, copy: Copy) -> bool:
        """Whether a copy that belongs to it may hold what the tables do not."""
        return copy.epoch != self.epoch or copy.sequence > self.sequence

    def take_in(self, copy: Copy) -> None:
        """Go on where that copy is."""
        if self.is_blind and not is_blind(copy):
            self.epoch = copy.epoch
        if copy.epoch == self.epoch or is_blind(copy):
            self.sequence = max(self.sequence, copy.sequence)

    def continue_from(self, copy: Copy) -> None:
        """Go on where that copy is, of whatever series it was: somebody chose it."""
        self.epoch, self.sequence = copy.epoch, max(self.sequence, copy.sequence)

    async def load(self, store: CarriedStore) -> None:
        """Read it from the tables."""
        mark = (await store.get_carried()).get(MARK)
        if isinstance(mark, Mapping):
            epoch, sequence = mark.get("epoch"), mark.get("sequence")
            if isinstance(epoch, str) and isinstance(sequence, int):
                self.epoch, self.sequence = epoch, sequence

    async def save(self, store: CarriedStore) -> None:
        """Write it to the tables."""
        await store.save_carried({MARK: {"epoch": self.epoch, "sequence": self.sequence}})


def is_blind(copy: Copy) -> bool:
    """Whether a copy is of a series that was begun blind."""
    return is_blind_name(copy.epoch)


def is_blind_name(epoch: str) -> bool:
    """Whether an epoch names a series that was begun blind."""
    return epoch.startswith(_BEGUN_BLIND)
