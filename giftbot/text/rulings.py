"""What the operator reads about single codes."""

from __future__ import annotations

from datetime import datetime

from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.ids import CodeKey, GuildId
from giftbot.models.redemption import GameAnswer, RedemptionOutcome

EXPIRY_IS_PAST = "This expiry is in the past. Give a moment that is still to come, or leave it out."
NO_PLAYER_TO_ASK_WITH = (
    "The game is asked with a player of yours: set GAME_VERIFY_PLAYER to their id and kingdom, as in 12345678:312,"
    " and GAME_RATE_PER_MINUTE above 0."
)
_MEANINGS = {
    RedemptionOutcome.REDEEMED: "the code is good, and your player has it now",
    RedemptionOutcome.ALREADY: "the code is good; your player had it before",
    RedemptionOutcome.INELIGIBLE: "the code is good; your player's level is too low for it",
    RedemptionOutcome.EXPIRED: "the code is over",
    RedemptionOutcome.NOT_FOUND: "there is no such code",
    RedemptionOutcome.EXHAUSTED: "the code is used up, at least for your player",
    RedemptionOutcome.WRONG_KINGDOM: "your player is in another kingdom: correct GAME_VERIFY_PLAYER",
    RedemptionOutcome.NO_SUCH_PLAYER: "there is no such player: correct GAME_VERIFY_PLAYER",
    RedemptionOutcome.REFUSED_SIGNATURE: "our signature is not accepted: see GAME_SIGN_SALT",
    RedemptionOutcome.BY_HAND: "it wants a login or a captcha, so nothing is known of the code",
    RedemptionOutcome.RETRY: "nothing was decided: try again later",
}


def not_known(key: CodeKey) -> str:
    """A mistyped code."""
    return f"{key} is not known. The codes there are: ops inspect codes. To add it: ops codes add {key}."


def is_over(code: GiftCode) -> str:
    """Why a code that is over is not added."""
    return f"{code.display} is {_end_of(code)}. To announce it all the same: ops codes announce-again {code.key}."


def is_over_everywhere(code: GiftCode) -> str:
    """Why a code that is over is not posted again in one server."""
    return f"{code.display} is {_end_of(code)}, in every server: it can be announced again only without --guild."


def is_held(code: GiftCode) -> str:
    """Why a held code cannot be posted again."""
    return f"{code.display} is held and was not announced yet. To announce it: ops codes release {code.key}."


def does_not_post(guild_id: GuildId) -> str:
    """Why nothing is posted again in a server."""
    return f"Server {guild_id} does not post now. Why: ops inspect guilds --guild {guild_id}."


def is_underway(code: GiftCode, guild_id: GuildId) -> str:
    """Why a post is not repeated before it was made."""
    return f"{code.display} waits already to be posted in server {guild_id}. Nothing was changed."


def is_too_fresh(code: GiftCode, guild_id: GuildId, free_at: datetime) -> str:
    """Why a post is not repeated at once."""
    return (
        f"{code.display} was posted in server {guild_id} a moment ago, and Discord shows the same post only once"
        f" within minutes. Try again after {free_at:%H:%M:%S} UTC."
    )


def meaning(answer: GameAnswer) -> str:
    """What the game's answer says, in words."""
    said = _MEANINGS.get(answer.outcome, "nobody knows what this answer means")
    return f"The game says ({answer.raw}): {said}." if answer.raw else f"The game: {said}."


def _end_of(code: GiftCode) -> str:
    if code.status is CodeStatus.INVALID:
        return "refused: the game does not know it, or the owner discarded it"
    end = code.expired_at or code.expires_at
    return f"over since {end:%Y-%m-%d %H:%M} UTC" if end is not None else "over"
