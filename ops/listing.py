"""Lists of `ops inspect`: found over the opened services, cut at a limit, printed for people or programs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from giftbot.models.ids import GuildId
from ops.process import Process, require_known

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services

T = TypeVar("T")


def look(
    process: Process, guild: int | None, find: Callable[[Services, GuildId | None], Awaitable[list[T]]]
) -> list[T]:
    """What is found; nothing in a server that is not known is `InvalidInputError`."""
    guild_id = None if guild is None else GuildId(guild)

    async def work(services: Services) -> list[T]:
        found = await find(services, guild_id)
        if not found and guild_id is not None:
            await require_known(services, guild_id)
        return found

    return process.run(work)


def show(
    process: Process,
    document: dict[str, list[dict[str, object]]],
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    limit: int,
    *,
    json: bool,
) -> None:
    """Print a list that may be cut; `rows` has one more than `limit` then, and that is said."""
    [what] = document
    if json:
        process.output.document({**document, "has_more": len(rows) > limit})
    elif not rows:
        process.output.say(f"No such {what}.")
    else:
        process.output.table(headings, rows[:limit])
        if len(rows) > limit:
            process.output.complain(f"There are more than these {limit}: see them with --limit.")
