"""Many players at once: from a table into the store, and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

import attrs
import structlog

from giftbot.models.ids import GuildId, PlayerId, UserId
from giftbot.models.player import Player, PlayerState
from giftbot.models.roster import ImportReport, LineReport, LineResult, RosterLine
from giftbot.services.ports import Clock, GuildStore, PlayerStore
from giftbot.services.redeems import Enrols
from giftbot.services.roster_lines import csv_of, read_table
from giftbot.text import rosters as texts

_log = structlog.get_logger(__name__)

CHUNK = 200
"""Lines that are worked on before everything else gets its turn, and that go to the store together."""
_SAVED_AT_ONCE = 20
_REPAIRABLE = frozenset({PlayerState.UNPROVED, PlayerState.WRONG_KINGDOM, PlayerState.NOT_FOUND})
"""Players whose kingdom is nobody's proved word, and may be replaced by a table's."""
EXPORT_COLUMNS = ("player_id", "kingdom", "nickname", "status", "owner_id")
REPORT_COLUMNS = ("line", "player_id", "result", "note")
T = TypeVar("T")

Progress = Callable[[int, int], None]
"""Called now and then with the lines that are done, and all lines."""


class Rosters:
    """Imports and exports the players of a server, without holding up anything else."""

    def __init__(self, *, store: PlayerStore, guilds: GuildStore, redemptions: Enrols, clock: Clock) -> None:
        self._store = store
        self._guilds = guilds
        self._redemptions = redemptions
        self._clock = clock

    async def import_csv(
        self,
        guild_id: GuildId,
        words: str,
        added_by: UserId | None,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Store the players of a table as unproved; what became of every line, or (`dry_run`) would.

        Somebody who is registered already is left as they are, but for a name, and for a kingdom that was never
        proved; a player of another member than `added_by` even so. Done again it is harmless, and makes up for a
        crash in between. Raises `InvalidInputError` when the table as a whole cannot be used.
        """
        table = read_table(words)
        guild = (await self._guilds.get_guilds([guild_id])).get(guild_id)
        run = _Import(guild_id, added_by, has_default=guild is not None and guild.default_kingdom is not None)
        reports: list[LineReport] = []
        codes = 0
        async for rows in in_turns(table.rows()):
            usable = [row for row in map(run.check, rows) if isinstance(row, RosterLine)]
            written = await (self._foresee(run, usable) if dry_run else self._write(run, usable))
            reports += [written.reports.get(row.number) or run.notes[row.number] for row in rows]
            codes = max(codes, await self._redeem_for(guild_id, written))
            if progress is not None:
                progress(len(reports), len(table.lines))
        report = ImportReport(tuple(reports), codes, self._redemptions.halted)
        if dry_run:
            return report
        _log.info("players imported", guild=guild_id, by=added_by, **{str(k): n for k, n in report.counts.items()})
        return report

    async def export_csv(self, guild_id: GuildId) -> str:
        """All players of a server as a table, which can be imported again."""
        parts = [csv_of([EXPORT_COLUMNS])]
        after: PlayerId | None = None
        while players := await self._store.list_players(guild_id=guild_id, after=after, limit=CHUNK):
            parts.append(
                csv_of(
                    (player.player_id, player.kingdom, player.nickname, player.state.value, player.owner_id)
                    for player in players
                )
            )
            after = players[-1].player_id
            await asyncio.sleep(0)
        return "".join(parts)

    async def _redeem_for(self, guild_id: GuildId, written: _Written) -> int:
        """Redeem for those whom some lines concern; for how many codes."""
        codes = 0
        if written.asked:
            codes = await self._redemptions.enrol_players(guild_id, written.asked)
        if written.known:
            codes = max(codes, await self._redemptions.make_up_for(guild_id, written.known))
        return codes

    async def _write(self, run: _Import, rows: Sequence[RosterLine]) -> _Written:
        """Store some lines."""
        fresh = {row.player_id: run.player(row, self._clock.now()) for row in rows}
        added = await self._store.insert_players(list(fresh.values())) if fresh else set()
        others = [row for row in rows if row.player_id not in added]
        known = await self._store.get_players(run.guild_id, [row.player_id for row in others]) if others else {}
        written = await self._update(run, others, known)
        for row in rows:
            if row.player_id in added:
                written.asked.append(fresh[row.player_id])
                written.reports[row.number] = LineReport(row.number, row.player_id, LineResult.ADDED)
        return written

    async def _foresee(self, run: _Import, rows: Sequence[RosterLine]) -> _Written:
        """What `_write` would answer, but for those who register meanwhile; nobody is to be redeemed for."""
        known = await self._store.get_players(run.guild_id, [row.player_id for row in rows]) if rows else {}
        written = _Written()
        for row in rows:
            player = known.get(row.player_id)
            if player is None:
                result, note = LineResult.ADDED, ""
            else:
                changed, note = run.changed(player, row)
                result = LineResult.KNOWN if changed == player else LineResult.UPDATED
            written.reports[row.number] = _report(row, result, note)
        return written

    async def _update(self, run: _Import, rows: Sequence[RosterLine], known: Mapping[PlayerId, Player]) -> _Written:
        """Change players who are registered, where a line may."""
        written = _Written()
        for first in range(0, len(rows), _SAVED_AT_ONCE):
            group = rows[first : first + _SAVED_AT_ONCE]
            await asyncio.gather(*(self._update_one(run, row, known.get(row.player_id), written) for row in group))
        return written

    async def _update_one(self, run: _Import, row: RosterLine, player: Player | None, written: _Written) -> None:
        result, note = LineResult.BAD, texts.LINE_OVERTAKEN
        if player is not None:
            changed, said = run.changed(player, row)
            if changed == player:
                result, note = LineResult.KNOWN, said
                written.known.append(player)
            elif await self._store.save_player(attrs.evolve(changed, updated_at=self._clock.now())):
                result, note = LineResult.UPDATED, said
                saved = attrs.evolve(changed, updated_at=self._clock.now(), revision=changed.revision + 1)
                (written.known if changed.kingdom == player.kingdom else written.asked).append(saved)
        written.reports[row.number] = _report(row, result, note)


def _report(row: RosterLine, result: LineResult, note: str) -> LineReport:
    return LineReport(row.number, row.player_id, result, note, is_refused=note == texts.LINE_OF_A_MEMBER)


@attrs.define
class _Written:
    """What became of some lines."""

    reports: dict[int, LineReport] = attrs.Factory(dict)
    asked: list[Player] = attrs.Factory(list)
    """Players who are new or repaired: the active codes are redeemed for them."""
    known: list[Player] = attrs.Factory(list)
    """Players who were registered before: whoever stored them may have died before codes were redeemed for them."""


@attrs.define
class _Import:
    """What one import has to remember from line to line."""

    guild_id: GuildId
    added_by: UserId | None
    has_default: bool
    """Whether the server has a kingdom for lines without one."""
    notes: dict[int, LineReport] = attrs.Factory(dict)
    """Lines that are left out, by number."""
    _seen: dict[PlayerId, int] = attrs.Factory(dict)

    def player(self, row: RosterLine, now: datetime) -> Player:
        """Somebody new."""
        return Player(
            guild_id=self.guild_id,
            player_id=row.player_id,
            state=PlayerState.UNPROVED,
            created_at=now,
            updated_at=now,
            kingdom=row.kingdom,
            nickname=row.nickname,
            added_by=self.added_by,
        )

    def changed(self, player: Player, row: RosterLine) -> tuple[Player, str]:
        """A registered player after a table named them, and why nothing changed.

        They stay as they are when the line says nothing new that may be believed, or they are another member's.
        """
        changed = player
        if row.nickname is not None:
            changed = attrs.evolve(changed, nickname=row.nickname)
        if row.kingdom not in (None, player.kingdom) and player.state in _REPAIRABLE:
            changed = attrs.evolve(changed, kingdom=row.kingdom, state=PlayerState.UNPROVED)
        if changed == player:
            return player, texts.line_known(player, row.kingdom)
        if player.owner_id not in (None, self.added_by):
            return player, texts.LINE_OF_A_MEMBER
        return changed, ""

    def check(self, row: RosterLine | LineReport) -> RosterLine | None:
        """The line, unless it is left out; then why is noted."""
        if isinstance(row, LineReport):
            self.notes[row.number] = row
            return None
        first = self._seen.setdefault(row.player_id, row.number)
        if first != row.number:
            note = texts.line_repeats(first)
            self.notes[row.number] = LineReport(row.number, row.player_id, LineResult.DUPLICATE, note)
            return None
        if row.kingdom is None and not self.has_default:
            note = texts.LINE_WITHOUT_KINGDOM
            self.notes[row.number] = LineReport(row.number, row.player_id, LineResult.BAD, note)
            return None
        return row


async def report_csv(report: ImportReport) -> str:
    """What became of every line, as a table."""
    parts = [
        csv_of((line.number, line.player_id, line.result.value, line.note) for line in lines)
        async for lines in in_turns(report.lines)
    ]
    return csv_of([REPORT_COLUMNS]) + "".join(parts)


async def in_turns(items: Iterable[T], size: int = CHUNK) -> AsyncIterator[list[T]]:
    """`items` in lists of `size`; everybody else on the loop gets a turn after each."""
    pending = iter(items)
    while chunk := list(islice(pending, size)):
        yield chunk
        await asyncio.sleep(0)
