"""Posts as Discord takes them: embeds, buttons, mentions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import hikari
from hikari.impl import MessageActionRowBuilder

from giftbot.models.post import Page, Post
from giftbot.text import posts as texts

COLOUR = hikari.Color(0xF1C40F)
ROUTE_COPY = "copy"
ROUTE_REDEEM = "redeem"
ROUTE_REFRESH = "refresh"
_BLOCK = re.compile(r"```\n([\w-]{3,32})\n```", re.ASCII)
ACTIVE = "active"
"""The reference that buttons carry on a list of all active codes."""


def embed_of(page: Page) -> hikari.Embed:
    """A page as an embed."""
    embed = hikari.Embed(title=page.title, description=page.description, colour=COLOUR)
    for field in page.fields:
        embed.add_field(field.name, field.value)
    if page.footer:
        embed.set_footer(page.footer)
    return embed


def embeds_of(pages: Sequence[Page]) -> list[hikari.Embed]:
    """Pages as the embeds of a message."""
    return [embed_of(page) for page in pages]


def shown_codes(embeds: Iterable[hikari.Embed]) -> list[str]:
    """The codes that a message of ours shows, as they stand in their blocks."""
    return [
        match[1] for embed in embeds for field in embed.fields if (match := _BLOCK.match(field.value)) is not None
    ]


def post_buttons(reference: str) -> list[MessageActionRowBuilder]:
    """Copy, Redeem and Refresh, which work on any message after any restart: they carry only the reference."""
    row = MessageActionRowBuilder()
    row.add_interactive_button(hikari.ButtonStyle.PRIMARY, f"{ROUTE_COPY}:{reference}", label=texts.BUTTON_COPY)
    row.add_interactive_button(hikari.ButtonStyle.SUCCESS, f"{ROUTE_REDEEM}:{reference}", label=texts.BUTTON_REDEEM)
    row.add_interactive_button(
        hikari.ButtonStyle.SECONDARY, f"{ROUTE_REFRESH}:{reference}", label=texts.BUTTON_REFRESH
    )
    return [row]


def mention_of(post: Post) -> str | hikari.UndefinedType:
    """The content that mentions the chosen role; nothing when none was chosen."""
    return f"<@&{post.ping_role_id}>" if post.ping_role_id else hikari.UNDEFINED
