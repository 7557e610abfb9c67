"""Text of strangers made fit to be shown."""

from __future__ import annotations

import unicodedata

REWARDS_LIMIT = 300
"""Characters of a rewards text, the ellipsis included."""

_READ_LIMIT = 4000
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that show nothing."""


def plain_text(raw: object, limit: int = REWARDS_LIMIT) -> str | None:
    """`raw` as one line: no control, zero-width or direction characters, single spaces, cut with an ellipsis.

    None when it is no text, or nothing is left of it.
    """
    if not isinstance(raw, str):
        return None
    kept = (
        " " if char.isspace() else char
        for char in raw[:_READ_LIMIT]
        if char.isspace() or (unicodedata.category(char) not in _DROPPED and char not in _BLANK)
    )
    text = " ".join("".join(kept).split())
    if len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return text or None


def folded(raw: str) -> str:
    """`raw` on one line and in lower case, for comparisons."""
    return " ".join(raw[:_READ_LIMIT].split()).casefold()
