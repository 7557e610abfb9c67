BEGIN TRANSACTION;
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
    );
INSERT INTO "gift_codes" VALUES('FROST77','Frost77','active',1777636800123,1777636800123,'Gems',NULL,NULL,NULL,'{"json": {"first_seen": 1777636800123, "last_seen": 1777636800123}}',0,0,0);
INSERT INTO "gift_codes" VALUES('HELD1','held1','held',1777636800123,1777636800123,NULL,NULL,NULL,NULL,'{"manual": {"first_seen": 1777636800123, "last_seen": 1777636800123}}',0,0,0);
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
    );
INSERT INTO "guilds" VALUES(111111111111111111,333333333333333333,NULL,1,'de',0,NULL,NULL,NULL,NULL,'["Embed Links"]',NULL,NULL,1777636800123,1);
INSERT INTO "guilds" VALUES(222222222222222222,NULL,NULL,0,'en',0,NULL,NULL,NULL,NULL,'[]',NULL,1777636800123,NULL,1);
CREATE TABLE notices (
        _id TEXT PRIMARY KEY NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        codes TEXT NOT NULL,
        told_at INTEGER
    );
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
INSERT INTO "sent_giftcodes" VALUES('111111111111111111:FROST77',111111111111111111,'FROST77','auto','sent',1777636800123,1777636800123,0,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,1777636800123,NULL);
INSERT INTO "sent_giftcodes" VALUES('111111111111111111:HELD1',111111111111111111,'HELD1','manual','pending',1777636800123,1777636800123,0,0,1777636800123,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
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
COMMIT;
PRAGMA user_version = 1;
