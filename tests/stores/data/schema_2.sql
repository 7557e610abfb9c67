BEGIN TRANSACTION;
CREATE TABLE auto_redeemed_codes (
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
    );
INSERT INTO "auto_redeemed_codes" VALUES('111111111111111111:FROST77:1',111111111111111111,'FROST77','1','redeemed','',0,1777636800123,1777636800123,1777636800123,NULL);
INSERT INTO "auto_redeemed_codes" VALUES('111111111111111111:FROST77:2',111111111111111111,'FROST77','2','waiting','',0,1777636800123,1777636800123,NULL,1777636800123);
CREATE TABLE gift_codes (
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
    , redeem INTEGER NOT NULL DEFAULT 0);
CREATE TABLE guilds (
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
    , auto_redeem INTEGER NOT NULL DEFAULT 0, default_kingdom INTEGER, redeem_channel_id INTEGER, register_channel_id INTEGER);
INSERT INTO "guilds" VALUES(111111111111111111,333333333333333333,NULL,1,'en',0,NULL,NULL,NULL,NULL,'[]',NULL,NULL,1777636800123,1,1,5,NULL,NULL);
CREATE TABLE leases (
        _id TEXT PRIMARY KEY NOT NULL,
        owner TEXT,
        until INTEGER,
        slot INTEGER,
        rate REAL,
        paused_until INTEGER
    );
CREATE TABLE notices (
        _id TEXT PRIMARY KEY NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        codes TEXT NOT NULL,
        told_at INTEGER
    );
CREATE TABLE players (
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
    );
INSERT INTO "players" VALUES('111111111111111111:2',111111111111111111,'2','active',1777636800123,1777636800123,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "players" VALUES('111111111111111111:1',111111111111111111,'1','active',1777636800123,1777636800123,NULL,NULL,7,NULL,NULL,0);
CREATE TABLE redemption_jobs (
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
    );
INSERT INTO "redemption_jobs" VALUES('111111111111111111:FROST77',111111111111111111,'FROST77','open','auto',1777636800123,1777636800123,NULL,1777636800123,NULL,0,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE sent_giftcodes (
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
    );
INSERT INTO "sent_giftcodes" VALUES('111111111111111111:FROST77',111111111111111111,'FROST77','auto','sent',1777636800123,1777636800123,0,0,NULL,'a',1,NULL,NULL,'["FROST77@0"]',333333333333333333,'TRE5vRvNgL6FLj3rdAlq-g-e','1530-3AA6',1777636800123,1777636800123,1777636800123,1,444444444444444444,1777636800123,NULL);
CREATE INDEX sent_giftcodes_due ON sent_giftcodes (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX sent_giftcodes_guild_due ON sent_giftcodes (guild_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX sent_giftcodes_joined ON sent_giftcodes (batch) WHERE state = 'claimed' AND due_at IS NULL;
CREATE INDEX sent_giftcodes_code ON sent_giftcodes (code, guild_id);
CREATE INDEX sent_giftcodes_state ON sent_giftcodes (state, updated_at);
CREATE INDEX sent_giftcodes_sent ON sent_giftcodes (source, sent_at) WHERE state = 'sent';
CREATE INDEX gift_codes_status ON gift_codes (status, created_at);
CREATE INDEX gift_codes_fan_out ON gift_codes (created_at) WHERE fan_out = 1;
CREATE INDEX guilds_backfill ON guilds (backfill_at) WHERE backfill IS NOT NULL;
CREATE INDEX notices_untold ON notices (created_at) WHERE told_at IS NULL;
CREATE INDEX gift_codes_redeem ON gift_codes (created_at) WHERE redeem = 1;
CREATE INDEX players_owner ON players (guild_id, owner_id, created_at) WHERE owner_id IS NOT NULL;
CREATE INDEX players_state ON players (state, guild_id);
CREATE INDEX auto_redeemed_codes_granted ON auto_redeemed_codes (code, fid, outcome)
       WHERE outcome IN ('redeemed', 'already');
CREATE INDEX auto_redeemed_codes_due ON auto_redeemed_codes (guild_id, code, next_attempt_at)
       WHERE next_attempt_at IS NOT NULL;
CREATE INDEX auto_redeemed_codes_outcome ON auto_redeemed_codes (guild_id, code, outcome);
CREATE INDEX auto_redeemed_codes_player ON auto_redeemed_codes (fid, guild_id);
CREATE INDEX auto_redeemed_codes_guild_updated ON auto_redeemed_codes (guild_id, updated_at DESC, _id);
CREATE INDEX auto_redeemed_codes_updated ON auto_redeemed_codes (updated_at DESC, _id);
CREATE INDEX redemption_jobs_due ON redemption_jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX redemption_jobs_updated ON redemption_jobs (updated_at DESC, _id);
COMMIT;
PRAGMA user_version = 2;
