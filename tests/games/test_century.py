"""The client of the redemption API, over real sockets."""

from __future__ import annotations

from giftbot.models.ids import PlayerId
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.sandbox.game import Game as SandboxGame
from giftbot.services.ports import Game

ADA = PlayerId("12345678")


async def test_a_code_is_redeemed_once(town: SandboxGame, game: Game) -> None:
    """The first call redeems, the second says that the player has it."""
    assert await game.redeem(ADA, 312, "FROST77") == GameAnswer(RedemptionOutcome.REDEEMED, "20000 SUCCESS")
    assert await game.redeem(ADA, 312, "FROST77") == GameAnswer(RedemptionOutcome.ALREADY, "40008 RECEIVED")
    assert town.grants == {(ADA, "FROST77"): 1}
    assert [one.number for one in town.asked_after_grant()] == [2]
    assert town.overlaps == []


async def test_sequential_calls_use_one_connection(town: SandboxGame, game: Game) -> None:
    """A hundred players, one connection: it is kept alive."""
    for number in range(100):
        answer = await game.redeem(PlayerId(str(number)), 1, "FROST77")
        assert answer.outcome is RedemptionOutcome.REDEEMED
    assert (len(town.calls), town.calls.connections) == (100, 1)
