"""What is known of invites, read back at a start from wherever there is more of it: tables, local file, cloud."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import attrs
import structlog

from giftbot.errors import CopyError, CopyRefusedError, StoreError
from giftbot.logs import new_reference
from giftbot.models.copy_status import CopyStatus
from giftbot.models.ids import GuildId
from giftbot.services.invites.merging import Merging, Taken, describe, newest
from giftbot.services.invites.ports import Copy, CopyPlace
from giftbot.services.invites.series import Series, is_blind
from giftbot.services.invites.totals import Totals
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore

_log = structlog.get_logger(__name__)

ANOTHER_SERIES = (
    "It belongs to another bot, or to an earlier life of this one, and nothing is written over it. If it is this"
    " bot's: stop the bot, then ops restore --from {label}."
)
_TRIES = 3
INSIDE = "It cannot be used: something went wrong inside giftbot; the log has it under {reference}."
SinceListener = Callable[[Mapping[GuildId, datetime]], None]
"""Takes from when on it is known who joined, by server."""
_NAMED = 20
"""So many refused entries are logged one by one."""


@attrs.frozen
class Look:
    """What a place had to show."""

    copy: Copy | None = None
    refused: str | None = None
    """Why what is there must not be used; as a sentence."""
    failed: str | None = None
    """Why nobody knows what is there; as a sentence."""


async def look_at(place: CopyPlace) -> Look:
    """Read a place, whatever comes of it."""
    try:
        return Look(copy=await place.read())
    except CopyRefusedError as error:
        _log.warning("copy refused", layer=place.label, why=str(error))
        return Look(refused=str(error))
    except CopyError as error:
        _log.warning("copy not read", layer=place.label, why=str(error))
        return Look(failed=str(error))
    except Exception:
        reference = new_reference()
        _log.exception("copy not read", layer=place.label, ref=reference)
        return Look(failed=INSIDE.format(reference=reference))


class Restoring:
    """Brings the tables in step with the newest whole copy, and knows which series of copies goes on."""

    def __init__(
        self,
        *,
        store: InviteStore,
        merging: Merging,
        places: Sequence[CopyPlace],
        clock: Clock,
        patience: float = 0.0,
    ) -> None:
        """Take the tables, the places, and how many seconds who knows nothing asks those that fail again."""
        self.series = Series()
        self.statuses: dict[str, CopyStatus] = {place.label: CopyStatus(place.label) for place in places}
        """What is known of each place, by its label."""
        self.listeners: list[SinceListener] = []
        """Told of copies that are taken in after the start."""
        self._store = store
        self._merging = merging
        self._places = tuple(places)
        self._clock = clock
        self._patience = patience

    async def run(self, *, ledgers: bool = True) -> frozenset[str]:
        """Restore, before anything connects; the labels of the places that could be read.

        Only these may be written to. Whatever is wrong with a copy, the next best is used.
        `ledgers` is False beside a bot that decides joins. Raises `StoreError` when the tables cannot be read.
        """
        await self.series.load(self._store)
        looks = await self._look_everywhere()
        by_label = {place.label: look for place, look in zip(self._places, looks, strict=True)}
        label_of = {id(look.copy): label for label, look in by_label.items() if look.copy is not None}
        copies = [look.copy for look in looks if look.copy is not None]
        sure = [copy for copy in copies if not is_blind(copy)]
        for copy in [*newest(sure), *newest(copy for copy in copies if is_blind(copy))]:
            await self._adopt(label_of[id(copy)], copy, ledgers=ledgers)
        for label, look in by_label.items():
            self._note(label, look)
        self._begin()
        await self.series.save(self._store)
        if not copies:
            _log.info("no copy found", epoch=self.series.epoch, sequence=self.series.sequence)
        return frozenset(label for label, look in by_label.items() if look.failed is None)

    async def _look_everywhere(self) -> list[Look]:
        """What every place has. Who knows nothing yet waits a little for a place that does not answer.

        A service that starts together with the bot is there by then; without its copy nobody could say later who
        joined while the bot was away.
        """
        looks = await asyncio.gather(*map(look_at, self._places))
        pause = self._patience / (2**_TRIES - 1)
        for _ in range(_TRIES if pause else 0):
            if self.series.epoch or any(look.copy for look in looks) or not any(look.failed for look in looks):
                break
            await self._clock.sleep(pause)
            pause *= 2
            looks = await asyncio.gather(*map(look_at, self._places))
        return looks

    async def read_late(self, place: CopyPlace) -> bool:
        """Read a place that could not be read before, or that holds something newer; whether it was read.

        The bot works meanwhile: rows are taken in, what it knows of the invites stays. Raises `StoreError`.
        """
        look = await look_at(place)
        if look.copy is not None:
            await self._adopt(place.label, look.copy, late=True, ledgers=False)
        self._note(place.label, look)
        self._begin()
        await self.series.save(self._store)
        return look.failed is None

    async def _adopt(self, label: str, copy: Copy, *, ledgers: bool, late: bool = False) -> None:
        """Take a copy in, if it belongs to the series and may hold more than the tables.

        `late` is after the start: what another process wrote may hold more then whatever its number is.
        """
        before = self.statuses[label]
        is_known = (before.epoch, before.sequence, before.taken_at) == (copy.epoch, copy.sequence, copy.taken_at)
        status = CopyStatus(label, epoch=copy.epoch, sequence=copy.sequence, taken_at=copy.taken_at)
        self.statuses[label] = status
        if not self.series.belongs(copy):
            why = ANOTHER_SERIES.format(label=label)
            _log.warning("copy refused", layer=label, why=why, epoch=copy.epoch, sequence=copy.sequence)
            self.statuses[label] = attrs.evolve(status, refused=why, held=why)
            return
        if self.series.is_behind(copy) or (late and not is_known):
            try:
                taken = await self._merging.take_in(copy, ledgers=ledgers)
            except StoreError:
                raise
            except Exception:
                reference = new_reference()
                why = INSIDE.format(reference=reference)
                _log.exception("copy refused", layer=label, ref=reference, sequence=copy.sequence)
                self.statuses[label] = attrs.evolve(status, refused=why, held=why)
                return
            self.statuses[label] = attrs.evolve(status, refused_entries=taken.refused)
            self._log_taken(label, copy, taken)
            if late and taken.written["joins"]:
                await self._recount(label, taken.guild_ids)
            for listener in self.listeners if late else ():
                listener(taken.since)
        self.series.take_in(copy)

    async def _recount(self, label: str, guild_ids: Sequence[GuildId]) -> None:
        """Let the counts of used invites stand for the joins that came: the ledgers are not taken in late."""
        try:
            found = await Totals(self._store, self._clock).recount(guild_ids)
        except StoreError as error:
            _log.warning("totals not counted anew", layer=label, why=str(error), then="ops rebuild-totals")
            return
        for one in found:
            if one.is_written:
                _log.info("totals counted anew", guild=one.guild_id, codes=len(one.codes))
            else:
                why = "the server's joins are being decided all the time"
                _log.warning("totals not counted anew", guild=one.guild_id, why=why, then="ops rebuild-totals")

    def _log_taken(self, label: str, copy: Copy, taken: Taken) -> None:
        age = (self._clock.now() - copy.taken_at).total_seconds()
        _log.info(
            "cache restored",
            layer=label,
            age=round(age),
            sequence=copy.sequence,
            wrote=describe(taken.written),
            refused=len(taken.refused),
        )
        for why in taken.refused[:_NAMED]:
            _log.warning("copy entry refused", layer=label, why=why)

    def _note(self, label: str, look: Look) -> None:
        known = self.statuses[label]
        if look.copy is None:
            self.statuses[label] = attrs.evolve(
                known, refused=look.refused, failed=look.failed, held=held_by(look.failed)
            )

    def _begin(self) -> None:
        """Name the series, once everybody was asked; until then it is one that was begun blind."""
        unknown = any(status.failed is not None and status.sequence is None for status in self.statuses.values())
        self.series.begin(blind=unknown)


def held_by(failed: str | None) -> str | None:
    """Why a place is not written to that could not be read."""
    if failed is None:
        return None
    return f"Nothing is written there before it is known what is there. {failed}"
