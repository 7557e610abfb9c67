"""Invite codes as people type or paste them."""

from __future__ import annotations

import re

from giftbot.errors import InvalidInputError
from giftbot.models.ids import InviteCode
from giftbot.text import invites as texts

_TYPED = re.compile(
    r"(?:(?:https?://)?(?:www\.)?(?:discord\.gg|discord(?:app)?\.com/invite)/)?([\w-]{2,100})/?", re.ASCII
)


def parse_code(typed: str) -> InviteCode:
    """A code, from itself or from its link. Raises `InvalidInputError`."""
    match = _TYPED.fullmatch(typed.strip())
    if match is None:
        raise InvalidInputError(texts.INVALID_CODE)
    return InviteCode(match[1])
