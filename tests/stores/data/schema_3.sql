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
CREATE TABLE carried_tables (_id TEXT PRIMARY KEY NOT NULL, document TEXT NOT NULL);
INSERT INTO "carried_tables" VALUES('tables','[1]');
CREATE TABLE credits (
        _id TEXT PRIMARY KEY NOT NULL,
        guild_id INTEGER NOT NULL,
        staff_id INTEGER,
        user_id INTEGER NOT NULL,
        state TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        document TEXT NOT NULL
    );
INSERT INTO "credits" VALUES('vip_conversion:111111111111111111:1:1777636800123',111111111111111111,444444444444444444,1,'pending',1777636800123,0,'{"credit_id":"vip_conversion:111111111111111111:1:1777636800123","guild_id":111111111111111111,"user_id":1,"kind":"vip_conversion","state":"pending","created_at":"2026-05-01T12:00:00.123Z","updated_at":"2026-05-01T12:00:00.123Z","level":0,"candidates":[],"history":[],"revision":0,"join_id":"111111111111111111:1:1777636800123","staff_id":444444444444444444}');
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
CREATE TABLE invite_batches (_id TEXT PRIMARY KEY NOT NULL, document TEXT NOT NULL, joins TEXT NOT NULL);
INSERT INTO "invite_batches" VALUES('111111111111111111:000000000001','{"guild_id":111111111111111111,"number":1,"decided_at":"2026-05-01T12:00:00.123Z","deltas":{"aBc-123":1},"vanity_delta":null,"ledger":{"guild_id":111111111111111111,"number":1,"invites":{"aBc-123":{"code":"aBc-123","uses":3,"max_uses":0,"is_temporary":false,"role_ids":[],"is_guest":false,"inviter_id":444444444444444444,"created_at":"2026-05-01T12:00:00.123Z"}},"coverage":"full","tombstones":[],"unclaimed":[],"owed":{},"archived":{},"claimed":{},"loose":0,"made":{},"anomalies":0,"last_seq":1,"taken_at":"2026-05-01T12:00:00.123Z"},"events":[1]}','{"guild_id":111111111111111111,"user_id":1,"joined_at":"2026-05-01T12:00:00.123Z","source":"invite","level":4,"method":"counted","candidates":[],"evidence":[],"kind":"first","is_temporary":false,"has_disagreement":false,"code":"aBc-123","owner_id":444444444444444444,"updated_at":"2026-05-01T12:00:00.123Z"}');
CREATE TABLE invite_events (_id TEXT PRIMARY KEY NOT NULL, document TEXT NOT NULL);
INSERT INTO "invite_events" VALUES('111111111111111111:00000000000000000002','{"guild_id":111111111111111111,"seq":2,"kind":"joined","received_at":"2026-05-01T12:00:00.123Z","is_bot":false,"role_ids":[],"flags":0,"user_id":1,"user_name":"Ünal 雪","joined_at":"2026-05-01T12:00:00.123Z"}');
CREATE TABLE invite_joins (
        _id TEXT PRIMARY KEY NOT NULL,
        guild_id INTEGER NOT NULL,
        user_id INTEGER NOT NULL,
        joined_at INTEGER NOT NULL,
        left_at INTEGER,
        owner_id INTEGER,
        code TEXT,
        level INTEGER NOT NULL,
        document TEXT NOT NULL
    );
INSERT INTO "invite_joins" VALUES('111111111111111111:1:1777636800123',111111111111111111,1,1777636800123,NULL,444444444444444444,'aBc-123',4,'{"guild_id":111111111111111111,"user_id":1,"joined_at":"2026-05-01T12:00:00.123Z","source":"invite","level":4,"method":"counted","candidates":[],"evidence":[],"kind":"first","is_temporary":false,"has_disagreement":false,"code":"aBc-123","owner_id":444444444444444444,"updated_at":"2026-05-01T12:00:00.123Z"}');
CREATE TABLE invite_ledgers (
        _id INTEGER PRIMARY KEY NOT NULL,
        number INTEGER NOT NULL,
        taken_at INTEGER,
        document TEXT NOT NULL
    );
INSERT INTO "invite_ledgers" VALUES(111111111111111111,1,1777636800123,'{"guild_id":111111111111111111,"number":1,"invites":{"aBc-123":{"code":"aBc-123","uses":3,"max_uses":0,"is_temporary":false,"role_ids":[],"is_guest":false,"inviter_id":444444444444444444,"created_at":"2026-05-01T12:00:00.123Z"}},"coverage":"full","tombstones":[],"unclaimed":[],"owed":{},"archived":{},"claimed":{},"loose":0,"made":{},"anomalies":0,"last_seq":1,"taken_at":"2026-05-01T12:00:00.123Z"}');
CREATE TABLE invite_settings (
        _id INTEGER PRIMARY KEY NOT NULL,
        revision INTEGER NOT NULL,
        document TEXT NOT NULL
    );
INSERT INTO "invite_settings" VALUES(5,1,'{"guild_id":5,"told_staff":[],"told_missing":[],"revision":1}');
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
CREATE TABLE staff_links (
        _id TEXT PRIMARY KEY NOT NULL,
        guild_id INTEGER NOT NULL,
        staff_id INTEGER NOT NULL,
        valid_from INTEGER NOT NULL,
        valid_to INTEGER,
        revision INTEGER NOT NULL,
        document TEXT NOT NULL
    );
INSERT INTO "staff_links" VALUES('111111111111111111:aBc-123:1777636800123',111111111111111111,444444444444444444,1777636800123,NULL,1,'{"guild_id":111111111111111111,"code":"aBc-123","staff_id":444444444444444444,"valid_from":"2026-05-01T12:00:00.123Z","is_ours":false,"state":"live","notes":{},"revision":1}');
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
CREATE INDEX invite_ledgers_taken ON invite_ledgers (taken_at) WHERE taken_at IS NOT NULL;
CREATE INDEX invite_joins_open ON invite_joins (guild_id, user_id) WHERE left_at IS NULL;
CREATE INDEX invite_joins_user ON invite_joins (user_id, guild_id, joined_at DESC, _id);
CREATE INDEX invite_joins_owner ON invite_joins (owner_id, joined_at DESC, _id) WHERE owner_id IS NOT NULL;
CREATE INDEX invite_joins_code ON invite_joins (code, joined_at DESC, _id) WHERE code IS NOT NULL;
CREATE INDEX invite_joins_guild ON invite_joins (guild_id, joined_at DESC, _id);
CREATE INDEX invite_joins_joined ON invite_joins (joined_at DESC, _id);
CREATE INDEX staff_links_guild ON staff_links (guild_id, valid_from, _id);
CREATE INDEX staff_links_staff ON staff_links (staff_id, valid_from, _id);
CREATE INDEX staff_links_from ON staff_links (valid_from, _id);
CREATE INDEX credits_guild ON credits (guild_id, created_at DESC, _id);
CREATE INDEX credits_guild_state ON credits (guild_id, state, created_at DESC, _id);
CREATE INDEX credits_state ON credits (state, created_at DESC, _id);
CREATE INDEX credits_staff ON credits (staff_id, created_at DESC, _id) WHERE staff_id IS NOT NULL;
CREATE INDEX credits_user ON credits (user_id, created_at DESC, _id);
CREATE INDEX credits_created ON credits (created_at DESC, _id);
PRAGMA user_version = 3;
COMMIT;
