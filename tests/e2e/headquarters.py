"""A server with an admin and two staff members, and what the bot has stored of their links and credits."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import GuildId, UserId
from giftbot.models.staff import StaffLink
from giftbot.sandbox import Actor, Answer
from giftbot.sandbox.answer import text_of
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Channel, Member, Role
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.pulse import PATIENCE
from giftbot.stores.sqlite.store import open_sqlite
from tests.e2e.arrivals import House, house
from tests.e2e.stage import Stage

_CODE = re.compile(r"https://discord\.gg/([\w-]+)")


@attrs.frozen
class Headquarters:
    """The server, and its people."""

    home: House
    admin: Actor
    ada: Actor
    bob: Actor
    vip: Role
    desk: Channel
    """For reviews."""

    @property
    def guild(self) -> Guild:
        """The server."""
        return self.home.guild

    def posted(self) -> list[Payload]:
        """What was written in the channel for reviews, oldest first."""
        return self.home.sandbox.world.messages(self.desk)

    async def shown(self, *words: str) -> Payload:
        """The newest message in the channel for reviews, once it says all of this."""
        await self.home.sandbox.until(
            lambda: bool(self.posted()) and all(word in text_of(self.posted()[-1]) for word in words),
            timeout=PATIENCE,
            what=f"a message that says {words}",
        )
        return self.posted()[-1]

    async def posts(self, count: int) -> None:
        """Return once so many messages are in the channel for reviews."""
        await self.home.sandbox.until(
            lambda: len(self.posted()) == count, timeout=PATIENCE, what=f"{count} messages for reviews"
        )

    async def closed(self, number: int, words: str) -> None:
        """Return once that message for a review says this, and has no buttons."""
        await self.home.sandbox.until(
            lambda: words in text_of(self.posted()[number]) and not self.posted()[number].get("components"),
            timeout=PATIENCE,
            what=f"a closed review that says {words}",
        )

    async def link(self, staff: Actor, **options: object) -> str:
        """Set up a link for somebody; its code."""
        answer = await said(
            await self.admin.command("setup_staff_invite", {"member": staff.member, **options})  # type: ignore[dict-item]
        )
        found = _CODE.search(answer)
        assert found is not None, answer
        return found[1]

    async def settle(self) -> None:
        """Choose the VIP role, and the channel for reviews in the panel."""
        panel = await self.admin.command("vip role", role=self.vip)
        await panel.settled()
        assert f"<@&{self.vip.id}>" in panel.text
        await panel.select("vip-channel:", [self.desk.id])
        await panel.shows(f"<#{self.desk.id}>")

    async def credits(self, who: Member, *states: CreditState) -> list[Credit]:
        """Somebody's credits, newest first, once they are in these states."""
        found: list[Credit] = []
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            async with open_sqlite(self.home.path) as store:
                found = await store.list_credits(GuildId(self.guild.id), user_id=UserId(who.user.id))
            if [credit.state for credit in found] == list(states):
                return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"the credits are {found}")

    async def links(self) -> list[StaffLink]:
        """The stored links, oldest first."""
        async with open_sqlite(self.home.path) as store:
            return await store.list_links(GuildId(self.guild.id))

    async def unsure(self, first: str, second: str, count: int = 1) -> list[Member]:
        """So many people by each of two links whom the bot cannot tell apart."""
        sandbox = self.home.sandbox
        members = [sandbox.join(self.guild, code=code) for _ in range(count) for code in (first, second)]
        await self.home.decided(members)
        return members


@asynccontextmanager
async def headquarters(stage: Stage) -> AsyncIterator[Headquarters]:
    """The server; the bot is running and has looked at its invites."""
    home = house(stage)
    sandbox, guild = stage.sandbox, home.guild
    admin = sandbox.user(guild, name="admin", permissions="MANAGE_GUILD")
    ada, bob = (sandbox.user(guild, name=name) for name in ("ada", "bob"))
    place = Headquarters(home, admin, ada, bob, guild.add_role("VIP"), guild.add_channel("desk"))
    async with stage.bot():
        await home.settled()
        yield place


async def said(answer: Answer) -> str:
    """What a command said in the end, to its user only."""
    await answer.settled(timeout=PATIENCE)
    assert answer.ephemeral
    return answer.text
