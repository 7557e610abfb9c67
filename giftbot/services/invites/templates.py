"""Texts with named placeholders, as admins write them for joins and leaves."""

from __future__ import annotations

import re
from collections.abc import Mapping

from giftbot.errors import InvalidInputError
from giftbot.text import greetings as texts

LONGEST = 1000
"""Characters of a template."""
LONGEST_MESSAGE = 2000
"""What Discord takes."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def parse_template(typed: str) -> str | None:
    """A template as it is stored; None for the usual text. Raises `InvalidInputError`."""
    words = typed.strip()
    if not words:
        return None
    if len(words) > LONGEST:
        raise InvalidInputError(texts.too_long(len(words), LONGEST))
    unknown = [name for name in _PLACEHOLDER.findall(words) if name not in texts.PLACEHOLDERS]
    if unknown:
        raise InvalidInputError(texts.unknown_placeholder(unknown[0]))
    if "{" in _PLACEHOLDER.sub("", words) or "}" in _PLACEHOLDER.sub("", words):
        raise InvalidInputError(texts.LONE_BRACE)
    return words


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its placeholders replaced once: a value that looks like one stays as it is."""
    words = _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)
    return words if len(words) <= LONGEST_MESSAGE else f"{words[: LONGEST_MESSAGE - 1]}…"
