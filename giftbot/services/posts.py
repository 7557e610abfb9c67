"""Composing messages: which codes fit into one, and how they read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from giftbot.models.code import GiftCode
from giftbot.models.ids import RoleId
from giftbot.models.post import Field, Page, Post
from giftbot.text import posts as texts

MAX_EMBEDS = 10
MAX_CHARACTERS = 6000
"""Over all embeds of a message (Discord's limit)."""
CODES_PER_PAGE = 10
REWARDS_LENGTHS = (300, 100, 0)
"""Where rewards are cut: normally at the first; shorter only if a fixed batch would not fit any more."""
_LONGEST_TITLE = "x" * 60
_LONGEST_FOOTER = "x" * 80
"""No title and no footer is longer: what fits with these fits with any."""


def compose(
    codes: Sequence[GiftCode], reference: str, now: datetime, *, ping_role_id: RoleId | None = None
) -> Post:
    """The message that shows all of these codes. They were chosen with `fitting`, so that they fit."""
    pages = pages_of(codes, texts.post_title(len(codes)), texts.post_footer(reference), now)
    return Post(pages=pages, reference=reference, ping_role_id=ping_role_id)


def overview(codes: Sequence[GiftCode], now: datetime) -> tuple[Page, ...]:
    """A list of codes: as many as a message can show, and how many more there are."""
    count = fitting(codes, now) if codes else 0
    return pages_of(codes[:count], texts.active_title(len(codes)), texts.and_more(len(codes) - count), now)


def pages_of(codes: Sequence[GiftCode], title: str, footer: str, now: datetime) -> tuple[Page, ...]:
    """All of these codes, their rewards cut shorter where they would not fit into a message otherwise."""
    pages: tuple[Page, ...] = ()
    for length in REWARDS_LENGTHS:
        pages = _pages(codes, title, footer, now, length)
        if _fits(pages):
            break
    return pages


def fitting(codes: Sequence[GiftCode], now: datetime) -> int:
    """How many of these codes, from the first on, one message can show."""
    count = min(len(codes), MAX_EMBEDS * CODES_PER_PAGE)
    while count > 1 and not _fits(_pages(codes[:count], _LONGEST_TITLE, _LONGEST_FOOTER, now, REWARDS_LENGTHS[0])):
        count -= 1
    return count


def _fits(pages: Sequence[Page]) -> bool:
    return len(pages) <= MAX_EMBEDS and sum(page.length for page in pages) <= MAX_CHARACTERS


def _pages(codes: Sequence[GiftCode], title: str, footer: str, now: datetime, rewards: int) -> tuple[Page, ...]:
    chunks = [codes[start : start + CODES_PER_PAGE] for start in range(0, len(codes), CODES_PER_PAGE)]
    return tuple(
        Page(
            title=title if number == 1 else texts.post_title_continued(number, len(chunks)),
            fields=tuple(code_field(code, now, rewards_length=rewards) for code in chunk),
            footer=footer or None if number == len(chunks) else None,
        )
        for number, chunk in enumerate(chunks, start=1)
    )


def code_field(code: GiftCode, now: datetime, *, rewards_length: int = REWARDS_LENGTHS[0]) -> Field:
    """One code with what is known of it: a block to copy, rewards, expiry, sources."""
    return Field(
        name=texts.code_heading(code.status, over=code.expires_at is not None and code.expires_at <= now),
        value=texts.code_details(
            display=code.display,
            rewards=cut(code.rewards, rewards_length),
            expires_at=code.expires_at,
            sources=tuple(code.sources),
        ),
    )


def cut(words: str | None, length: int) -> str | None:
    """`words` in at most `length` characters, with an ellipsis where something is missing; None for nothing."""
    if not words or length <= 0:
        return None
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"
