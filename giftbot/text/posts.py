"""Posts and lists of codes, which everybody in a server reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from giftbot.models.code import CodeStatus
from giftbot.text.words import counted, full, plain, relative, source_name

BUTTON_COPY = "Copy"
BUTTON_REDEEM = "Redeem"
BUTTON_REFRESH = "Refresh"
NO_ACTIVE_CODES = "There are no active gift codes right now. New ones are posted as soon as they are found."
POST_NOT_FOUND = "This post is no longer in the bot's records. /giftcode shows the active codes."


def post_title(count: int) -> str:
    """Headline of a post."""
    return "New gift code" if count == 1 else f"{count} new gift codes"


def post_title_continued(number: int, pages: int) -> str:
    """Headline of a post's further embeds."""
    return f"Gift codes ({number} of {pages})"


def post_footer(reference: str) -> str:
    """Last line of a post; the reference is what the bot finds its own message by."""
    return f"ref {reference} · /giftcode shows all active codes"


def code_heading(status: CodeStatus, *, over: bool) -> str:
    """Heading of one code."""
    if over or status in (CodeStatus.EXPIRED, CodeStatus.INVALID):
        return "Code (expired)"
    return "Code (not confirmed yet)" if status is CodeStatus.HELD else "Code"


def code_details(*, display: str, rewards: str | None, expires_at: datetime | None, sources: Sequence[str]) -> str:
    """One code: a block to copy, then what is known of it."""
    lines = [f"```\n{display}\n```"]
    if rewards:
        lines.append(f"**Rewards** {plain(rewards)}")
    if expires_at is None:
        lines.append("**Expires** not known")
    else:
        lines.append(f"**Expires** {relative(expires_at)} ({full(expires_at)})")
    if sources:
        lines.append(f"**Source** {', '.join(map(source_name, sources))}")
    return "\n".join(lines)


def active_title(count: int) -> str:
    """Headline of the list of active codes."""
    return f"{counted(count, 'active gift code')}"


def refreshed_title(active: int, total: int) -> str:
    """Headline of a post after its Refresh button was pressed."""
    return f"Gift codes: {active} of {total} still active" if total > 1 else "Gift code"


def and_more(count: int) -> str:
    """What follows a list that was too long; empty when nothing is left out."""
    return f"and {counted(count, 'more code', 'more codes')}" if count > 0 else ""


TRIAL_TITLE = "Test post"
TRIAL_DESCRIPTION = "Posting works in this channel. New gift codes will look like this:"
TRIAL_FIELD = "```\nEXAMPLE2026\n```\n**Rewards** none, this is a test"


def codes_to_copy(codes: Sequence[str]) -> str:
    """Codes in a block, one a line, as many as a message holds."""
    lines, length = [], 0
    for code in codes:
        length += len(code) + 1
        if length > 1800:
            break
        lines.append(code)
    block = "```\n" + "\n".join(lines) + "\n```"
    return block + and_more(len(codes) - len(lines))
