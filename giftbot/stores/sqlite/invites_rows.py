"""How joins, staff links and credits become rows of SQLite: the document, and what it is looked for by."""

from __future__ import annotations

from giftbot.models.credit import Credit
from giftbot.models.join import Join
from giftbot.models.staff import StaffLink
from giftbot.stores.documents import milliseconds
from giftbot.stores.invite_documents import to_text
from giftbot.stores.sqlite.database import Value
from giftbot.stores.sqlite.rows import Table, stored_moment

JOINS = Table(
    "invite_joins",
    ("_id", "guild_id", "user_id", "joined_at", "left_at", "owner_id", "code", "level", "document"),
)
LINKS = Table("staff_links", ("_id", "guild_id", "staff_id", "valid_from", "valid_to", "revision", "document"))
CREDITS = Table(
    "credits", ("_id", "guild_id", "staff_id", "user_id", "state", "created_at", "revision", "document")
)
SETTINGS = Table("invite_settings", ("_id", "revision", "document"))

AMONG = "IN (SELECT value FROM json_each(?))"
"""Condition for one of the values in a JSON list."""


def encode_join(join: Join, text: str | None = None) -> tuple[Value, ...]:
    """A join as the values of a row; `text` is its document, where that is known already."""
    return (
        join.join_id,
        join.guild_id,
        join.user_id,
        milliseconds(join.joined_at),
        stored_moment(join.left_at),
        join.owner_id,
        join.code,
        int(join.level),
        to_text(join) if text is None else text,
    )


def encode_link(link: StaffLink) -> tuple[Value, ...]:
    """A staff link as the values of a row."""
    moments = (milliseconds(link.valid_from), stored_moment(link.valid_to))
    return (link.key, link.guild_id, link.staff_id, *moments, link.revision, to_text(link))


def encode_credit(credit: Credit) -> tuple[Value, ...]:
    """A credit as the values of a row."""
    return (
        credit.credit_id,
        credit.guild_id,
        credit.staff_id,
        credit.user_id,
        credit.state.value,
        milliseconds(credit.created_at),
        credit.revision,
        to_text(credit),
    )
