"""A case of redemption: servers whose players want codes, the sandbox's game, and what was asked of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import attrs

from giftbot.models.ids import ChannelId, CodeKey, GuildId, PlayerId
from giftbot.models.job import Job, JobState
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption
from giftbot.sandbox import text_of
from giftbot.sandbox.pulse import PATIENCE
from tests.crash.cases import LOOK, Case, open_case
from tests.crash.errands import KINGDOM
from tests.crash.orders import Orders
from tests.crash.places import Place

SCALE = 1 / 60
"""How much faster than in production jobs are claimed, and players held."""
RATE = 3000
"""Calls a minute, unless a case says otherwise."""
SPACING = 0.05
"""Seconds that a player rests between two calls."""

Pair = tuple[str, str]
"""A player's id and a code."""


@attrs.define
class Roster:
    """Everything of one case. Open it with `open_roster`."""

    case: Case
    players: list[PlayerId]
    """Who plays in every one of its servers."""
    stored: dict[Pair, int] = attrs.Factory(dict)
    """How often the game had been asked when it was seen that a success was stored."""
    lives: list[int] = attrs.Factory(list)
    """How often the game had been asked when a bot died."""
    wrong: list[str] = attrs.Factory(list)
    """What was found wrong at the deaths."""

    @property
    def guild_ids(self) -> list[GuildId]:
        """Its servers."""
        return [GuildId(guild.id) for guild in self.case.guilds]

    async def jobs(self) -> list[Job]:
        """All jobs."""
        return await self.case.store.list_jobs()

    async def rows(self) -> list[Redemption]:
        """All rows of redemption."""
        return await self.case.store.list_redemptions(limit=10_000)

    async def done(self, timeout: float = PATIENCE) -> bool:
        """Wait until everybody has each code, all jobs are done, and say so; whether that happened in time."""
        deadline = time.monotonic() + timeout
        while not await self._is_done():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(LOOK)
        return True

    async def _is_done(self) -> bool:
        jobs = await self.jobs()
        if len(jobs) != self.case.expected or any(job.state is not JobState.DONE for job in jobs):
            return False
        if self._unshown():
            return False
        granted = [row for row in await self.rows() if row.is_granted]
        return len(granted) >= self.case.expected * len(self.players)

    async def note_stored(self) -> None:
        """Remember who is stored as having which code: nobody may ask for them from here on."""
        asked = len(self.case.sandbox.game.calls)
        for row in await self.rows():
            if row.is_granted:
                self.stored.setdefault((str(row.player_id), str(row.code)), asked)

    async def autopsy(self, what: str, directory: str = "", *, alone: bool = True) -> None:
        """Look at what a bot left behind: all that it knew of those whom it let go of is stored.

        With `alone` nobody else was asking: then nobody was asked again whose answer it knew.
        """
        await self.note_stored()
        released = self._released(directory)
        first = self.lives[-1] if self.lives else 0
        calls = list(self.case.sandbox.game.calls)
        self.wrong += [
            f"let go of player {call.player_id} before it was stored that they have {call.code} ({what})"
            for call in calls[first:]
            if call.told
            and call.code in self.case.codes
            and (call.player_id, call.code) not in self.stored
            and released.get(call.player_id, 0.0) > call.begun
        ]
        self.wrong += self._asked_again(first) if alone else []
        self.lives.append(len(calls))

    def _released(self, directory: str) -> dict[str, float]:
        """When (monotonic) the last start let go of each player for the last time."""
        trace = Orders({}, self.case.place.directory / directory, SCALE).trace
        lines = [line.split(" ", 1) for line in trace.read_text().splitlines()] if trace.exists() else []
        return {name.rpartition(":")[2]: float(moment) for moment, name in lines}

    def _asked_again(self, first: int) -> list[str]:
        """Calls of one life, from this one on, after that life had been told that the player has the code."""
        told: dict[Pair, float] = {}
        wrong = []
        for call in list(self.case.sandbox.game.calls)[first:]:
            pair = (call.player_id, call.code)
            if told.get(pair, call.begun) < call.begun:
                wrong.append(f"asked again: player {call.player_id} for {call.code}, whose answer was known")
            if call.told and call.ended is not None:
                told[pair] = min(call.ended, told.get(pair, call.ended))
        return wrong

    async def problems(self, *, sound: bool = True) -> list[str]:
        """What is wrong in the end; nothing when everybody has each code, by one grant, in each server.

        `sound` is whether nothing was cut off or killed since the last autopsy: then nobody is asked again once
        the game had answered, stored or not.
        """
        await self.note_stored()
        game, wrong = self.case.sandbox.game, list(self.wrong)
        wrong += [finding for finding in self.case.sandbox.findings if finding.startswith("game:")]
        wrong += [
            f"granted {game.grants[str(player_id), code]} times: player {player_id}, {code}"
            for player_id in self.players
            for code in self.case.codes
            if game.grants[str(player_id), code] != 1
        ]
        wrong += [
            f"asked again: player {call.player_id} for {call.code}, which was stored"
            for call in game.calls
            if self.stored.get((call.player_id, call.code), call.number) < call.number
        ]
        wrong += self._asked_again(self.lives[-1] if self.lives else 0) if sound else []
        return wrong + self._unshown() + await self._unfinished()

    async def _unfinished(self) -> list[str]:
        """Jobs that are not done, and players without a final outcome."""
        rows = {(row.guild_id, row.player_id, row.code): row for row in await self.rows()}
        wrong = [
            f"player {player_id} of server {number}, {code}: {'no row' if row is None else row.outcome}"
            for number, guild_id in enumerate(self.guild_ids)
            for player_id in self.players
            for code in self.case.codes
            if (row := rows.get((guild_id, player_id, CodeKey(code)))) is None or not row.is_granted
        ]
        jobs = await self.jobs()
        count = Counter((job.guild_id, job.code) for job in jobs)
        wrong += [f"{number} jobs of {key}" for key, number in count.items() if number != 1]
        return wrong + [f"job {job.job_id} is {job.state}" for job in jobs if job.state is not JobState.DONE]

    def _unshown(self) -> list[str]:
        """Jobs that do not have one message, which says that they are over."""
        shown = {
            (number, code): [
                text for message in self.case.sandbox.world.messages(channel) if code in (text := text_of(message))
            ]
            for number, channel in enumerate(self.case.channels)
            for code in self.case.codes
        }
        return [
            f"progress of {code} in server {number}: {texts}"
            for (number, code), texts in shown.items()
            if len(texts) != 1 or "finished" not in texts[0]
        ]


@asynccontextmanager
async def open_roster(
    place: Place, *, servers: int = 1, players: int = 6, codes: int = 1, rate: float = RATE
) -> AsyncIterator[Roster]:
    """Servers that redeem for the same players and post nothing. Ends every bot that was started."""
    async with open_case(place, servers=servers, codes=codes, scale=SCALE) as case:
        case.sandbox.world.store.nonce_window = 600.0
        case.settings |= {
            "GAME_RATE_PER_MINUTE": str(rate),
            "GAME_PLAYER_SPACING": str(SPACING),
            "LOG_FORMAT": "json",
        }
        roster = Roster(case, [PlayerId(str(1000 + number)) for number in range(players)])
        now = datetime.now(UTC)
        guilds = await case.store.get_guilds(roster.guild_ids)
        for guild_id, channel in zip(roster.guild_ids, case.channels, strict=True):
            redeeming = attrs.evolve(
                guilds[guild_id],
                channel_id=None,
                auto_redeem=True,
                default_kingdom=KINGDOM,
                redeem_channel_id=ChannelId(channel.id),
            )
            await case.store.save_guild(redeeming)
            members = [Player(guild_id, player_id, PlayerState.UNPROVED, now, now) for player_id in roster.players]
            await case.store.insert_players(members)
        yield roster
