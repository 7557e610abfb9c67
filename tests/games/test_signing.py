"""How calls are signed."""

from __future__ import annotations

from urllib.parse import parse_qsl

from giftbot.games.profiles import load_profile
from giftbot.games.signing import signature, signed_form

FIELDS = {"cdk": "TESTCODE1", "fid": "12345678", "kid": "312", "time": "1700000000"}


def test_the_known_vector() -> None:
    """The documented call of the game of 2026, whatever the order of its fields."""
    salt = load_profile("whiteout").redemption.sign_salt
    backwards = dict(reversed(FIELDS.items()))
    assert signature(FIELDS, salt) == signature(backwards, salt) == "45435a161bd74fb498452b28f03f6767"


def test_what_is_hashed_is_not_encoded_and_what_is_sent_is() -> None:
    """A code with an ampersand stays one field on the wire, and is hashed as it is."""
    body = signed_form({"cdk": "A&b=ü+1"}, "salt")
    assert body == b"sign=" + signature({"cdk": "A&b=ü+1"}, "salt").encode() + b"&cdk=A%26b%3D%C3%BC%2B1"
    assert dict(parse_qsl(body.decode()))["cdk"] == "A&b=ü+1"
