"""Discord's member search; implements the `MemberSearch` port.

It is not documented. Source of its shape: https://github.com/discord/discord-api-docs/pull/7068
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import hikari
import structlog

from giftbot.discord import raw
from giftbot.discord.invite_entries import Entry, entry_of, member_of, number_of
from giftbot.discord.invite_rights import MANAGE_SERVER, InviteRights
from giftbot.errors import InviteLookError, SearchNotReadyError, SearchRefusedError
from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.services.invites.ports import MemberOrigin, Way

_log = structlog.get_logger(__name__)

_NOT_INDEXED = 110_000
_UNKNOWN_GUILD = 10_004
_OLDEST_FIRST = 2
_PAGES = 10
"""Answers that are read at most for one question."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WAYS = {int(way): way for way in Way}


class DiscordMemberSearch:
    """Asks through hikari, within its rate limits, and only where the bot has Manage Server."""

    def __init__(self, rest: hikari.api.RESTClient, rights: InviteRights) -> None:
        self._rest = rest
        self._rights = rights

    async def joined(self, guild_id: GuildId, first: datetime, last: datetime) -> Sequence[MemberOrigin]:
        """Members who joined between these moments and are there now, oldest first; of very many the oldest."""
        if not self._rights.may(guild_id, hikari.Permissions.MANAGE_GUILD):
            raise InviteLookError(f"The bot lacks the permission “{MANAGE_SERVER}”.", permitted=False)
        form: dict[str, object] = {
            "and_query": {"guild_joined_at": {"range": {"gte": _number(first), "lte": _number(last)}}},
            "sort": _OLDEST_FIRST,
            "limit": raw.PAGE,
        }
        found: list[MemberOrigin] = []
        for _ in range(_PAGES):
            rows = _rows(await self._ask(guild_id, form))
            page = [origin for row in rows if (origin := _origin_of(row)) is not None]
            if rows and not page:
                raise SearchRefusedError("The entries of the answer have another shape.", is_everywhere=True)
            if len(page) < len(rows):
                _log.warning("members of a search not read", guild=guild_id, count=len(rows) - len(page))
            found += page
            if len(rows) < raw.PAGE:
                break
            form["after"] = {"guild_joined_at": _number(page[-1].joined_at), "user_id": str(page[-1].user_id)}
        return found

    async def _ask(self, guild_id: GuildId, form: Mapping[str, object]) -> object:
        try:
            return await raw.member_search(self._rest, guild_id, form)
        except hikari.NotFoundError as error:
            raise SearchRefusedError(_words(error), is_everywhere=error.code != _UNKNOWN_GUILD) from error
        except hikari.ForbiddenError as error:
            raise SearchRefusedError(_words(error), is_everywhere=False) from error
        except hikari.BadRequestError as error:
            raise SearchRefusedError(_words(error), is_everywhere=True) from error
        except Exception as error:  # whatever hikari lets through of a broken answer
            raise InviteLookError(f"Discord did not answer: {_words(error)}") from error


def _rows(answer: object) -> list[object]:
    """The entries of an answer."""
    entry = entry_of(answer) or {}
    if number_of(entry.get("code")) == _NOT_INDEXED:
        raise SearchNotReadyError("The index is not ready.", retry_after=_seconds(entry))
    rows = entry.get("members")
    if not isinstance(rows, list):
        raise SearchRefusedError("The answer has another shape.", is_everywhere=True)
    return rows


def _origin_of(row: object) -> MemberOrigin | None:
    """How one member came; None for an entry that does not say it as it is known."""
    entry = entry_of(row) or {}
    member, way = member_of(entry.get("member")), number_of(entry.get("join_source_type"))
    if member is None or way is None:
        return None
    code, inviter = entry.get("source_invite_code"), number_of(entry.get("inviter_id"))
    return MemberOrigin(
        user_id=member.user_id,
        joined_at=member.joined_at,
        way=_WAYS.get(way, Way.UNSPECIFIED),
        code=InviteCode(code) if isinstance(code, str) and code else None,
        inviter_id=None if inviter is None else UserId(inviter),
    )


def _seconds(entry: Entry) -> float:
    wait = entry.get("retry_after")
    return float(wait) if isinstance(wait, int | float) and not isinstance(wait, bool) and wait > 0 else 0.0


def _number(moment: datetime) -> int:
    """Milliseconds, as the search counts them."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
