"""A bare client of the game: `python -m bench.game_child`. Posts the bot's signed forms over one session."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator

import aiohttp

from bench.link import serve
from giftbot.games.profiles import load_profile
from giftbot.games.signing import signed_form
from giftbot.sandbox.payload import Payload


class Bare:
    """Posts forms, as many at once as it is told to, and reads the answers."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = f"{url}/gift_code"
        redemption = load_profile("whiteout").redemption
        self._salt = redemption.sign_salt
        self._headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": redemption.site,
            "Referer": f"{redemption.site}/",
        }

    async def post(self, wanted: Payload) -> Payload:
        """Redeem a code for so many players; seconds and computing in all."""
        players = iter(range(wanted["players"]))
        cpu, began = time.process_time(), time.monotonic()
        granted = await asyncio.gather(
            *(self._some(players, wanted["code"], wanted["kingdom"]) for _ in range(wanted["concurrency"]))
        )
        return {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu, "granted": sum(granted)}

    async def _some(self, players: Iterator[int], code: str, kingdom: int) -> int:
        granted = 0
        for player in players:
            fields = {"fid": str(player), "kid": str(kingdom), "cdk": code, "time": str(int(time.time()))}
            form = signed_form(fields, self._salt)
            async with self._session.post(self._url, data=form, headers=self._headers) as response:
                granted += json.loads(await response.read())["err_code"] == 20000
        return granted


async def main() -> None:
    """Work until standard input is closed."""
    async with aiohttp.ClientSession() as session:
        bare = Bare(session, os.environ["GAME_API_URL"])
        await serve({"post": bare.post})


if __name__ == "__main__":
    asyncio.run(main())
