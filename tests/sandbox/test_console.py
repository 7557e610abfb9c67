"""Lines that are typed into `giftbot sandbox`."""

from __future__ import annotations

import time

from giftbot.sandbox import Sandbox
from giftbot.sandbox.console import Console
from giftbot.sandbox.ids import unix_time


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
    assert time.time() - unix_time(eve.user.id) > 86_400
    assert await typed("leave eve") == "eve leaves"
    assert eve.user.id not in guild.members
    assert await typed("leave eve") == "nobody here is called 'eve'"
    assert await typed(f"join {code} eve") == f"eve comes by {code}"
    assert (await typed("join")).endswith("comes without an invite")
    assert "no invite 'nowhere'" in await typed("join nowhere")
    [first, again] = sandbox.world.arrivals.of(guild.id, eve.user.id)
    assert (first.code, again.code) == (code, code)
    [invite] = guild.invites
    assert (invite.uses, invite.inviter and invite.inviter.name) == (2, "ada")


async def test_people_get_roles_and_lose_them() -> None:
    """A role comes into being when it is first given; who is not there gets none."""
    said: list[str] = []
    sandbox = Sandbox()
    guild = sandbox.world.add_guild()
    console = Console(sandbox, said.append)

    async def typed(line: str) -> str:
        assert await console.carry_out(line)
        return said[-1].strip()

    await typed("join")
    [eve] = [one.user for one in guild.members.values() if one.user.name == "newcomer1"]
    assert await typed("take newcomer1 VIP") == "no role is called 'VIP'"
    assert await typed("give newcomer1 VIP") == "newcomer1 has @VIP"
    assert await typed("give newcomer1 @VIP") == "newcomer1 has @VIP"
    [role] = [one for one in guild.roles.values() if one.name == "VIP"]
    assert guild.members[eve.id].roles == (role.id,)
    assert await typed("take newcomer1 VIP") == "newcomer1 has @VIP no more"
    assert guild.members[eve.id].roles == ()
    assert await typed("give nobody VIP") == "nobody here is called 'nobody'"
