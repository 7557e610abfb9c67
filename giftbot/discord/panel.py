"""The settings panel: what is set, and everything to change it with."""

from __future__ import annotations

import attrs
import hikari
from hikari.impl import MessageActionRowBuilder

from giftbot import text
from giftbot.discord.channels import POSTABLE
from giftbot.discord.messages import COLOUR
from giftbot.models.guild import GuildSettings

ROUTE_CHANNEL = "set-channel"
ROUTE_ROLE = "set-role"
ROUTE_NO_ROLE = "set-no-role"
ROUTE_AUTO = "set-auto"
ROUTE_BACKFILL = "set-backfill"
ROUTE_TEST = "set-test"
ROUTE_CHECK = "set-check"
ROUTE_AGAIN = "set-again"


@attrs.frozen
class Panel:
    """Everything that the panel shows."""

    guild: GuildSettings
    unsent: int
    """Active codes that were not sent in this server."""
    undecided: int
    """Posts of which nobody can tell whether they arrived."""
    note: str | None = None
    """What the last press did."""

    def embeds(self) -> list[hikari.Embed]:
        """The effective settings."""
        guild = self.guild
        embed = hikari.Embed(title=text.PANEL_TITLE, description=self.note, colour=COLOUR)
        embed.add_field("Channel", f"<#{guild.channel_id}>" if guild.channel_id else "none yet: choose one below")
        embed.add_field("Role to mention", f"<@&{guild.ping_role_id}>" if guild.ping_role_id else "none")
        embed.add_field("Posting", text.posting_state(guild))
        if guild.missing_permissions:
            embed.add_field("Missing permissions", ", ".join(guild.missing_permissions))
        if self.undecided:
            embed.add_field("Not certain", text.undecided(self.undecided))
        return [embed]

    def components(self) -> list[MessageActionRowBuilder]:
        """Selects and buttons; those that make no sense at present are disabled."""
        channel = MessageActionRowBuilder()
        channel.add_channel_menu(
            f"{ROUTE_CHANNEL}:", channel_types=POSTABLE, placeholder=text.PANEL_CHANNEL, min_values=1, max_values=1
        )
        role = MessageActionRowBuilder()
        role.add_select_menu(hikari.ComponentType.ROLE_SELECT_MENU, f"{ROUTE_ROLE}:", placeholder=text.PANEL_ROLE)
        return [channel, role, self._switches(), self._actions()]

    def _switches(self) -> MessageActionRowBuilder:
        row = MessageActionRowBuilder()
        guild = self.guild
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY if guild.auto_post else hikari.ButtonStyle.SUCCESS,
            f"{ROUTE_AUTO}:{'off' if guild.auto_post else 'on'}",
            label=text.PANEL_TURN_OFF if guild.auto_post else text.PANEL_TURN_ON,
        )
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            f"{ROUTE_NO_ROLE}:",
            label=text.PANEL_NO_ROLE,
            is_disabled=guild.ping_role_id is None,
        )
        if self.undecided:
            row.add_interactive_button(hikari.ButtonStyle.DANGER, f"{ROUTE_AGAIN}:", label=text.PANEL_AGAIN)
        return row

    def _actions(self) -> MessageActionRowBuilder:
        row = MessageActionRowBuilder()
        ready = self.guild.is_posting
        row.add_interactive_button(
            hikari.ButtonStyle.PRIMARY,
            f"{ROUTE_BACKFILL}:post",
            label=text.panel_post_now(self.unsent),
            is_disabled=not ready or not self.unsent,
        )
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY, f"{ROUTE_BACKFILL}:skip", label=text.PANEL_ONLY_NEW, is_disabled=not ready
        )
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            f"{ROUTE_TEST}:",
            label=text.PANEL_TEST,
            is_disabled=self.guild.channel_id is None,
        )
        row.add_interactive_button(hikari.ButtonStyle.SECONDARY, f"{ROUTE_CHECK}:", label=text.PANEL_CHECK)
        return row
