"""The demo's players: who registers where, and who has which code in the end."""

from __future__ import annotations

import asyncio

import attrs
from rich.table import Table

from giftbot.sandbox.driver import Actor
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Channel
from giftbot.sandbox.server import Sandbox

KINGDOM = 312
REGISTERED = (
    (("Ada", 1001), ("Bo", 1002), ("Cy", 1003)),
    (("Dee", 1004), ("Eli", 1005)),
    (("Ada again", 1001), ("Fay", 1006), ("Gus", 1007)),
)
"""Name and player id, by server. One of them plays in two servers."""


@attrs.frozen
class Place:
    """A server of the demo."""

    guild: Guild
    channel: Channel
    """Where codes are posted."""
    progress: Channel
    """Where the progress of redemptions is shown."""
    admin: Actor


class Players:
    """Registers people with their players, and counts what the game gave them."""

    def __init__(self, sandbox: Sandbox, places: list[Place]) -> None:
        self._sandbox = sandbox
        self._places = places
        self._expected: list[str] = []

    @property
    def count(self) -> int:
        """How many different players there are."""
        return len({player_id for people in REGISTERED for _, player_id in people})

    async def register(self) -> None:
        """Let everybody run /player add, all at once."""
        for _, player_id in (one for people in REGISTERED for one in people):
            self._sandbox.game.add_player(player_id, KINGDOM)
        await asyncio.gather(
            *(
                self._register(place, name, player_id)
                for place, people in zip(self._places, REGISTERED, strict=True)
                for name, player_id in people
            )
        )

    async def turn_on(self) -> None:
        """Let every admin choose where progress is shown, and turn auto-redeem on."""
        for place in self._places:
            panel = await place.admin.command("giftcodesettings")
            await panel.press("Redemption…")
            await panel.select("set-redeem-channel:", [place.progress.id])
            await panel.shows(f"<#{place.progress.id}>")
            await (await place.admin.command("autoredeem on")).shows("Auto-redeem is on")

    def expect(self, *codes: str) -> None:
        """Let every player be owed these codes."""
        self._expected += codes

    def granted(self) -> int:
        """How often the game gave a code to a player."""
        return sum(self._sandbox.game.grants.values())

    def missing(self) -> int:
        """How many codes players should have and do not."""
        return sum(
            len(people) - len(self._holders(people, code)) for people in REGISTERED for code in self._expected
        )

    def twice(self) -> int:
        """How often a player was given a code that they had."""
        return sum(count - 1 for count in self._sandbox.game.grants.values())

    def table(self) -> Table:
        """Who has what."""
        table = Table(title="Players who have each code, per server")
        table.add_column("code")
        for place in self._places:
            table.add_column(place.guild.name, justify="right")
        for code in self._expected:
            shares = (f"{len(self._holders(people, code))} of {len(people)}" for people in REGISTERED)
            table.add_row(code, *shares)
        return table

    async def _register(self, place: Place, name: str, player_id: int) -> None:
        user = self._sandbox.user(place.guild, name=name)
        answer = await user.command("player add", id=str(player_id), kingdom=KINGDOM)
        await answer.shows("is registered")

    def _holders(self, people: tuple[tuple[str, int], ...], code: str) -> set[str]:
        return self._sandbox.game.holders(code) & {str(player_id) for _, player_id in people}
