"""A server in which an admin asks who brought whom."""

from __future__ import annotations

import attrs

from giftbot.sandbox import Actor
from giftbot.sandbox.answer import text_of
from giftbot.sandbox.nouns import Channel, Member
from tests.e2e.arrivals import House, house
from tests.e2e.membership import said
from tests.e2e.stage import Stage


@attrs.frozen
class Office:
    """A server with two people who invite, an admin, and somebody who may not ask."""

    home: House
    admin: Actor
    anyone: Actor
    ann: Member
    ben: Member

    @property
    def hall(self) -> Channel:
        """A channel for messages."""
        return next(one for one in self.home.guild.channels.values() if one.name == "codes")

    def written(self) -> list[str]:
        """What the hall's messages say."""
        return [text_of(message) for message in self.home.sandbox.world.messages(self.hall)]

    async def asks(self, command: str, **options: object) -> str:
        """What the admin is answered, to them only."""
        return await said(await self.admin.command(command, options))  # type: ignore[arg-type]


def open_office(stage: Stage, permissions: str | None = None) -> Office:
    """The server; no bot is running yet."""
    home = house(stage) if permissions is None else house(stage, permissions)
    admin = stage.sandbox.user(home.guild, name="admin", permissions="MANAGE_GUILD")
    anyone = stage.sandbox.user(home.guild, name="anyone")
    return Office(home, admin, anyone, home.inviter("ann_"), home.inviter("ben"))
