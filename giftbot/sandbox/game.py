"""A game on loopback whose codes can be redeemed: the API that Century Games' titles share, and faults on demand.

It knows every code that the sandbox's sources ever listed and, unless told otherwise, everybody in every kingdom.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections import Counter, deque
from collections.abc import Callable

from aiohttp import web

from giftbot.sandbox import game_rules
from giftbot.sandbox.game_calls import CallLog, GameCall, is_lost
from giftbot.sandbox.game_faults import SITE_PAGE, GameFaults, broken
from giftbot.sandbox.game_rules import Gift, Person, Reply, Rules
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.pulse import PATIENCE, Pulse
from giftbot.sandbox.source_formats import PublishedCode

BASE = "/game/api"
_FIELDS = frozenset({"sign", "fid", "cdk", "kid", "time"})


class Game:
    """What is played, how often it was asked, and what goes wrong on the way."""

    def __init__(self, pulse: Pulse, findings: list[str], published: Callable[[str], PublishedCode | None]) -> None:
        self.base_url = ""
        self.salt = "tB87#kPtkxqOS2"
        """The signing constant that is accepted; that of the real game, which is public."""

        self.latency = 0.0
        """Seconds that each answer takes."""

        self.per_minute: int | None = None
        """Calls within `minute` that are carried out; more are refused with 429. None is any number."""

        self.minute = 60.0
        """Seconds."""

        self.rules = Rules(published)
        self.calls = CallLog(pulse, findings)
        self.faults = GameFaults(pulse)
        """What goes wrong with the next calls."""

        self._recent: deque[float] = deque()

    @property
    def url(self) -> str:
        """The base of the API, for GAME_API_URL."""
        return self.base_url + BASE

    @property
    def strict(self) -> bool:
        """Whether only players exist that were added."""
        return self.rules.strict

    @strict.setter
    def strict(self, strict: bool) -> None:
        self.rules.strict = strict

    @property
    def spacing(self) -> float:
        """Seconds that have to pass between two calls for one player; sooner ones are TOO FREQUENT."""
        return self.rules.spacing

    @spacing.setter
    def spacing(self, seconds: float) -> None:
        self.rules.spacing = seconds

    @property
    def grants(self) -> Counter[tuple[str, str]]:
        """How often the game gave a code to a player, by player id and code."""
        return self.rules.grants

    @property
    def overlaps(self) -> list[tuple[GameCall, GameCall]]:
        """Calls for one player that were going on at the same time; each is a finding of the sandbox as well."""
        return self.calls.overlaps

    def asked_after_grant(self, *, lost: bool = False) -> list[GameCall]:
        """See `CallLog.asked_after_grant`."""
        return self.calls.asked_after_grant(lost=lost)

    def most_in(self, seconds: float = 60.0) -> int:
        """The highest number of calls that began within any so many seconds."""
        return self.calls.most_in(seconds)

    async def wait(
        self, count: int = 1, *, player_id: object = None, code: str | None = None, timeout: float = PATIENCE
    ) -> list[GameCall]:
        """Wait until so many calls for this player and code are over, and return them."""
        return await self.calls.wait(count, player_id=player_id, code=code, timeout=timeout)

    def add_player(self, player_id: object, kingdom: int, *, level: int = 30) -> None:
        """Let a player live in this kingdom and in no other; again, to let them move."""
        self.rules.people[str(player_id)] = Person(kingdom, level)

    def add_code(self, code: str, *, limit: int | None = None, level: int = 0, kind: str | None = None) -> None:
        """Let a code be redeemed, `limit` times in all, by players of a `level`, one of a `kind` by each."""
        self.rules.gifts[code] = Gift(limit, level, kind)

    def expire_code(self, code: str) -> None:
        """Answer TIME ERROR for a code from now on, whatever the sources list."""
        gift = self.rules.gifts.get(code, Gift(None, 0, None))
        gift.expired = True
        self.rules.gifts[code] = gift

    def give(self, player_id: object, code: str) -> None:
        """Let a player have a code from before, redeemed by hand."""
        self.rules.owned[str(player_id)].add(code)

    def holders(self, code: str) -> set[str]:
        """The players who have a code."""
        return self.rules.holders(code)

    def script(
        self,
        err_code: int | None,
        msg: str,
        *,
        player_id: object = None,
        code: str | None = None,
        times: int | None = None,
    ) -> None:
        """Answer this instead of what the rules say; 20000 and 40008 give the player the code."""
        self.rules.script(Reply(err_code, msg), None if player_id is None else str(player_id), code, times)

    def heal(self) -> None:
        """Disarm every fault and script, and release what is held."""
        self.faults.clear()
        self.rules.unscript()

    def routes(self) -> list[web.RouteDef]:
        """The API's routes."""
        return [web.post(f"{BASE}/gift_code", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        call = self.calls.begin(
            request,
            player_id=form.get("fid", ""),
            kingdom=form.get("kid", ""),
            code=form.get("cdk", ""),
        )
        try:
            response = await self._answer(request, form, call)
            call.status = response.status
            self.calls.end(call)
            await response.prepare(request)
            await response.write_eof()
            call.told = Reply(call.err_code, call.msg).grants and not is_lost(request)
            return response
        except ConnectionError:
            return web.Response()  # nobody is there any more to be answered
        finally:
            self.calls.end(call)

    async def _answer(self, request: web.Request, form: dict[str, str], call: GameCall) -> web.Response:
        await asyncio.sleep(self.latency)
        headers = self._count()
        if headers is None:
            return self._refuse_pace()
        fault = self.faults.next(form)
        if fault is not None and not fault.after_store:
            return broken(request, fault)
        await self.faults.keep(request, form, after_grant=False)
        if "Origin" not in request.headers:
            return web.Response(status=403, text=SITE_PAGE, content_type="text/html")
        reply = self._reply(form)
        call.granted = reply == game_rules.SUCCESS
        await self.faults.keep(request, form, after_grant=True)
        if fault is not None:
            return broken(request, fault)
        call.err_code, call.msg = reply.err_code, reply.msg
        answer: Payload = {"code": 0 if reply == game_rules.SUCCESS else 1, "data": [], "msg": reply.msg}
        if reply.err_code is not None:
            answer["err_code"] = reply.err_code
        return web.json_response(answer, headers=headers)

    def _reply(self, form: dict[str, str]) -> Reply:
        if form.keys() != _FIELDS or not (form["time"].isdecimal() and len(form["time"]) == 10):
            return game_rules.PARAMS_ERROR
        unsigned = "&".join(f"{name}={form[name]}" for name in sorted(form) if name != "sign")
        if form["sign"] != hashlib.md5((unsigned + self.salt).encode(), usedforsecurity=False).hexdigest():
            return game_rules.SIGN_ERROR
        return self.rules.reply(form["fid"], form["kid"], form["cdk"])

    def _count(self) -> dict[str, str] | None:
        """Count a call against the limit; the headers of its answer, None when it is over the limit."""
        if self.per_minute is None:
            return {}
        now = time.monotonic()
        while self._recent and now - self._recent[0] >= self.minute:
            self._recent.popleft()
        if len(self._recent) >= self.per_minute:
            return None
        self._recent.append(now)
        return self._limit_headers()

    def _limit_headers(self) -> dict[str, str]:
        limit = self.per_minute or 0
        return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(limit - len(self._recent))}

    def _refuse_pace(self) -> web.Response:
        wait = self._recent[0] + self.minute - time.monotonic() if self._recent else self.minute
        headers = {**self._limit_headers(), "Retry-After": str(max(1, math.ceil(wait)))}
        return web.json_response({"message": "Too Many Attempts."}, status=429, headers=headers)
