"""Tables and indexes: every one by name, in one place, as ordered migrations."""

from __future__ import annotations

_TABLES = (
    """CREATE TABLE sent_giftcodes (
        _id TEXT PRIMARY KEY NOT NULL,
        guild_id INTEGER NOT NULL,
        code TEXT NOT NULL,
        source TEXT NOT NULL,
        state TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        guild_epoch INTEGER NOT NULL,
        code_epoch INTEGER NOT NULL,
        due_at INTEGER,
        owner TEXT,
        fence INTEGER NOT NULL,
        lease_until INTEGER,
        batch TEXT,
        codes TEXT,
        channel_id INTEGER,
        nonce TEXT,
        reference TEXT,
        first_attempt_at INTEGER,
        last_attempt_at INTEGER,
        window_at INTEGER,
        attempts INTEGER NOT NULL,
        message_id INTEGER,
        sent_at INTEGER,
        reason TEXT
    )""",
    """CREATE TABLE gift_codes (
        _id TEXT PRIMARY KEY NOT NULL,
        display TEXT NOT NULL,
        status TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        rewards TEXT,
        expires_at INTEGER,
        expired_at INTEGER,
        verified_at INTEGER,
        sources TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        fan_out INTEGER NOT NULL,
        revision INTEGER NOT NULL
    )""",
    """CREATE TABLE guilds (
        _id INTEGER PRIMARY KEY NOT NULL,
        channel_id INTEGER,
        ping_role_id INTEGER,
        auto_post INTEGER NOT NULL,
        language TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        backfill TEXT,
        backfill_at INTEGER,
        disabled_reason TEXT,
        disabled_at INTEGER,
        missing_permissions TEXT NOT NULL,
        checked_at INTEGER,
        left_at INTEGER,
        updated_at INTEGER,
        revision INTEGER NOT NULL
    )""",
    """CREATE TABLE notices (
        _id TEXT PRIMARY KEY NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        codes TEXT NOT NULL,
        told_at INTEGER
    )""",
)

_INDEXES = (
    # What is due, longest due first; rows that need no work are not in it.
    "CREATE INDEX sent_giftcodes_due ON sent_giftcodes (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX sent_giftcodes_guild_due ON sent_giftcodes (guild_id, due_at) WHERE due_at IS NOT NULL",
    # Joined rows by their anchor; the orphans are among them.
    "CREATE INDEX sent_giftcodes_joined ON sent_giftcodes (batch) WHERE state = 'claimed' AND due_at IS NULL",
    "CREATE INDEX sent_giftcodes_code ON sent_giftcodes (code, guild_id)",
    # Lists by state, newest first, and the counts of the outbox.
    "CREATE INDEX sent_giftcodes_state ON sent_giftcodes (state, updated_at)",
    # Figures over all servers.
    "CREATE INDEX sent_giftcodes_sent ON sent_giftcodes (source, sent_at) WHERE state = 'sent'",
    "CREATE INDEX gift_codes_status ON gift_codes (status, created_at)",
    "CREATE INDEX gift_codes_fan_out ON gift_codes (created_at) WHERE fan_out = 1",
    "CREATE INDEX guilds_backfill ON guilds (backfill_at) WHERE backfill IS NOT NULL",
    "CREATE INDEX notices_untold ON notices (created_at) WHERE told_at IS NULL",
)

_REDEMPTION = (
    """CREATE TABLE players (
        _id TEXT PRIMARY KEY NOT NULL,
        guild_id INTEGER NOT NULL,
        player_id TEXT NOT NULL,
        state TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        kingdom INTEGER,
        nickname TEXT,
        owner_id INTEGER,
        added_by INTEGER,
        proved_at INTEGER,
        revision INTEGER NOT NULL
    )""",
    """CREATE TABLE auto_redeemed_codes (
        _id TEXT PRIMARY KEY NOT NULL,
        guild_id INTEGER NOT NULL,
        code TEXT NOT NULL,
        fid TEXT NOT NULL,
        outcome TEXT NOT NULL,
        raw TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        redeemed_at INTEGER,
        next_attempt_at INTEGER
    )""",
    """CREATE TABLE redemption_jobs (
        _id TEXT PRIMARY KEY NOT NULL,
        guild_id INTEGER NOT NULL,
        code TEXT NOT NULL,
        state TEXT NOT NULL,
        trigger TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        requested_by INTEGER,
        due_at INTEGER,
        owner TEXT,
        fence INTEGER NOT NULL,
        lease_until INTEGER,
        enrolling INTEGER NOT NULL,
        cursor TEXT,
        channel_id INTEGER,
        message_id INTEGER,
        finished_at INTEGER,
        reason TEXT,
        woken_at INTEGER
    )""",
    # A budget has slot, rate and paused_until; a lease has owner and until.
    """CREATE TABLE leases (
        _id TEXT PRIMARY KEY NOT NULL,
        owner TEXT,
        until INTEGER,
        slot INTEGER,
        rate REAL,
        paused_until INTEGER
    )""",
    "ALTER TABLE guilds ADD COLUMN auto_redeem INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE guilds ADD COLUMN default_kingdom INTEGER",
    "ALTER TABLE guilds ADD COLUMN redeem_channel_id INTEGER",
    "ALTER TABLE guilds ADD COLUMN register_channel_id INTEGER",
    "ALTER TABLE gift_codes ADD COLUMN redeem INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX gift_codes_redeem ON gift_codes (created_at) WHERE redeem = 1",
    "CREATE INDEX players_owner ON players (guild_id, owner_id, created_at) WHERE owner_id IS NOT NULL",
    "CREATE INDEX players_state ON players (state, guild_id)",
    # Who has a code, through whichever server.
    """CREATE INDEX auto_redeemed_codes_granted ON auto_redeemed_codes (code, fid, outcome)
       WHERE outcome IN ('redeemed', 'already')""",
    # What is to be asked, longest due first; rows that rest are not in it.
    """CREATE INDEX auto_redeemed_codes_due ON auto_redeemed_codes (guild_id, code, next_attempt_at)
       WHERE next_attempt_at IS NOT NULL""",
    "CREATE INDEX auto_redeemed_codes_outcome ON auto_redeemed_codes (guild_id, code, outcome)",
    "CREATE INDEX auto_redeemed_codes_player ON auto_redeemed_codes (fid, guild_id)",
    # Lists, newest first, of one server and of all.
    "CREATE INDEX auto_redeemed_codes_guild_updated ON auto_redeemed_codes (guild_id, updated_at DESC, _id)",
    "CREATE INDEX auto_redeemed_codes_updated ON auto_redeemed_codes (updated_at DESC, _id)",
    "CREATE INDEX redemption_jobs_due ON redemption_jobs (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX redemption_jobs_updated ON redemption_jobs (updated_at DESC, _id)",
)

# Each row's `document` holds all of it, as JSON; the other columns are what rows are looked for by.
_INVITES = (
    "CREATE TABLE invite_events (_id TEXT PRIMARY KEY NOT NULL, document TEXT NOT NULL)",
    "CREATE TABLE invite_batches (_id TEXT PRIMARY KEY NOT NULL, document TEXT NOT NULL, joins TEXT NOT NULL)",
    """CREATE TABLE invite_ledgers (
        _id INTEGER PRIMARY KEY NOT NULL,
        number INTEGER NOT NULL,
        taken_at INTEGER,
        document TEXT NOT NULL
    )""",
    """CREATE TABLE invite_joins (
        _id TEXT PRIMARY KEY NOT NULL,
        guild_id INTEGER NOT NULL,
        user_id INTEGER NOT NULL,
        joined_at INTEGER NOT NULL,
        left_at INTEGER,
        owner_id INTEGER,
        code TEXT,
        level INTEGER NOT NULL,
        document TEXT NOT NULL
    )""",
    """CREATE TABLE staff_links (
        _id TEXT PRIMARY KEY NOT NULL,
        guild_id INTEGER NOT NULL,
        staff_id INTEGER NOT NULL,
        valid_from INTEGER NOT NULL,
        valid_to INTEGER,
        revision INTEGER NOT NULL,
        document TEXT NOT NULL
    )""",
    """CREATE TABLE credits (
        _id TEXT PRIMARY KEY NOT NULL,
        guild_id INTEGER NOT NULL,
        staff_id INTEGER,
        user_id INTEGER NOT NULL,
        state TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        document TEXT NOT NULL
    )""",
    """CREATE TABLE invite_settings (
        _id INTEGER PRIMARY KEY NOT NULL,
        revision INTEGER NOT NULL,
        document TEXT NOT NULL
    )""",
    "CREATE TABLE carried_tables (_id TEXT PRIMARY KEY NOT NULL, document TEXT NOT NULL)",
    "CREATE INDEX invite_ledgers_taken ON invite_ledgers (taken_at) WHERE taken_at IS NOT NULL",
    # Who is there, and each person's newest membership.
    "CREATE INDEX invite_joins_open ON invite_joins (guild_id, user_id) WHERE left_at IS NULL",
    "CREATE INDEX invite_joins_user ON invite_joins (user_id, guild_id, joined_at DESC, _id)",
    # Lists, newest first.
    "CREATE INDEX invite_joins_owner ON invite_joins (owner_id, joined_at DESC, _id) WHERE owner_id IS NOT NULL",
    "CREATE INDEX invite_joins_code ON invite_joins (code, joined_at DESC, _id) WHERE code IS NOT NULL",
    "CREATE INDEX invite_joins_guild ON invite_joins (guild_id, joined_at DESC, _id)",
    "CREATE INDEX invite_joins_joined ON invite_joins (joined_at DESC, _id)",
    "CREATE INDEX staff_links_guild ON staff_links (guild_id, valid_from, _id)",
    "CREATE INDEX staff_links_staff ON staff_links (staff_id, valid_from, _id)",
    "CREATE INDEX staff_links_from ON staff_links (valid_from, _id)",
    "CREATE INDEX credits_guild ON credits (guild_id, created_at DESC, _id)",
    "CREATE INDEX credits_guild_state ON credits (guild_id, state, created_at DESC, _id)",
    "CREATE INDEX credits_state ON credits (state, created_at DESC, _id)",
    "CREATE INDEX credits_staff ON credits (staff_id, created_at DESC, _id) WHERE staff_id IS NOT NULL",
    "CREATE INDEX credits_user ON credits (user_id, created_at DESC, _id)",
    "CREATE INDEX credits_created ON credits (created_at DESC, _id)",
)

_TAKEN_OVER = ("CREATE TABLE migrations (_id TEXT PRIMARY KEY NOT NULL, document TEXT NOT NULL)",)

# How many there were of each kind and name, per day (since 1970); the row `refreshed` says when they were counted.
_FIGURES = (
    """CREATE TABLE daily_figures (
        _id TEXT PRIMARY KEY NOT NULL,
        kind TEXT NOT NULL,
        day INTEGER,
        name TEXT NOT NULL,
        count INTEGER NOT NULL
    )""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_TABLES + _INDEXES, _REDEMPTION, _INVITES, _TAKEN_OVER, _FIGURES)
"""Statements that lead from each schema version to the next; the version is how many of these were applied."""
