"""Each new code is tried in the game before it is announced."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from giftbot.errors import GameHaltedError
from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.ids import ChannelId, CodeKey, GuildId, PlayerId
from giftbot.models.notice import Notice, NoticeKind
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.models.source import Trust
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.announcements import Announcements
from giftbot.services.codes import Codes
from giftbot.services.detection import CheckResult, Detection
from giftbot.services.guilds import Guilds
from giftbot.services.notices import Notices
from giftbot.services.ports import Store
from giftbot.services.reports import Reports
from giftbot.services.signal import Signal
from giftbot.services.verification import DOUBTED_AT_ONCE, HALTED_FOR, Verification
from tests.fakes import START, ListeningPeople, ManualClock, OpenChannels, ScriptedSource

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


@pytest.fixture
async def place(store: Store) -> Place:
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


@pytest.mark.parametrize("outcome", [Outcome.REDEEMED, Outcome.ALREADY, Outcome.INELIGIBLE])
async def test_a_code_that_the_game_knows_is_announced_and_redeemed(place: Place, outcome: Outcome) -> None:
    """Nothing is posted before it was tried; then everywhere, with the moment noted, and nobody is bothered."""
    place.game.always = outcome
    place.json.lists("Frost77")
    result = await place.check()
    assert ([code.key for code in result.unverified], result.new, result.held) == (["FROST77"], (), ())
    assert await place.pending() == set()
    assert await place.try_at(seconds=1) == 1
    code = await place.code("FROST77")
    assert (code.status, code.verified_at, code.redeem) == (CodeStatus.ACTIVE, place.clock.now(), True)
    assert await place.pending() == {"FROST77"}
    assert (place.jobs.calls, place.told, place.game.asked, place.game.urgent) == (1, [], ["Frost77"], ["Frost77"])
    assert await place.try_at(hours=1) == 0
    assert place.game.asked == ["Frost77"]


async def test_an_expired_code_is_never_announced(place: Place) -> None:
    """It is marked, and stays so while sources go on listing it."""
    place.game.always = Outcome.EXPIRED
    place.json.lists("OLD2025")
    await place.check()
    assert await place.try_at(seconds=1) == 1
    place.rss.lists("OLD2025")
    await place.check()
    assert await place.statuses() == {"OLD2025": "expired"}
    assert await place.try_at(minutes=5) == 0
    assert (await place.pending(), place.told, place.game.asked) == (set(), [], ["OLD2025"])


async def test_a_hint_is_decided_by_the_game(place: Place) -> None:
    """One that exists is announced, one that does not is refused for good; the owner is not asked."""
    place.game.says = {"NOTHING1": [Outcome.NOT_FOUND]}
    place.hints.lists("HINT2026", "NOTHING1")
    await place.check()
    assert await place.try_at(seconds=1) == 2
    assert await place.statuses() == {"HINT2026": "active", "NOTHING1": "invalid"}
    assert (await place.pending(), place.told) == ({"HINT2026"}, [])


async def test_a_reported_code_is_decided_by_the_game(place: Place) -> None:
    """It is posted at once where it was reported, and everywhere once the game knows it."""
    await place.guilds.choose_channel(GuildId(2), ChannelId(20))
    await place.reports.report(await place.guilds.get(GuildId(2)), "GIVEN1", reporter="somebody")
    assert await place.pending() == set()
    assert await place.try_at(seconds=1) == 1
    assert await place.pending() == {"GIVEN1"}
    place.game.always = Outcome.NOT_FOUND
    await place.reports.report(await place.guilds.get(GuildId(2)), "TYPO1", reporter="somebody")
    await place.try_at(seconds=1)
    assert (await place.code("TYPO1")).status is CodeStatus.INVALID


async def test_a_code_of_a_trusted_source_that_the_game_does_not_know_yet(place: Place) -> None:
    """It is tried again, ever more rarely; the owner is asked once, and it is announced when the game knows it."""
    place.game.says = {"EARLY1": [Outcome.NOT_FOUND] * 4 + [Outcome.REDEEMED]}
    place.json.lists("EARLY1")
    await place.check()
    for minutes in (0, 1, 2):
        await place.try_at(minutes=minutes)
    assert len(place.game.asked) == 3
    assert place.told == [
        "EARLY1 (from code API) is held back: the game does not know it. It is asked again now and then, in case"
        " the code is not in effect yet. Announce everywhere, or discard?"
        " The same with: ops codes release, ops codes discard."
    ]
    await place.try_at(minutes=3)
    assert len(place.game.asked) == 3
    await place.try_at(minutes=1)
    assert await place.try_at(minutes=8) == 1
    assert (len(place.told), await place.pending()) == (1, {"EARLY1"})


async def test_used_up_may_be_so_for_one_player_only(place: Place) -> None:
    """Said twice, a minute apart, it is still one player's word: what a trusted source lists is announced."""
    place.game.always = Outcome.EXHAUSTED
    place.json.lists("POPULAR1")
    await place.check()
    await place.try_at(seconds=1)
    for _ in range(3):
        await place.try_at(seconds=15)
    assert (place.game.asked, await place.statuses()) == (["POPULAR1"], {"POPULAR1": "held"})
    assert await place.try_at(seconds=15) == 1
    assert (len(place.game.asked), await place.statuses()) == (2, {"POPULAR1": "active"})
    assert (await place.pending(), place.told) == ({"POPULAR1"}, [])


async def test_a_mere_hint_that_seems_used_up_is_for_the_owner(place: Place) -> None:
    """It stays held, the owner is asked once, and the game now and then."""
    place.game.always = Outcome.EXHAUSTED
    place.hints.lists("POPULAR1")
    await place.check()
    told = len(place.told)
    for minute in range(5):
        await place.try_at(minutes=bool(minute))
    assert await place.statuses() == {"POPULAR1": "held"}
    assert len(place.told) == told + 1
    assert "only the player of GAME_VERIFY_PLAYER has it" in place.told[-1]
    assert len(place.game.asked) in (3, 4)
    await place.reports.release(place.notices[-1].codes)
    assert await place.pending() == {"POPULAR1"}


async def test_one_vote_is_not_enough(place: Place) -> None:
    """When the game says something else the second time, that counts."""
    place.game.says = {"POPULAR1": [Outcome.EXHAUSTED, Outcome.ALREADY]}
    place.json.lists("POPULAR1")
    await place.check()
    await place.try_at(seconds=1)
    assert await place.try_at(minutes=1) == 1
    assert await place.pending() == {"POPULAR1"}


async def test_no_decision_is_asked_for_again_with_growing_pauses(place: Place) -> None:
    """After 1, 2, 4... minutes, an hour at most; the owner may decide from the third time on."""
    place.game.always = Outcome.RETRY
    place.json.lists("LATER1")
    await place.check()
    asked: list[int] = []
    for minute in range(200):
        await place.try_at(minutes=bool(minute))
        if len(place.game.asked) > len(asked):
            asked.append(minute)
    assert asked == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    assert len(place.told) == 1
    await place.reports.release(place.notices[0].codes)
    assert await place.pending() == {"LATER1"}
    place.game.always = Outcome.EXPIRED
    assert await place.try_at(hours=2) == 0
    assert len(place.game.asked) == 9


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.BY_HAND])
async def test_an_answer_of_which_nobody_knows_what_it_means(place: Place, outcome: Outcome) -> None:
    """The owner is asked at once, with the game's words; discarded, it is not tried any more."""
    place.game.always = outcome
    place.json.lists("ODD2026")
    await place.check()
    await place.try_at(seconds=1)
    assert len(place.told) == 1
    assert f"“4711 {outcome}”".replace("_", "\\_") in place.told[0]
    await place.reports.discard(place.notices[0].codes)
    await place.try_at(hours=2)
    assert (len(place.game.asked), await place.statuses()) == (1, {"ODD2026": "invalid"})


@pytest.mark.parametrize("outcome", [Outcome.WRONG_KINGDOM, Outcome.NO_SUCH_PLAYER])
async def test_a_verify_player_that_is_wrong(place: Place, outcome: Outcome) -> None:
    """The owner is told once; what trusted sources list is announced untried, and hints are up to the owner."""
    place.game.always = outcome
    place.json.lists("TRUSTED1", "TRUSTED2")
    place.hints.lists("HINT2026")
    await place.check()
    assert await place.try_at(seconds=1) == 2
    assert await place.pending() == {"TRUSTED1", "TRUSTED2"}
    assert (await place.code("TRUSTED1")).verified_at is None
    assert len(place.game.asked) == 1
    assert [notice.kind for notice in place.notices] == ["verify_player", "held_codes"]
    assert "player 12345678 in kingdom 312" in place.told[0]
    assert place.notices[1].codes == ("HINT2026",)
    place.json.lists("TRUSTED1", "TRUSTED2", "TRUSTED3")
    await place.check()
    await place.try_at(minutes=1)
    assert await place.pending() == {"TRUSTED1", "TRUSTED2", "TRUSTED3"}
    assert len(place.told) == 2


async def test_a_verify_player_that_was_repaired(place: Place) -> None:
    """Hints are decided by the game again, and the next trouble is told again."""
    place.game.always = Outcome.WRONG_KINGDOM
    place.hints.lists("HINT2026")
    await place.check()
    await place.try_at(seconds=1)
    place.game.always = Outcome.REDEEMED
    await place.try_at(hours=1)
    assert await place.pending() == {"HINT2026"}
    place.game.always = Outcome.WRONG_KINGDOM
    place.json.lists("NEXT2026")
    await place.check()
    await place.try_at(seconds=1)
    assert [notice.kind for notice in place.notices].count(NoticeKind.VERIFY_PLAYER) == 2


@pytest.mark.parametrize("halt", [GameHaltedError("It is off."), Outcome.REFUSED_SIGNATURE])
async def test_a_game_that_is_not_asked_does_not_keep_codes_back(
    place: Place, halt: GameHaltedError | Outcome
) -> None:
    """A process that stops announces nothing for it; when it lasts, trusted sources are taken at their word."""
    place.game.always = halt
    place.json.lists("TRUSTED1")
    place.hints.lists("HINT2026")
    await place.check()
    assert await place.try_at(seconds=1) == 0
    assert await place.pending() == set()
    assert await place.try_at(seconds=HALTED_FOR.total_seconds()) == 1
    assert (await place.pending(), len(place.told)) == ({"TRUSTED1"}, 1)


async def test_a_short_halt_changes_nothing(place: Place) -> None:
    """Each one is timed anew."""
    place.game.always = GameHaltedError("The bot stops.")
    place.json.lists("TRUSTED1")
    await place.check()
    await place.try_at(seconds=1)
    place.game.always = Outcome.RETRY
    await place.try_at(seconds=50)
    place.game.always = GameHaltedError("The bot stops.")
    await place.try_at(minutes=1)
    assert await place.pending() == set()


async def test_a_flood_waits_for_the_owner_even_when_the_game_knows_it(place: Place) -> None:
    """The owner hears of it once; dead codes of it end, the others are tried once each, few at a time."""
    place.json.lists("KNOWN11")
    await place.check()
    await place.try_at(seconds=1)
    flood = [f"FLOOD{number:03d}" for number in range(30)]
    place.json.lists("KNOWN11", *flood)
    place.game.says = {"FLOOD000": [Outcome.EXPIRED], "FLOOD001": [Outcome.NOT_FOUND]}
    result = await place.check()
    assert (len(result.held), result.unverified) == (30, ())
    assert sum("30 codes held back" in text for text in place.told) == 1
    place.game.asked.clear()
    for number in range(40):
        await place.try_at(seconds=10)
        assert len(place.game.asked) <= (number + 1) * DOUBTED_AT_ONCE
    assert sorted(place.game.asked) == flood
    assert "FLOOD002" not in place.game.urgent
    statuses = await place.statuses()
    assert (statuses["FLOOD000"], statuses["FLOOD001"]) == ("expired", "invalid")
    assert {statuses[key] for key in flood[2:]} == {"held"}
    assert await place.pending() == {"KNOWN11"}
    await place.reports.release([CodeKey(key) for key in flood])
    assert len(await place.pending() & set(flood)) == 29


async def test_a_flooded_code_that_another_source_lists(place: Place) -> None:
    """What the game knew already is announced at once; what it was not asked about is tried first."""
    place.json.lists("KNOWN11")
    await place.check()
    await place.try_at(seconds=1)
    place.json.lists("KNOWN11", *(f"FLOOD{number:03d}" for number in range(30)))
    await place.check()
    await place.try_at(seconds=1)
    tried = place.game.asked[-1]
    other = "FLOOD005"
    assert tried != other
    place.rss.lists(tried, other)
    await place.check()
    assert (await place.code(tried)).status is CodeStatus.ACTIVE
    assert (await place.code(other)).status is CodeStatus.HELD
    await place.try_at(seconds=1)
    assert (await place.code(other)).status is CodeStatus.ACTIVE


async def test_a_hint_that_a_trusted_source_confirms_stays_held_until_it_was_tried(place: Place) -> None:
    """Confirmation replaces the details, not the game's word."""
    place.game.always = Outcome.RETRY
    place.hints.lists("HINT2026")
    await place.check()
    await place.try_at(seconds=1)
    place.json.lists("HINT2026", rewards="100 gems")
    await place.check()
    code = await place.code("HINT2026")
    assert (code.status, code.rewards, code.is_vouched) == (CodeStatus.HELD, "100 gems", True)
    place.game.always = Outcome.ALREADY
    assert await place.try_at(minutes=1) == 1


async def test_a_code_that_comes_back_is_tried_again(place: Place) -> None:
    """Listed anew a day after it was over, it is announced once more when the game agrees."""
    place.json.lists("BACK111")
    await place.check()
    await place.try_at(seconds=1)
    place.json.lists("OTHER11")
    await place.check()
    place.clock.advance(hours=25)
    await place.codes.expire(place.detection.healthy, place.detection.asked)
    place.clock.advance(hours=25)
    place.json.lists("BACK111", "OTHER11")
    result = await place.check()
    assert [code.key for code in result.unverified] == ["BACK111"]
    code = await place.code("BACK111")
    assert (code.status, code.epoch, code.verified_at, code.fan_out) == (CodeStatus.HELD, 1, None, False)
    await place.try_at(seconds=1)
    code = await place.code("BACK111")
    assert (code.status, code.epoch, code.verified_at) == (CodeStatus.ACTIVE, 1, place.clock.now())


async def test_a_code_whose_date_is_put_off_is_tried_again(place: Place) -> None:
    """The old answer says nothing of the new date."""
    place.json.lists("LONGER1", expires_at=START.replace(hour=13))
    await place.check()
    await place.try_at(seconds=1)
    place.clock.advance(hours=2)
    await place.codes.expire(place.detection.healthy, place.detection.asked)
    place.json.lists("LONGER1", expires_at=START.replace(day=3))
    await place.check()
    assert await place.statuses() == {"LONGER1": "held"}
    await place.try_at(seconds=1)
    assert await place.statuses() == {"LONGER1": "active"}


async def test_codes_found_together_are_announced_together(place: Place) -> None:
    """Many come in rounds; the next one begins at once."""
    place.json.lists(*(f"MANY{number:03d}" for number in range(25)))
    await place.check()
    await place.codes.to_verify.wait(0)
    assert await place.try_at(seconds=1) == 10
    assert place.jobs.calls == 1
    await asyncio.wait_for(place.codes.to_verify.wait(60), timeout=PATIENCE)
    assert await place.try_at(seconds=1) == 10
    assert await place.try_at(seconds=1) == 5
    assert len(await place.pending()) == 25


async def test_the_worker_begins_when_a_code_comes(place: Place) -> None:
    """It does not wait for its next look."""
    running = asyncio.create_task(place.verification.run())
    try:
        place.json.lists("FROST77")
        await place.check()
        async with asyncio.timeout(PATIENCE):
            await place.jobs.called.wait()
        place.jobs.called.clear()
        assert await place.pending() == {"FROST77"}
        place.hints.lists("HINT2026")
        await place.check()
        async with asyncio.timeout(PATIENCE):
            await place.jobs.called.wait()
        assert await place.pending() == {"FROST77", "HINT2026"}
    finally:
        running.cancel()


async def test_the_worker_outlives_what_goes_wrong(place: Place) -> None:
    """An error of its own costs one round."""
    place.game.always = RuntimeError("a bug")
    running = asyncio.create_task(place.verification.run())
    try:
        place.json.lists("FROST77")
        await place.check()
        async with asyncio.timeout(PATIENCE):
            await place.game.was_asked.wait()
        place.game.always = Outcome.REDEEMED
        place.codes.to_verify.set()
        async with asyncio.timeout(PATIENCE):
            await place.jobs.called.wait()
    finally:
        running.cancel()
    assert await place.pending() == {"FROST77"}


async def test_without_verification_what_was_held_for_it_is_announced(place: Place) -> None:
    """After a restart without GAME_VERIFY_PLAYER trusted sources count again."""
    place.json.lists("FROST77")
    await place.check()
    codes = Codes(store=place.store, clock=place.clock)
    notices = Notices(store=place.store, notifier=place.people, clock=place.clock)
    source = ScriptedSource("json")
    source.lists("FROST77")
    detection = Detection((source,), codes=codes, notices=notices, clock=place.clock, interval=10)
    result = await detection.check()
    assert [code.key for code in result.new] == ["FROST77"]
