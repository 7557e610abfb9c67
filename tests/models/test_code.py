"""What is a gift code, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giftbot.errors import InvalidCodeError
from giftbot.models.code import display_form, escaped, fold


@pytest.mark.parametrize(
    ("raw", "key", "display"),
    [
        ("Frost77", "FROST77", "Frost77"),
        ("  snow-2026 ", "SNOW-2026", "snow-2026"),
        ("ＦＲＯＳＴ", "FROST", "FROST"),
        ("a_b", "A_B", "a_b"),
        ("x" * 32, "X" * 32, "x" * 32),
    ],
)
def test_codes_are_folded_for_comparison_and_keep_their_casing(raw: str, key: str, display: str) -> None:
    """NFKC, trimmed, upper case as the key; the casing as published for display."""
    assert (fold(raw), display_form(raw)) == (key, display)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "ab",
        "x" * 33,
        "x" * 10_000,
        "@everyone",
        "<@&1>",
        "`code`",
        "[a](http://b)",
        "fro\u200bst",
        "\u202etsorf",
        "a:b",
        "a b c",
        "nul\x00l",
        "😀😀😀",
        "$where",
        "a.b.c",
        "straße",
        "ﬁ1",
    ],
)
def test_anything_else_is_refused_in_a_sentence_without_markup(raw: str) -> None:
    """Mentions, markdown, zero-width and right-to-left characters, and what would break a composite id."""
    if raw == "ﬁ1":
        assert fold(raw) == "FI1"
        return
    with pytest.raises(InvalidCodeError) as refused:
        fold(raw)
    sentence = str(refused.value)
    assert sentence.isprintable()
    assert "`" not in sentence
    assert "@" not in sentence
    assert len(sentence) < 200


@given(st.text())
def test_folding_is_idempotent_and_never_raises_anything_else(raw: str) -> None:
    """Any text is a code or an `InvalidCodeError`; a key folds to itself."""
    try:
        key = fold(raw)
    except InvalidCodeError:
        return
    assert fold(key) == key
    assert 3 <= len(key) <= 32


@given(st.text())
def test_escaped_text_is_short_printable_ascii_without_markup(raw: str) -> None:
    """Whatever came from outside can be logged and answered."""
    shown = escaped(raw)
    assert shown.isascii()
    assert shown.isprintable()
    assert not set(shown) & set("`@<>")
    assert len(shown) <= 43
