"""Who owns the bot, and writing to people; implements the `OwnerDirectory` and `Notifier` ports."""

from __future__ import annotations

import base64
import enum
import hashlib
from collections.abc import Sequence

import hikari
import structlog
from hikari.impl import MessageActionRowBuilder

from giftbot.models.ids import GuildId, UserId
from giftbot.models.notice import Notice, NoticeKind
from giftbot.text import notices as texts

_log = structlog.get_logger(__name__)

ROUTE_RELEASE = "release"
ROUTE_DISCARD = "discard"


class DiscordOwners:
    """The configured owners, else the application's owner or team."""

    def __init__(self, rest: hikari.api.RESTClient, configured: Sequence[int]) -> None:
        self._rest = rest
        self._known: frozenset[UserId] = frozenset(map(UserId, configured))

    async def owner_ids(self) -> frozenset[UserId]:
        """Users who may run the owner's commands; asked of Discord once, where none are configured."""
        if not self._known:
            application = await self._rest.fetch_application()
            members = application.team.members.keys() if application.team else [application.owner.id]
            self._known = frozenset(UserId(int(user_id)) for user_id in members)
        return self._known


class _Written(enum.Enum):
    """What became of a direct message."""

    DELIVERED = enum.auto()
    REFUSED = enum.auto()
    LATER = enum.auto()


class DiscordNotifier:
    """Direct messages, with a nonce each, so that telling the same thing again soon makes no second message."""

    def __init__(self, rest: hikari.api.RESTClient, owners: DiscordOwners) -> None:
        self._rest = rest
        self._owners = owners

    async def tell_owner(self, notice: Notice) -> bool:
        """Write to every owner; False when Discord is away, so that it is to be tried again.

        An owner who takes no direct messages is not waited for: the log has the notice, too.
        """
        try:
            owners = await self._owners.owner_ids()
        except Exception as error:
            _log.warning("owners not known", why=_brief(error))
            return False
        buttons = decision_buttons(notice) if notice.kind is NoticeKind.HELD_CODES else []
        told = [await self._write(owner, notice.text, notice.notice_id, buttons) for owner in sorted(owners)]
        return any(result is not _Written.LATER for result in told) or not told

    async def tell_admin(self, guild_id: GuildId, text: str) -> bool:
        """Write to the person who owns a server; False when Discord is away, so that it is to be tried again."""
        try:
            guild = await self._rest.fetch_guild(guild_id)
        except hikari.ClientHTTPResponseError as error:
            _log.warning("server not known", guild=guild_id, why=_brief(error))
            return True
        except Exception as error:
            _log.warning("server not known", guild=guild_id, why=_brief(error))
            return False
        return await self._write(UserId(guild.owner_id), text, f"{guild_id}:{text}", []) is not _Written.LATER

    async def _write(
        self, user_id: UserId, words: str, subject: str, buttons: Sequence[MessageActionRowBuilder]
    ) -> _Written:
        nonce = base64.urlsafe_b64encode(hashlib.sha256(f"{user_id}|{subject}".encode()).digest())[:24].decode()
        try:
            channel = await self._rest.create_dm_channel(user_id)
            await self._rest.create_message(
                channel,
                words,
                components=buttons,
                nonce=nonce,
                mentions_everyone=False,
                user_mentions=False,
                role_mentions=False,
            )
        except hikari.ClientHTTPResponseError as error:
            _log.warning("direct message refused", user=user_id, why=_brief(error))
            return _Written.REFUSED
        except Exception as error:
            _log.warning("direct message not sent", user=user_id, why=_brief(error))
            return _Written.LATER
        return _Written.DELIVERED


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def decision_buttons(notice: Notice) -> list[MessageActionRowBuilder]:
    """Announce or discard what a notice is about; the codes are looked up by the notice's id."""
    row = MessageActionRowBuilder()
    subject = notice.notice_id.partition(":")[2]
    row.add_interactive_button(hikari.ButtonStyle.SUCCESS, f"{ROUTE_RELEASE}:{subject}", label=texts.BUTTON_RELEASE)
    row.add_interactive_button(hikari.ButtonStyle.DANGER, f"{ROUTE_DISCARD}:{subject}", label=texts.BUTTON_DISCARD)
    return [row]
