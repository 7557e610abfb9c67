"""The sandbox in a process of its own: `python -m bench.discord_child`."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import time

from bench.invites_house import Houses
from bench.link import serve
from giftbot.sandbox import Actor, Limits, Sandbox
from giftbot.sandbox.command import environment
from giftbot.sandbox.payload import Payload

MESSAGES = "/channels/{channel_id}/messages"
HANDLERS = (
    "build",
    "arrivals",
    "publish",
    "prepare_game",
    "played",
    "beat",
    "heartbeats",
    "command",
)

HOUSES = ("house", "lag", "arrive", "truth")


class Discord:
    """What the benchmark asks of the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._user: Actor | None = None

    async def build(self, wanted: Payload) -> Payload:
        """Create servers; where to find Discord, and a channel of each server."""
        names = ["codes", *(f"channel-{number}" for number in range(1, wanted["channels"]))]
        places = []
        for number in range(wanted["guilds"]):
            guild = self._sandbox.world.add_guild(f"Server {number}", members=2, channels=names)
            for role in range(wanted["roles"] - 2):  # besides @everyone and the bot's own
                guild.add_role(f"role {role}")
            places.append([guild.id, guild.channel("codes").id])
        gc.collect()
        gc.freeze()
        return {"environ": environment(self._sandbox), "places": places}

    async def arrivals(self, _: Payload) -> Payload:
        """When which messages came, on the machine's monotonic clock, and what was refused; then forget it."""
        log = self._sandbox.requests
        servers = {str(one) for guild in self._sandbox.world.guilds.values() for one in guild.channels}
        posts = [one.at for one in log.of(method="POST", route=MESSAGES) if one.path.split("/")[2] in servers]
        answer = {
            "messages": sorted(posts),
            "requests": sorted(one.at for one in log),
            "refused": len(log.of(status=429)),
            "created": self._sandbox.world.store.created,
            "deduplicated": self._sandbox.world.store.deduplicated,
        }
        log.clear()
        return answer

    async def publish(self, wanted: Payload) -> Payload:
        """List codes on all sources."""
        for code in wanted["codes"]:
            self._sandbox.sources.publish(code)
        return {}

    async def prepare_game(self, wanted: Payload) -> Payload:
        """Let codes be redeemed."""
        for code in wanted["codes"]:
            self._sandbox.game.add_code(code)
        return {}

    async def played(self, _: Payload) -> Payload:
        """What the game was asked since the last time."""
        game = self._sandbox.game
        answer = {
            "calls": len(game.calls),
            "connections": len({call.connection for call in game.calls}),
            "granted": sum(call.granted for call in game.calls),
            "overlaps": len(game.overlaps),
            "asked_after_grant": len(game.asked_after_grant()),
        }
        game.calls.forget()
        return answer

    async def beat(self, wanted: Payload) -> Payload:
        """Ask shards that connect from now on for a heartbeat every so many seconds."""
        self._sandbox.gateway.heartbeat_interval = wanted["seconds"]
        return {}

    async def heartbeats(self, wanted: Payload) -> Payload:
        """By how many seconds each heartbeat came later than it was to, since that moment."""
        came = [at for at in self._sandbox.gateway.heartbeats if at >= wanted["since"]]
        pause = self._sandbox.gateway.heartbeat_interval
        return {"late": [after - before - pause for before, after in itertools.pairwise(came)]}

    async def command(self, _: Payload) -> Payload:
        """Use /giftcode; how many seconds the answer took."""
        if self._user is None:
            self._user = self._sandbox.user(next(iter(self._sandbox.world.guilds.values())))
        began = time.perf_counter()
        answer = await self._user.command("giftcode")
        seconds = time.perf_counter() - began
        if not answer.embeds:
            raise RuntimeError(f"not the answer to /giftcode: {answer.content}")
        return {"seconds": seconds}


async def main(limits: Limits) -> None:
    """Serve until standard input is closed."""
    async with Sandbox(limits=limits) as sandbox:
        discord = Discord(sandbox)
        houses = Houses(sandbox)
        await serve(
            {name: getattr(discord, name) for name in HANDLERS} | {name: getattr(houses, name) for name in HOUSES}
        )


if __name__ == "__main__":
    asyncio.run(main(Limits() if "--limits" in sys.argv else Limits.none()))
