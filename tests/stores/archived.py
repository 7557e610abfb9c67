"""A store with something of everything, drawn at random but reproducibly, and what is in a store."""

from __future__ import annotations

import random
from datetime import timedelta

import attrs

from giftbot.models.announcement import AnnouncementState, Origin
from giftbot.models.archive import TABLES, Row
from giftbot.models.code import CodeStatus, Finding, discovered, fold
from giftbot.models.credit import CreditState
from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import ChannelId, CodeKey, GuildId, PlayerId, RoleId, UserId
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.job import Job, JobState, Trigger
from giftbot.models.join import Level
from giftbot.models.legacy import SentCode
from giftbot.models.migration import Counts, Migration, MigrationState
from giftbot.models.notice import Notice, NoticeKind
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.ports import Store
from tests.stores.build import NOW, claim, later, post, row
from tests.stores.build_invites import batch, credit, event, joined, link

WORDS = ("plain", "Ünal 雪", 'with "quotes" \\ and\nlines', "\u200b", "😀", "half \ud83d")
"""Texts that a careless writer breaks; the last holds half a character."""
CODES = tuple(CodeKey(f"CODE{number}") for number in range(8))


def guilds_of(draw: random.Random) -> list[GuildId]:
    """Servers, among them ids beyond 53 bits."""
    return [GuildId(draw.choice((10**17, 2**62)) + draw.randrange(10**6)) for _ in range(4)]


async def fill(store: Store, seed: int) -> None:
    """Write something into every table, through the bot's own methods."""
    draw = random.Random(seed)
    guilds = guilds_of(draw)
    await _codes(store, draw)
    for guild in guilds:
        await post(store, *CODES[:2], guild=guild, now=later(draw.randrange(100)))
    for guild in guilds:
        await store.save_guild(_guild(guild, draw))
        await _posts(store, guild, draw)
        await _players(store, guild, draw)
        await _invites(store, guild, draw)
    await store.add_notice(
        Notice("held:1", NoticeKind.HELD_CODES, draw.choice(WORDS[:5]), NOW, codes=(CODES[0], CODES[1]))
    )
    await store.note_sent(
        [SentCode(guilds[0], CodeKey("OLD1"), "Old1", NOW - timedelta(days=draw.randrange(400)))], NOW
    )
    counts = Counts(found={"sent codes": 3}, changed=1, skipped={"no code": 2})
    await store.save_migration(
        Migration("state", "a file", MigrationState.DONE, NOW, "f", "0", NOW, counts, servers=tuple(guilds))
    )
    await store.save_carried({"later": {"of a later version": [1, None, draw.choice(WORDS[:5])]}})


async def _codes(store: Store, draw: random.Random) -> None:
    for key in CODES:
        found = discovered("rss", Finding(fold(key), key.title()), draw.choice(list(CodeStatus)), NOW)
        found = attrs.evolve(
            found,
            rewards=draw.choice((None, *WORDS[:5])),
            expires_at=draw.choice((None, later(draw.randrange(10**6)))),
            fan_out=draw.random() < 0.5,
            redeem=draw.random() < 0.5,
            epoch=draw.randrange(3),
        )
        await store.insert_codes([found])


def _guild(guild: GuildId, draw: random.Random) -> GuildSettings:
    backfill = draw.choice((None, Backfill.SKIP))
    return GuildSettings(
        guild_id=guild,
        channel_id=draw.choice((None, ChannelId(guild + 1))),
        ping_role_id=draw.choice((None, RoleId(guild + 2))),
        auto_post=draw.random() < 0.5,
        epoch=draw.randrange(3),
        backfill=backfill,
        backfill_at=NOW if backfill else None,
        disabled_reason=draw.choice((None, *WORDS[:5])),
        missing_permissions=draw.choice(((), ("View Channel", "Send Messages"))),
        auto_redeem=draw.random() < 0.5,
        default_kingdom=draw.choice((None, 312)),
        updated_at=NOW,
    )


async def _posts(store: Store, guild: GuildId, draw: random.Random) -> None:
    rows = [row(code, guild=guild, guild_epoch=draw.randrange(2), code_epoch=draw.randrange(2)) for code in CODES]
    closed = draw.choice((AnnouncementState.FAILED, AnnouncementState.SKIPPED, AnnouncementState.UNKNOWN))
    rows[3] = attrs.evolve(rows[3], state=closed, due_at=None, reason=draw.choice(WORDS[:5]))
    await store.enqueue(rows[2:6])
    await store.mark_codes_sent(guild, [CODES[6]], Origin.MANUAL, later(5), guild_epoch=draw.randrange(2))
    if draw.random() < 0.5:
        await claim(store, "somebody", later(1))


async def _players(store: Store, guild: GuildId, draw: random.Random) -> None:
    players = [
        Player(
            guild,
            PlayerId(str(draw.randrange(10**9))),
            draw.choice(list(PlayerState)),
            NOW,
            later(number),
            kingdom=draw.choice((None, 7)),
            nickname=draw.choice((None, *WORDS[:5])),
            owner_id=draw.choice((None, UserId(2**62 + number))),
        )
        for number in range(5)
    ]
    await store.insert_players(players)
    await store.open_redemptions(
        [
            Redemption(
                guild,
                code,
                player.player_id,
                draw.choice(list(RedemptionOutcome)),
                NOW,
                later(draw.randrange(1000)),
                raw=draw.choice(WORDS[:5]),
                next_attempt_at=draw.choice((None, later(60))),
            )
            for player in players
            for code in CODES[:2]
        ]
    )
    await store.open_jobs(
        [
            Job(guild, code, JobState.OPEN, draw.choice(list(Trigger)), NOW, NOW, due_at=later(9))
            for code in CODES[:2]
        ]
    )


async def _invites(store: Store, guild: GuildId, draw: random.Random) -> None:
    await store.add_events([event(seq, guild=guild, user=seq) for seq in range(1, 4)])
    joins = [
        joined(
            user,
            guild=guild,
            seconds=user,
            owner=draw.choice((None, 2**62)),
            level=draw.choice(list(Level)),
            left_at=draw.choice((None, later(99))),
        )
        for user in range(5)
    ]
    await store.commit_batch(batch(draw.randrange(1, 9), joins, guild=guild, events=[1, 2]))
    await store.save_link(link(guild=guild, until=draw.choice((None, later(7)))))
    await store.open_credit(credit(guild=guild, state=draw.choice(list(CreditState))))
    await store.save_invite_settings(InviteSettings(guild))


async def everything(store: Store) -> dict[str, list[Row]]:
    """All rows of all tables; each could be read."""
    found: dict[str, list[Row]] = {}
    for table in TABLES:
        found[table.name] = []
        async for page in store.scan_rows(table):
            assert page.unreadable == ()
            found[table.name] += page.rows
    return found
