"""Dirty data of earlier bots, made by a dice, over files, SQLite and documents; it knows what is to come of it.

Each source says what is in it as it writes it. What the sources of an installation mean together follows by the
rules of the formats, told here a second time: the union of all, by folded code; the earliest known moment; a player
in a copy beside MongoDB only in servers of which nothing else knows.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import attrs
from bson import Int64, ObjectId

from giftbot.models.legacy import Chunk, Found
from giftbot.services.migration.ports import LegacySource
from giftbot.stores.mongo.legacy import KINDS
from tests.legacy import shapes
from tests.legacy.reading import sources_of

GUILDS = tuple(700_000_000_000_000_000 + number for number in range(3))
HOME = GUILDS[0]
"""The server of rows that name none."""
CODES = ("Frost77", "snow2025", "HAPPY-Day", "X_1", "ABC123", "GoodLuck8")
PLAYERS = tuple(str(400_000_000 + number) for number in range(6))
MEMBERS = tuple(810_000_000_000_000_000 + number for number in range(5))
STAFF = tuple(820_000_000_000_000_000 + number for number in range(2))
INVITES = ("aBcD1234", "eFgH5678")
START = datetime(2025, 6, 1, tzinfo=UTC)
JUNK: tuple[object, ...] = (None, 5, True, "", "?!", [], {"a": 1}, "x" * 300, ObjectId("65a000000000000000000001"))

Moments: TypeAlias = list[datetime | None]


@attrs.define
class Meaning:
    """What a source says, or several."""

    sent: dict[tuple[int, str], Moments] = attrs.Factory(dict)
    displays: dict[str, set[str]] = attrs.Factory(dict)
    players: dict[tuple[int, str], list[tuple[str | None, datetime | None]]] = attrs.Factory(dict)
    grants: dict[tuple[int, str, str], set[str]] = attrs.Factory(dict)
    channels: dict[int, int] = attrs.Factory(dict)
    auto_redeem: set[int] = attrs.Factory(set)
    servers: set[int] = attrs.Factory(set)
    """Those of whose players or settings it speaks."""
    joins: dict[tuple[int, datetime], set[tuple[bool, str | None]]] = attrs.Factory(dict)
    """By member and second: the invites by which they came, each after whether the log does not say so."""
    links: dict[str, int] = attrs.Factory(dict)
    credits: dict[int, set[str]] = attrs.Factory(dict)
    skips: int = 0

    def knows(self, code: str) -> None:
        """A code is named."""
        self.displays.setdefault(code.upper(), set()).add(code)

    def add(self, other: Meaning, *, besides: set[int]) -> None:
        """Say what another one says, too; of players and settings not in the servers of `besides`."""
        for code, displays in other.displays.items():
            self.displays.setdefault(code, set()).update(displays)
        for place, moments in other.sent.items():
            self.sent.setdefault(place, []).extend(moments)
        for grant, outcomes in other.grants.items():
            self.grants.setdefault(grant, set()).update(outcomes)
        for player, rows in other.players.items():
            if player[0] not in besides:
                self.players.setdefault(player, []).extend(rows)
        self.channels.update({guild: one for guild, one in other.channels.items() if guild not in besides})
        self.auto_redeem |= other.auto_redeem - besides
        self.servers |= other.servers
        for join, codes in other.joins.items():
            self.joins.setdefault(join, set()).update(codes)
        self.links.update(other.links)
        for member, states in other.credits.items():
            self.credits.setdefault(member, set()).update(states)


@attrs.frozen
class Heap:
    """A source, and what it means."""

    source: LegacySource
    meaning: Meaning


@attrs.define
class Documents:
    """`LegacySource` of documents in the shape of a collection, without a server for them."""

    name: str
    kind: str
    rows: list[dict[str, object]]
    title: str = "documents"
    has_posts: bool = False
    has_servers: bool = True
    is_fallback: bool = False
    rank: int = 0

    def covers(self, name: str) -> bool:
        """Itself alone."""
        return name == self.name

    async def fingerprint(self) -> str:
        """The name: nobody changes the rows."""
        return self.name

    async def size(self) -> int:
        """Rows."""
        return len(self.rows)

    async def read(self, *, dry_run: bool = False) -> AsyncIterator[Chunk]:
        """Few at a time, so that there are many places to be interrupted in."""
        [kind] = (one for one in KINDS if one.name == self.kind)
        for start in range(0, len(self.rows), 3):
            found: list[Found] = []
            for row in self.rows[start : start + 3]:
                found += kind.read(row, str(row.get("_id")), UTC)
            yield Chunk(tuple(found), start + 3)


class Dice(random.Random):
    """Makes rows."""

    def casing(self) -> str:
        """A code, in some casing."""
        code = self.choice(CODES)
        return self.choice([code, code, code.upper(), code.lower(), f" {code} "])

    def moment(self) -> datetime:
        """Some second."""
        return START + timedelta(seconds=self.randrange(10_000_000))

    def written(self, moment: datetime) -> object:
        """A moment in one of the forms of MongoDB."""
        naive = moment.replace(tzinfo=None)
        return self.choice([naive.isoformat(), f"{naive}", f"{naive.isoformat()}Z", moment, naive])

    def object_id(self) -> ObjectId:
        """An id of MongoDB."""
        return ObjectId(f"{self.getrandbits(96):024x}")

    def guild(self, guild: int) -> object:
        """A server's id as a number or as text."""
        return self.choice([Int64(guild), str(guild), guild])


def state_object(dice: Dice, meaning: Meaning) -> dict[str, object]:
    """What is in `giftcode_state.json`."""
    sent: dict[str, object] = {}
    channels: dict[str, object] = {}
    for guild in GUILDS:
        codes: list[object] = []
        for _ in range(dice.randrange(5)):
            code = dice.casing()
            codes.append(code)
            meaning.knows(code.strip())
            meaning.sent.setdefault((guild, code.strip().upper()), []).append(None)
        for junk in dice.sample(JUNK[:-1], dice.randrange(3)):
            codes.append(junk)
            meaning.skips += 1
        dice.shuffle(codes)
        sent[str(guild)] = codes or None
        if dice.random() < 0.5:
            channels[str(guild)] = dice.choice([guild + 5, str(guild + 5)])
            meaning.channels[guild] = guild + 5
            meaning.servers.add(guild)
    known = dice.sample(CODES, 2)
    sent["global"] = known
    for code in known:
        meaning.knows(code)
    return {"sent": sent, "channels": channels, "initialized": True}


def sent_rows(dice: Dice, meaning: Meaning) -> list[dict[str, object]]:
    """Both shapes of `sent_giftcodes`."""
    rows: list[dict[str, object]] = []
    for number in range(dice.randrange(3, 12)):
        guild, code, at = dice.choice(GUILDS), dice.casing(), dice.moment()
        if dice.random() < 0.6:
            row = {"_id": f"{guild}:{code}:{number}", "guild_id": dice.guild(guild), "code": code}
            dated = dice.random() < 0.8
            if dated:
                row |= {"sent_at": dice.written(at), "created_at": dice.written(at + timedelta(days=1))}
            moments: Moments = [at if dated else None]
            codes = [code]
        else:
            codes = [dice.casing() for _ in range(2)]
            row = {"_id": f"{guild} {number}", "guild_id": dice.guild(guild), "codes": [*codes, None]}
            row["last_sent_at"] = dice.written(at)
            moments = [None]
            meaning.skips += 1
        rows.append(row)
        for one in codes:
            meaning.knows(one.strip())
            meaning.sent.setdefault((guild, one.strip().upper()), []).extend(moments)
    for junk in dice.sample(JUNK, 3):
        rows.append({"_id": str(len(rows)), "guild_id": GUILDS[0], "code": junk})
        meaning.skips += 1
    dice.shuffle(rows)
    return rows


def code_rows(dice: Dice, meaning: Meaning) -> list[dict[str, object]]:
    """`gift_codes`."""
    rows: list[dict[str, object]] = []
    for code in dice.sample(CODES, 4):
        original = dice.choice([None, code])
        name = code if original is None else code.upper()
        rows.append({"_id": name, "date": dice.written(dice.moment()), "giftcode_original": original})
        meaning.knows(code)
    rows.append({"_id": ObjectId(f"65a0000000000000000{dice.randrange(10000, 99999)}")})
    meaning.skips += 1
    return rows


def grant_rows(dice: Dice, meaning: Meaning) -> list[dict[str, object]]:
    """Both shapes of `auto_redeemed_codes`."""
    rows: list[dict[str, object]] = []
    for number in range(dice.randrange(3, 10)):
        guild, code, player = dice.choice(GUILDS), dice.casing(), dice.choice(PLAYERS)
        status = dice.choice(["success", "already_redeemed"])
        rows.append(
            {
                "_id": dice.choice([dice.object_id(), f"{guild}:{code}:{player}:{number}"]),
                "guild_id": dice.guild(guild),
                "code": code,
                "fid": dice.choice([player, int(player), f" {player}"]),
                "status": status,
                "created_at": dice.written(dice.moment()),
            }
        )
        meaning.knows(code.strip())
        key = (guild, code.strip().upper(), player)
        meaning.grants.setdefault(key, set()).add("redeemed" if status == "success" else "already")
    rows.append({"_id": "x", "guild_id": GUILDS[0], "code": CODES[0], "fid": PLAYERS[0], "status": "expired"})
    meaning.skips += 1
    return rows


def member_rows(dice: Dice, meaning: Meaning) -> list[dict[str, object]]:
    """Both shapes of `auto_redeem_members`."""
    rows: list[dict[str, object]] = []
    for _ in range(dice.randrange(1, 6)):
        guild, player, at = dice.choice(GUILDS), dice.choice(PLAYERS), dice.choice([None, dice.moment()])
        name = dice.choice([None, "Ayla", "Bo", "Cy"])
        member = {
            "fid": dice.choice([player, int(player)]),
            "nickname": dice.choice([name, {"nickname": name}]),
            "added_at": None if at is None else dice.written(at),
        }
        if dice.random() < 0.5:
            rows.append({"_id": dice.object_id(), "guild_id": dice.guild(guild), **member})
        else:
            rows.append(
                {"_id": dice.object_id(), "guild_id": dice.guild(guild), "members": [member, {"fid": "None"}, 5]}
            )
            meaning.skips += 2
        meaning.players.setdefault((guild, player), []).append((name, at))
        meaning.servers.add(guild)
    return rows


def setting_rows(dice: Dice, meaning: Meaning) -> list[dict[str, object]]:
    """`auto_redeem_settings`."""
    rows: list[dict[str, object]] = []
    for guild in dice.sample(GUILDS, 2):
        is_on = dice.random() < 0.5
        rows.append({"_id": str(guild), "guild_id": guild, "enabled": dice.choice([is_on, int(is_on)])})
        meaning.auto_redeem |= {guild} if is_on else set()
        meaning.servers.add(guild)
    rows.append({"_id": str(GUILDS[0]), "enabled": "maybe"})
    meaning.skips += 1
    return rows


def gift_tables(dice: Dice, meaning: Meaning, path: Path) -> Path:
    """`giftcode.sqlite`: the copy in which removed players still are."""
    inserts: list[tuple[str, tuple[object, ...]]] = []
    for guild in GUILDS:
        for player in dice.sample(PLAYERS, 2):
            inserts.append(
                ("INSERT INTO auto_redeem_members (guild_id, fid, nickname) VALUES (?, ?, 'Zed')", (guild, player))
            )
            meaning.players.setdefault((guild, player), []).append(("Zed", None))
            meaning.servers.add(guild)
        inserts.append(("INSERT INTO auto_redeem_settings VALUES (?, 1, 5, NULL)", (guild,)))
        meaning.auto_redeem.add(guild)
    script = (
        "CREATE TABLE auto_redeem_members (guild_id, fid TEXT, nickname TEXT);"
        "CREATE TABLE auto_redeem_settings (guild_id, enabled, updated_by, updated_at);"
    )
    return shapes.write_tables(path, script, inserts)


def join_log(dice: Dice, meaning: Meaning, *, is_log: bool = True) -> list[object]:
    """`invite_joins.json`, with servers."""
    rows: list[object] = []
    for _ in range(dice.randrange(2, 6)):
        member, code = dice.choice(MEMBERS), dice.choice([*INVITES, "unknown"])
        at = START + timedelta(days=MEMBERS.index(member), seconds=dice.randrange(2))
        stamp = f"{at.replace(tzinfo=None).isoformat()}.{dice.randrange(10**6):06}"
        rows.append(
            {
                "timestamp": stamp,
                "user_id": dice.choice([member, str(member)]),
                "invite_code": code,
                "staff_id": str(STAFF[INVITES.index(code)]) if code in INVITES else 0,
                "guild_id": str(HOME),
            }
        )
        meaning.joins.setdefault((member, at), set()).add((not is_log, code if code in INVITES else None))
    rows.append({"timestamp": "when?", "user_id": MEMBERS[0]})
    meaning.skips += 1
    return rows


def cloud_payload(dice: Dice, meaning: Meaning) -> dict[str, object]:
    """What the cloud service kept: links, joins and requests without servers."""
    links = [
        {"staff_id": STAFF[number], "invite_code": code, "created_at": "2025-01-01 00:00:00"}
        for number, code in enumerate(INVITES)
    ]
    meaning.links.update(dict(zip(INVITES, STAFF, strict=True)))
    requests = []
    for member in dice.sample(MEMBERS, 3):
        status = dice.choice(["pending", "completed", "denied"])
        staff = STAFF[MEMBERS.index(member) % 2]
        requests.append(
            {"user_id": member, "staff_id": staff, "status": status, "created_at": "2025-02-01 00:00:00"}
        )
        state = {"completed": "credited", "denied": "rejected"}.get(status, "pending")
        meaning.credits.setdefault(member, set()).add(state)
    tracked: list[dict[str, object]] = []
    for row in join_log(dice, meaning, is_log=False)[:-1]:
        assert isinstance(row, Mapping)
        inviter = {"inviter_id": row["staff_id"], "joined_at": row["timestamp"]}
        tracked.append({"user_id": row["user_id"], "invite_code": row["invite_code"], **inviter})
    meaning.skips -= 1
    return {"discord_data": {"staff_invites": links, "invite_tracking": tracked, "vip_requests": requests}}


async def make_heaps(seed: int, folder: Path) -> list[Heap]:
    """An installation of earlier bots, in no order: two databases, files, and the copy beside MongoDB."""
    dice, heaps = Dice(seed), list[Heap]()
    makers = {
        "sent_giftcodes": sent_rows,
        "gift_codes": code_rows,
        "auto_redeemed_codes": grant_rows,
        "auto_redeem_members": member_rows,
        "auto_redeem_settings": setting_rows,
    }
    for database in ("one", "two"):
        for kind, make in makers.items():
            if dice.random() < 0.7:
                meaning = Meaning()
                heaps.append(Heap(Documents(f"{database}.{kind}", kind, make(dice, meaning)), meaning))
    meaning = Meaning()
    document = {"_id": "giftcode_state", **state_object(dice, meaning)}
    heaps.append(Heap(Documents("state", "giftcode_state", [document]), meaning))
    files: Sequence[tuple[str, object]] = [
        ("giftcode_state.json", state_object),
        ("invite_joins.json", join_log),
        ("discord_data_backup.json", cloud_payload),
        ("giftcode.sqlite", gift_tables),
    ]
    for name, write in files:
        meaning, path = Meaning(), folder / name
        if write is gift_tables:
            gift_tables(dice, meaning, path)
        else:
            shapes.write_json(path, write(dice, meaning))  # type: ignore[operator]
        [source] = await sources_of(path)
        heaps.append(Heap(source, meaning))
    dice.shuffle(heaps)
    return heaps


def needless_in(heaps: Sequence[Heap]) -> Counter[str]:
    """By source: rows of copies in servers of which another source speaks, two players and a setting for each."""
    known = {server for heap in heaps if not heap.source.is_fallback for server in heap.meaning.servers}
    copies = [heap for heap in heaps if heap.source.is_fallback]
    return Counter({copy.source.name: 3 * len(copy.meaning.servers & known) for copy in copies})


def meaning_of(heaps: Sequence[Heap]) -> Meaning:
    """What is to come of these, in whatever order they are read."""
    whole, known = Meaning(), set[int]()
    for heap in heaps:
        if not heap.source.is_fallback:
            whole.add(heap.meaning, besides=set())
            known |= heap.meaning.servers
    for heap in heaps:
        if heap.source.is_fallback:
            whole.add(heap.meaning, besides=known)
    return whole
