"""What all measurements of a run share: the stores, how thorough to be, and the watch on event loops."""

from __future__ import annotations

from pathlib import Path

import attrs

from bench.link import Child
from bench.places import Places


@attrs.frozen
class Lateness:
    """The worst delay of an event loop during one measurement, in seconds."""

    name: str
    worst: float
    computing: float
    """How long the loop's own thread computed during that delay."""
    idle: float
    """The worst delay of an idle loop of another process in the same seconds: what the machine itself does."""

    @property
    def beyond(self) -> float:
        """What the bot is to blame for."""
        return max(self.worst - self.idle, 0.0)


@attrs.define
class Watch:
    """Collects how late the bot's loop was, each time beside a loop that did nothing."""

    idle: Child
    found: dict[str, Lateness] = attrs.Factory(dict)

    async def begin(self) -> None:
        """Forget what was before."""
        await self.idle.ask("late")

    async def end(self, name: str, late: tuple[float, float]) -> None:
        """Note what the bot's probe saw; of several with one name the worst is kept."""
        idle = await self.idle.ask("late")
        seen = Lateness(name, late[0], late[1], idle["worst"])
        if name not in self.found or seen.beyond > self.found[name].beyond:
            self.found[name] = seen


@attrs.frozen
class Session:
    """One run of the benchmark."""

    root: Path
    places: Places
    watch: Watch
    quick: bool
