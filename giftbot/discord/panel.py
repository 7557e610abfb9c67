"""The settings panel: what is set, and everything to change it with, on two pages."""

from __future__ import annotations

import attrs
import hikari
from hikari.impl import MessageActionRowBuilder, ModalActionRowBuilder

from giftbot.discord.channels import POSTABLE
from giftbot.discord.messages import COLOUR
from giftbot.models.guild import GuildSettings
from giftbot.text import panel as texts

ROUTE_CHANNEL = "set-channel"
ROUTE_ROLE = "set-role"
ROUTE_NO_ROLE = "set-no-role"
ROUTE_AUTO = "set-auto"
ROUTE_BACKFILL = "set-backfill"
ROUTE_TEST = "set-test"
ROUTE_CHECK = "set-check"
ROUTE_AGAIN = "set-again"
ROUTE_PAGE = "set-page"
ROUTE_REDEEM = "set-redeem"
ROUTE_REDEEM_CHANNEL = "set-redeem-channel"
ROUTE_REDEEM_NOWHERE = "set-redeem-nowhere"
ROUTE_REGISTER_CHANNEL = "set-register-channel"
ROUTE_REGISTER_NOWHERE = "set-register-nowhere"
ROUTE_KINGDOM = "set-kingdom"
ROUTE_KINGDOM_TYPED = "set-kingdom-typed"
FIELD_KINGDOM = "kingdom"
POSTING, REDEMPTION = "posting", "redemption"
"""The pages, as buttons name them."""


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
        embed = hikari.Embed(title=texts.PANEL_TITLE, description=self.note, colour=COLOUR)
        embed.add_field("Channel", f"<#{guild.channel_id}>" if guild.channel_id else "none yet: choose one below")
        embed.add_field("Role to mention", f"<@&{guild.ping_role_id}>" if guild.ping_role_id else "none")
        embed.add_field("Posting", texts.posting_state(guild))
        if guild.missing_permissions:
            embed.add_field("Missing permissions", ", ".join(guild.missing_permissions))
        if self.undecided:
            embed.add_field("Not certain", texts.undecided(self.undecided))
        return [embed]

    def components(self) -> list[MessageActionRowBuilder]:
        """Selects and buttons; those that make no sense at present are disabled."""
        channel = _channel_menu(ROUTE_CHANNEL, texts.PANEL_CHANNEL)
        role = MessageActionRowBuilder()
        role.add_select_menu(hikari.ComponentType.ROLE_SELECT_MENU, f"{ROUTE_ROLE}:", placeholder=texts.PANEL_ROLE)
        return [channel, role, self._switches(), self._actions()]

    def _switches(self) -> MessageActionRowBuilder:
        row = MessageActionRowBuilder()
        guild = self.guild
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY if guild.auto_post else hikari.ButtonStyle.SUCCESS,
            f"{ROUTE_AUTO}:{'off' if guild.auto_post else 'on'}",
            label=texts.PANEL_TURN_OFF if guild.auto_post else texts.PANEL_TURN_ON,
        )
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            f"{ROUTE_NO_ROLE}:",
            label=texts.PANEL_NO_ROLE,
            is_disabled=guild.ping_role_id is None,
        )
        if self.undecided:
            row.add_interactive_button(hikari.ButtonStyle.DANGER, f"{ROUTE_AGAIN}:", label=texts.PANEL_AGAIN)
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY, f"{ROUTE_PAGE}:{REDEMPTION}", label=texts.PANEL_REDEMPTION
        )
        return row

    def _actions(self) -> MessageActionRowBuilder:
        row = MessageActionRowBuilder()
        ready = self.guild.is_posting
        row.add_interactive_button(
            hikari.ButtonStyle.PRIMARY,
            f"{ROUTE_BACKFILL}:post",
            label=texts.panel_post_now(self.unsent),
            is_disabled=not ready or not self.unsent,
        )
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            f"{ROUTE_BACKFILL}:skip",
            label=texts.PANEL_ONLY_NEW,
            is_disabled=not ready,
        )
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            f"{ROUTE_TEST}:",
            label=texts.PANEL_TEST,
            is_disabled=self.guild.channel_id is None,
        )
        row.add_interactive_button(hikari.ButtonStyle.SECONDARY, f"{ROUTE_CHECK}:", label=texts.PANEL_CHECK)
        return row


@attrs.frozen
class RedemptionPanel:
    """The second page: everything about redemption."""

    guild: GuildSettings
    registers: bool
    """Whether the operator lets servers choose a channel for registering by message."""
    note: str | None = None
    """What the last press did."""

    def embeds(self) -> list[hikari.Embed]:
        """The effective settings."""
        guild = self.guild
        embed = hikari.Embed(title=texts.REDEMPTION_TITLE, description=self.note, colour=COLOUR)
        embed.add_field("Auto-redeem", texts.redeeming_state(guild))
        embed.add_field("Default kingdom", str(guild.default_kingdom) if guild.default_kingdom else "none")
        embed.add_field("Progress", f"<#{guild.redeem_channel_id}>" if guild.redeem_channel_id else "shown nowhere")
        if self.registers:
            channel = guild.register_channel_id
            embed.add_field("Registering by message", f"<#{channel}>" if channel else "off")
        return [embed]

    def components(self) -> list[MessageActionRowBuilder]:
        """Selects and buttons; those that make no sense at present are disabled."""
        rows = [_channel_menu(ROUTE_REDEEM_CHANNEL, texts.REDEEM_CHANNEL)]
        if self.registers:
            rows.append(_channel_menu(ROUTE_REGISTER_CHANNEL, texts.REGISTER_CHANNEL))
        return [*rows, self._switches(), self._ways()]

    def _switches(self) -> MessageActionRowBuilder:
        row = MessageActionRowBuilder()
        is_on = self.guild.auto_redeem
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY if is_on else hikari.ButtonStyle.SUCCESS,
            f"{ROUTE_REDEEM}:{'off' if is_on else 'on'}",
            label=texts.REDEEM_TURN_OFF if is_on else texts.REDEEM_TURN_ON,
        )
        row.add_interactive_button(hikari.ButtonStyle.SECONDARY, f"{ROUTE_KINGDOM}:", label=texts.KINGDOM_BUTTON)
        return row

    def _ways(self) -> MessageActionRowBuilder:
        row = MessageActionRowBuilder()
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            f"{ROUTE_REDEEM_NOWHERE}:",
            label=texts.REDEEM_NOWHERE,
            is_disabled=self.guild.redeem_channel_id is None,
        )
        if self.registers:
            row.add_interactive_button(
                hikari.ButtonStyle.SECONDARY,
                f"{ROUTE_REGISTER_NOWHERE}:",
                label=texts.REGISTER_NOWHERE,
                is_disabled=self.guild.register_channel_id is None,
            )
        row.add_interactive_button(hikari.ButtonStyle.SECONDARY, f"{ROUTE_PAGE}:{POSTING}", label=texts.PANEL_BACK)
        return row


def kingdom_field(guild: GuildSettings) -> ModalActionRowBuilder:
    """The text field of the modal that asks for the default kingdom."""
    return ModalActionRowBuilder().add_text_input(
        FIELD_KINGDOM,
        texts.KINGDOM_LABEL,
        value=str(guild.default_kingdom) if guild.default_kingdom else hikari.UNDEFINED,
        required=False,
        max_length=10,
    )


def _channel_menu(route: str, placeholder: str) -> MessageActionRowBuilder:
    row = MessageActionRowBuilder()
    row.add_channel_menu(f"{route}:", channel_types=POSTABLE, placeholder=placeholder, min_values=1, max_values=1)
    return row
