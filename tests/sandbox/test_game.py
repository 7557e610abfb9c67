"""The game on loopback, asked by a plain HTTP client."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from giftbot.sandbox import Limits, Sandbox
from giftbot.sandbox.game import Game
from giftbot.sandbox.payload import Payload

ORIGIN = {"Origin": "https://wos-giftcode.centurygame.com"}


class Asker:
    """Somebody who asks the game."""

    def __init__(self, game: Game, session: aiohttp.ClientSession) -> None:
        self._game = game
        self._session = session

    def form(self, player_id: str, code: str, kingdom: str = "312") -> dict[str, str]:
        """A signed form."""
        form = {"cdk": code, "fid": player_id, "kid": kingdom, "time": str(int(time.time()))}
        text = "&".join(f"{name}={value}" for name, value in sorted(form.items())) + self._game.salt
        return {"sign": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), **form}

    async def post(self, form: dict[str, str], headers: dict[str, str] | None = None) -> tuple[int, Payload, str]:
        """The status of the answer, its JSON (empty if it is none), and its Retry-After."""
        url = f"{self._game.url}/gift_code"
        headers = ORIGIN if headers is None else headers
        async with self._session.post(url, data=form, headers=headers) as response:
            is_json = response.content_type == "application/json"
            return (
                response.status,
                await response.json() if is_json else {},
                response.headers.get("Retry-After", ""),
            )

    async def ask(self, player_id: str = "1", code: str = "FROST77", kingdom: str = "312") -> str:
        """What the game says."""
        _, said, _ = await self.post(self.form(player_id, code, kingdom))
        return f"{said.get('err_code')} {said.get('msg')}"


@pytest.fixture
async def asker(sandbox: Sandbox) -> AsyncIterator[Asker]:
    """A client of the sandbox's game, which knows one code."""
    sandbox.game.add_code("FROST77")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield Asker(sandbox.game, session)


@pytest.fixture
def game(sandbox: Sandbox) -> Game:
    """The game."""
    return sandbox.game


async def test_a_grant_is_given_once_and_counted(game: Game, asker: Asker) -> None:
    """A second call says RECEIVED; the record shows that it was asked although the game had answered."""
    assert await asker.post(asker.form("1", "FROST77")) == (
        200,
        {"code": 0, "data": [], "msg": "SUCCESS", "err_code": 20000},
        "",
    )
    assert await asker.ask() == "40008 RECEIVED."
    assert await asker.ask("2") == "20000 SUCCESS"
    assert game.grants == {("1", "FROST77"): 1, ("2", "FROST77"): 1}
    assert game.holders("FROST77") == {"1", "2"}
    assert [(one.player_id, one.code, one.number) for one in game.asked_after_grant()] == [("1", "FROST77", 2)]
    assert [one.granted for one in game.calls.of(1)] == [True, False]


async def test_what_the_api_refuses(game: Game, asker: Asker) -> None:
    """A wrong signature, a missing Origin, a missing field, and a time in milliseconds."""
    form = asker.form("1", "FROST77")
    assert (await asker.post({**form, "sign": "0" * 32}))[1]["msg"] == "sign error"
    assert (await asker.post({**form, "kid": "313"}))[1]["msg"] == "sign error"
    assert (await asker.post(form, headers={"X-None": ""}))[0] == 403
    del form["kid"]
    assert (await asker.post(form))[1]["msg"] == "params error"
    assert (await asker.post({**asker.form("1", "FROST77"), "time": "1700000000000"}))[1]["msg"] == "params error"
    assert not game.grants


async def test_players_live_in_one_kingdom(game: Game, asker: Asker) -> None:
    """Unknown players exist everywhere unless the game is strict; known ones in their kingdom only."""
    game.add_player(7, 312, level=8)
    assert await asker.ask("7", kingdom="311") == "40020 USER INFO ERROR."
    assert await asker.ask("7", code="NOSUCHCODE") == "40014 CDK NOT FOUND."
    assert await asker.ask("8", kingdom="9") == "20000 SUCCESS"
    game.strict = True
    assert await asker.ask("9") == "40001 role not exist."
    assert await asker.ask("7") == "20000 SUCCESS"


async def test_codes_have_conditions(game: Game, asker: Asker) -> None:
    """A level, a kind of which everybody gets one, a number of grants, an end."""
    game.add_player(7, 312, level=8)
    game.add_code("HIGH", level=9)
    game.add_code("ONE", kind="twins")
    game.add_code("TWO", kind="twins")
    game.add_code("RARE", limit=1)
    assert await asker.ask("7", "HIGH") == "40006 STOVE_LV ERROR."
    game.add_player(7, 312, level=9)
    assert await asker.ask("7", "HIGH") == "20000 SUCCESS"
    assert [await asker.ask("7", code) for code in ("ONE", "TWO")] == ["20000 SUCCESS", "40011 SAME TYPE EXCHANGE."]
    answers = [await asker.ask(player, "RARE") for player in ("1", "2", "1")]
    assert answers == ["20000 SUCCESS", "40005 USED.", "40008 RECEIVED."]
    game.expire_code("RARE")
    assert await asker.ask("3", "RARE") == "40007 TIME ERROR."
    game.give(3, "FROST77")
    assert await asker.ask("3") == "40008 RECEIVED."


async def test_what_sources_list_is_known(sandbox: Sandbox, asker: Asker) -> None:
    """Whatever was ever listed is a code, in the spelling in which it was listed, until it expires."""
    soon, past = datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) - timedelta(hours=1)
    sandbox.sources.publish("Spring1", on={"rss"}, expires_at=soon)
    sandbox.sources.publish("WINTER1", expires_at=past)
    assert await asker.ask(code="Spring1") == "20000 SUCCESS"
    assert await asker.ask(code="SPRING1") == "40014 CDK NOT FOUND."
    assert await asker.ask(code="WINTER1") == "40007 TIME ERROR."
    sandbox.sources.withdraw("Spring1")
    assert await asker.ask("2", "Spring1") == "20000 SUCCESS"
    sandbox.sources.publish("BOTH1", on={"rss", "json"})
    sandbox.sources.expire("BOTH1", on={"json"})
    assert await asker.ask(code="BOTH1") == "20000 SUCCESS"
    sandbox.sources.expire("BOTH1")
    assert await asker.ask("2", "BOTH1") == "40007 TIME ERROR."
    sandbox.sources.publish("EARLY1")
    sandbox.game.expire_code("EARLY1")
    assert await asker.ask(code="EARLY1") == "40007 TIME ERROR."


async def test_answers_can_be_scripted(game: Game, asker: Asker) -> None:
    """Anything can be said, to one player, for one code, so many times; a scripted success is a grant."""
    game.script(40010, "WHO KNOWS", player_id=1, times=2)
    game.script(None, "NOT LOGIN", code="OTHER1")
    assert [await asker.ask() for _ in range(3)] == ["40010 WHO KNOWS", "40010 WHO KNOWS", "20000 SUCCESS"]
    assert await asker.ask("2", "OTHER1") == "None NOT LOGIN"
    game.heal()
    assert await asker.ask("2", "OTHER1") == "40014 CDK NOT FOUND."
    game.script(20000, "SUCCESS", code="OTHER1", times=1)
    assert await asker.ask("2", "OTHER1") == "20000 SUCCESS"
    assert game.grants["2", "OTHER1"] == 1


async def test_one_player_too_often(game: Game, asker: Asker) -> None:
    """Within the spacing a player is not served; other players are."""
    game.spacing = 60.0
    assert [await asker.ask("1"), await asker.ask("1"), await asker.ask("2")] == [
        "20000 SUCCESS",
        "40019 TOO FREQUENT.",
        "20000 SUCCESS",
    ]
    game.spacing = 0.0
    assert await asker.ask("1") == "40008 RECEIVED."
    closest = game.calls.closest()
    assert closest is not None
    assert 0 < closest < 5


async def test_too_many_calls_in_a_minute(game: Game, asker: Asker) -> None:
    """Headers count down; what is over the limit is refused, with the seconds until there is room again."""
    game.per_minute = 2
    url = f"{game.url}/gift_code"
    async with aiohttp.ClientSession(headers=ORIGIN) as session:
        left = []
        for player_id in ("1", "2"):
            async with session.post(url, data=asker.form(player_id, "FROST77")) as response:
                left.append((response.headers["X-RateLimit-Limit"], response.headers["X-RateLimit-Remaining"]))
    assert left == [("2", "1"), ("2", "0")]
    status, _, retry_after = await asker.post(asker.form("3", "FROST77"))
    assert (status, 1 <= int(retry_after) <= 60) == (429, True)
    game.minute = 0.0
    assert await asker.ask("3") == "20000 SUCCESS"
    assert [one.status for one in game.calls] == [200, 200, 429, 200]
    assert (game.most_in(60.0), game.most_in(0.0)) == (4, 1)


async def test_faults_before_and_after_the_grant(game: Game, asker: Asker) -> None:
    """Before it nothing happened; after it the player has the code and nobody was told."""
    game.faults.fail(502, times=2)
    assert [(await asker.post(asker.form("1", "FROST77")))[0] for _ in range(2)] == [502, 502]
    game.faults.garbage(player_id=1)
    assert (await asker.post(asker.form("1", "FROST77")))[:2] == (200, {})
    game.faults.drop(code="FROST77")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await asker.ask()
    assert not game.grants
    game.faults.lose(player_id=2)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await asker.ask("2")
    assert game.grants == {("2", "FROST77"): 1}
    assert await asker.ask("2") == "40008 RECEIVED."
    assert [one.number for one in game.asked_after_grant()] == []
    assert [one.number for one in game.asked_after_grant(lost=True)] == [6]
    game.faults.throttle(2.5)
    assert (await asker.post(asker.form("3", "FROST77")))[::2] == (429, "3")
    game.faults.fail(times=None)
    game.heal()
    assert await asker.ask("3") == "20000 SUCCESS"


@pytest.mark.parametrize("after_grant", [False, True])
async def test_holding_a_call(game: Game, asker: Asker, after_grant: bool) -> None:
    """A held call waits before or after it is carried out; it is released, or cut off for good."""
    hold = game.faults.hold(after_grant=after_grant, player_id=1)
    waiting = asyncio.create_task(asker.ask("1"))
    await hold.held()
    assert bool(game.grants) == after_grant
    assert await asker.ask("2") == "20000 SUCCESS"
    hold.release()
    assert await waiting == "20000 SUCCESS"
    hold = game.faults.hold(after_grant=after_grant, player_id=3)
    waiting = asyncio.create_task(asker.ask("3"))
    await hold.held()
    hold.drop()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await waiting
    assert (await game.wait(player_id=3))[0].told is False
    assert game.grants["3", "FROST77"] == (1 if after_grant else 0)


async def test_waiting_for_calls(game: Game, asker: Asker) -> None:
    """A call counts when it is over; its times and its connection are noted."""
    game.latency = 0.02
    asking = asyncio.create_task(asker.ask("5"))
    [call] = await game.wait(player_id=5, code="FROST77")
    assert await asking == "20000 SUCCESS"
    assert call.ended is not None
    assert call.ended - call.begun >= 0.02
    assert (call.kingdom, call.status, call.err_code, call.connection) == ("312", 200, 20000, 1)
    assert game.calls.connections == 1


async def test_an_overlap_is_a_finding() -> None:
    """Two calls for one player at once; a call that was given up does not count as going on."""
    async with Sandbox(limits=Limits.none()) as sandbox, aiohttp.ClientSession() as session:
        game = sandbox.game
        game.add_code("FROST77")
        game.add_code("SNOW1")
        asker = Asker(game, session)
        hold = game.faults.hold(code="FROST77")
        given_up = asyncio.create_task(asker.ask("1"))
        await hold.held()
        given_up.cancel()
        await asyncio.wait([given_up])
        kept = asyncio.create_task(asker.ask("1"))
        await hold.held(2)
        assert (game.overlaps, sandbox.findings) == ([], [])
        assert await asker.ask("2", "SNOW1") == "20000 SUCCESS"
        assert sandbox.findings == []
        assert await asker.ask("1", "SNOW1") == "20000 SUCCESS"
        [(first, second)] = game.overlaps
        assert (first.code, second.code) == ("FROST77", "SNOW1")
        assert sandbox.findings == ["game: player 1 is asked for SNOW1 and FROST77 at once"]
        hold.release()
        assert await kept in {"20000 SUCCESS", "40008 RECEIVED."}  # the given-up one is carried out too
        assert game.grants["1", "FROST77"] == 1


async def test_calls_are_forgotten_on_demand(game: Game, asker: Asker) -> None:
    """A test may begin its count anew; who has what stays."""
    await asker.ask()
    game.calls.forget()
    assert (len(game.calls), game.calls.closest(), game.most_in()) == (0, None, 0)
    assert await asker.ask() == "40008 RECEIVED."
    assert game.asked_after_grant() == []
