"""One question to the game: what holds until it is asked, and from then on."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import cast

import attrs

from giftbot.models.guild import GuildSettings
from giftbot.models.ids import CodeKey, GuildId, PlayerId
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.asking import Asking
from giftbot.services.codes import Codes
from giftbot.services.governor import Governor
from giftbot.services.notices import Notices
from giftbot.services.ports import Store
from giftbot.services.questions import Question, Questions
from giftbot.services.records import Records
from giftbot.services.subjects import Subject
from giftbot.services.verdicts import Verdicts
from tests.fakes import START, ListeningPeople
from tests.services.governing import TOO_FAST, Stage, gift_code, settle
from tests.virtual_time import VirtualClock, virtual


@attrs.define
class SlowRows:
    """Rows and players in memory; looking for who has a code takes half a second."""

    clock: VirtualClock
    rows: dict[PlayerId, Redemption] = attrs.Factory(dict)
    players: dict[PlayerId, Player] = attrs.Factory(dict)
    looks: list[set[PlayerId]] = attrs.Factory(list)
    """Who was looked up together."""

    async def get_players(self, guild_id: GuildId, ids: Collection[PlayerId]) -> dict[PlayerId, Player]:
        """Those who are registered."""
        self.looks.append(set(ids))
        return {player_id: self.players[player_id] for player_id in ids if player_id in self.players}

    async def get_guilds(self, ids: Collection[GuildId]) -> dict[GuildId, GuildSettings]:
        """All as they are by default."""
        return {guild_id: GuildSettings(guild_id=guild_id) for guild_id in ids}

    async def granted_players(self, code: CodeKey, players: Collection[PlayerId]) -> set[PlayerId]:
        """Nobody has anything."""
        await self.clock.sleep(0.5)
        return set()

    async def record(self, rows: Sequence[Redemption]) -> int:
        """Keep them."""
        self.rows |= {row.player_id: row for row in rows}
        return len(rows)

    async def save_player(self, player: Player) -> bool:
        """Players are of no interest here."""
        return True


def asking_over(stage: Stage, governor: Governor) -> tuple[Asking, SlowRows]:
    """Who asks through this governor, and where the answers go."""
    rows = SlowRows(stage.clock)
    store = cast("Store", rows)
    notices = Notices(store=store, notifier=ListeningPeople(), clock=stage.clock)
    codes = Codes(store=store, clock=stage.clock)
    verdicts = Verdicts(store=store, codes=codes, notices=notices, errands=governor.errands, clock=stage.clock)
    return Asking(
        governor=governor, store=store, records=Records(store), verdicts=verdicts, clock=stage.clock
    ), rows


def ask_for(asking: Asking, rows: SlowRows, *player_ids: str) -> list[Question]:
    """A question for each of these players, who are registered in kingdom 312."""
    questions = []
    for player_id in map(PlayerId, player_ids):
        row = Redemption(
            guild_id=GuildId(1),
            code=gift_code().key,
            player_id=player_id,
            outcome=RedemptionOutcome.WAITING,
            created_at=START,
            updated_at=START,
            next_attempt_at=START,
        )
        player = rows.players[player_id] = Player(
            guild_id=GuildId(1),
            player_id=player_id,
            state=PlayerState.ACTIVE,
            created_at=START,
            updated_at=START,
            kingdom=312,
        )
        questions.append(asking.begin(row, Subject(player, 312), gift_code()))
    return questions


@virtual
async def test_a_question_that_has_to_wait_again_is_taken_back_at_once() -> None:
    """It had its turn, and the game asked for an hour's pause before its call began; the game never hears of it."""
    stage = Stage(spacing=0)
    governor = stage.governor()
    stage.game.latency = lambda: 1.8
    stage.game.says = [attrs.evolve(TOO_FAST, retry_after=3600.0)]
    asking, rows = asking_over(stage, governor)
    questions = Questions(asyncio.Event())
    for question in ask_for(asking, rows, "1", "2"):
        questions.add(question)
    await settle(stage.clock, 10)
    assert set(rows.rows) == {"1"}
    assert governor.state.waiting == 1
    began = stage.clock.monotonic()
    await questions.aclose()
    assert stage.clock.monotonic() - began < 1
    await settle(stage.clock, 4000)
    assert [call.player_id for call in stage.game.calls] == ["1"]
    await governor.stop()


@virtual
async def test_a_question_that_the_game_hears_comes_to_its_end() -> None:
    """Taken back while the call is on its way, its answer is stored all the same."""
    stage = Stage(spacing=0)
    governor = stage.governor()
    stage.game.latency = lambda: 5.0
    asking, rows = asking_over(stage, governor)
    questions = Questions(asyncio.Event())
    for question in ask_for(asking, rows, "1"):
        questions.add(question)
    await settle(stage.clock, 2)
    assert len(stage.game.calls) == 1
    await questions.aclose()
    assert rows.rows[PlayerId("1")].outcome is RedemptionOutcome.REDEEMED
    await governor.stop()


@virtual
async def test_who_waited_through_a_pause_is_asked_for_as_they_are_by_then() -> None:
    """Paused, removed or in another kingdom meanwhile; whoever waits for a moment only is not looked up."""
    stage = Stage(spacing=0, per_minute=600)
    governor = stage.governor()
    stage.game.says = [attrs.evolve(TOO_FAST, retry_after=3600.0)]
    asking, rows = asking_over(stage, governor)
    first, paused, removed, moved, same = ask_for(asking, rows, "1", "2", "3", "4", "5")
    stage.game.latency = lambda: 0.0
    assert (await first.task).outcome is RedemptionOutcome.RETRY
    assert rows.looks == []
    await settle(stage.clock, 600)
    rows.players[PlayerId("2")] = attrs.evolve(rows.players[PlayerId("2")], state=PlayerState.PAUSED)
    del rows.players[PlayerId("3")]
    rows.players[PlayerId("4")] = attrs.evolve(rows.players[PlayerId("4")], kingdom=77)
    rested, gone = await paused.task, await removed.task
    assert (rested.outcome, rested.next_attempt_at) == (RedemptionOutcome.WAITING, None)
    assert (gone.outcome, gone.next_attempt_at) == (RedemptionOutcome.NO_SUCH_PLAYER, None)
    assert {(await one.task).outcome for one in (moved, same)} == {RedemptionOutcome.REDEEMED}
    assert sorted((call.player_id, call.kingdom) for call in stage.game.calls) == [
        ("1", 312),
        ("4", 77),
        ("5", 312),
    ]
    assert rows.rows[PlayerId("3")] == gone
    await governor.stop()
