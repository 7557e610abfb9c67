"""Posts as Discord takes them: embeds, buttons, mentions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import hikari
from hikari.impl import MessageActionRowBuilder

from giftbot import text
from giftbot.models.code import GiftCode
from giftbot.models.post import Page, Post
from giftbot.services.posts import CODES_PER_PAGE, code_field

COLOUR = hikari.Color(0xF1C40F)
ROUTE_COPY = "copy"
ROUTE_REDEEM = "redeem"
ROUTE_REFRESH = "refresh"
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


def embeds_of(post: Post) -> list[hikari.Embed]:
    """The embeds of a post."""
    return [embed_of(page) for page in post.pages]


def post_buttons(reference: str) -> list[MessageActionRowBuilder]:
    """Copy, Redeem and Refresh, which work on any message after any restart: they carry only the reference."""
    row = MessageActionRowBuilder()
    row.add_interactive_button(hikari.ButtonStyle.PRIMARY, f"{ROUTE_COPY}:{reference}", label=text.BUTTON_COPY)
    row.add_interactive_button(hikari.ButtonStyle.SUCCESS, f"{ROUTE_REDEEM}:{reference}", label=text.BUTTON_REDEEM)
    row.add_interactive_button(
        hikari.ButtonStyle.SECONDARY, f"{ROUTE_REFRESH}:{reference}", label=text.BUTTON_REFRESH
    )
    return [row]


def mention_of(post: Post) -> str | hikari.UndefinedType:
    """The content that mentions the chosen role; nothing when none was chosen."""
    return f"<@&{post.ping_role_id}>" if post.ping_role_id else hikari.UNDEFINED


def code_pages(codes: Sequence[GiftCode], title: str, footer: str | None, now: datetime) -> list[hikari.Embed]:
    """A list of codes as embeds, as many as one message can show; the rest is counted in the footer."""
    pages: list[Page] = []
    shown, length = 0, 0
    for start in range(0, len(codes), CODES_PER_PAGE):
        chunk = codes[start : start + CODES_PER_PAGE]
        page = Page(title=title if start == 0 else "…", fields=tuple(code_field(code, now) for code in chunk))
        if length + page.length > 5800 or len(pages) == 10:
            break
        pages.append(page)
        shown, length = shown + len(chunk), length + page.length
    embeds = [embed_of(page) for page in pages]
    rest = text.and_more(len(codes) - shown)
    ending = " · ".join(part for part in (rest, footer) if part)
    if embeds and ending:
        embeds[-1].set_footer(ending)
    return embeds
