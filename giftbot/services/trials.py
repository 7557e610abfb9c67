"""Test posts: what an admin sends to see whether posting works."""

from __future__ import annotations

import secrets

from giftbot.errors import InvalidInputError
from giftbot.models.guild import GuildSettings
from giftbot.models.post import Field, Outcome, Page, Post
from giftbot.services.cooldown import Cooldown
from giftbot.services.pacer import Pacer
from giftbot.services.ports import Announcer, Clock
from giftbot.text import answers as answer_texts
from giftbot.text import panel as panel_texts
from giftbot.text import posts as post_texts

PAUSE = 5.0
"""Seconds between two test posts of one server."""


class Trials:
    """Sends one message that looks like a post, and says what came of it."""

    def __init__(self, *, announcer: Announcer, pacer: Pacer, clock: Clock) -> None:
        self._cooldown = Cooldown(clock, each=PAUSE, together=0.0)
        self._announcer = announcer
        self._pacer = pacer

    async def post(self, guild: GuildSettings) -> None:
        """Send a test post to a server's channel.

        Raises `InvalidInputError` that says why it did not arrive, and `UserError` when asked too often.
        """
        if guild.channel_id is None:
            raise InvalidInputError(answer_texts.NO_CHANNEL_YET)
        self._cooldown.pass_or_refuse(guild.guild_id)
        page = Page(
            title=post_texts.TRIAL_TITLE,
            description=post_texts.TRIAL_DESCRIPTION,
            fields=(Field(name="Code", value=post_texts.TRIAL_FIELD),),
        )
        post = Post(pages=(page,), reference="")
        await self._pacer.wait()
        delivery = await self._announcer.send(guild.channel_id, post, secrets.token_hex(12))
        if delivery.outcome not in (Outcome.SENT, Outcome.DELETED):
            raise InvalidInputError(panel_texts.trial_failed(guild.channel_id, delivery.detail or delivery.outcome))
