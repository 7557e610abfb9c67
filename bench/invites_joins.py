"""Figure 14: who brought whom, with a Discord that takes its time; what is claimed is compared with the truth."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import attrs

from bench.figures import Figure
from bench.link import Child
from bench.places import SQLITE
from bench.session import Session
from bench.town import Town, open_town
from giftbot.models.ids import GuildId, InviteCode, RoleId, UserId
from giftbot.models.join import Level
from giftbot.models.staff import StaffLink
from giftbot.sandbox.payload import Payload

EVENTS, REQUESTS = (0.05, 0.15), (0.15, 0.35)
"""Seconds that events, and requests, take."""
CODES = 10
FETCHES, SHARE = 0.5, 0.8
WITH_INVITES = {"GIFTBOT_INVITES": "true"}


@attrs.frozen
class Stream:
    """People who come to one server."""

    guild_id: int
    count: int
    rate: float
    """In a second, on average."""


async def measure(session: Session) -> list[Figure]:
    """Figure 14, on SQLite."""
    many, few = (60, 12) if session.quick else (200, 40)
    async with open_town(session.root, 1) as town:
        busy, marked, calm = [await _house(town, markers=markers) for markers in (False, True, False)]
        place = session.places.new(SQLITE)
        async with place.open() as store:
            for link in _links(marked):
                await store.save_link(link)
        await town.process.ask("lag", events=EVENTS, requests=REQUESTS)
        async with town.bot(place, **WITH_INVITES) as bot:
            for one in (busy, marked, calm):
                await bot.ask("looked", guild=one["guild"])
            results = []
            for one, count, rate in ((busy, many, 10.0), (marked, many, 10.0), (calm, few, 0.5)):
                results.append(await _seen(town, bot, Stream(one["guild"], count, rate)))
    return [*_counted(results[0]), *_marked(results[1]), *_calm(results[2])]


async def _house(town: Town, *, markers: bool) -> Payload:
    return await town.process.ask("house", codes=CODES, markers=markers)


def _links(house: Payload) -> list[StaffLink]:
    now = datetime.now(UTC).replace(microsecond=0)
    return [
        StaffLink(GuildId(house["guild"]), InviteCode(code), UserId(owner), now, marker_role_id=RoleId(role))
        for code, owner, role in house["links"]
    ]


@attrs.frozen
class Seen:
    """A stream, and what became of it."""

    stream: Stream
    seconds: float
    levels: tuple[int, ...]
    """Of each join, as decided."""
    wrong: int
    """Joins of which something untrue is claimed at level 3 or above."""
    fetches: float
    """Lists that were fetched, per join."""

    @property
    def name(self) -> str:
        """For people."""
        pace = self.stream.count / self.seconds
        return f"{self.stream.count} joins at {self.stream.rate:g}/s (really {pace:.1f}/s) over {CODES} codes"

    def share(self, level: int) -> float:
        """How many are decided at that level or above."""
        return sum(one >= level for one in self.levels) / len(self.levels)

    @property
    def by_level(self) -> str:
        """How many there are of each level."""
        return ", ".join(f"level {level}: {self.levels.count(level)}" for level in sorted(set(self.levels))[::-1])


async def _seen(town: Town, bot: Child, stream: Stream) -> Seen:
    came = await _arrive(town, stream)
    guild = stream.guild_id
    rows = (await bot.ask("decided", guild=guild, count=stream.count, told=True))["joins"]
    told = await town.process.ask("truth", guild=guild, users=came["users"])
    truth = {user: (code, owner) for user, code, owner in told["truth"]}
    wrong = 0
    for user, level, code, owner in rows:
        true_code, true_owner = truth[user]
        is_wrong = (level >= Level.COUNTED and code != true_code) or (level >= Level.OWNER and owner != true_owner)
        wrong += is_wrong
    assert len(rows) == len(truth) == stream.count
    fetches = (told["looks"] - came["looks_before"]) / stream.count
    return Seen(stream, came["seconds"], tuple(level for _, level, *_ in rows), wrong, fetches)


async def _arrive(town: Town, stream: Stream) -> Payload:
    """Let them come, in pieces of less than the patience of a question."""
    piece = max(1, int(stream.rate * 30))
    users: list[int] = []
    seconds, before = 0.0, -1
    while len(users) < stream.count:
        count = min(piece, stream.count - len(users))
        done = await town.process.ask("arrive", guild=stream.guild_id, count=count, rate=stream.rate)
        users += done["users"]
        seconds += done["seconds"]
        before = done["looks_before"] if before < 0 else before
        await asyncio.sleep(0)
    return {"users": users, "seconds": seconds, "looks_before": before}


def _figure(name: str, target: str, measured: str, is_met: bool, **values: float) -> Figure:
    return Figure("14", name, target, measured, is_met, values)


def _right(seen: Seen, words: str = "") -> Figure:
    name = f"{seen.name}{words}: wrong at level 3 or above"
    return _figure(name, "0", f"{seen.wrong} ({seen.by_level})", seen.wrong == 0, wrong=seen.wrong)


def _counted(seen: Seen) -> list[Figure]:
    words = f"{seen.fetches:.2f} ({seen.share(3):.0%} decided at level 3 or above)"
    return [
        _right(seen),
        _figure(
            f"{seen.name}: lists fetched per join",
            f"<= {FETCHES:g}",
            words,
            seen.fetches <= FETCHES,
            fetches=seen.fetches,
        ),
    ]


def _marked(seen: Seen) -> list[Figure]:
    share = seen.share(5) if not seen.wrong else 0.0
    return [
        _right(seen, ", each with a marker role"),
        _figure(
            f"{seen.name}, each with a marker role: right at level 5",
            "100%",
            f"{share:.0%}",
            share == 1,
            share=share,
        ),
    ]


def _calm(seen: Seen) -> list[Figure]:
    share = seen.share(3)
    return [
        _right(seen),
        _figure(
            f"{seen.name}: decided at level 3 or above",
            f">= {SHARE:.0%}",
            f"{share:.0%} ({seen.fetches:.2f} lists per join)",
            share >= SHARE,
            share=share,
        ),
    ]
