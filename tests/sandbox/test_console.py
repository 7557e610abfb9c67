"""Lines that are typed into `giftbot sandbox`."""

from __future__ import annotations

from giftbot.sandbox import Sandbox
from giftbot.sandbox.console import Console


async def test_whom_the_game_does_not_know_can_be_tried() -> None:
    """Until then any id plays it, anywhere; after `strict` only those who were typed do."""
    said: list[str] = []
    sandbox = Sandbox()
    console, rules = Console(sandbox, said.append), sandbox.game.rules
    for line in ("code FROST1", "player 1001 312"):
        assert await console.carry_out(line)
    sandbox.game.add_code("FROST1")
    assert rules.reply("7", "9", "FROST1").msg == "SUCCESS"
    assert await console.carry_out("strict")
    assert rules.reply("8", "9", "FROST1").msg == "role not exist."
    assert rules.reply("1001", "312", "FROST1").msg == "SUCCESS"
    assert await console.carry_out("help")
    assert "strict" in said[-1]
