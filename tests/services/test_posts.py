"""Composing messages within Discord's limits."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from giftbot.models.code import CodeStatus, Finding, GiftCode, discovered, display_form, fold
from giftbot.services.posts import MAX_CHARACTERS, MAX_EMBEDS, compose, fitting
from tests.fakes import START


def code(name: str, rewards: str | None = None) -> GiftCode:
    """An active code."""
    finding = Finding(fold(name), display_form(name), rewards, START + timedelta(days=1))
    return discovered("json", finding, CodeStatus.ACTIVE, START)


codes = st.lists(
    st.builds(
        code,
        st.from_regex(r"[A-Za-z0-9_-]{3,32}", fullmatch=True),
        st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=400),
    ),
    min_size=1,
    max_size=130,
)


@given(codes)
def test_what_fits_is_shown_whole_and_within_the_limits(found: list[GiftCode]) -> None:
    """Any codes: those that `fitting` admits are all in the message, which Discord takes."""
    count = fitting(found, START)
    post = compose(found[:count], "AAAA-BBBB", START)
    assert count >= 1
    assert len(post.pages) <= MAX_EMBEDS
    assert sum(page.length for page in post.pages) <= MAX_CHARACTERS
    fields = [field for page in post.pages for field in page.fields]
    assert len(fields) == count
    assert all(shown.display in field.value for shown, field in zip(found, fields, strict=False))
    assert all(len(field.value) <= 1024 and len(field.name) <= 256 for field in fields)
    assert all(len(page.fields) <= 25 for page in post.pages)


def test_a_fixed_batch_whose_rewards_grew_still_fits() -> None:
    """A batch that may have been sent cannot shrink: its rewards are cut instead."""
    batch = [code(f"GROWN{number:02}", "r" * 300) for number in range(30)]
    post = compose(batch, "AAAA-BBBB", START)
    assert sum(page.length for page in post.pages) <= MAX_CHARACTERS
    assert sum(len(page.fields) for page in post.pages) == 30


def test_rewards_cannot_mention_or_format() -> None:
    """Markdown and mentions from outside arrive as plain characters."""
    [page] = compose([code("PLAIN1", "**bold** <@1> @everyone [x](http://y) `z`")], "AAAA-BBBB", START).pages
    shown = page.fields[0].value.partition("**Rewards** ")[2]
    assert "<@1>" not in shown
    assert "[x](" not in shown
