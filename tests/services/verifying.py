"""What codes are tried with in tests: a game that says what it is told, and the services around it."""

from __future__ import annotations

import asyncio

import attrs

from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.ids import ChannelId, CodeKey, GuildId, PlayerId
from giftbot.models.notice import Notice, NoticeKind
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.models.source import Trust
from giftbot.services.announcements import Announcements
from giftbot.services.codes import Codes
from giftbot.services.detection import CheckResult, Detection
from giftbot.services.guilds import Guilds
from giftbot.services.notices import Notices
from giftbot.services.ports import Store
from giftbot.services.reports import Reports
from giftbot.services.signal import Signal
from giftbot.services.verification import Verification
from tests.fakes import ListeningPeople, ManualClock, OpenChannels, ScriptedSource

PLAYER = PlayerId("12345678")
KINGDOM = 312
HOME = GuildId(1)
Outcome = RedemptionOutcome


@attrs.define
class ScriptedGovernor:
    """The way to the game, on which it says what it is told."""

    always: RedemptionOutcome | Exception = Outcome.REDEEMED
    says: dict[str, list[RedemptionOutcome]] = attrs.Factory(dict)
    """What it says of single codes, one each time; after the last one it goes on saying that."""
    asked: list[str] = attrs.Factory(list)
    urgent: list[str] = attrs.Factory(list)
    was_asked: asyncio.Event = attrs.Factory(asyncio.Event)

    async def ask(
        self, *, guild_id: GuildId, player_id: PlayerId, kingdom: int, code: GiftCode, urgent: bool = False
    ) -> GameAnswer:
        """Answer at once."""
        assert (player_id, kingdom) == (PLAYER, KINGDOM)
        self.asked.append(code.display)
        self.was_asked.set()
        if urgent:
            self.urgent.append(code.display)
        await asyncio.sleep(0)
        answers = self.says.get(code.key, [])
        answer = answers[0] if len(answers) == 1 else answers.pop(0) if answers else self.always
        if isinstance(answer, Exception):
            raise answer
        return GameAnswer(answer, f"4711 {answer}")


@attrs.define
class Outlet:
    """Counts how often it was to take up what was released."""

    calls: int = 0
    called: asyncio.Event = attrs.Factory(asyncio.Event)

    async def fan_out(self) -> int:
        """Count."""
        self.calls += 1
        self.called.set()
        return 0


@attrs.frozen
class Place:
    """The services over one store, with a server that posts."""

    clock: ManualClock
    store: Store
    people: ListeningPeople
    json: ScriptedSource
    rss: ScriptedSource
    hints: ScriptedSource
    game: ScriptedGovernor
    codes: Codes
    guilds: Guilds
    reports: Reports
    detection: Detection
    jobs: Outlet
    verification: Verification

    async def check(self) -> CheckResult:
        """One regular check of the sources."""
        return await self.detection.check()

    async def try_at(self, **later: float) -> int:
        """One round so much later."""
        self.clock.advance(**later)
        return await self.verification.run_once()

    async def code(self, key: str) -> GiftCode:
        """A code as it is stored."""
        return (await self.codes.get([CodeKey(key)]))[CodeKey(key)]

    async def statuses(self) -> dict[str, str]:
        """All codes."""
        return {code.key: code.status.value for code in await self.codes.list_codes(tuple(CodeStatus))}

    async def pending(self) -> set[str]:
        """The codes that wait to be posted."""
        rows = await self.store.list_announcements(guild_id=HOME)
        return {row.code for row in rows if row.state == "pending"}

    @property
    def notices(self) -> list[Notice]:
        """What the owner was told, but for the news of codes that are announced."""
        return [notice for notice in self.people.owner if notice.kind is not NoticeKind.NEW_CODE]

    @property
    def told(self) -> list[str]:
        """The same, as the owner read it."""
        return [notice.text for notice in self.notices]


async def make_place(store: Store) -> Place:
    """Sources json and rss (trusted) and api (hint), and the owner listening."""
    clock, people = ManualClock(), ListeningPeople()
    json, rss, hints = ScriptedSource("json"), ScriptedSource("rss"), ScriptedSource("api", trust=Trust.HINT)
    notices = Notices(store=store, notifier=people, clock=clock)
    codes = Codes(store=store, clock=clock, verify=True)
    announcements = Announcements(store=store, notices=notices, clock=clock, wake=Signal())
    guilds = Guilds(store=store, announcements=announcements, channels=OpenChannels(), notices=notices, clock=clock)
    await guilds.choose_channel(HOME, ChannelId(10))
    game, jobs = ScriptedGovernor(), Outlet()
    return Place(
        clock=clock,
        store=store,
        people=people,
        json=json,
        rss=rss,
        hints=hints,
        game=game,
        codes=codes,
        guilds=guilds,
        reports=Reports(codes=codes, announcements=announcements, notices=notices, clock=clock),
        detection=Detection((json, rss, hints), codes=codes, notices=notices, clock=clock, interval=10),
        jobs=jobs,
        verification=Verification(
            codes=codes,
            governor=game,
            outlets=(announcements, jobs),
            notices=notices,
            clock=clock,
            player=(PLAYER, KINGDOM),
        ),
    )
