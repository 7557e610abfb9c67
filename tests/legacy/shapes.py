"""Every format that earlier bots left, with invented values: as files, as tables, and as documents of MongoDB."""

# ruff: noqa: S608 - the tables are made of constants
from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

from bson import Int64, ObjectId

from giftbot.models.ids import GuildId, InviteCode, PlayerId, UserId

GUILD, OTHER = GuildId(111111111111111111), GuildId(333333333333333333)
CHANNEL, OTHER_CHANNEL = 222222222222222222, 222222222222222223
STAFF, MEMBER, ADDER = UserId(444444444444444444), UserId(555555555555555555), UserId(666666666666666666)
INVITE = InviteCode("aBcD1234")
PLAYER, SECOND, THIRD = PlayerId("123456789"), PlayerId("223456789"), PlayerId("323456789")

STATE = {
    "channels": {str(GUILD): CHANNEL, str(OTHER): OTHER_CHANNEL},
    "sent": {str(GUILD): ["FROST77", "SNOW2025"], str(OTHER): [], "global": ["OLDCODE1"]},
    "initialized": True,
    "migrated_to_sent_adapter": True,
}
"""A1: `giftcode_state.json`."""
OLD_STATE = {"sent": {str(GUILD): ["Frost77", "frost77", None, 5, "SNOW2025 "], "global": None, str(OTHER): None}}
"""A1, of a very old bot: casings mixed, things twice, null, no channels."""

STATE_DOCUMENT = {"_id": "giftcode_state", **STATE, "created_at": "2025-12-01T00:00:00.000001", "updated_at": "x"}
"""A2."""
SENT_ONE = {
    "_id": f"{GUILD}:FROST77",
    "guild_id": Int64(GUILD),
    "code": "FROST77",
    "source": "auto",
    "sent_at": "2025-12-25T10:30:00.123456",
    "updated_at": "2025-12-26T00:00:00",
    "created_at": "2025-12-25T10:29:00.5",
}
"""A3, S1: one code in one server."""
SENT_LIST = {
    "_id": str(GUILD),
    "guild_id": Int64(GUILD),
    "codes": ["Frost77", "SNOW2025"],
    "last_sent_at": "2025-12-24T10:30:00.123456",
    "updated_at": "2025-12-24T10:30:00",
    "source": "auto",
    "created_at": "2025-12-24T10:30:00",
}
"""A3, S2: all codes of a server."""
CODES = [
    {"_id": "FROST77", "date": "2025-12-25", "validation_status": "posted", "giftcode_original": "Frost77"},
    {"_id": "Frost77", "date": "2025-12-24T08:00:00.000001", "validation_status": "pending"},
    {"_id": "OVER99", "created_at": "2025-11-01T00:00:00.5", "validation_status": "expired"},
    {"_id": ObjectId("65a000000000000000000001"), "giftcode": "HiddenOne", "auto_redeem_processed": True},
    {"_id": ObjectId("65a000000000000000000002"), "date": "2025-12-25"},
]
"""A4."""
REDEEMED_NAMED = {
    "_id": f"{GUILD}:FROST77:{PLAYER}",
    "guild_id": Int64(GUILD),
    "code": "FROST77",
    "fid": PLAYER,
    "status": "success",
    "redeemed_at": "2025-12-25T10:31:02.000001",
    "updated_at": "2025-12-25T10:31:02.000001",
    "created_at": "2025-12-25T10:31:02.000001",
}
"""A5, R1."""
REDEEMED_RAW = {
    "_id": ObjectId("65a000000000000000000003"),
    "guild_id": Int64(GUILD),
    "code": "Frost77",
    "fid": SECOND,
    "status": "already_redeemed",
    "updated_at": "2025-12-25T10:32:00",
    "created_at": "2025-12-25T10:32:00",
}
"""A5, R2."""
ATTEMPTS = {
    "_id": f"{GUILD}:Frost77",
    "guild_id": Int64(GUILD),
    "code": "Frost77",
    "redemptions": [
        {"fid": PLAYER, "redeemed_at": "2025-12-25T10:31:02", "status": "success"},
        {"fid": SECOND, "redeemed_at": "2025-12-25T10:31:03", "status": "failed"},
        {"fid": THIRD, "redeemed_at": "2025-12-25T10:31:04", "status": "already_redeemed"},
    ],
    "stats": {"success": 1, "already_redeemed": 1, "failed": 1, "total_attempts": 3},
    "last_redeemed_at": "2025-12-25T10:31:04",
}
"""A6."""
MEMBER_FLAT = {
    "_id": ObjectId("65a000000000000000000004"),
    "guild_id": Int64(GUILD),
    "fid": PLAYER,
    "nickname": "Ayla",
    "furnace_lv": 30,
    "avatar_image": "https://example.test/a.png",
    "added_by": Int64(ADDER),
    "added_at": "2025-12-01T00:00:00.000001",
    "created_at": "2025-12-02T00:00:00",
}
"""A7, V2."""
MEMBER_DIRTY = {
    "_id": ObjectId("65a000000000000000000005"),
    "guild_id": str(GUILD),
    "fid": SECOND,
    "nickname": {"nickname": "Bo"},
    "furnace_lv": None,
    "added_at": datetime(2025, 12, 3),  # noqa: DTZ001 - as the earlier bot put it
}
"""A7, V2: the server as text, the name in a dictionary, a date of BSON."""
MEMBERS_GROUPED = {
    "_id": ObjectId("65a000000000000000000006"),
    "guild_id": Int64(OTHER),
    "members": [
        {"fid": THIRD, "nickname": "Cy", "furnace_lv": 1, "added_by": Int64(ADDER), "added_at": "2025-12-04"},
        {"fid": "None", "nickname": "nobody"},
        {"fid": None},
        "what",
    ],
}
"""A7, V1."""
SETTINGS_ON = {"_id": str(GUILD), "guild_id": Int64(GUILD), "enabled": True, "updated_by": 5, "priority": 999}
SETTINGS_OFF = {"_id": str(OTHER), "enabled": False}
REDEEM_CHANNEL = {"_id": str(GUILD), "guild_id": Int64(GUILD), "channel_id": Int64(CHANNEL), "added_by": 5}
"""A8."""

COLLECTIONS: Mapping[str, list[dict[str, object]]] = {
    "giftcode_state": [STATE_DOCUMENT],
    "sent_giftcodes": [SENT_ONE, SENT_LIST],
    "gift_codes": CODES,  # type: ignore[dict-item]
    "auto_redeemed_codes": [REDEEMED_NAMED, REDEEMED_RAW],
    "giftcode_redemptions": [ATTEMPTS],
    "auto_redeem_members": [MEMBER_FLAT, MEMBER_DIRTY, MEMBERS_GROUPED],
    "auto_redeem_settings": [SETTINGS_ON, SETTINGS_OFF],
    "auto_redeem_channels": [REDEEM_CHANNEL],
}
"""A2 to A8, by collection."""

GIFTCODE_TABLES = f"""
CREATE TABLE gift_codes (giftcode TEXT PRIMARY KEY, date TEXT, validation_status TEXT DEFAULT 'pending',
    added_by INTEGER, added_at TIMESTAMP, auto_redeem_processed INTEGER DEFAULT 0);
INSERT INTO gift_codes VALUES ('Frost77', '2025-12-25', 'validated', 5, '2025-12-25 10:00:00.000001', 1);
CREATE TABLE giftcode_channels (guild_id INTEGER PRIMARY KEY, channel_id INTEGER NOT NULL,
    auto_post INTEGER DEFAULT 1, updated_at TIMESTAMP);
INSERT INTO giftcode_channels VALUES ({GUILD}, {CHANNEL}, 1, NULL), ({OTHER}, {OTHER_CHANNEL}, 0, NULL);
CREATE TABLE giftcode_autouse (guild_id INTEGER, alliance_id INTEGER, enabled INTEGER DEFAULT 1);
CREATE TABLE auto_redeem_members (guild_id INTEGER, fid TEXT, nickname TEXT, furnace_lv INTEGER DEFAULT 0,
    avatar_image TEXT, added_by INTEGER, added_at TIMESTAMP, PRIMARY KEY (guild_id, fid));
INSERT INTO auto_redeem_members VALUES ({GUILD}, '{PLAYER}', 'Ayla', 30, NULL, {ADDER}, '2025-12-01 00:00:00.5');
CREATE TABLE auto_redeem_channels (guild_id INTEGER PRIMARY KEY, channel_id INTEGER NOT NULL,
    added_by INTEGER NOT NULL, added_at TIMESTAMP);
INSERT INTO auto_redeem_channels VALUES ({GUILD}, {CHANNEL}, 5, NULL);
CREATE TABLE auto_redeem_settings (guild_id INTEGER PRIMARY KEY, enabled INTEGER DEFAULT 0, updated_by INTEGER,
    updated_at TIMESTAMP);
INSERT INTO auto_redeem_settings VALUES ({GUILD}, 1, 5, NULL), ({OTHER}, 0, 5, NULL);
CREATE TABLE auto_redeem_completed_guilds (guild_id INTEGER, giftcode TEXT, completed_at TIMESTAMP);
INSERT INTO auto_redeem_completed_guilds VALUES ({GUILD}, 'FROST77', NULL);
"""
"""A9: `giftcode.sqlite`."""
OLD_GIFTCODE_TABLES = f"""
CREATE TABLE gift_codes (giftcode TEXT PRIMARY KEY, date TEXT);
INSERT INTO gift_codes VALUES ('SNOW2025', NULL);
CREATE TABLE auto_redeem_members (guild_id INTEGER, fid TEXT, nickname TEXT, PRIMARY KEY (guild_id, fid));
INSERT INTO auto_redeem_members VALUES ({GUILD}, '{SECOND}', 'Bo');
CREATE TABLE user_giftcodes (fid TEXT, giftcode TEXT, status TEXT);
INSERT INTO user_giftcodes VALUES ('{SECOND}', 'SNOW2025', 'SUCCESS');
"""
"""A9, of an old bot: columns and tables are missing, and there is one that this bot has no use for."""

CACHED = {"uses": 11, "inviter_id": STAFF, "inviter_name": "staff_one", "code": INVITE}
INVITES = {
    "timestamp": "2025-10-31T09:00:00.000001",
    "cache": {str(OTHER): {INVITE: CACHED, "sys1": {"uses": "3", "inviter_id": 0, "inviter_name": "System"}}},
}
"""A10, gen-1."""
INVITES_NEWER = {"last_updated": "2025-10-31T09:00:00Z", "cache": {str(OTHER): {INVITE: CACHED}}}
"""A10, gen-2."""
INVITES_BARE = {str(OTHER): {INVITE: {"uses": "11", "inviter_id": str(STAFF)}}}
"""A10 without a wrapper, numbers as text, no code."""
INVITES_OF_TESTS = {
    "timestamp": "2025-10-31T09:00:00",
    "cache": {"123456789": {"abc123": {"uses": 5, "inviter_id": 987654321, "inviter_name": "x", "code": "abc123"}}},
}
"""A10 as it was shipped by mistake."""

JOIN = {
    "timestamp": "2025-10-19T19:18:32.949607",
    "user_id": str(MEMBER),
    "username": "new_member",
    "display_name": "New, Member",
    "discriminator": "0",
    "invite_code": INVITE,
    "staff_id": str(STAFF),
    "staff_username": "staff_one",
    "uses_before": 5,
    "uses_after": 6,
    "guild_id": str(OTHER),
    "guild_name": "Club",
}
"""A11, an entry of the log."""
JOIN_TABLE = (
    "Timestamp,User ID,Username,Display Name,Invite Code,Staff ID,Staff Username,Uses Before,Uses After,"
    "Guild ID,Guild Name\n"
    f'2025-10-19T19:18:32.949607,{MEMBER},new_member,"New, Member",{INVITE},{STAFF},staff_one,5,6,{OTHER},Club\n'
)
"""A11, the table."""

SERVER_TABLES = f"""
CREATE TABLE invite_tracking (user_id INTEGER PRIMARY KEY, username TEXT, invite_code TEXT, inviter_id INTEGER,
    inviter_username TEXT, joined_at TIMESTAMP, invite_uses_before INTEGER, invite_uses_after INTEGER);
INSERT INTO invite_tracking VALUES
    ({MEMBER}, 'new_member#0', '{INVITE}', {STAFF}, 'staff_one#0', '2025-10-19 19:18:32.949607', 5, 6),
    ({MEMBER + 1}, 'by_hand#0', '{INVITE}', {STAFF}, 'staff_one#0', '2025-10-20 10:00:00.5+00:00', 0, 1),
    ({MEMBER + 2}, 'who#0', 'unknown', 0, 'Unknown', '2025-10-21 10:00:00.5', 0, 0);
CREATE TABLE staff_invites (staff_id INTEGER PRIMARY KEY, staff_username TEXT, invite_code TEXT,
    vantage_referral_link TEXT, vantage_ib_code TEXT, email_template TEXT, created_at TIMESTAMP,
    updated_at TIMESTAMP);
INSERT INTO staff_invites VALUES
    ({STAFF}, 'None', '{INVITE}', NULL, NULL, 'Hi', '2025-10-01 10:00:00', '2025-10-31 10:30:59.000001'),
    ({STAFF + 1}, NULL, NULL, NULL, NULL, NULL, '2025-10-01 10:00:00', NULL);
CREATE TABLE vip_requests (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER, username TEXT, request_type TEXT,
    staff_id INTEGER, status TEXT DEFAULT 'pending', vantage_email TEXT, request_data TEXT, created_at TIMESTAMP,
    updated_at TIMESTAMP);
INSERT INTO vip_requests VALUES
    (1, {MEMBER}, 'new_member#0', 'new_account', {STAFF}, 'completed', 'a@example.test',
     '{{"invite_code": "{INVITE}", "inviter": "staff_one", "request_type": "new_account"}}', '2025-10-22 10:00:00',
     NULL),
    (2, {MEMBER + 1}, 'by_hand#0', 'role_promotion', {STAFF}, 'pending', NULL,
     'Promoted by role, invited with {INVITE}', '2025-10-23 10:00:00', NULL);
CREATE TABLE onboarding_progress (user_id TEXT PRIMARY KEY, username TEXT, step INTEGER DEFAULT 1);
INSERT INTO onboarding_progress VALUES ('{MEMBER}', 'new_member', 2);
CREATE TABLE onboarding_analytics (id INTEGER PRIMARY KEY, user_id TEXT, event_type TEXT);
"""
"""A12: `server_management.db`."""
OTHER_SERVER_TABLES = f"""
CREATE TABLE migrations (migration_id INTEGER PRIMARY KEY, migration_name TEXT UNIQUE, applied_at TIMESTAMP);
INSERT INTO migrations VALUES (1, 'first', NULL);
CREATE TABLE vip_requests (request_id INTEGER PRIMARY KEY, user_id INTEGER, username TEXT, request_type TEXT,
    status TEXT, requested_at TIMESTAMP, updated_at TIMESTAMP, notes TEXT);
INSERT INTO vip_requests VALUES (1, {MEMBER}, 'new_member', 'upgrade', 'denied', '2025-10-22 10:00:00', NULL, 'x');
CREATE TABLE onboarding_progress (user_id TEXT PRIMARY KEY, steps_completed TEXT, is_completed INTEGER);
"""
"""A12, the other generation."""

DISCORD_DATA = {
    "staff_invites": [
        {
            "staff_id": STAFF,
            "staff_username": None,
            "invite_code": INVITE,
            "email_template": None,
            "created_at": "2025-10-01 10:00:00",
        }
    ],
    "invite_tracking": [
        {
            "user_id": str(MEMBER),
            "username": "new_member#0",
            "invite_code": INVITE,
            "inviter_id": STAFF,
            "inviter_username": "staff_one#0",
            "joined_at": "2025-10-19 19:18:32.949607",
            "invite_uses_before": 5,
            "invite_uses_after": 6,
        }
    ],
    "vip_requests": [
        {
            "id": 1,
            "user_id": MEMBER,
            "username": "new_member#0",
            "request_type": "new_account",
            "staff_id": STAFF,
            "status": "pending",
            "request_data": json.dumps({"invite_code": INVITE}),
            "created_at": "2025-10-22 10:00:00",
        }
    ],
    "invite_cache": INVITES,
}
CLOUD = {"discord_data": DISCORD_DATA, "backup_timestamp": "2025-11-01T00:00:00"}
"""A13, what the service gives."""
CLOUD_DUMP = {"backup_info": {"created_at": "2025-11-01T00:00:00"}, **DISCORD_DATA}
"""A13, what was made of it offline."""

STAFF_CONFIG = {
    "staff_members": {
        "Display Key": {
            "discord_id": STAFF,
            "username": "staff_one",
            "vantage_referral_link": "https://example.test/r/1",
            "vantage_ib_code": "1234567",
        }
    },
    "roles": {"vip_role": "888888888888888888"},
}
"""A14."""


def write_json(path: Path, document: object) -> Path:
    """A file as earlier bots wrote them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")
    return path


def write_tables(path: Path, script: str, rows: Iterable[tuple[str, tuple[object, ...]]] = ()) -> Path:
    """A SQLite file, and further rows by statements of their own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
        for statement, values in rows:
            connection.execute(statement, values)
        connection.commit()
    return path
