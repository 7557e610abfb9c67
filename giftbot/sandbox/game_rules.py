"""The rules of the sandbox's game: who plays where, which codes there are, and what is answered."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

import attrs

from giftbot.sandbox.source_formats import PublishedCode


@attrs.frozen
class Reply:
    """What the game says."""

    err_code: int | None
    msg: str

    @property
    def grants(self) -> bool:
        """Whether the player has the code by now."""
        return self.err_code in {SUCCESS.err_code, RECEIVED.err_code}


SUCCESS = Reply(20000, "SUCCESS")
RECEIVED = Reply(40008, "RECEIVED.")
SAME_TYPE = Reply(40011, "SAME TYPE EXCHANGE.")
EXPIRED = Reply(40007, "TIME ERROR.")
NOT_FOUND = Reply(40014, "CDK NOT FOUND.")
USED = Reply(40005, "USED.")
LOW_LEVEL = Reply(40006, "STOVE_LV ERROR.")
WRONG_KINGDOM = Reply(40020, "USER INFO ERROR.")
NO_SUCH_PLAYER = Reply(40001, "role not exist.")
TOO_FREQUENT = Reply(40019, "TOO FREQUENT.")
SIGN_ERROR = Reply(40001, "sign error")
PARAMS_ERROR = Reply(40001, "params error")


@attrs.define(eq=False)
class Person:
    """A player that the game was told about."""

    kingdom: int
    level: int


@attrs.define(eq=False)
class Gift:
    """A code that the game was told about."""

    limit: int | None
    """After so many grants it is used up."""

    level: int
    kind: str | None
    """Nobody gets two codes of the same kind."""

    expired: bool = False


@attrs.define(eq=False)
class _Script:
    reply: Reply
    player_id: str | None
    code: str | None
    times: int | None


class Rules:
    """Who has what, and what is answered to whom."""

    def __init__(self, published: Callable[[str], PublishedCode | None]) -> None:
        self._published = published
        self._scripts: list[_Script] = []
        self._last: dict[str, float] = {}
        self.people: dict[str, Person] = {}
        self.gifts: dict[str, Gift] = {}
        self.owned: dict[str, set[str]] = defaultdict(set)
        """Codes by player."""

        self.grants: Counter[tuple[str, str]] = Counter()
        """How often the game said SUCCESS, by player and code."""

        self.strict = False
        """Whether only players exist that were added."""

        self.spacing = 0.0
        """Seconds that have to pass between two calls for one player."""

    def script(self, reply: Reply, player_id: str | None, code: str | None, times: int | None) -> None:
        """Answer this to whoever it concerns, so many times or for ever."""
        self._scripts.append(_Script(reply, player_id, code, times))

    def unscript(self) -> None:
        """Answer by the rules again."""
        self._scripts.clear()

    def holders(self, code: str) -> set[str]:
        """The players who have a code."""
        return {player_id for player_id, codes in self.owned.items() if code in codes}

    def reply(self, player_id: str, kingdom: str, code: str) -> Reply:
        """What is said to one call; a success is remembered."""
        now = time.monotonic()
        last = self._last.get(player_id)
        if last is not None and now - last < self.spacing:
            return TOO_FREQUENT
        self._last[player_id] = now
        reply = self._scripted(player_id, code) or self._refusal(player_id, kingdom, code) or SUCCESS
        if reply == SUCCESS:
            self.grants[player_id, code] += 1
        if reply.grants:
            self.owned[player_id].add(code)
        return reply

    def _scripted(self, player_id: str, code: str) -> Reply | None:
        for one in self._scripts:
            if one.player_id in {None, player_id} and one.code in {None, code}:
                if one.times is not None:
                    one.times -= 1
                    if one.times <= 0:
                        self._scripts.remove(one)
                return one.reply
        return None

    def _refusal(self, player_id: str, kingdom: str, code: str) -> Reply | None:
        person = self.people.get(player_id)
        if person is None and self.strict:
            return NO_SUCH_PLAYER
        if person is not None and str(person.kingdom) != kingdom:
            return WRONG_KINGDOM
        gift = self._gift(code)
        if gift is None:
            return NOT_FOUND
        return self._gift_refusal(player_id, code, gift)

    def _gift_refusal(self, player_id: str, code: str, gift: Gift) -> Reply | None:
        owned, person = self.owned.get(player_id, set()), self.people.get(player_id)
        kinds = {self.gifts[other].kind for other in owned if other in self.gifts}
        refusals = (
            (gift.expired, EXPIRED),
            (code in owned, RECEIVED),
            (gift.kind is not None and gift.kind in kinds, SAME_TYPE),
            (gift.limit is not None and len(self.holders(code)) >= gift.limit, USED),
            (person is not None and person.level < gift.level, LOW_LEVEL),
        )
        return next((reply for refused, reply in refusals if refused), None)

    def _gift(self, code: str) -> Gift | None:
        if code in self.gifts:
            return self.gifts[code]
        published = self._published(code)
        if published is None:
            return None
        over = published.expires_at is not None and published.expires_at <= datetime.now(UTC)
        return Gift(None, 0, None, expired=published.expired or over)
