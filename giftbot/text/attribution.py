"""What was seen of a join, a sentence each, for `/invites explain`."""

from __future__ import annotations

from giftbot.text.words import counted

ADDED_BY_AUDIT_LOG = "The audit log says who added this bot."
BOT_WITHOUT_ADDER = "A bot comes by an authorisation, not by an invite."
ROLE_GIVEN = "The member has the role that this invite gives, and no other invite gives it."
USED_UP = "An invite vanished when its last use was taken; nobody could check that it was not deleted."
LATE = "Uses were counted before, and nobody was seen to take them; this may be one of them."
CAME_WHILE_AWAY = "This happened while the bot was not there."
GATED = (
    "Members are approved by hand here: a use may be counted when somebody applies, long before they join, so that"
    " counting alone makes nobody certain."
)
DISAGREES = "The role says which invite it was; that invite's counter did not move."
NOT_LISTED = "Some invites could not be read at that moment."
PARTIAL = "The bot sees the invites of some channels only."
ADDRESS_UNKNOWN = "The server's own address could not be read, so it may have been that."
NO_COUNTER = "No invite that the bot can see was used."
NOT_CLOSED = "People kept joining while the invites were read, so nobody knows whom the counters included."


def marked(code: str) -> str:
    """The marker role of a staff link was on the member."""
    return f"Discord gave this member the role of the invite {code}."


def balance(joined: int, used: int) -> str:
    """How many joined and how much was counted."""
    return f"{counted(joined, 'member')} joined and {counted(used, 'use')} of invites were counted."


def surplus(uses: int) -> str:
    """More uses than people."""
    return f"{counted(uses, 'use')} could not be matched to anybody."


def searched(way: int, code: str | None) -> str:
    """What Discord's member search said; `way` is its own number for it."""
    by = f" by the invite {code}" if code is not None else ""
    words = {
        1: "were added by an application or an authorisation",
        2: "came by an integration, not by an invite",
        3: "came by server discovery, not by an invite",
        4: "came by a student hub, not by an invite",
        6: "came by the server's own address",
        7: f"came{by} and were let in by hand",
        8: "came by the lobby of a game, not by an invite",
    }
    return f"Discord's member search says that they {words.get(way, f'came{by}')}."


def search_contradicts(said: str) -> str:
    """What the member search said against a join that was certain."""
    return f"{said} That contradicts what was counted, which was kept."
