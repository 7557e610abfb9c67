"""Why jobs end or rest, and why a player cannot be asked for."""

from __future__ import annotations

from giftbot.models.player import PlayerState

JOB_STOPPED = "It was stopped."
JOB_SERVER_LEFT = "The bot was removed from the server."
RAW_REMOVED = "not registered any more"
RAW_NO_KINGDOM = "no kingdom is known"

_STATES = {
    PlayerState.WRONG_KINGDOM: (
        "The game says that player {player} is not in that kingdom. Run `/player add` again with the right one."
    ),
    PlayerState.NOT_FOUND: "The game does not know player {player}. Remove the player, and add the right id.",
}


def job_code_over(is_unknown: bool) -> str:
    """Why a job ended before everybody was asked."""
    return "The game does not know this code." if is_unknown else "The code is over."


def no_kingdom(player_id: str) -> str:
    """A player without a kingdom in a server without a default."""
    return (
        f"No kingdom is known for player {player_id}. Run `/player add` again with the kingdom, or let an admin set"
        " this server's default kingdom in `/giftcodesettings`."
    )


def player_not_askable(player_id: str, state: PlayerState) -> str:
    """Why nothing is redeemed for a player."""
    return _STATES.get(state, "Nothing is redeemed for player {player} at present.").format(player=player_id)
