"""The kinds of files that earlier bots left, and who reads each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import attrs

from giftbot.legacy import dumps, gift_rows
from giftbot.legacy.files import FileSource
from giftbot.legacy.state_file import read_state
from giftbot.legacy.tables import ReadRow, TablesSource
from giftbot.models.legacy import Found
from giftbot.services.migration.ports import LegacySource


class ReadFile(Protocol):
    """Reads a file as a stream; moments that name no zone are in `zone`."""

    def __call__(self, file: BinaryIO, /, zone: tzinfo | None) -> Iterator[Found]:
        """Everything in it."""
        ...


@attrs.frozen
class Kind:
    """A kind of file: its name, and who reads it."""

    name: str
    read: ReadFile | None = None
    """Who reads it as a stream of bytes; None for tables."""
    tables: Mapping[str, ReadRow] = attrs.Factory(dict)
    """Who reads the rows of which table."""
    has_posts: bool = False
    has_servers: bool = False
    is_fallback: bool = False


KINDS = (
    Kind("giftcode_state.json", read_state, has_posts=True, has_servers=True),
    Kind(
        "giftcode.sqlite",
        tables={
            # `auto_redeem_completed_guilds` tells nothing: it was written after failures, too.
            "gift_codes": gift_rows.read_code,
            "giftcode_channels": gift_rows.read_post_channel,
            "auto_redeem_members": gift_rows.read_member,
            "auto_redeem_channels": gift_rows.read_redeem_channel,
            "auto_redeem_settings": gift_rows.read_settings,
        },
        is_fallback=True,
    ),
    # Copies of the invites tell of which server the rows are that name none: they come first.
    Kind("invite_cache_backup.json", dumps.read_invites),
    Kind("server_management.db", tables=dumps.TABLES),
    Kind("invite_joins.json", dumps.read_joins),
    Kind("invite_joins.csv", dumps.read_join_table),
    Kind("discord_data_backup.json", dumps.read_cloud),
    Kind("cloud_backup.json", dumps.read_cloud),  # what this bot found in the cloud, and kept before it wrote there
    Kind("staff_config.json", dumps.read_staff_config),
)


def open_file(
    path: Path, kind: str, *, name: str, rank: int, zone: tzinfo | None, title: str | None = None
) -> LegacySource:
    """The source of a file of this kind; `title` says where it is from, if not from where it lies."""
    [found] = (one for one in KINDS if one.name == kind)
    if found.read is None:
        return TablesSource(path, found.tables, name=name, zone=zone, is_fallback=found.is_fallback, rank=rank)
    read = partial(found.read, zone=zone)
    return FileSource(
        path,
        read,
        name=name,
        title=title,
        has_posts=found.has_posts,
        has_servers=found.has_servers,
        rank=rank,
    )
