"""What the owner reads of codes that the game was asked about, and could or would not decide."""

from __future__ import annotations

from giftbot.models.code import GiftCode
from giftbot.text.words import plain, source_name

NOT_KNOWN_YET = "the game does not know it. It is asked again now and then, in case the code is not in effect yet."
GAME_NOT_ASKED = "the game cannot be asked about it at present."


def no_decision(raw: str) -> str:
    """Why a code is held back: the game said nothing of it."""
    return f"the game did not say whether it is valid ({plain(raw)}). It is asked again now and then."


def unknown_answer(raw: str) -> str:
    """Why a code is held back: the game said something that is not known."""
    return f"the game gave an answer that this version does not know: “{plain(raw)}”."


def used_up(raw: str) -> str:
    """Why a code is held back: the game says that it is used up, which may be so for one player only."""
    return (
        f"the game says “{plain(raw)}”: either it was claimed as often as it may be, or only the player of "
        "GAME_VERIFY_PLAYER has it. It is asked again now and then."
    )


def unverified_notice(code: GiftCode, why: str) -> str:
    """What the owner reads of a code that the game does not decide; `why` is the end of a sentence."""
    sources = ", ".join(map(source_name, code.sources))
    return (
        f"{plain(code.display)} (from {sources}) is held back: {why} "
        "Announce everywhere, or discard? The same with: ops codes release, ops codes discard."
    )


def verify_player_notice(player: str, kingdom: int, raw: str) -> str:
    """What the owner reads when the player with whom new codes are tried is wrong."""
    return (
        f"New codes cannot be tried with player {player} in kingdom {kingdom}: the game says “{plain(raw)}”. "
        "Set GAME_VERIFY_PLAYER to a player and their present kingdom (12345678:312), and restart the bot. "
        "Until then codes of trusted sources are announced without having been tried."
    )
