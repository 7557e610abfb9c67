"""What the bot made of an interaction, as the user sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Self

from giftbot.sandbox.forms import BUTTON, TEXT_DISPLAY, walk
from giftbot.sandbox.interactions import DEFERRED_MESSAGE, DEFERRED_UPDATE, Interaction
from giftbot.sandbox.messages import EPHEMERAL
from giftbot.sandbox.options import OptionValue
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.pulse import PATIENCE, WaitTimeoutError
from giftbot.sandbox.refused import DriverRefused, DriverTimeout
from giftbot.sandbox.world import World

if TYPE_CHECKING:
    from giftbot.sandbox.driver import Actor


def text_of(message: Payload) -> str:
    """Return all text a user reads in a message, line by line."""
    lines = [message.get("content") or ""]
    for embed in message.get("embeds") or []:
        lines += [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
        for field in embed.get("fields") or []:
            lines += [field["name"], field["value"]]
        lines.append((embed.get("footer") or {}).get("text"))
    lines += [one["content"] for one in walk(message.get("components") or []) if one["type"] == TEXT_DISPLAY]
    return "\n".join(line for line in lines if line)


class Answer:
    """The first answer and what became of it; its properties always show the present state."""

    def __init__(self, actor: Actor, world: World, interaction: Interaction) -> None:
        self._actor = actor
        self._world = world
        self._interaction = interaction
        self._seen = 0

    @property
    def kind(self) -> int:
        """The type of the first answer: 4 message, 5 deferred, 6 deferred update, 7 update, 8 choices, 9 modal."""
        return self._interaction.answer or 0

    @property
    def message(self) -> Payload | None:
        """The message as stored; None for a modal or once it is deleted."""
        original = self._interaction.original
        return self._world.store.find(int(original["id"])) if original is not None else None

    @property
    def message_id(self) -> int | None:
        """The id of the message."""
        return int(self.message["id"]) if self.message is not None else None

    @property
    def content(self) -> str:
        """The message's content."""
        return str(self.message["content"]) if self.message is not None else ""

    @property
    def embeds(self) -> list[Payload]:
        """The message's embeds."""
        return list(self.message["embeds"]) if self.message is not None else []

    @property
    def components(self) -> list[Payload]:
        """The message's components, by rows."""
        return list(self.message["components"]) if self.message is not None else []

    @property
    def files(self) -> dict[str, bytes]:
        """The files attached to the message, by name."""
        attached = self.message["attachments"] if self.message is not None else []
        return {one["filename"]: self._world.uploads.read(one) for one in attached}

    @property
    def buttons(self) -> list[str]:
        """The labels of the message's buttons."""
        found = (one for one in walk(self.components) if one["type"] == BUTTON)
        return [str(one.get("label") or one.get("custom_id")) for one in found]

    @property
    def ephemeral(self) -> bool:
        """Whether only the user sees the message."""
        return self.message is not None and bool(self.message["flags"] & EPHEMERAL)

    @property
    def deferred(self) -> bool:
        """Whether the first answer was only the announcement of one."""
        return self.kind in {DEFERRED_MESSAGE, DEFERRED_UPDATE}

    @property
    def modal(self) -> Payload | None:
        """The modal, if the first answer was one."""
        return self._interaction.modal

    @property
    def choices(self) -> list[Payload]:
        """The choices, if this was an autocompletion."""
        return list(self._interaction.choices or [])

    @property
    def followups(self) -> list[Payload]:
        """Further messages, oldest first."""
        return list(self._interaction.followups)

    @property
    def text(self) -> str:
        """All text the user reads: of the modal or the message, and of the follow-ups."""
        if self.modal is not None:
            labels = (one.get("label") for one in walk(self.modal["components"]))
            return "\n".join([self.modal["title"], *(label for label in labels if label)])
        first = [self.message] if self.message is not None else []
        return "\n".join(filter(None, map(text_of, first + self.followups)))

    @property
    def latency(self) -> float:
        """Seconds from the interaction to the first answer."""
        return (self._interaction.answered_at or 0.0) - self._interaction.sent_at

    async def edited(self, timeout: float = PATIENCE) -> Self:
        """Wait for the next edit or follow-up since the answer, or since the last call of this."""
        seen = self._seen
        await self.until(lambda: self._interaction.revision > seen, timeout=timeout, what="an edit")
        self._seen = self._interaction.revision
        return self

    async def settled(self, timeout: float = PATIENCE) -> Self:
        """Wait, if the answer was deferred, until it has come."""
        if self.deferred:
            await self.until(lambda: self._interaction.revision > 0, timeout=timeout, what="the final answer")
            self._seen = self._interaction.revision
        return self

    async def shows(self, text: str, timeout: float = PATIENCE) -> Self:
        """Wait until the text appears in what the user reads."""
        await self.until(lambda: text in self.text, timeout=timeout, what=f"the text {text!r}")
        return self

    async def until(self, condition: Callable[[], object], *, timeout: float, what: str) -> None:
        """Wait for a condition; `what` names it in the error."""
        try:
            await self._world.pulse.until(condition, timeout=timeout, what=what)
        except WaitTimeoutError as error:
            msg = f"{error} after {self._interaction.what}; the text now is: {self.text!r}"
            raise DriverTimeout(msg) from None

    async def press(self, which: str, *, as_user: Actor | None = None, timeout: float | None = None) -> Answer:
        """Press a button of the message or of a follow-up, as the same user or another one."""
        return await self._user(as_user).press(self._holder(which), which, timeout=timeout)

    async def select(
        self,
        which: str,
        values: Sequence[OptionValue],
        *,
        as_user: Actor | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Choose from a menu of the message or of a follow-up."""
        return await self._user(as_user).select(self._holder(which), which, values, timeout=timeout)

    async def submit(self, fields: Mapping[str, str], *, timeout: float | None = None) -> Answer:
        """Fill in the modal."""
        return await self._actor.submit(self._interaction, fields, timeout=timeout)

    def _user(self, other: Actor | None) -> Actor:
        if other is not None and self.ephemeral:
            msg = f"only {self._actor.user.name} sees this message"
            raise DriverRefused(msg)
        return other or self._actor

    def _holder(self, which: str) -> Payload:
        """Return the message that carries a component; the first one if none does, for its sentence."""
        messages = ([self.message] if self.message is not None else []) + self.followups
        if not messages:
            msg = "there is no message with components"
            raise DriverRefused(msg)
        for message in messages:
            for one in walk(message["components"]):
                if which in {one.get("custom_id"), one.get("label"), one.get("placeholder")}:
                    return message
        return messages[0]
