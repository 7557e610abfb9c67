"""Players: registering and looking after them, lists of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from giftbot.models.ids import CodeKey, UserId
from giftbot.models.player import Player, PlayerState
from giftbot.models.player_views import PlayerPage, PlayerResults, PlayerView
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.models.registration import Proof, Registered
from giftbot.text.redemptions import OUTCOME_NAMES, advice, nothing_now, player_name, redeemed_now, results_of
from giftbot.text.words import counted, plain, relative

STATE_NAMES = {
    PlayerState.ACTIVE: "active",
    PlayerState.UNPROVED: "not checked yet",
    PlayerState.PAUSED: "paused",
    PlayerState.WRONG_KINGDOM: "wrong kingdom",
    PlayerState.NOT_FOUND: "not known to the game",
}
"""What people read for each state; also the choices of /player list."""

_STATES = {
    PlayerState.ACTIVE: "Active.",
    PlayerState.UNPROVED: "Not checked yet: the first redemption shows whether id and kingdom are right.",
    PlayerState.PAUSED: "Paused: no code is redeemed by itself. /player pause resumes.",
    PlayerState.WRONG_KINGDOM: "Wrong kingdom: nothing is redeemed. /player add again with the right one.",
    PlayerState.NOT_FOUND: "The game does not know this id. /player remove it, then /player add the right one.",
}

KINGDOM_NEEDED = (
    "Give the kingdom (state) as well: this server has no default kingdom. You find its number in the game."
)
CLAIM_NEEDS_PROOF = (
    "This player was imported and belongs to nobody yet. To make them yours the game has to confirm the kingdom, "
    "and it does not answer at present. Try again in a few minutes."
)
NOT_PAUSED = "They were paused, and are not any more; /player pause pauses them again."
PLAYER_BUSY = "This player is being changed by somebody else over and over. Try again."
NO_PLAYERS = "You have no player in this server yet. /player add registers yours, or press Redeem on a post."
NO_PLAYERS_LISTED = "There is no such player in this server."
MINE_TITLE = "Your players"
LIST_TITLE = "Players of this server"
LIST_FILTER = "Show only players who are…"
LIST_ALL = "All"
BUTTON_NEXT = "Next"
BUTTON_BACK = "Back"
BUTTON_REGISTER = "Register a player"
LOOK_UP_SLOW = (
    "The bot's store is slow right now, so your players could not be looked up in time. Press Redeem again, "
    "or, if you have none yet, register one."
)
REGISTER_TITLE = "Redeem for your player"
FIELD_ID = "Player id"
FIELD_ID_HINT = "Digits, on your profile in the game"
FIELD_KINGDOM = "Kingdom (state)"
FIELD_KINGDOM_HINT = "A number from 1 to 9,999; empty: this server's default"
REDEEMING_ALREADY = "codes are being redeemed right now. Wait for that to end."
REDEEMING_TOOK_TOO_LONG = (
    "the game takes very long. /player mine shows what was redeemed; press Redeem again for the rest."
)

_LONGEST_ANSWER = 1_900
_LONGEST_FIELD = 1_000


def too_many_players_at_once(seconds: int) -> str:
    """When somebody registers players faster than the game can be asked."""
    return f"You have registered many players in a short time. Wait {counted(seconds, 'second')}, then go on."


def too_many_own_players(most: int) -> str:
    """When somebody has as many players as one person may."""
    return f"You have {most} players in this server, as many as one person may. An admin can /player import more."


def player_in_other_kingdom(player_id: str, kingdom: int, *, is_default: bool) -> str:
    """When the game knows the player, but not there."""
    whose = ", this server's default" if is_default else ""
    return (
        f"The game says that player {player_id} is not in kingdom {kingdom}{whose}. "
        "Nothing was stored. Try again with the right kingdom."
    )


def no_such_player(player_id: str) -> str:
    """When the game does not know the id."""
    return f"The game does not know a player {player_id}. Nothing was stored. Check the id on your profile there."


def somebody_elses_player(player_id: str) -> str:
    """When a player belongs to another person, and how to get them."""
    return (
        f"Player {player_id} belongs to somebody else in this server. "
        "If the player is yours, ask an admin to run /player assign with this id and you."
    )


def nobodys_player(player_id: str) -> str:
    """When a player was imported and nobody claimed them."""
    return (
        f"Player {player_id} belongs to nobody yet. If the player is yours, claim them first: "
        "/player add with this id and the right kingdom."
    )


def player_not_registered(player_id: str) -> str:
    """When there is no such player in the server."""
    return f"Player {player_id} is not registered in this server. /player add registers one."


def registered(done: Registered) -> str:
    """After a player was registered, repaired or claimed."""
    player = done.player
    name = player_name(player.player_id, player.nickname)
    where = f" in kingdom {player.kingdom}" if player.kingdom is not None else ""
    if done.proof is Proof.NOT_ASKED:
        following = _codes_to_come(done) if done.codes else "There is nothing to do."
        return f"{name} is registered already{where}. {following}"
    resumed = f" {NOT_PAUSED}" if done.was_paused else ""
    if done.proof is Proof.PROVED:
        return f"{name} is registered{where}.{resumed} {_codes_to_come(done)}"
    why = "the game was not asked" if done.proof is Proof.HALTED else "the game did not answer"
    return (
        f"{name} is registered{where}, but not checked yet: {why}.{resumed} "
        f"The first redemption shows whether id and kingdom are right; /player mine tells. "
        f"{_codes_to_come(done)}"
    )


def _codes_to_come(done: Registered) -> str:
    if done.halted is not None:
        return nothing_now(done.halted, done.codes)
    if done.codes:
        return f"{counted(done.codes, 'active code')} will be redeemed for them; /player mine shows the results."
    return "The Redeem button of a post redeems its codes."


def player_removed(player: Player) -> str:
    """After a player was removed."""
    return f"{_name(player)} is not registered any more. What was redeemed stays in the game."


def player_toggled(player: Player, codes: int, halted: str | None = None) -> str:
    """After a player was paused or resumed; `halted` is why nothing is redeemed now."""
    if player.state is PlayerState.PAUSED:
        return f"{_name(player)} is paused: no code is redeemed by itself until /player pause is run again."
    missed = f" {counted(codes, 'active code')} will be redeemed if they are missing." if codes else ""
    following = missed if halted is None else f" {nothing_now(halted, codes)}"
    return f"{_name(player)} is not paused any more.{following}"


def player_assigned(player: Player, owner_id: UserId) -> str:
    """After a player was given to somebody."""
    return f"{_name(player)} belongs to <@{owner_id}> now."


def player_choice(player: Player) -> str:
    """A player as Discord offers them while somebody types."""
    return f"{player.player_id} {player.nickname}" if player.nickname else str(player.player_id)


def own_player(view: PlayerView, site: str) -> tuple[str, str]:
    """One of somebody's players: heading and all there is to know; `site` is where they redeem by hand."""
    player = view.player
    lines = [_STATES[player.state], _kingdom_line(view)]
    lines += [
        result_line(row, site, view.as_of, is_halted=view.halted is not None) for row in view.redemptions
    ] or ["Nothing was redeemed in this server yet."]
    return _name(player), "\n".join(fitting(lines, _LONGEST_FIELD))


def mine_footer(number: int, size: int, total: int) -> str:
    """Which part of somebody's players this is; pages are counted from 0."""
    return f"{number * size + 1} to {min((number + 1) * size, total)} of {total}"


def _kingdom_line(view: PlayerView) -> str:
    if view.kingdom is None:
        return "No kingdom is known, so nothing is redeemed. /player add again with the kingdom."
    return f"Kingdom {view.kingdom}" + ("" if view.player.kingdom is not None else ", this server's default")


def result_line(row: Redemption, site: str, now: datetime, *, is_halted: bool = False) -> str:
    """What became of one code for one player, why, and when it is tried again, if anybody is asked at present."""
    name = f"**{plain(row.code)}**"
    if row.is_granted:
        return f"{name}: {OUTCOME_NAMES[row.outcome]}, {relative(row.redeemed_at or row.updated_at)}"
    if row.next_attempt_at is not None:
        why = "" if row.outcome is RedemptionOutcome.WAITING else f"{OUTCOME_NAMES[row.outcome]}, "
        if is_halted:
            return f"{name}: {why}next attempt once redeeming goes on"
        is_due = row.next_attempt_at <= now
        following = "as soon as it is their turn" if is_due else relative(row.next_attempt_at)
        return f"{name}: {why}next attempt {following}"
    said = f" The game said “{plain(row.raw)}”." if row.outcome is RedemptionOutcome.UNKNOWN and row.raw else ""
    return f"{name}: {OUTCOME_NAMES[row.outcome]}.{said} {advice(row.outcome, site)}".rstrip()


def redeemed_for(results: Sequence[PlayerResults], displays: Mapping[CodeKey, str], site: str) -> str:
    """What became of some codes for somebody's players."""
    lines = [
        results_of(
            _name(one.player),
            [one.problem]
            if one.problem is not None
            else [redeemed_now(row, displays.get(row.code, row.code), site) for row in one.redemptions],
        )
        for one in results
    ]
    return "\n".join(fitting("\n".join(lines).split("\n"), _LONGEST_ANSWER))


def list_line(player: Player) -> str:
    """A player in a line of the list."""
    parts = [f"`{player.player_id}`"]
    if player.nickname:
        parts.append(plain(player.nickname))
    parts.append("default kingdom" if player.kingdom is None else f"kingdom {player.kingdom}")
    parts.append(STATE_NAMES[player.state])
    if player.owner_id is not None:
        parts.append(f"<@{player.owner_id}>")
    return " · ".join(parts)


def list_footer(page: PlayerPage) -> str:
    """Which part of the list this is, and how many players there are."""
    end = page.start + len(page.players)
    shown = f"{page.start + 1:,} to {end:,} of {page.total:,}" if page.players else "none"
    counts = [(page.counts.get(state, 0), name) for state, name in STATE_NAMES.items()]
    states = ", ".join(f"{count:,} {name}" for count, name in counts if count)
    return f"{shown} · {states or 'nobody is registered'}"


def fitting(lines: Iterable[str], longest: int) -> list[str]:
    """The first lines, as far as they fit into so many characters; the last one says that there are more."""
    kept: list[str] = []
    left = longest - len("\n…")
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            return [*kept, "…"]
        kept.append(line)
    return kept


def _name(player: Player) -> str:
    return player_name(player.player_id, player.nickname)
