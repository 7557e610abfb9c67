"""An event loop that does nothing, beside the bot's: `python -m bench.idle_child`."""

from __future__ import annotations

import asyncio

from bench.lateness import probing
from bench.link import serve
from giftbot.sandbox.payload import Payload


async def main() -> None:
    """Work until standard input is closed."""
    async with probing() as probe:

        async def late(_: Payload) -> Payload:
            return {"worst": probe.take()[0]}

        await serve({"late": late})


if __name__ == "__main__":
    asyncio.run(main())
