"""How values read: as JSON with stable keys, and as cells of a table. Ids are text in JSON: they need 64 bits."""

from __future__ import annotations

from datetime import UTC, datetime

from giftbot.models.announcement import Announcement
from giftbot.models.budget import Budget
from giftbot.models.code import GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.models.statistics import GuildStatistics, OutboxCounts
from giftbot.services.inspection import Figures, Overview, RedeemingFigures
from giftbot.services.slots import shown_rate
from ops.listing import Form

Document = dict[str, object]
NOTHING = "-"
_JUST_NOW = 60
"""Seconds."""


def moment(value: datetime | None) -> str | None:
    """`2026-01-31T12:00:00.000Z`; None for never."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def shown(value: datetime | None) -> str:
    """`2026-01-31T12:00:00Z`, for tables."""
    return NOTHING if value is None else f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def number(value: int | None) -> str | None:
    """An id."""
    return None if value is None else str(value)


def of_code(code: GiftCode) -> Document:
    """A gift code."""
    return {
        "code": code.key,
        "display": code.display,
        "status": code.status.value,
        "rewards": code.rewards,
        "expires_at": moment(code.expires_at),
        "expired_at": moment(code.expired_at),
        "created_at": moment(code.created_at),
        "updated_at": moment(code.updated_at),
        "verified_at": moment(code.verified_at),
        "epoch": code.epoch,
        "fan_out": code.fan_out,
        "redeem": code.redeem,
        "sources": {
            name: {
                "first_seen": moment(sighting.first_seen),
                "last_seen": moment(sighting.last_seen),
                "absent_since": moment(sighting.absent_since),
            }
            for name, sighting in sorted(code.sources.items())
        },
    }


def of_post(row: Announcement) -> Document:
    """A row of the outbox."""
    return {
        "guild_id": number(row.guild_id),
        "code": row.code,
        "state": row.state.value,
        "source": row.source.value,
        "sent_at": moment(row.sent_at),
        "reason": row.reason,
        "due_at": moment(row.due_at),
        "attempts": row.attempts,
        "channel_id": number(row.channel_id),
        "message_id": number(row.message_id),
        "reference": row.reference,
        "batch": row.batch,
        "guild_epoch": row.guild_epoch,
        "code_epoch": row.code_epoch,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
    }


def of_guild(guild: GuildSettings) -> Document:
    """A server's settings."""
    return {
        "guild_id": number(guild.guild_id),
        "channel_id": number(guild.channel_id),
        "ping_role_id": number(guild.ping_role_id),
        "is_posting": guild.is_posting,
        "auto_post": guild.auto_post,
        "auto_redeem": guild.auto_redeem,
        "default_kingdom": guild.default_kingdom,
        "redeem_channel_id": number(guild.redeem_channel_id),
        "register_channel_id": number(guild.register_channel_id),
        "language": guild.language,
        "epoch": guild.epoch,
        "backfill": guild.backfill.value if guild.backfill else None,
        "backfill_at": moment(guild.backfill_at),
        "disabled_reason": guild.disabled_reason,
        "disabled_at": moment(guild.disabled_at),
        "missing_permissions": list(guild.missing_permissions),
        "checked_at": moment(guild.checked_at),
        "left_at": moment(guild.left_at),
        "updated_at": moment(guild.updated_at),
    }


def of_figures(figures: Figures) -> Document:
    """What was posted, and what is open."""
    return {
        **_of_statistics(figures.statistics),
        "outbox": _of_outbox(figures.outbox),
        "redeeming": _of_redeeming(figures.redeeming),
    }


def age_of(overview: Overview) -> int:
    """How long ago what is slow to count was counted, in seconds."""
    return max(round((datetime.now(UTC) - overview.counted_at).total_seconds()), 0)


def shown_age(overview: Overview) -> str:
    """The same for people."""
    seconds = age_of(overview)
    if seconds < _JUST_NOW:
        return "now"
    minutes, hours = seconds // 60, seconds // 3600
    ago = f"{hours} h" if hours else f"{minutes} min"
    return f"{ago} ago; what was sent since is included"


def of_overview(overview: Overview) -> Document:
    """The figures of the whole installation."""
    servers = overview.servers
    return {
        **of_figures(overview.figures),
        "counted_at": moment(overview.counted_at),
        "age_seconds": age_of(overview),
        "servers": {
            "known": servers.known,
            "configured": servers.configured,
            "posting": servers.posting,
            "disabled": servers.disabled,
        },
        "codes": {status.value: count for status, count in overview.codes.items()},
        "budget": _of_budget(overview.budget),
    }


def _of_statistics(statistics: GuildStatistics) -> Document:
    return {
        "total_codes": statistics.total_codes,
        "last_code": statistics.last_code,
        "last_sent_at": moment(statistics.last_sent_at),
        "sources": list(statistics.sources),
        "last_24_hours": statistics.day,
        "last_7_days": statistics.week,
        "last_30_days": statistics.month,
    }


def _of_outbox(counts: OutboxCounts) -> Document:
    return {
        "pending": counts.pending,
        "claimed": counts.claimed,
        "unknown": counts.unknown,
        "failed": counts.failed,
        "oldest_due_at": moment(counts.oldest_due_at),
    }


def _of_redeeming(figures: RedeemingFigures) -> Document:
    return {
        "players": {state.value: count for state, count in figures.players.items()},
        "jobs": {"open": figures.open_jobs, "stopped": figures.stopped_jobs},
        "unknown_answers": figures.unknown_answers,
    }


def _of_budget(budget: Budget | None) -> Document | None:
    if budget is None:
        return None
    return {
        "calls_per_minute": shown_rate(budget.rate),
        "last_slot_at": moment(budget.slot),
        "paused_until": moment(budget.paused_until),
    }


def posting_word(guild: GuildSettings) -> str:
    """Whether a server posts, in a word."""
    if guild.left_at is not None:
        return "left"
    if guild.disabled_reason is not None:
        return "disabled"
    if guild.channel_id is None:
        return "no channel"
    return "posting" if guild.auto_post else "off"


CODE_HEADINGS = ("CODE", "STATUS", "EXPIRES", "FOUND", "SOURCES", "REWARDS")
POST_HEADINGS = ("SERVER", "CODE", "STATE", "SOURCE", "SENT", "DUE", "TRIES", "MESSAGE", "REASON")
GUILD_HEADINGS = ("SERVER", "CHANNEL", "POSTING", "ROLE", "SEEN", "TROUBLE")


def code_row(code: GiftCode) -> tuple[str, ...]:
    """A gift code under `CODE_HEADINGS`."""
    return (
        code.display,
        code.status.value,
        shown(code.expires_at),
        shown(code.created_at),
        ", ".join(sorted(code.sources)) or NOTHING,
        code.rewards or NOTHING,
    )


def post_row(row: Announcement) -> tuple[str, ...]:
    """A row of the outbox under `POST_HEADINGS`."""
    return (
        str(row.guild_id),
        row.code,
        row.state.value,
        row.source.value,
        shown(row.sent_at),
        shown(row.due_at),
        str(row.attempts),
        number(row.message_id) or NOTHING,
        row.reason or NOTHING,
    )


def guild_row(guild: GuildSettings) -> tuple[str, ...]:
    """A server under `GUILD_HEADINGS`."""
    missing = f"missing: {', '.join(guild.missing_permissions)}" if guild.missing_permissions else None
    return (
        str(guild.guild_id),
        number(guild.channel_id) or NOTHING,
        posting_word(guild),
        number(guild.ping_role_id) or NOTHING,
        shown(guild.checked_at),
        "; ".join(filter(None, (guild.disabled_reason, missing))) or NOTHING,
    )


CODES = Form("codes", CODE_HEADINGS, of_code, code_row, "No such codes.")
POSTS = Form("posts", POST_HEADINGS, of_post, post_row, "No such posts.")
GUILDS = Form("guilds", GUILD_HEADINGS, of_guild, guild_row, "No such servers.")
