"""Errors as users read them: their own sentence, or a short one with the id that the log has, too."""

from __future__ import annotations

import hikari
import structlog

from giftbot.errors import StoreUnavailableError, UserError
from giftbot.logs import new_reference
from giftbot.text import answers as texts

_log = structlog.get_logger(__name__)


def complaint(error: BaseException, *, where: str) -> str:
    """The sentence for a user; whatever is not their mistake is logged with an id that the sentence shows."""
    if isinstance(error, UserError):
        return str(error)
    reference = new_reference()
    _log.error("command failed", ref=reference, where=where, exc_info=error)
    if isinstance(error, StoreUnavailableError):
        return f"{texts.STORE_AWAY} (`{reference}`)"
    if isinstance(error, (hikari.ForbiddenError, hikari.NotFoundError)):
        return f"{texts.DISCORD_FORBIDS} (`{reference}`)"
    return texts.error_with_reference(reference)
