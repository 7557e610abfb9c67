"""Interactions: what users did, how the bot answered, and the rules for answering.

Source: https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from giftbot.sandbox import forms, refusals
from giftbot.sandbox.messages import LOADING
from giftbot.sandbox.nouns import Channel, User
from giftbot.sandbox.payload import Payload

if TYPE_CHECKING:
    from giftbot.sandbox.world import World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9


@attrs.define(eq=False)
class Interaction:
    """One interaction and everything the bot made of it."""

    id: int
    token: str
    kind: int
    """2 command, 3 component, 4 autocomplete, 5 modal submit."""

    what: str
    """A few words for messages: the command or the component."""

    user: User
    channel: Channel
    source: Payload | None
    """The message whose component was used."""

    sent_at: float
    """Monotonic seconds."""

    answered_at: float | None = None
    answer: int | None = None
    """The type of the first answer."""

    original: Payload | None = None
    """The message that the first answer created or is about to change."""

    modal: Payload | None = None
    choices: list[Payload] | None = None
    followups: list[Payload] = attrs.Factory(list)
    revision: int = 0
    """Grows with every change the bot makes after its first answer."""


class InteractionDesk:
    """Takes the bot's answers to interactions."""

    def __init__(self, world: World, *, answer_deadline: float, token_life: float) -> None:
        self._world = world
        self.answer_deadline = answer_deadline
        """Seconds in which the first answer must come."""

        self.token_life = token_life
        """Seconds for which the token takes edits and follow-ups."""

        self._by_token: dict[str, Interaction] = {}

    def open(
        self,
        kind: int,
        user: User,
        channel: Channel,
        what: str,
        *,
        source: Payload | None,
        build: Callable[[Interaction], Payload],
    ) -> Interaction:
        """Create an interaction and dispatch the payload that `build` makes of it."""
        interaction = Interaction(
            self._world.ids.take(),
            secrets.token_urlsafe(48),
            kind,
            what,
            user,
            channel,
            source,
            time.monotonic(),
        )
        self._by_token[interaction.token] = interaction
        self._world.tell("INTERACTION_CREATE", channel.guild_id, lambda: build(interaction))
        return interaction

    def respond(self, interaction_id: int, token: str, body: Payload) -> Interaction:
        """Take the first answer.

        Raises:
            ApiError: Unknown or too late (10062), answered before (40060), invalid (50035).
        """
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != interaction_id:
            raise refusals.unknown("interaction")
        if interaction.answer is not None:
            self._world.findings.append(f"{interaction.what} was answered twice")
            raise refusals.already_answered()
        if time.monotonic() - interaction.sent_at > self.answer_deadline:
            self._world.findings.append(
                f"{interaction.what} was answered after {self.answer_deadline:g} s, too late"
            )
            raise refusals.unknown("interaction")
        self._take(interaction, int(body["type"]), body.get("data") or {})
        interaction.answer = int(body["type"])
        interaction.answered_at = time.monotonic()
        self._world.pulse.beat()
        return interaction

    def _take(self, interaction: Interaction, kind: int, data: Payload) -> None:
        if kind == MESSAGE:
            forms.check_message(data)
            interaction.original = self._create(interaction, data)
        elif kind == DEFERRED_MESSAGE:
            flags = (data.get("flags") or 0) | LOADING
            interaction.original = self._create(interaction, {"flags": flags})
        elif kind in {DEFERRED_UPDATE, UPDATE}:
            self._require_source(interaction)
            interaction.original = interaction.source
            if kind == UPDATE and interaction.source is not None:
                forms.check_message(data, partial=True)
                self._world.store.edit(interaction.source, data)
        elif kind == CHOICES and interaction.kind == AUTOCOMPLETE:
            interaction.choices = _checked_choices(data.get("choices") or [])
        elif kind == MODAL and interaction.kind in {COMMAND, COMPONENT}:
            forms.check_modal(data)
            interaction.modal = data
        else:
            raise refusals.invalid_form("type", "BASE_TYPE_CHOICES", "Not a valid answer to this interaction")

    def _require_source(self, interaction: Interaction) -> None:
        if interaction.source is None:
            raise refusals.invalid_form("type", "INTERACTION_NO_MESSAGE", "There is no message to update")

    def webhook(self, application_id: int, token: str) -> Interaction:
        """Return the interaction whose token is used as a webhook.

        Raises:
            ApiError: Unknown or not answered yet (10015), expired (50027).
        """
        interaction = self._by_token.get(token)
        if interaction is None or application_id != self._world.application.id or interaction.answer is None:
            raise refusals.unknown("Webhook")
        if time.monotonic() - interaction.sent_at > self.token_life:
            raise refusals.expired_token()
        return interaction

    def original(self, interaction: Interaction) -> Payload:
        """Return the message of the first answer.

        Raises:
            ApiError: There is none (10008).
        """
        if interaction.original is None or self._world.store.find(int(interaction.original["id"])) is None:
            raise refusals.unknown("Message")
        return interaction.original

    def follow_up(self, interaction: Interaction, form: Payload, attachments: int = 0) -> Payload:
        """Create a follow-up; after a deferral the first one fills the deferred message instead."""
        forms.check_message(form, attachments=attachments)
        original = interaction.original
        if original is not None and original["flags"] & LOADING:
            return self.edit(interaction, original, form)
        message = self._create(interaction, form)
        interaction.followups.append(message)
        self._changed(interaction)
        return message

    def edit(self, interaction: Interaction, message: Payload, form: Payload) -> Payload:
        """Change the original or a follow-up."""
        forms.check_message(form, partial=True)
        edited = self._world.store.edit(message, form)
        self._changed(interaction)
        return edited

    def delete(self, interaction: Interaction, message: Payload) -> None:
        """Delete the original or a follow-up."""
        self._world.store.delete(int(message["id"]))
        interaction.followups = [one for one in interaction.followups if one is not message]
        self._changed(interaction)

    def _changed(self, interaction: Interaction) -> None:
        interaction.revision += 1
        self._world.pulse.beat()

    def _create(self, interaction: Interaction, form: Payload) -> Payload:
        owners = {"0": str(interaction.channel.guild_id or 0)}
        extra: Payload = {
            "type": 20 if interaction.kind == COMMAND else 0 if interaction.source is None else 19,
            "application_id": str(self._world.application.id),
            "webhook_id": str(self._world.application.id),
            "interaction_metadata": {
                "id": str(interaction.id),
                "type": COMMAND,
                "user": {"id": str(interaction.user.id), "username": interaction.user.name}
                | {"discriminator": "0", "avatar": None, "global_name": interaction.user.name},
                "authorizing_integration_owners": owners,
            },
        }
        if interaction.source is not None:
            extra["message_reference"] = {
                "channel_id": interaction.source["channel_id"],
                "message_id": interaction.source["id"],
            }
        kept = {name: value for name, value in form.items() if name != "message_reference"}
        return self._world.store.create(interaction.channel, self._world.bot, kept, extra=extra)


def _checked_choices(choices: list[Payload]) -> list[Payload]:
    if len(choices) > 25:
        raise refusals.invalid_form("data.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for index, choice in enumerate(choices):
        if not 1 <= len(choice.get("name") or "") <= 100:
            raise refusals.invalid_form(
                f"data.choices.{index}.name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."
            )
    return choices
