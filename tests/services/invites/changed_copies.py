"""A copy as tests change it."""

from __future__ import annotations

from typing import Any

import attrs
import orjson

from giftbot.services.invites.payload import OURS, pack_records
from giftbot.services.invites.ports import Copy
from giftbot.stores import invite_documents
from tests.services.invites.copying import T0, records


def nested(depth: int) -> object:
    """Lists in lists."""
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


def sections() -> dict[str, Any]:
    """The sections of a server about which everything is known, as they are read from JSON."""
    packed = pack_records(records(), invite_documents)
    return {name: orjson.loads(section.own.text) for name, section in packed.items()}


def copy_of(guilds: object, **more: Any) -> Copy:
    """A copy with that table of ours."""
    return attrs.evolve(Copy("series", 5, T0, {OURS: guilds, "vip_members": [{"id": 1}]}), **more)
