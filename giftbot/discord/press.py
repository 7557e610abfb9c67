"""A button, a select or a modal that somebody used, and the ways to answer it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import hikari
from hikari.api import ComponentBuilder

from giftbot.discord.access import require_guild, require_manager
from giftbot.models.ids import GuildId, UserId


class Press:
    """One interaction with a message's component. It is answered once; a deferral in between is taken care of."""

    def __init__(self, interaction: hikari.ComponentInteraction | hikari.ModalInteraction) -> None:
        self.interaction = interaction
        self.route, _, self.argument = interaction.custom_id.partition(":")
        self._answering = asyncio.Lock()
        self._deferred: hikari.ResponseType | None = None
        self._answered = False
        self.updates_message = False
        """Whether a deferral should promise to change the message itself, rather than a new answer."""

    @property
    def user_id(self) -> UserId:
        """Who used it."""
        return UserId(int(self.interaction.user.id))

    @property
    def guild_id(self) -> GuildId:
        """Where. Raises `NotAllowedError` in direct messages."""
        return require_guild(self.interaction.guild_id)

    @property
    def values(self) -> Sequence[str]:
        """What was chosen in a select: values, or ids as text."""
        return self.interaction.values if isinstance(self.interaction, hikari.ComponentInteraction) else ()

    @property
    def fields(self) -> Mapping[str, str]:
        """What was typed into a modal, by the `custom_id` of each text field."""
        if not isinstance(self.interaction, hikari.ModalInteraction):
            return {}
        return {field.custom_id: field.value for row in self.interaction.components for field in row.components}

    @property
    def embeds(self) -> Sequence[hikari.Embed]:
        """The embeds of the message that it is on."""
        message = self.interaction.message
        return message.embeds if message is not None else ()

    def require_manager(self) -> None:
        """Let pass whoever manages the server. Raises `NotAllowedError`."""
        require_manager(self.interaction.member)

    async def answer(
        self,
        content: str | hikari.UndefinedType = hikari.UNDEFINED,
        *,
        embeds: Sequence[hikari.Embed] = (),
        components: Sequence[ComponentBuilder] = (),
        attachment: hikari.Resourceish | hikari.UndefinedType = hikari.UNDEFINED,
    ) -> None:
        """Answer with a message that only this user sees."""
        await self._respond(hikari.ResponseType.MESSAGE_CREATE, content, embeds, components, attachment)

    async def update(
        self,
        content: str | hikari.UndefinedType | None = hikari.UNDEFINED,
        *,
        embeds: Sequence[hikari.Embed] | hikari.UndefinedType = hikari.UNDEFINED,
        components: Sequence[ComponentBuilder] | hikari.UndefinedType = hikari.UNDEFINED,
    ) -> None:
        """Answer by changing the message that the component is on; what is not given stays."""
        await self._respond(hikari.ResponseType.MESSAGE_UPDATE, content, embeds, components)

    async def ask(self, title: str, custom_id: str, rows: Sequence[ComponentBuilder]) -> None:
        """Answer with a modal, whose `custom_id` is routed like that of a button. It has to come soon."""
        if isinstance(self.interaction, hikari.ModalInteraction):
            raise TypeError("Discord does not let a modal follow a modal")
        async with self._answering:
            await self.interaction.create_modal_response(title, custom_id, components=rows)
            self._answered = True

    async def complain(self, sentence: str) -> None:
        """Answer with an error, whatever was answered or deferred before."""
        async with self._answering:  # a deferral that is under way ends first
            follow_up = self._answered or self._deferred is hikari.ResponseType.DEFERRED_MESSAGE_UPDATE
        if follow_up:
            await self.interaction.execute(sentence, flags=hikari.MessageFlag.EPHEMERAL)
        else:
            await self.answer(sentence)

    async def defer(self) -> None:
        """Tell Discord that the answer takes longer, unless it was given already."""
        async with self._answering:
            if self._answered or self._deferred:
                return
            if self.updates_message:
                self._deferred = hikari.ResponseType.DEFERRED_MESSAGE_UPDATE
                await self.interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_UPDATE)
            else:
                self._deferred = hikari.ResponseType.DEFERRED_MESSAGE_CREATE
                await self.interaction.create_initial_response(
                    hikari.ResponseType.DEFERRED_MESSAGE_CREATE, flags=hikari.MessageFlag.EPHEMERAL
                )

    async def _respond(
        self,
        kind: hikari.ResponseType,
        content: str | hikari.UndefinedType | None,
        embeds: Sequence[hikari.Embed] | hikari.UndefinedType,
        components: Sequence[ComponentBuilder] | hikari.UndefinedType,
        attachment: hikari.Resourceish | hikari.UndefinedType = hikari.UNDEFINED,
    ) -> None:
        async with self._answering:
            if self._deferred:
                await self.interaction.edit_initial_response(
                    content,
                    embeds=embeds,
                    components=components,
                    attachment=attachment,
                    mentions_everyone=False,
                    user_mentions=False,
                    role_mentions=False,
                )
                self._answered = True
                return
            is_new = kind is hikari.ResponseType.MESSAGE_CREATE
            await self.interaction.create_initial_response(
                kind,  # type: ignore[arg-type] # hikari narrows it to a Literal per interaction class
                content,
                embeds=embeds,
                components=components,
                attachment=attachment,
                flags=hikari.MessageFlag.EPHEMERAL if is_new else hikari.UNDEFINED,
                mentions_everyone=False,
                user_mentions=False,
                role_mentions=False,
            )
            self._answered = True
