"""Join and leave messages through hikari, and the panel that sets them up; implements `GreetingOutlet`."""

from __future__ import annotations

import attrs
import hikari
import structlog
from hikari.impl import MessageActionRowBuilder, ModalActionRowBuilder

from giftbot.discord.announcer import classify
from giftbot.discord.channels import POSTABLE
from giftbot.discord.messages import COLOUR
from giftbot.models.ids import ChannelId, GuildId, UserId
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.post import Outcome
from giftbot.services.invites.greetings import Said
from giftbot.services.invites.news import Occasion
from giftbot.services.invites.templates import LONGEST
from giftbot.text import greetings as texts

_log = structlog.get_logger(__name__)

ROUTE_CHANNEL = "inv-msg-channel"
ROUTE_TEXT = "inv-msg-text"
ROUTE_TYPED = "inv-msg-typed"
ROUTE_OFF = "inv-msg-off"
ROUTE_PREVIEW = "inv-msg-preview"
FIELD_TEXT = "text"


class DiscordGreeter:
    """One attempt a message."""

    def __init__(self, rest: hikari.api.RESTClient, cache: hikari.api.Cache) -> None:
        """Take the cache, which holds the servers' names."""
        self._rest = rest
        self._cache = cache

    async def say(self, channel_id: ChannelId, words: str, *, mention: UserId | None) -> Said:
        """Send one; nobody but `mention` is notified, whatever it says."""
        try:
            await self._rest.create_message(
                channel_id,
                words,
                mentions_everyone=False,
                role_mentions=False,
                user_mentions=False if mention is None else [hikari.Snowflake(mention)],
            )
        except hikari.HikariError as error:
            refused = classify(error).outcome is Outcome.REFUSED
            _log.warning("greeting not sent", channel=channel_id, why=f"{type(error).__name__}: {error}"[:200])
            return Said.REFUSED if refused else Said.FAILED
        return Said.SENT

    def server_name(self, guild_id: GuildId) -> str:
        """What the server is called; its id as text when that is not known."""
        guild = self._cache.get_guild(guild_id)
        return guild.name if guild is not None else str(guild_id)


@attrs.frozen
class GreetingPanel:
    """What is set up, and everything to change it with."""

    settings: InviteSettings
    note: str | None = None
    """What the last press did."""

    def embeds(self) -> list[hikari.Embed]:
        """The effective settings."""
        settings = self.settings
        embed = hikari.Embed(title=texts.PANEL_TITLE, description=self.note, colour=COLOUR)
        join = texts.panel(settings.join_template, texts.USUAL_JOIN, settings.join_channel_id)
        leave = texts.panel(settings.leave_template, texts.USUAL_LEAVE, settings.leave_channel_id)
        embed.add_field("When somebody joins", join[:1024])
        embed.add_field("When somebody leaves", leave[:1024])
        return [embed.add_field("Placeholders", "\n".join(f"{{{k}}}: {v}" for k, v in texts.PLACEHOLDERS.items()))]

    def components(self) -> list[MessageActionRowBuilder]:
        """Selects and buttons; those that make no sense at present are disabled."""
        rows = []
        for occasion, words in ((Occasion.JOIN, texts.JOIN_CHANNEL), (Occasion.LEAVE, texts.LEAVE_CHANNEL)):
            row = MessageActionRowBuilder()
            row.add_channel_menu(
                f"{ROUTE_CHANNEL}:{occasion}", channel_types=POSTABLE, placeholder=words, min_values=1, max_values=1
            )
            rows.append(row)
        return [*rows, self._words(), self._switches()]

    def _words(self) -> MessageActionRowBuilder:
        row = MessageActionRowBuilder()
        for occasion, label in (
            (Occasion.JOIN, texts.BUTTON_JOIN_TEXT),
            (Occasion.LEAVE, texts.BUTTON_LEAVE_TEXT),
        ):
            row.add_interactive_button(hikari.ButtonStyle.SECONDARY, f"{ROUTE_TEXT}:{occasion}", label=label)
        row.add_interactive_button(hikari.ButtonStyle.PRIMARY, f"{ROUTE_PREVIEW}:", label=texts.BUTTON_PREVIEW)
        return row

    def _switches(self) -> MessageActionRowBuilder:
        row = MessageActionRowBuilder()
        settings = self.settings
        for occasion, label, channel_id in (
            (Occasion.JOIN, texts.BUTTON_NO_JOIN, settings.join_channel_id),
            (Occasion.LEAVE, texts.BUTTON_NO_LEAVE, settings.leave_channel_id),
        ):
            row.add_interactive_button(
                hikari.ButtonStyle.SECONDARY, f"{ROUTE_OFF}:{occasion}", label=label, is_disabled=channel_id is None
            )
        return row


def text_field(settings: InviteSettings, occasion: Occasion) -> ModalActionRowBuilder:
    """The text field of the modal that asks for a template."""
    words = settings.join_template if occasion is Occasion.JOIN else settings.leave_template
    usual = texts.USUAL_JOIN if occasion is Occasion.JOIN else texts.USUAL_LEAVE
    return ModalActionRowBuilder().add_text_input(
        FIELD_TEXT,
        texts.TEXT_LABEL,
        style=hikari.TextInputStyle.PARAGRAPH,
        value=words or usual,
        required=False,
        max_length=LONGEST,
    )
