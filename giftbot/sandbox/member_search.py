"""The member search, which Discord has but does not document: it knows by which invite somebody came.

Source of its shape: https://github.com/discord/discord-api-docs/pull/7068
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable
from typing import TYPE_CHECKING

from giftbot.sandbox import refusals, shapes
from giftbot.sandbox.arrivals import Arrival, Way
from giftbot.sandbox.nouns import Member
from giftbot.sandbox.payload import Payload

if TYPE_CHECKING:
    from giftbot.sandbox.guild import Guild

NOT_INDEXED = 110000
_MOST, _VALUES = 1_000, 10
Row = tuple[Member, Arrival | None]


class SearchMood(enum.Enum):
    """How the search behaves."""

    WORKING = "working"
    DISABLED = "disabled"
    """404, as if it had never been there."""

    ODD_SHAPE = "odd shape"
    """The answer has other fields."""


class MemberSearch:
    """The search over all guilds; change the fields to see its ways."""

    def __init__(self) -> None:
        self.mood = SearchMood.WORKING
        self.stale = 0.0
        """Seconds for which new members are missing."""

        self.not_indexed = 0
        """How many of the next answers are 202 with code 110000."""

        self.retry_after = 0.1
        """Seconds that those ask to wait."""

    def answer(self, guild: Guild, form: Payload) -> tuple[int, Payload]:
        """Return status and body of one search.

        Raises:
            ApiError: It is disabled, or asks for what the search does not take.
        """
        if self.mood is SearchMood.DISABLED:
            raise refusals.no_route()
        if self.not_indexed > 0:
            self.not_indexed -= 1
            return 202, {
                "message": "Index not yet available. Try again later",
                "code": NOT_INDEXED,
                "documents_indexed": 0,
                "retry_after": self.retry_after,
            }
        limit = form.get("limit", 25)
        if not 1 <= limit <= _MOST:
            raise refusals.invalid_form("limit", "NUMBER_TYPE_MAX", f"int value should be between 1 and {_MOST}.")
        known = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=self.stale)
        rows = [
            (member, guild.world.arrivals.last(guild.id, member.user.id))
            for member in guild.members.values()
            if _joined(member) <= known
        ]
        rows = [row for row in rows if _matches(row, form)]
        rows.sort(key=_order, reverse=form.get("sort", 1) == 1)
        page = _after(rows, form)[:limit]
        if self.mood is SearchMood.ODD_SHAPE:
            return 200, {"results": [{"who": str(member.user.id)} for member, _ in page]}
        return 200, {
            "guild_id": str(guild.id),
            "members": [_shape(row) for row in page],
            "page_result_count": len(page),
            "total_result_count": len(rows),
        }


def _matches(row: Row, form: Payload) -> bool:
    wanted, either = form.get("and_query") or {}, form.get("or_query") or {}
    if not all(_fits(row, name, query) for name, query in wanted.items()):
        return False
    return not either or any(_fits(row, name, query) for name, query in either.items())


def _fits(row: Row, name: str, query: Payload) -> bool:
    if name not in _VALUES_OF:
        raise refusals.invalid_form(name, "UNKNOWN_FILTER", "This filter is not known.")
    value = _VALUES_OF[name](row)
    if "or_query" in query:
        values = query["or_query"]
        if len(values) > _VALUES:
            raise refusals.invalid_form(f"{name}.or_query", "BASE_TYPE_MAX_LENGTH", f"At most {_VALUES} values.")
        return str(value) in {str(one) for one in values}
    bounds = query.get("range") or {}
    if not isinstance(value, int):
        return False
    return int(bounds.get("gte", value)) <= value <= int(bounds.get("lte", value))


_VALUES_OF: dict[str, Callable[[Row], object]] = {
    "user_id": lambda row: row[0].user.id,
    "guild_joined_at": lambda row: _order(row)[0],
    "join_source_type": lambda row: int(row[1].way) if row[1] is not None else 0,
    "source_invite_code": lambda row: row[1].code if row[1] is not None else None,
}


def _after(rows: list[Row], form: Payload) -> list[Row]:
    place = form.get("after")
    if place is None:
        return rows
    key = (int(place["guild_joined_at"]), int(place["user_id"]))
    if form.get("sort", 1) == 1:
        return [row for row in rows if _order(row) < key]
    return [row for row in rows if _order(row) > key]


def _order(row: Row) -> tuple[int, int]:
    return int(_joined(row[0]).timestamp() * 1000), row[0].user.id


def _joined(member: Member) -> datetime.datetime:
    return datetime.datetime.fromisoformat(member.joined_at)


def _shape(row: Row) -> Payload:
    member, arrival = row
    by_code = arrival is not None and arrival.way in {Way.INVITE, Way.VANITY}
    return {
        "member": shapes.member(member),
        "join_source_type": int(arrival.way) if arrival is not None else 0,
        "source_invite_code": arrival.code if arrival is not None and by_code else None,
        "inviter_id": str(arrival.inviter_id) if arrival is not None and arrival.inviter_id is not None else None,
    }
