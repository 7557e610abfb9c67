"""Tables of players: reading them in, and what became of each line."""

from __future__ import annotations

from giftbot.models.player import Player
from giftbot.models.roster import MOST_LINES, ImportReport, LineResult
from giftbot.text.redemptions import nothing_now
from giftbot.text.words import counted, plain

FIELD_ROSTER = "A player a line: id, kingdom, nickname"
FIELD_ROSTER_HINT = "12345678, 312, Ada"
IMPORT_TITLE = "Import players"
TABLE_TOO_LARGE = "This is larger than 1 MiB. Split it into several files."
TABLE_TOO_LONG = f"This has more than {MOST_LINES:,} lines. Split it into several files."
TABLE_EMPTY = "There are no players in this. Give a line for each: id, kingdom, nickname."
TABLE_NOT_TEXT = "This file is not readable as text. Save it as “CSV UTF-8” and try again."
TABLE_WITHOUT_ID = "The first line names no column for the player id. Call it player_id, or leave that line out."
LINE_TOO_LONG = "This line is too long to be a player."
LINE_BAD_QUOTES = "The quotation marks in this line do not match."
LINE_MIXED = "This line has {found} between its columns, the table has {wanted}. Use the same in all lines."
LINE_WITHOUT_KINGDOM = "There is no kingdom in this line, and this server has no default kingdom."
LINE_OF_A_MEMBER = "Already registered by a member, left as it is."
LINE_OVERTAKEN = "Somebody else changed this player at the same moment. Import the line again."
DOWNLOAD_FAILED = "Discord did not give the file to the bot. Upload it again."
EXPORTED = "All players of this server, as a table that can be imported again."

_SHOWN_LINES = 5
_RESULTS = {
    LineResult.ADDED: "added",
    LineResult.UPDATED: "updated",
    LineResult.KNOWN: "registered already",
    LineResult.DUPLICATE: "named twice",
    LineResult.BAD: "not usable",
}


def line_known(player: Player, kingdom: int | None) -> str:
    """Why a line changed nothing."""
    if kingdom in (None, player.kingdom):
        return "This player is registered already."
    return "This player is registered already with a kingdom that their owner or the game confirmed; it stays."


def line_repeats(first: int) -> str:
    """Why a line was left out."""
    return f"Line {first} names the same player."


def imported(report: ImportReport) -> str:
    """What became of a table as a whole, and its first mistakes."""
    counts = report.counts
    parts = ", ".join(f"**{counts[result]:,}** {name}" for result, name in _RESULTS.items() if counts[result])
    lines = [f"{counted(len(report.lines), 'line')}: {parts}."]
    bad = [line for line in report.lines if line.is_left_out]
    lines += [f"Line {line.number:,} ({plain(line.player_id)}): {line.note}" for line in bad[:_SHOWN_LINES]]
    if len(bad) > _SHOWN_LINES:
        lines.append(f"The table below names the other {len(bad) - _SHOWN_LINES:,}.")
    if counts[LineResult.ADDED] or counts[LineResult.UPDATED]:
        lines.append("Their first redemption shows whether id and kingdom are right.")
    if report.halted is not None:
        lines.append(nothing_now(report.halted, report.codes))
    elif report.codes:
        lines.append(f"{counted(report.codes, 'active code')} will be redeemed for them.")
    return "\n".join(lines)
