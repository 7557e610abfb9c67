"""The client of the redemption API, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

import giftbot
from giftbot.clock import SystemClock
from giftbot.games.catalogue import build_game
from giftbot.games.century import BODY_LIMIT
from giftbot.models.ids import PlayerId
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.sandbox.game import Game as SandboxGame
from giftbot.services.ports import Game
from tests.sites import Answer, start_site

Outcome = RedemptionOutcome

ADA = PlayerId("12345678")
REDEEMED = GameAnswer(Outcome.REDEEMED, "20000 SUCCESS")
ALREADY = GameAnswer(Outcome.ALREADY, "40008 RECEIVED")


def broken(raw: str) -> GameAnswer:
    """What a fault of the game is."""
    return GameAnswer(Outcome.RETRY, raw, broken=True)


@pytest.fixture
async def against() -> AsyncIterator[Callable[[Answer], Awaitable[Game]]]:
    """Starts a server with this handler for every path, and gives a client of it."""
    async with AsyncExitStack() as stack:

        async def start(answer: Answer, *, game: str = "whiteout") -> Game:
            url = f"{await start_site(stack, answer)}/api/"
            built = build_game(game, clock=SystemClock(), api_url=url, allow_private=True, timeout=5.0)
            stack.push_async_callback(built.aclose)
            return built

        yield start


async def test_a_code_is_redeemed_once(town: SandboxGame, game: Game) -> None:
    """The first call redeems, the second says that the player has it."""
    assert await game.redeem(ADA, 312, "FROST77") == REDEEMED
    assert await game.redeem(ADA, 312, "FROST77") == ALREADY
    assert town.grants == {(ADA, "FROST77"): 1}
    assert [one.number for one in town.asked_after_grant()] == [2]
    assert town.overlaps == []


async def test_the_rules_of_the_game(town: SandboxGame, game: Game) -> None:
    """Each thing that the game finds out by itself has its outcome."""
    town.add_player(ADA, 312, level=9)
    town.add_code("BIG", level=10)
    town.add_code("FEW", limit=0)
    town.add_code("TWIN1", kind="twins")
    town.add_code("TWIN2", kind="twins")
    town.expire_code("OLD")
    outcomes = {
        code: (await game.redeem(ADA, 312, code)).outcome for code in ("BIG", "FEW", "TWIN1", "TWIN2", "OLD")
    }
    assert outcomes == {
        "BIG": Outcome.INELIGIBLE,
        "FEW": Outcome.EXHAUSTED,
        "TWIN1": Outcome.REDEEMED,
        "TWIN2": Outcome.ALREADY,
        "OLD": Outcome.EXPIRED,
    }
    assert (await game.redeem(ADA, 312, "frost77")).outcome is Outcome.NOT_FOUND
    assert (await game.redeem(ADA, 313, "FROST77")).outcome is Outcome.WRONG_KINGDOM
    town.strict = True
    assert (await game.redeem(PlayerId("9"), 312, "FROST77")).outcome is Outcome.NO_SUCH_PLAYER


async def test_a_wrong_constant_is_a_refused_signature(town: SandboxGame, game: Game) -> None:
    """The game changed what calls are signed with."""
    town.salt = "another"
    assert await game.redeem(ADA, 312, "FROST77") == GameAnswer(Outcome.REFUSED_SIGNATURE, "40001 sign error")
    renewed = build_game("kingshot", clock=SystemClock(), api_url=town.url, sign_salt="another", allow_private=True)
    assert await renewed.redeem(ADA, 312, "FROST77") == REDEEMED
    await renewed.aclose()


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("whiteout", "https://wos-giftcode.centurygame.com"),
        ("kingshot", "https://ks-giftcode.centurygame.com"),
    ],
)
async def test_what_is_sent(against: Callable[..., Awaitable[Game]], name: str, site: str) -> None:
    """One form with five fields; the site's Origin and Referer; our own name, and nothing of a browser."""
    seen: list[tuple[str, str, dict[str, str], dict[str, str]]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        form = dict(parse_qsl((await request.read()).decode(), strict_parsing=True))
        seen.append((request.method, request.path_qs, dict(request.headers), form))
        return web.json_response({"code": 0, "data": [], "msg": "SUCCESS", "err_code": 20000})

    game = await against(answer, game=name)
    assert (game.name, game.site) == (name, site)
    assert await game.redeem(ADA, 312, "A&b C") == REDEEMED
    [(method, path, headers, form)] = seen
    assert (method, path) == ("POST", "/api/gift_code")
    assert form.keys() == {"sign", "fid", "cdk", "kid", "time"}
    assert (form["fid"], form["cdk"], form["kid"]) == (ADA, "A&b C", "312")
    assert abs(int(form["time"]) - SystemClock().now().timestamp()) < 5
    del headers["Host"], headers["Content-Length"]
    assert headers == {
        "User-Agent": f"giftbot/{giftbot.__version__} (+self-hosted Discord bot)",
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": site,
        "Referer": f"{site}/",
    }


async def test_sequential_calls_use_one_connection(town: SandboxGame, game: Game) -> None:
    """A hundred players, one connection: it is kept alive."""
    for number in range(100):
        assert await game.redeem(PlayerId(str(number)), 1, "FROST77") == REDEEMED
    assert (len(town.calls), town.calls.connections) == (100, 1)


async def test_refusals_keep_the_connection(town: SandboxGame, game: Game) -> None:
    """Answers that are no success cost no new connection either."""
    town.faults.throttle()
    town.faults.fail(502)
    town.faults.garbage()
    town.script(40010, "?", times=1)
    for _ in range(5):
        await game.redeem(ADA, 312, "FROST77")
    assert (len(town.calls), town.calls.connections) == (5, 1)


@pytest.mark.parametrize("after_grant", [False, True])
@pytest.mark.parametrize(
    ("arm", "expected"),
    [
        (lambda f, **k: f.fail(500, **k), broken("answered 500 (Internal Server Error)")),
        (lambda f, **k: f.fail(502, **k), broken("answered 502 (Bad Gateway)")),
        (lambda f, **k: f.fail(403, **k), broken("answered 403 (Forbidden)")),
        (lambda f, **k: f.fail(302, **k), broken("answered 302 (Found)")),
        (
            lambda f, **k: f.fail(503, retry_after=7, **k),
            GameAnswer(Outcome.RETRY, "answered 503 (Service Unavailable)", retry_after=7.0, broken=True),
        ),
        (
            lambda f, **k: f.fail(429, retry_after=7, **k),
            GameAnswer(Outcome.RETRY, "answered 429 (Too Many Requests)", retry_after=7.0, throttled=True),
        ),
        (lambda f, **k: f.garbage(**k), broken("answered with something that is not JSON")),
        (lambda f, **k: f.garbage("", **k), broken("answered with nothing")),
        (lambda f, **k: f.garbage('{"err_code": 200', **k), broken("answered with something that is not JSON")),
        (lambda f, **k: f.garbage("[]", **k), broken("answered in a format that is not known")),
        (lambda f, **k: f.garbage(b" " * BODY_LIMIT + b"{}", **k), broken("answered with more than 64 KiB")),
        (lambda f, **k: f.drop(**k), broken("closed the connection without an answer")),
    ],
)
async def test_faults_are_asked_again(
    town: SandboxGame, game: Game, arm: Callable[..., object], expected: GameAnswer, after_grant: bool
) -> None:
    """Each fault is an answer, and the next call is well; what was granted before it is `already`."""
    arm(town.faults, after_grant=after_grant)
    assert await game.redeem(ADA, 312, "FROST77") == expected
    assert await game.redeem(ADA, 312, "FROST77") == (ALREADY if after_grant else REDEEMED)
    assert town.grants == {(ADA, "FROST77"): 1}


async def test_a_body_of_the_size_that_is_allowed(town: SandboxGame, game: Game) -> None:
    """64 KiB are read, and not one byte more."""
    answer = b'{"err_code": 20000, "msg": "SUCCESS"}'
    town.faults.garbage(answer.rjust(BODY_LIMIT))
    town.faults.garbage(answer.rjust(BODY_LIMIT + 1))
    assert await game.redeem(ADA, 312, "FROST77") == REDEEMED
    assert await game.redeem(ADA, 312, "FROST77") == broken("answered with more than 64 KiB")


async def test_a_body_without_end(against: Callable[..., Awaitable[Game]]) -> None:
    """It is not read to its end: what does not come in time ends the call, what is too much ends it at once."""

    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 4096)

    game = await against(flood)
    assert await game.redeem(ADA, 312, "FROST77") == broken("answered with more than 64 KiB")


async def test_no_answer_in_time(town: SandboxGame) -> None:
    """A call has one limit for everything; a held one is given up, and the next one is well."""
    game = build_game("whiteout", clock=SystemClock(), api_url=town.url, allow_private=True, timeout=0.3)
    hold = town.faults.hold(after_grant=True)
    assert await game.redeem(ADA, 312, "FROST77") == broken("did not answer within 0.3 seconds")
    hold.drop()
    await town.wait(1)
    assert await game.redeem(ADA, 312, "FROST77") == ALREADY
    assert (len(town.asked_after_grant()), len(town.asked_after_grant(lost=True))) == (0, 1)
    assert town.overlaps == []
    await game.aclose()


async def test_a_redirect_is_not_followed(against: Callable[..., Awaitable[Game]]) -> None:
    """Nothing is sent to where the game points."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    game = await against(answer)
    assert await game.redeem(ADA, 312, "FROST77") == broken("answered 307 (Temporary Redirect)")
    assert asked == ["/api/gift_code"]


async def test_a_cookie_is_not_kept(against: Callable[..., Awaitable[Game]]) -> None:
    """No session is built up, so that one player's answer cannot colour the next one's."""
    cookies: list[str | None] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        cookies.append(request.headers.get("Cookie"))
        response = web.json_response({"msg": "SUCCESS", "err_code": 20000})
        response.set_cookie("session", "1")
        return response

    game = await against(answer)
    for _ in range(2):
        await game.redeem(ADA, 312, "FROST77")
    assert cookies == [None, None]


async def test_nobody_listens() -> None:
    """A game that cannot be reached is an answer too, and so is a client that was closed."""
    game = build_game("whiteout", clock=SystemClock(), api_url="http://127.0.0.1:1/api", allow_private=True)
    assert await game.redeem(ADA, 312, "FROST77") == broken("cannot be reached")
    await game.aclose()
    assert await game.redeem(ADA, 312, "FROST77") == broken("is not asked any more: this process is ending")


async def test_cancelling_is_passed_on_and_leaves_nothing(town: SandboxGame, game: Game) -> None:
    """The only thing that is raised; afterwards the client works as before."""
    hold = town.faults.hold()
    call = asyncio.create_task(game.redeem(ADA, 312, "FROST77"))
    await hold.held()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    hold.drop()
    await town.wait(1)
    assert await game.redeem(ADA, 312, "FROST77") == REDEEMED
    assert town.overlaps == []


async def test_a_name_that_leads_inside_is_not_connected_to(town: SandboxGame) -> None:
    """The guard stands at the socket: a public name that resolves to loopback does not pass."""

    class Inside(AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
            return [
                {"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0},
            ]

        async def close(self) -> None:
            pass

    game = build_game("whiteout", clock=SystemClock(), resolver=Inside())
    answer = await game.redeem(ADA, 312, "FROST77")
    assert answer == broken("leads to an address that is not public (GIFTBOT_ALLOW_PRIVATE_URLS=true allows that)")
    assert len(town.calls) == 0
    await game.aclose()
