"""Invite codes as people type or paste them."""

from __future__ import annotations

import pytest

from giftbot.errors import InvalidInputError
from giftbot.services.invites.invite_codes import parse_code


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("aBc-123", "aBc-123"),
        (" https://discord.gg/aBc123 ", "aBc123"),
        ("discord.com/invite/aBc123/", "aBc123"),
        ("https://discordapp.com/invite/aBc123", "aBc123"),
        ("http://www.discord.gg/aBc-1", "aBc-1"),
    ],
)
def test_a_code_is_read_from_itself_or_its_link(typed: str, code: str) -> None:
    """Its case counts."""
    assert parse_code(typed) == code


@pytest.mark.parametrize(
    "typed", ["", "a", "https://example.com/abc", "two words", "x" * 101, "`@everyone`", "<@5>", "größe"]
)
def test_what_is_no_code_is_refused(typed: str) -> None:
    """With a sentence that shows what one looks like."""
    with pytest.raises(InvalidInputError, match="whole link"):
        parse_code(typed)
