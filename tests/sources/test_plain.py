"""Text of strangers."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giftbot.web.plain import plain_text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("1K  Gems,\n\t10m Speedup\u00a0x2", "1K Gems, 10m Speedup x2"),
        ("a\u200bb\u202ec\ufeffd\x00e\x1b[31mf", "abcde[31mf"),
        ("\ud800gems", "gems"),
        ("\u3164\u2800", None),
        ("  ", None),
        ("", None),
        (None, None),
        (5, None),
        (["gems"], None),
    ],
)
def test_text_is_cleaned(raw: object, expected: str | None) -> None:
    """Control, zero-width and direction characters go, white space becomes one space, and nothing is None."""
    assert expected == plain_text(raw)


def test_long_text_is_cut() -> None:
    """Rewards have at most 300 characters; a cut shows as an ellipsis."""
    text = plain_text("gems " * 100_000)
    assert text is not None
    assert len(text) <= 300
    assert text.endswith("gems…")


@given(st.text())
def test_text_is_always_fit_to_be_shown(raw: str) -> None:
    """Whatever is given, what comes out is one line of printable text that can be encoded."""
    text = plain_text(raw) or ""
    assert len(text) <= 300
    assert not {unicodedata.category(char) for char in text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert text == " ".join(text.split())
    text.encode()
