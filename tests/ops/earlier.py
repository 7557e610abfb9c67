"""What an earlier bot left, for tests of `ops migrate`; and looking at what became of it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from giftbot.models.ids import GuildId
from giftbot.services.ports import Store

NORTH, EMBER = GuildId(111_111_111_111_111_111), GuildId(333_333_333_333_333_333)
STATE = "giftcode_state.json"


def leave_state(directory: Path, sent: dict[str, list[object]], **more: object) -> Path:
    """The state file of an earlier bot."""
    directory.mkdir(parents=True, exist_ok=True)
    document = {"channels": {str(NORTH): 222_222_222_222_222_222}, "sent": sent, "initialized": True, **more}
    path = directory / STATE
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")
    return path


def leave_many(directory: Path, servers: int, codes: int) -> None:
    """A state file that takes a while."""
    names: list[object] = [f"FROST{number}" for number in range(codes)]
    leave_state(directory, {str(NORTH + number): names for number in range(servers)})


def leave_some(directory: Path) -> Path:
    """A state file with two servers, of which two entries cannot be used, and codes known from `global` only."""
    sent: dict[str, list[object]] = {
        str(NORTH): ["FROST77", "Snow2025", None],
        str(EMBER): ["FROST77", "no code, this"],
        "global": ["OLDCODE1", "FROST77"],
    }
    return leave_state(directory, sent)


def leave_tables(directory: Path, added_at: str = "2025-07-01 12:00:00.000000") -> Path:
    """A SQLite file with one player, added at a moment of the machine's own clock."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "giftcode.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE auto_redeem_members (guild_id INTEGER, fid TEXT, nickname TEXT, furnace_lv INTEGER,"
            " avatar_image TEXT, added_by INTEGER, added_at TIMESTAMP, PRIMARY KEY (guild_id, fid))"
        )
        connection.execute(
            "INSERT INTO auto_redeem_members (guild_id, fid, nickname, added_at) VALUES (?, '123456780', 'Ada', ?)",
            [NORTH, added_at],
        )
    return path


def contents(directory: Path) -> dict[str, str]:
    """Every file below a directory with the sum of what is in it."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)
    }


async def count_sent(store: Store) -> int:
    """How many codes are noted as sent."""
    return sum([len(chunk) async for chunk in store.scan_sent()])
