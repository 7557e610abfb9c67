"""Why the game is not asked, to those who wanted it to be."""

from __future__ import annotations

from giftbot.text.words import plain

REDEEMING_OFF = (
    "Redeeming is switched off. The bot's owner can switch it on: set GAME_RATE_PER_MINUTE above 0 "
    "(30 is what the game allows), and restart the bot."
)
REDEEMING_HALTED = (
    "Redeeming has stopped, because the game does not accept the bot at present. Its owner was told. "
    "What was not redeemed stays open, and goes on once that is repaired."
)
REDEEMING_STOPS = "The bot is being restarted. What was not redeemed stays open; try again in a minute."
GAME_LEFT_ALONE = "The game seems to be out of order and is left alone for a while; nobody was asked."
NO_ANSWER_IN_TIME = "no answer in time"
CALL_FAILED = "the call failed"


def game_halted_notice(game: str, raw: str) -> str:
    """What the owner reads when the game refuses the signature; `raw` is its answer."""
    return (
        f"{plain(game)} refuses the signature of our calls ({plain(raw)}), so nothing is redeemed any more. "
        "Its signing constant has probably changed: set GAME_SIGN_SALT to the new one, and restart the bot. "
        "What was not redeemed stays open, and goes on then."
    )
