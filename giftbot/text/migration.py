"""What is said of data that earlier bots left."""

from __future__ import annotations

from collections.abc import Sequence

from giftbot.models.migration import Migration
from giftbot.text.words import counted

HELD = "Nothing is posted before the earlier bot's data is taken over."


def taken_over(migrations: Sequence[Migration]) -> str:
    """For the owner: what came of the sources that were read just now."""
    lines = ["I found what an earlier bot left, and took it over:"]
    for one in migrations:
        found = ", ".join(f"{count:,} {kind}" for kind, count in sorted(one.counts.found.items())) or "nothing"
        skipped = f"; {counted(one.counts.unusable, 'row')} could not be used" if one.counts.unusable else ""
        lines.append(f"• {one.title}: {found}{skipped}")
    if any(one.counts.unusable for one in migrations):
        lines.append("Each row that could not be used is listed in the data directory, in migration-….jsonl.")
    lines.append("Nothing there was changed. What is posted from now on is new.")
    return "\n".join(lines)


def not_taken_over(problems: Sequence[str], held_by: Sequence[str]) -> str:
    """For the owner: what an earlier bot left cannot be read. Nothing is posted without those of `held_by`."""
    held = (
        " Until then I post nothing, because I cannot know what was posted already. To go on without that history: "
        + ", ".join(f"`ops migrate --give-up {name}`" for name in held_by)
        + "."
    )
    return "\n".join(
        [
            "An earlier bot left data that I cannot read:",
            *(f"• {problem}" for problem in problems),
            f"I try again every few minutes.{held if held_by else ''}",
        ]
    )


def held(problems: Sequence[str]) -> str:
    """Why nothing is posted: what an earlier bot left cannot be read."""
    return f"Nothing is posted before an earlier bot's data can be read: {' '.join(problems)}"


def held_by_mistake(reference: str) -> str:
    """Why nothing is posted: taking over failed, and nobody foresaw how."""
    return f"Nothing is posted: taking over an earlier bot's data failed ({reference}); the log has the details."
