"""Test posts: what an admin sends to see whether posting works."""

from __future__ import annotations

import secrets

from giftbot import text
from giftbot.errors import InvalidInputError
from giftbot.models.guild import GuildSettings
from giftbot.models.post import Field, Outcome, Page, Post
from giftbot.services.cooldown import Cooldown
from giftbot.services.pacer import Pacer
from giftbot.services.ports import Announcer, Clock

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
            raise InvalidInputError(text.NO_CHANNEL_YET)
        self._cooldown.pass_or_refuse(guild.guild_id)
        page = Page(
            title=text.TRIAL_TITLE,
            description=text.TRIAL_DESCRIPTION,
            fields=(Field(name="Code", value=text.TRIAL_FIELD),),
        )
        post = Post(pages=(page,), reference="")
        await self._pacer.wait()
        delivery = await self._announcer.send(guild.channel_id, post, secrets.token_hex(12))
        if delivery.outcome not in (Outcome.SENT, Outcome.DELETED):
            raise InvalidInputError(text.trial_failed(guild.channel_id, delivery.detail or delivery.outcome))
