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


async def test_people_come_by_invites_and_leave() -> None:
    """The truth is what was typed; who comes again is the same person; mistakes are said."""
    said: list[str] = []
    sandbox = Sandbox()
    guild = sandbox.world.add_guild()
    console = Console(sandbox, said.append)

    async def typed(line: str) -> str:
        assert await console.carry_out(line)
        return said[-1].strip() if said else ""

    await typed("as ada")
    code = await typed("invite")
    assert await typed(f"join {code} eve") == f"eve comes by {code}"
    eve = next(one for one in guild.members.values() if one.user.name == "eve")
    assert "is in" in await typed(f"join {code} eve")
    await typed("leave eve")
    assert eve.user.id not in guild.members
    assert await typed("leave eve") == "nobody here is called 'eve'"
    assert await typed(f"join {code} eve") == f"eve comes by {code}"
    assert (await typed("join")).endswith("comes without an invite")
    assert "no invite 'nowhere'" in await typed("join nowhere")
    [first, again] = sandbox.world.arrivals.of(guild.id, eve.user.id)
    assert (first.code, again.code) == (code, code)
    [invite] = guild.invites
    assert (invite.uses, invite.inviter and invite.inviter.name) == (2, "ada")
