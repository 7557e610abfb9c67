"""The demo's posts: which code belongs in how many servers, and which messages are there in the end."""

from __future__ import annotations

from collections import Counter

from rich.table import Table

from giftbot.sandbox.answer import text_of
from giftbot.sandbox.demo_players import Place
from giftbot.sandbox.server import Sandbox


class Posts:
    """Counts the messages of each code."""

    def __init__(self, sandbox: Sandbox, places: list[Place]) -> None:
        self._sandbox = sandbox
        self._places = places
        self._expected: dict[str, int] = {}

    @property
    def codes(self) -> list[str]:
        """What is expected so far."""
        return list(self._expected)

    def expect(self, code: str, servers: int) -> None:
        """From now on, this code belongs in so many servers."""
        self._expected[code] = servers

    def duplicates(self) -> int:
        """How many messages there are too many."""
        return sum(count - 1 for counts in self._shown() for count in counts.values() if count > 1)

    def missing(self) -> int:
        """How many posts there should be and are not."""
        return sum(self._expected.values()) - sum(len(counts) for counts in self._shown())

    def table(self) -> Table:
        """Who got what."""
        table = Table(title="Messages per server and code")
        table.add_column("code")
        for place in self._places:
            table.add_column(place.guild.name, justify="right")
        shown = self._shown()
        for code in self._expected:
            table.add_row(code, *(str(counts[code]) for counts in shown))
        return table

    def _shown(self) -> list[Counter[str]]:
        """Per server, how many messages show each code."""
        return [
            Counter(
                code
                for message in self._sandbox.world.messages(place.channel)
                for code in self._expected
                if code in text_of(message)
            )
            for place in self._places
        ]
