"""Lists of `ops inspect`: found over the opened services, cut at a limit, printed for people or programs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from giftbot.models.ids import GuildId
from ops.process import Process, require_known

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services

T = TypeVar("T")


@attrs.frozen
class Form(Generic[T]):
    """How things of one kind are listed."""

    what: str
    """Several of them; the key in the JSON document."""
    headings: Sequence[str]
    of: Callable[[T], dict[str, object]]
    """One of them as JSON."""
    row: Callable[[T], Sequence[str]]
    """One of them under the headings."""
    nothing: str
    """The sentence where there are none."""


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


def show(process: Process, form: Form[T], found: Sequence[T], limit: int | None = None, *, json: bool) -> None:
    """Print a list; where it may be cut, `found` has one more than `limit` then, and that is said."""
    output, shown = process.output, found[:limit]
    has_more = len(found) > len(shown)
    if json:
        cut = {} if limit is None else {"has_more": has_more}
        output.document({form.what: [form.of(one) for one in shown], **cut})
    elif not shown:
        output.say(form.nothing)
    else:
        output.table(form.headings, [form.row(one) for one in shown])
        if has_more:
            output.complain(f"There are more than these {limit}: see them with --limit.")
