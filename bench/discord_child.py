"""The sandbox in a process of its own: `python -m bench.discord_child`."""

from __future__ import annotations

import asyncio
import gc
import sys

from bench.link import serve
from giftbot.sandbox import Limits, Sandbox
from giftbot.sandbox.command import environment
from giftbot.sandbox.payload import Payload

MESSAGES = "/channels/{channel_id}/messages"


class Discord:
    """What the benchmark asks of the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

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


async def main(limits: Limits) -> None:
    """Serve until standard input is closed."""
    async with Sandbox(limits=limits) as sandbox:
        discord = Discord(sandbox)
        await serve({"build": discord.build, "arrivals": discord.arrivals, "publish": discord.publish})


if __name__ == "__main__":
    asyncio.run(main(Limits() if "--limits" in sys.argv else Limits.none()))
