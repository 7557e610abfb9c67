"""What has to be true of rows, ledgers, batches and requests, whatever happened."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import attrs
import pytest

from giftbot.models.ids import GuildId, JoinId
from giftbot.models.invite import Coverage
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.join import Join, Level
from giftbot.services.invites.evidence import Decision
from tests.services.invites.comparing import owner_weights
from tests.services.invites.processes import Stage
from tests.services.invites.server import HOME, OTHER, Membership, Server
from tests.services.invites.worlds import is_conserved
from tests.virtual_time import await_threads

_SAME = timedelta(milliseconds=500)


@attrs.frozen
class Found:
    """What the store has of one server at the end."""

    server: Server
    rows: tuple[Join, ...]
    batches: tuple[InviteBatch, ...]
    """The oldest first, without those that were forgotten."""
    ledger: Ledger
    waiting: int
    """Events that no batch has dealt with."""

    def row_of(self, one: Membership) -> Join | None:
        """The row of a membership; there must not be several."""
        rows = [
            row for row in self.rows if row.user_id == one.user_id and abs(row.joined_at - one.joined_at) <= _SAME
        ]
        assert len(rows) <= 1, (one, rows)
        return rows[0] if rows else None

    def pairs(self) -> list[tuple[Membership, Join]]:
        """Memberships with their rows."""
        pairs = [(one, self.row_of(one)) for one in self.server.memberships]
        return [(one, row) for one, row in pairs if row is not None]


async def found(stage: Stage, guild_id: GuildId) -> Found:
    """Read it."""
    await_threads(True)
    try:
        rows = await stage.store.list_joins(guild_id, limit=10_000)
        batches = await stage.store.list_batches(guild_id, limit=10_000)
        ledger = await stage.store.get_ledger(guild_id)
        waiting = len(await stage.store.list_events(guild_id))
    finally:
        await_threads(False)
    assert ledger is not None
    return Found(stage.discord.servers[guild_id], tuple(rows), tuple(reversed(batches)), ledger, waiting)


def check_sound(seen: Found) -> None:
    """Level 4 names the way, level 3 the owner."""
    for one, row in seen.pairs():
        if row.level >= Level.COUNTED:
            assert (row.code or row.source) == one.way, (one, row)
        elif row.level is Level.OWNER:
            assert one.way != OTHER, (one, row)
            owner = None if one.way == HOME else seen.server.codes[one.way].owner
            assert row.code == HOME if owner is None else row.owner_id == owner, (one, row)


def check_rows(seen: Found) -> None:
    """One row for each membership, none for anything else; open as long as that person is there."""
    assert len(seen.pairs()) == len(seen.rows), "a row of nobody"
    for one in seen.server.memberships:
        row = seen.row_of(one)
        if one.left_at is None:
            assert row is not None, f"lost: {one}"
        assert row is None or row.is_open == (one.left_at is None), (one, row)


def check_all_rows(seen: Found) -> None:
    """Not one membership is missing, not even of those who left."""
    for one in seen.server.memberships:
        assert seen.row_of(one) is not None, f"lost: {one}"


def check_uses(seen: Found) -> None:
    """Claimed, unclaimed and archived uses are what was counted since the first baseline, after each batch, too."""
    is_whole = seen.batches[0].number == 1
    before = Ledger(seen.server.guild_id) if is_whole else seen.batches[0].ledger
    for batch in seen.batches if is_whole else seen.batches[1:]:
        step = Decision((), batch.ledger, batch.deltas)
        assert is_conserved(before, step), (batch.number, before, batch)
        before = batch.ledger
    held = held_uses(seen.ledger)
    if is_whole:
        deltas: Counter[str] = Counter()
        for batch in seen.batches:
            deltas.update({str(code): count for code, count in batch.deltas.items()})
        assert held == +deltas, "the batches do not add up to the totals"
    for name, code in seen.server.codes.items():
        since = code.uses - seen.server.first_uses.get(name, 0)
        if code.is_gone or code.expires_at is not None:
            assert held[name] <= since, name
        else:
            assert held[name] == since, (name, held[name], since)


def held_uses(ledger: Ledger) -> Counter[str]:
    """All uses that a ledger knows of, by invite."""
    held: Counter[str] = Counter()
    for counts in (ledger.claimed, ledger.archived):
        held.update({str(code): count for code, count in counts.items()})
    for uses in ledger.unclaimed:
        held[str(uses.code)] += uses.count
    return +held


def check_totals(seen: Found) -> None:
    """The owners' shares of each batch in which as many joined as were counted are the truth's."""
    truth = {row.join_id: one for one, row in seen.pairs()}
    for number, batch in enumerate(seen.batches):
        rows = [row for row in batch.joins if row.batch == batch.number and row.is_open and row.join_id in truth]
        ways = [truth[row.join_id].way for row in rows]
        loose = seen.batches[number - 1].ledger.loose if number else 0
        if not rows or loose or sum(batch.deltas.values()) != len(rows) or OTHER in ways or HOME in ways:
            continue
        if any(row.level not in {Level.CANDIDATES, Level.OWNER, Level.COUNTED} for row in rows):
            continue
        counted = Counter(int(seen.server.codes[way].owner) for way in ways)
        weights = owner_weights(rows)
        assert weights == {owner: pytest.approx(count, abs=0.001) for owner, count in counted.items()}, batch


def check_levels(seen: Found) -> None:
    """No row is ever less certain than before, and level 5 stays as it is."""
    last: dict[JoinId, Join] = {}
    for batch in seen.batches:
        for row in batch.joins:
            before = last.get(row.join_id)
            if before is not None:
                assert row.level >= before.level, (before, row)
                if before.level is Level.CONFIRMED:
                    assert (row.code, row.owner_id) == (before.code, before.owner_id)
            last[row.join_id] = row


def check_published(stage: Stage, guild_id: GuildId, last: int) -> None:
    """Every batch was handed on by one process, in order; those of processes that died may be missing."""
    numbers = []
    for process in (*stage.processes, *stage.ended):
        own = [batch.number for batch in process.published if batch.guild_id == guild_id]
        assert own == sorted(own)
        numbers += own
    assert len(numbers) == len(set(numbers)), sorted(numbers)
    assert set(numbers) <= set(range(1, last + 1))
    if not stage.ended:
        assert len(numbers) == last


def check_requests(stage: Stage, guild_id: GuildId, *, more: int = 1) -> None:
    """No more looks than joins, but for `more` of every start and refresh; one at a time, and only if permitted."""
    requests = [one for one in stage.discord.requests if one.guild_id == guild_id]
    assert len(requests) <= len(stage.discord.servers[guild_id].memberships) + more, len(requests)
    assert stage.discord.most_in_flight <= 1
    assert all(one.was_permitted for one in requests)
    assert stage.discord.servers[guild_id].coverage is not Coverage.NONE or not requests


async def check(stage: Stage, guild_id: GuildId) -> Found:
    """All that holds at the end of any run; what it was checked on."""
    seen = await found(stage, guild_id)
    assert seen.waiting == 0, "somebody waits for ever"
    check_rows(seen)
    check_uses(seen)
    check_levels(seen)
    check_published(stage, guild_id, seen.ledger.number)
    return seen
