"""Servers of the sandbox whose arrivals are attributed: what the benchmark asks of their Discord."""

from __future__ import annotations

import asyncio
import random
import time

from giftbot.sandbox import Sandbox
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.payload import Payload

SEES_ALL = (
    "VIEW_CHANNEL|SEND_MESSAGES|EMBED_LINKS|READ_MESSAGE_HISTORY|MANAGE_GUILD|MANAGE_CHANNELS|MANAGE_ROLES"
    "|VIEW_AUDIT_LOG|CREATE_INSTANT_INVITE"
)
OWNERS = 5


class Houses:
    """What can be done to them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._dice = random.Random(11)
        self._codes: dict[int, list[str]] = {}

    async def house(self, wanted: Payload) -> Payload:
        """Create a server with so many invites of several owners; with `markers` each of them gives a role."""
        world = self._sandbox.world
        world.grant_intents("GUILD_MEMBERS")
        guild = world.add_guild("House", bot_permissions=SEES_ALL)
        people = [guild.add_user(f"owner {number}") for number in range(OWNERS)]
        links: list[tuple[str, int, int | None]] = []
        for number in range(wanted["codes"]):
            owner = people[number % OWNERS]
            roles = [guild.add_role(f"marker {number}")] if wanted["markers"] else []
            invite = guild.invites.create(inviter=owner, roles=roles)
            links.append((invite.code, owner.user.id, roles[0].id if roles else None))
        self._codes[guild.id] = [code for code, *_ in links]
        return {"guild": guild.id, "links": links}

    async def lag(self, wanted: Payload) -> Payload:
        """Let events and requests take between so many seconds."""
        self._sandbox.gateway.delivery.lag("*", *wanted["events"])
        self._sandbox.latency.add(*wanted["requests"], at=(0.1, 0.9))
        return {}

    async def arrive(self, wanted: Payload) -> Payload:
        """Let so many people join at random moments, on average so many in a second, each by a random code."""
        guild = self._guild(wanted["guild"])
        codes, due = self._codes[guild.id], time.monotonic()
        looks = self._looks(guild)
        came: list[int] = []
        began = time.monotonic()
        for _ in range(wanted["count"]):
            due += self._dice.expovariate(wanted["rate"])
            if (pause := due - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            elif len(came) % 50 == 0:
                await asyncio.sleep(0)
            came.append(self._sandbox.join(guild, code=self._dice.choice(codes)).user.id)
        return {"users": came, "seconds": time.monotonic() - began, "looks_before": looks}

    async def truth(self, wanted: Payload) -> Payload:
        """How these people really came, and how often the server's invites were listed so far."""
        guild = self._guild(wanted["guild"])
        rows = [self._sandbox.world.arrivals.last(guild.id, user) for user in wanted["users"]]
        return {
            "truth": [[row.user_id, row.code, row.inviter_id] for row in rows if row is not None],
            "looks": self._looks(guild),
        }

    def _guild(self, guild_id: int) -> Guild:
        return self._sandbox.world.guilds[guild_id]

    def _looks(self, guild: Guild) -> int:
        log = self._sandbox.requests.of(method="GET", route="/guilds/{guild_id}/invites")
        return sum(str(guild.id) in one.path for one in log)
