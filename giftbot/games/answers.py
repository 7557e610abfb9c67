"""What the game's answers mean: every known one, and `UNKNOWN` with its own words for all others.

The numbers and texts are those that bots and the game's page were seen to get; nothing else is guessed.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from types import MappingProxyType

import attrs

from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.web.faults import FaultError, retry_after, status_fault
from giftbot.web.plain import plain_text

RAW_LIMIT = 300
"""Characters of an answer that are kept."""

_REMEMBERED = 1024
"""Bytes of an answer whose meaning is remembered, at most."""

SUCCESS_NUMBER = 20000

BY_NUMBER: Mapping[int, RedemptionOutcome] = MappingProxyType(
    {
        SUCCESS_NUMBER: RedemptionOutcome.REDEEMED,  # SUCCESS
        40004: RedemptionOutcome.RETRY,  # TIMEOUT RETRY
        40005: RedemptionOutcome.EXHAUSTED,  # USED
        40006: RedemptionOutcome.INELIGIBLE,  # STOVE_LV ERROR
        40007: RedemptionOutcome.EXPIRED,  # TIME ERROR
        40008: RedemptionOutcome.ALREADY,  # RECEIVED
        40009: RedemptionOutcome.EXHAUSTED,  # USAGE LIMIT
        40011: RedemptionOutcome.ALREADY,  # SAME TYPE EXCHANGE
        40014: RedemptionOutcome.NOT_FOUND,  # CDK NOT FOUND
        40017: RedemptionOutcome.INELIGIBLE,  # RECHARGE_MONEY ERROR
        40018: RedemptionOutcome.INELIGIBLE,  # RECHARGE_MONEY_VIP ERROR
        40019: RedemptionOutcome.RETRY,  # TOO FREQUENT
        40020: RedemptionOutcome.WRONG_KINGDOM,  # USER INFO ERROR
        40100: RedemptionOutcome.BY_HAND,  # CAPTCHA GET TOO FREQUENT
        40101: RedemptionOutcome.BY_HAND,  # CAPTCHA CHECK TOO FREQUENT
        40102: RedemptionOutcome.BY_HAND,  # CAPTCHA EXPIRED
        40103: RedemptionOutcome.BY_HAND,  # CAPTCHA CHECK ERROR
    }
)
"""By `err_code`. 40001 is not in it: it means what its text says. 40010 was seen; its meaning is unknown."""

BY_TEXT: Mapping[str, RedemptionOutcome] = MappingProxyType(
    {
        "SUCCESS": RedemptionOutcome.REDEEMED,
        "TIMEOUT RETRY": RedemptionOutcome.RETRY,
        "USED": RedemptionOutcome.EXHAUSTED,
        "STOVE_LV ERROR": RedemptionOutcome.INELIGIBLE,
        "TIME ERROR": RedemptionOutcome.EXPIRED,
        "RECEIVED": RedemptionOutcome.ALREADY,
        "USAGE LIMIT": RedemptionOutcome.EXHAUSTED,
        "SAME TYPE EXCHANGE": RedemptionOutcome.ALREADY,
        "CDK NOT FOUND": RedemptionOutcome.NOT_FOUND,
        "RECHARGE_MONEY ERROR": RedemptionOutcome.INELIGIBLE,
        "RECHARGE_MONEY_VIP ERROR": RedemptionOutcome.INELIGIBLE,
        "TOO FREQUENT": RedemptionOutcome.RETRY,
        "USER INFO ERROR": RedemptionOutcome.WRONG_KINGDOM,
        "ROLE NOT EXIST": RedemptionOutcome.NO_SUCH_PLAYER,
    }
)
"""By `msg`, for answers without a number."""

_TOO_FREQUENT_NUMBER, _TOO_FREQUENT_TEXT = 40019, "TOO FREQUENT"
_AMBIGUOUS_NUMBER, _NO_SUCH_PLAYER_TEXT = 40001, "ROLE NOT EXIST"
_PARTS = (
    ("SIGN ERROR", RedemptionOutcome.REFUSED_SIGNATURE),
    ("NOT LOGIN", RedemptionOutcome.BY_HAND),
    ("CAPTCHA", RedemptionOutcome.BY_HAND),
)
"""Parts of texts that decide whatever the number is: they came with several numbers, or with none."""


@attrs.frozen
class _Said:
    """What the game said."""

    number: int | None
    """`err_code`; None when there was none."""
    text: str
    """`msg` in capitals, without the full stop that some have."""
    failed: bool
    """Whether `code`, which is 0 when all is well, says that it is not."""

    @property
    def outcome(self) -> RedemptionOutcome:
        """What it means. Where its parts contradict each other, nothing is believed."""
        for part, outcome in _PARTS:
            if part in self.text:
                return outcome
        by_text, by_number = BY_TEXT.get(self.text), None if self.number is None else BY_NUMBER.get(self.number)
        if self.number == _AMBIGUOUS_NUMBER and _NO_SUCH_PLAYER_TEXT in self.text:
            by_number = RedemptionOutcome.NO_SUCH_PLAYER
        outcome = (by_text if self.number is None else by_number) or RedemptionOutcome.UNKNOWN
        contradicted = (by_text or outcome) is not outcome or (
            outcome is RedemptionOutcome.REDEEMED and self.failed
        )
        return RedemptionOutcome.UNKNOWN if contradicted else outcome

    @property
    def too_frequent(self) -> bool:
        """Whether it says that we are too fast."""
        return self.number == _TOO_FREQUENT_NUMBER or self.text == _TOO_FREQUENT_TEXT


def answer_of(status: int, headers: Mapping[str, str], body: bytes) -> GameAnswer:
    """What an HTTP answer means. Never raises, whatever came."""
    if status == 429:
        fault = status_fault(status, headers)
        return GameAnswer(RedemptionOutcome.RETRY, fault.reason, retry_after=fault.retry_after, throttled=True)
    if status != 200:
        return broken_answer(status_fault(status, headers))
    answer = (_read_again if len(body) <= _REMEMBERED else _read)(body)
    if answer.outcome is RedemptionOutcome.RETRY and not answer.broken:
        return attrs.evolve(answer, retry_after=retry_after(headers))
    return answer


def broken_answer(fault: FaultError) -> GameAnswer:
    """The answer of a call that came to nothing."""
    return GameAnswer(RedemptionOutcome.RETRY, fault.reason, retry_after=fault.retry_after, broken=True)


def _read(body: bytes) -> GameAnswer:
    if not body.strip():
        return broken_answer(FaultError("answered with nothing"))
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        return broken_answer(FaultError("answered with something that is not JSON"))
    if not isinstance(document, dict) or not document.keys() & {"err_code", "msg"}:
        return broken_answer(FaultError("answered in a format that is not known"))
    return _meaning(document, body)


_read_again = functools.lru_cache(maxsize=64)(_read)
"""The game has a dozen answers, and says the same to thousands of players."""


def _meaning(document: Mapping[str, object], body: bytes) -> GameAnswer:
    number, words = _number(document.get("err_code")), _words(document.get("msg"))
    said = _Said(number, words.upper(), failed=document.get("code") not in (None, 0, "0"))
    outcome = said.outcome
    raw = words if number is None else f"{number} {words}"
    if outcome is RedemptionOutcome.UNKNOWN and (number is None or not words):
        raw = body.decode("utf-8", "replace")
    return GameAnswer(
        outcome,
        plain_text(raw, RAW_LIMIT) or "",
        throttled=outcome is RedemptionOutcome.RETRY and said.too_frequent,
    )


def _words(msg: object) -> str:
    return (plain_text(msg, RAW_LIMIT) or "").rstrip(" .")


def _number(raw: object) -> int | None:
    """An `err_code`; None for what stands for none: nothing, an empty text, 0."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, str) and raw.strip().isascii() and raw.strip().isdecimal():
        raw = int(raw.strip()[:12])
    return raw or None if isinstance(raw, int) else None
