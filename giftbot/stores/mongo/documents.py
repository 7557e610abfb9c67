"""How MongoDB holds documents: moments as dates, Discord's ids as 64-bit integers; and the conditions on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import partial

import attrs
from bson import Int64

from giftbot.models.announcement import Announcement, AnnouncementState
from giftbot.models.ids import GuildId
from giftbot.stores.documents import Document, announcement_document, build_converter, guild_prefix
from giftbot.stores.redeeming_documents import job_document, player_document, redemption_document

CONVERTER = build_converter(integer=Int64)

SENT: Mapping[str, object] = {"$in": [AnnouncementState.SENT.value, None]}
"""The states that mean "sent"; rows of earlier bots have none."""

WITH_CODE: Mapping[str, object] = {"$type": "string"}
"""Condition on `code` that leaves out an earlier bot's lists of all codes of a server."""


def encode_announcement(row: Announcement) -> Document:
    """An outbox row as MongoDB holds it."""
    return announcement_document(row, Int64)


encode_player = partial(player_document, integer=Int64)
encode_redemption = partial(redemption_document, integer=Int64)
encode_job = partial(job_document, integer=Int64)


def of_guild(guild_id: GuildId) -> Document:
    """Condition for the rows of one server, by the prefix of their ids."""
    first, end = guild_prefix(guild_id)
    return {"_id": {"$gte": first, "$lt": end}}


def same(number: int) -> object:
    """Condition for an epoch, revision or fence; earlier bots' rows have none, which counts as 0."""
    return number or {"$in": [0, None]}


def held(anchor: Announcement) -> Document:
    """Condition for the claim that `anchor` shows: same owner, fence and epochs."""
    return {
        "_id": anchor.announcement_id,
        "owner": anchor.owner,
        "fence": same(anchor.fence),
        "guild_epoch": same(anchor.guild_epoch),
        "code_epoch": same(anchor.code_epoch),
    }


def older(guild_epoch: int, code_epoch: int) -> list[Document]:
    """Alternatives for a row whose epochs are before these; a missing epoch is 0."""
    conditions: list[Document] = []
    if guild_epoch:
        conditions.append({"guild_epoch": {"$not": {"$gte": guild_epoch}}})
    if code_epoch:
        conditions.append({"guild_epoch": same(guild_epoch), "code_epoch": {"$not": {"$gte": code_epoch}}})
    return conditions


def in_states(states: Iterable[AnnouncementState]) -> Document:
    """Condition for one of these states."""
    values: list[str | None] = [state.value for state in states]
    return {"$in": [*values, None] if AnnouncementState.SENT.value in values else values}


def changing(values: Mapping[str, object]) -> Document:
    """The update that gives these values to fields; those that are None are removed."""
    given = {
        name: value.value if isinstance(value, StrEnum) else value
        for name, value in values.items()
        if value is not None
    }
    removed = {name: "" for name, value in values.items() if value is None}
    return {"$set": given, "$unset": removed} if removed else {"$set": given}


def replacing(value: attrs.AttrsInstance, document: Document) -> Document:
    """The update that stores a model's document, and leaves fields alone that the model does not know."""
    names = [field.name for field in attrs.fields(type(value))]
    fields = {name: value for name, value in document.items() if name != "_id"}
    removed = {name: None for name in names if name not in document}
    # The field that the id stands for is never stored under its own name, so removing it is harmless.
    return changing({**removed, **fields})
