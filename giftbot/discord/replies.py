"""Answers to slash commands; mentions are said explicitly to be none."""

from __future__ import annotations

from collections.abc import Sequence

import hikari
import tanjun
from hikari.api import ComponentBuilder


async def reply(
    ctx: tanjun.abc.Context,
    content: str | hikari.UndefinedType = hikari.UNDEFINED,
    *,
    embeds: Sequence[hikari.Embed] | hikari.UndefinedType = hikari.UNDEFINED,
    components: Sequence[ComponentBuilder] | hikari.UndefinedType = hikari.UNDEFINED,
    attachments: Sequence[hikari.Resourceish] | hikari.UndefinedType = hikari.UNDEFINED,
) -> None:
    """Answer a command, whether or not it was deferred."""
    await ctx.respond(
        content,
        embeds=embeds,
        components=components,
        attachments=attachments,
        mentions_everyone=False,
        user_mentions=False,
        role_mentions=False,
    )
