"""What the game's answers mean."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giftbot.games.answers import BY_NUMBER, RAW_LIMIT, answer_of
from giftbot.models.redemption import GRANTED, GameAnswer, RedemptionOutcome

Outcome = RedemptionOutcome

KNOWN = [
    (20000, "SUCCESS", Outcome.REDEEMED),
    (40008, "RECEIVED.", Outcome.ALREADY),
    (40011, "SAME TYPE EXCHANGE.", Outcome.ALREADY),
    (40007, "TIME ERROR.", Outcome.EXPIRED),
    (40014, "CDK NOT FOUND.", Outcome.NOT_FOUND),
    (40005, "USED.", Outcome.EXHAUSTED),
    (40009, "USAGE LIMIT", Outcome.EXHAUSTED),
    (40006, "STOVE_LV ERROR.", Outcome.INELIGIBLE),
    (40017, "RECHARGE_MONEY ERROR.", Outcome.INELIGIBLE),
    (40018, "RECHARGE_MONEY_VIP ERROR.", Outcome.INELIGIBLE),
    (40020, "USER INFO ERROR", Outcome.WRONG_KINGDOM),
    (40019, "TOO FREQUENT", Outcome.RETRY),
    (40004, "TIMEOUT RETRY.", Outcome.RETRY),
    (40001, "role not exist.", Outcome.NO_SUCH_PLAYER),
    (40100, "CAPTCHA GET TOO FREQUENT.", Outcome.BY_HAND),
    (40101, "CAPTCHA CHECK TOO FREQUENT.", Outcome.BY_HAND),
    (40102, "CAPTCHA EXPIRED.", Outcome.BY_HAND),
    (40103, "CAPTCHA CHECK ERROR.", Outcome.BY_HAND),
]
"""Every answer that was seen with its number."""


def said(**document: object) -> GameAnswer:
    """What a document with status 200 means."""
    return answer_of(200, {}, json.dumps(document).encode())


@pytest.mark.parametrize(("number", "msg", "outcome"), KNOWN)
def test_every_known_answer(number: int, msg: str, outcome: Outcome) -> None:
    """By its number, which may be text, or by its text where the number is missing; none counts as broken."""
    code = 0 if number == 20000 else 1
    for err_code in (number, str(number)):
        answer = said(code=code, data=[], msg=msg, err_code=err_code)
        assert answer == GameAnswer(outcome, f"{number} {msg.rstrip('.')}", throttled=number == 40019)
    for nothing in ({}, {"err_code": None}, {"err_code": ""}, {"err_code": 0}):
        assert said(code=code, msg=msg, **nothing) == GameAnswer(
            outcome, msg.rstrip("."), throttled=number == 40019
        )


def test_the_table_is_closed() -> None:
    """No number is mapped that is not in the list above."""
    assert set(BY_NUMBER) == {number for number, _, _ in KNOWN} - {40001}


@pytest.mark.parametrize(("number", "msg", "outcome"), [row for row in KNOWN if row[0] < 40100 and row[0] != 40001])
def test_a_known_number_with_new_words(number: int, msg: str, outcome: Outcome) -> None:
    """The number counts, and the words are kept."""
    assert said(code=0 if number == 20000 else 1, err_code=number, msg="Bonjour.") == GameAnswer(
        outcome, f"{number} Bonjour", throttled=number == 40019
    )


@pytest.mark.parametrize("number", [None, 0, "", 40001, 40010, 40099, "E7"])
@pytest.mark.parametrize(
    ("msg", "outcome"),
    [
        ("sign error", Outcome.REFUSED_SIGNATURE),
        ("params sign error.", Outcome.REFUSED_SIGNATURE),
        ("NOT LOGIN.", Outcome.BY_HAND),
        ("CAPTCHA REQUIRED", Outcome.BY_HAND),
    ],
)
def test_words_that_decide_with_any_number(number: object, msg: str, outcome: Outcome) -> None:
    """A refused signature, a login, a captcha."""
    assert said(code=1, err_code=number, msg=msg).outcome is outcome


@pytest.mark.parametrize(
    ("document", "raw"),
    [
        ({"err_code": 40010, "msg": "WHAT"}, "40010 WHAT"),
        ({"err_code": 40010, "msg": "SUCCESS"}, "40010 SUCCESS"),
        ({"err_code": 40001, "msg": "params error"}, "40001 params error"),
        ({"err_code": 40001, "msg": "TIME ERROR"}, "40001 TIME ERROR"),
        ({"err_code": 49999, "msg": "CDK NOT FOUND"}, "49999 CDK NOT FOUND"),
        ({"err_code": 40014, "msg": "RECEIVED"}, "40014 RECEIVED"),
        ({"err_code": 20000, "msg": "SUCCESS", "code": 1}, "20000 SUCCESS"),
        ({"err_code": 20000, "msg": "USED", "code": 0}, "20000 USED"),
        ({"err_code": 40012}, '{"err_code": 40012}'),
        ({"err_code": True, "msg": "?"}, '{"err_code": true, "msg": "?"}'),
        ({"msg": "SUCCESS", "code": 1}, '{"msg": "SUCCESS", "code": 1}'),
        ({"msg": "success!"}, '{"msg": "success!"}'),
        ({"msg": ["SUCCESS"], "err_code": [20000]}, '{"msg": ["SUCCESS"], "err_code": [20000]}'),
    ],
)
def test_what_is_not_known_is_kept_as_it_came(document: dict[str, object], raw: str) -> None:
    """Neither new answers nor ones that contradict themselves are guessed at, and none of them is a fault."""
    assert said(**document) == GameAnswer(Outcome.UNKNOWN, raw)


def test_the_words_of_strangers_are_made_harmless() -> None:
    """One line, without characters that show nothing or turn the text around, of at most 300 characters."""
    assert said(err_code=40010, msg="a\n\u202eb\u200b\ud800\x00c").raw == "40010 a bc"
    assert len(said(err_code=40010, msg="x" * 5000).raw) == RAW_LIMIT
    assert len(said(surprise="x" * 5000, msg=None).raw) == RAW_LIMIT


@pytest.mark.parametrize(
    ("status", "body", "raw"),
    [
        (200, b"", "answered with nothing"),
        (200, b" \r\n", "answered with nothing"),
        (200, b"<html>busy</html>", "answered with something that is not JSON"),
        (200, b'{"err_code": 2000', "answered with something that is not JSON"),
        (200, b"\xff\xfe\x00", "answered with something that is not JSON"),
        (200, b"[" * 100_000, "answered with something that is not JSON"),
        (200, b'{"err_code": ' + b"9" * 5000 + b"}", "answered with something that is not JSON"),
        (200, b"[]", "answered in a format that is not known"),
        (200, b'"SUCCESS"', "answered in a format that is not known"),
        (200, b"null", "answered in a format that is not known"),
        (200, b'{"status": "ok"}', "answered in a format that is not known"),
        (204, b"", "answered 204 (No Content)"),
        (302, b"", "answered 302 (Found)"),
        (400, b'{"err_code": 40014, "msg": "CDK NOT FOUND"}', "answered 400 (Bad Request)"),
        (403, b"<html>", "answered 403 (Forbidden)"),
        (404, b"", "answered 404 (Not Found)"),
        (500, b'{"err_code": 20000, "msg": "SUCCESS"}', "answered 500 (Internal Server Error)"),
        (502, b"", "answered 502 (Bad Gateway)"),
        (503, b"", "answered 503 (Service Unavailable)"),
        (599, b"", "answered 599"),
    ],
)
def test_what_is_no_answer_of_the_game(status: int, body: bytes, raw: str) -> None:
    """It is asked again, and it counts as broken."""
    assert answer_of(status, {}, body) == GameAnswer(Outcome.RETRY, raw, broken=True)


def test_being_too_fast() -> None:
    """429 slows down, whatever its body says, and is no fault; the pause that is asked for is kept."""
    body = b'{"err_code": 20000, "msg": "SUCCESS"}'
    expected = GameAnswer(Outcome.RETRY, "answered 429 (Too Many Requests)", throttled=True)
    assert answer_of(429, {}, body) == expected
    assert answer_of(429, {"Retry-After": "7"}, b"").retry_after == 7.0
    assert answer_of(429, {"Retry-After": "999999"}, b"").retry_after == 3600.0
    assert answer_of(429, {"Retry-After": "soon"}, b"").retry_after is None
    assert answer_of(503, {"Retry-After": "7"}, b"").retry_after == 7.0
    too_frequent = b'{"err_code": 40019, "msg": "TOO FREQUENT"}'
    assert answer_of(200, {"Retry-After": "7"}, too_frequent) == GameAnswer(
        Outcome.RETRY, "40019 TOO FREQUENT", retry_after=7.0, throttled=True
    )


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
words = st.sampled_from([msg for _, msg, _ in KNOWN] + ["sign error", "NOT LOGIN"]) | st.text() | documents
numbers = st.sampled_from([*BY_NUMBER, 40001, 40010, 0]) | st.integers() | st.text() | documents
answers = st.fixed_dictionaries(
    {}, optional={"err_code": numbers, "msg": words, "code": documents, "data": documents}
)


@given(st.integers(100, 599), st.binary() | (documents | answers).map(lambda one: json.dumps(one).encode()))
def test_no_answer_is_beyond_reading(status: int, body: bytes) -> None:
    """Whatever comes has one meaning, with harmless words of a limited length."""
    answer = answer_of(status, {"Retry-After": body[:20].decode("latin-1")}, body)
    assert len(answer.raw) <= RAW_LIMIT
    assert answer.raw.isprintable()
    assert answer.outcome is not Outcome.WAITING
    assert not (answer.throttled and answer.broken)
    assert not (answer.throttled or answer.broken) or answer.outcome is Outcome.RETRY


@given(answers)
def test_nothing_but_a_known_answer_grants(document: dict[str, object]) -> None:
    """A player has the code only when the game said so in as many words or by its number."""
    answer = said(**document)
    if answer.outcome in GRANTED:
        words = document.get("msg")
        text = words.upper().strip(" .") if isinstance(words, str) else ""
        number = str(document.get("err_code"))
        assert number.strip() in {"20000", "40008", "40011"} or text in {
            "SUCCESS",
            "RECEIVED",
            "SAME TYPE EXCHANGE",
        }
