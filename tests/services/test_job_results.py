"""The results of a job as a table."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from giftbot.models.ids import CodeKey, GuildId, PlayerId
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.job_results import JobResults
from giftbot.services.ports import Store
from tests.fakes import START

SERVER, OTHER, CODE = GuildId(1), GuildId(2), CodeKey("SUMMER")


def row(
    player: str, outcome: RedemptionOutcome, *, guild: GuildId = SERVER, code: str = "SUMMER", raw: str = ""
) -> Redemption:
    """One player's result."""
    return Redemption(
        guild_id=guild,
        code=CodeKey(code),
        player_id=PlayerId(player),
        outcome=outcome,
        created_at=START,
        updated_at=START,
        raw=raw,
        attempts=1,
        redeemed_at=START if outcome is RedemptionOutcome.REDEEMED else None,
        next_attempt_at=START + timedelta(days=1) if outcome is RedemptionOutcome.INELIGIBLE else None,
    )


async def test_every_player_of_the_job_is_in_the_table_and_nobody_else(store: Store) -> None:
    """More than a page of them; other codes and other servers stay out."""
    rows = [row(str(number), RedemptionOutcome.ALREADY) for number in range(1234)]
    await store.record([*rows, row("7", RedemptionOutcome.REDEEMED, guild=OTHER, code="SUMMER")])
    await store.record([row("8", RedemptionOutcome.REDEEMED, code="SUMMER2")])
    table = await JobResults(store=store).export(SERVER, CODE)
    assert table is not None
    lines = list(csv.DictReader(io.StringIO(table)))
    assert sorted(line["player_id"] for line in lines) == sorted(str(number) for number in range(1234))
    assert {line["outcome"] for line in lines} == {"already"}


async def test_a_line_says_who_what_and_when(store: Store) -> None:
    """Names come from the players who are still there; moments are UTC; nothing can be taken for a formula."""
    player = Player(SERVER, PlayerId("1"), PlayerState.ACTIVE, START, START, kingdom=42, nickname="=HYPERLINK(1)")
    await store.insert_players([player])
    await store.record(
        [
            row("1", RedemptionOutcome.REDEEMED, raw="20000 SUCCESS"),
            row("2", RedemptionOutcome.INELIGIBLE, raw="@SUM(1+1)"),
        ]
    )
    table = await JobResults(store=store).export(SERVER, CODE)
    first, second = csv.DictReader(io.StringIO(table or ""))
    assert first == {
        "player_id": "1",
        "nickname": "'=HYPERLINK(1)",
        "kingdom": "42",
        "outcome": "redeemed",
        "meaning": "redeemed",
        "answer": "20000 SUCCESS",
        "attempts": "1",
        "redeemed_at": "2026-01-01 12:00:00",
        "next_attempt_at": "",
    }
    assert second["nickname"] == ""
    assert second["answer"] == "'@SUM(1+1)"
    assert second["next_attempt_at"] == "2026-01-02 12:00:00"


async def test_without_results_there_is_no_table(store: Store) -> None:
    """An empty file would only puzzle."""
    assert await JobResults(store=store).export(SERVER, CODE) is None
