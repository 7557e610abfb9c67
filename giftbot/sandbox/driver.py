"""Users of the sandbox: they choose commands, press buttons and fill in forms as people do in a client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from giftbot.sandbox import interactions, shapes
from giftbot.sandbox.answer import Answer
from giftbot.sandbox.components import choose, fill_in, find_component
from giftbot.sandbox.forms import BUTTON, LINK, SELECTS
from giftbot.sandbox.gateway import Gateway
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.interactions import Interaction
from giftbot.sandbox.nouns import Channel, Member, User
from giftbot.sandbox.options import (
    CHANNEL,
    MENTIONABLE,
    ROLE,
    USER,
    OptionValue,
    Resolved,
    add_target,
    check_offer,
    encode,
    find_leaf,
    wrap,
)
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.permissions import BITS
from giftbot.sandbox.pulse import WaitTimeoutError
from giftbot.sandbox.refused import DriverRefused, DriverTimeout
from giftbot.sandbox.world import World

_SELECT_KINDS = {5: USER, 6: ROLE, 7: MENTIONABLE, 8: CHANNEL}
_SLACK = 1.0
"""Seconds beyond the deadline for which an answer is awaited: the bot's late answer becomes a finding."""


class Actor:
    """One user, in a guild or only in direct messages."""

    def __init__(self, world: World, gateway: Gateway, user: User, guild: Guild | None) -> None:
        self._world = world
        self._gateway = gateway
        self.user = user
        self.guild = guild
        self.locale = "en-US"

    @property
    def id(self) -> int:
        """The user's id."""
        return self.user.id

    @property
    def member(self) -> Member:
        """The user as a member of the guild."""
        if self.guild is None:
            msg = f"{self.user.name} is in no guild"
            raise DriverRefused(msg)
        return self.guild.members[self.user.id]

    @property
    def direct_messages(self) -> list[Payload]:
        """The direct messages between the bot and this user, oldest first."""
        return self._world.direct_messages(self.user)

    def say(self, channel: Channel | int, content: str) -> Payload:
        """Write a message."""
        return self._world.post(channel, self.user, content)

    async def command(
        self,
        name: str,
        options: Mapping[str, OptionValue] | None = None,
        /,
        *,
        where: Channel | None = None,
        target: User | Member | Payload | None = None,
        force: bool = False,
        timeout: float | None = None,
        **named: OptionValue,
    ) -> Answer:
        """Use a command and wait for its first answer; subcommands are words: ``"player add"``.

        Options are given by name, or in a mapping. ``channel=`` is the channel the command is used in, as `where`,
        unless the command declares an option of that name. `target` is the user or message of a menu command.

        Raises:
            DriverRefused: The client would not offer or not send it; `force` skips permissions and contexts only.
            DriverTimeout: No answer came.
        """
        command, path = self._find(name)
        values = {**(options or {}), **named}
        declares = [] if command["type"] != 1 else find_leaf(command, path).get("options") or []
        if "channel" in values and all(one["name"] != "channel" for one in declares):
            given = values.pop("channel")
            where = given if isinstance(given, Channel) else self._world.channels[int(str(given))]
        where = self._where(where)
        if not force:
            check_offer(command, self.user, where, self._guild_of(where))
        data = self._command_data(command, path, values, target, where)
        return await self._send(interactions.COMMAND, where, f"/{name}", data, timeout=timeout)

    def _command_data(
        self,
        command: Payload,
        path: list[str],
        values: Mapping[str, OptionValue],
        target: User | Member | Payload | None,
        where: Channel,
    ) -> Payload:
        resolved = Resolved(self._world, self._guild_of(where))
        data: Payload = {"id": command["id"], "name": command["name"], "type": command["type"]}
        if command.get("guild_id"):
            data["guild_id"] = command["guild_id"]
        if command["type"] == 1:
            data["options"] = wrap(command, path, encode(find_leaf(command, path), values, resolved))
        else:
            data["target_id"] = add_target(command, target, resolved)
        if resolved.found:
            data["resolved"] = resolved.found
        return data

    async def autocomplete(
        self,
        name: str,
        *,
        option: str,
        value: str,
        where: Channel | None = None,
        others: Mapping[str, OptionValue] | None = None,
        timeout: float | None = None,
    ) -> list[Payload]:
        """Type into an option and return the choices that are offered, each with name and value."""
        command, path = self._find(name)
        leaf = find_leaf(command, path)
        declared = next((one for one in leaf.get("options") or [] if one["name"] == option), None)
        if declared is None or not declared.get("autocomplete"):
            msg = f"the option {option!r} of /{name} is not declared with autocomplete"
            raise DriverRefused(msg)
        channel = self._where(where)
        relaxed = {**leaf, "options": [{**one, "required": False} for one in leaf["options"]]}
        typed = encode(relaxed, others or {}, Resolved(self._world, self._guild_of(channel)))
        typed.append({"name": option, "type": declared["type"], "value": value, "focused": True})
        data = {"id": command["id"], "name": command["name"], "type": 1, "options": wrap(command, path, typed)}
        answer = await self._send(
            interactions.AUTOCOMPLETE, channel, f"autocomplete of /{name}", data, timeout=timeout
        )
        return answer.choices

    async def press(self, message: Payload, which: str, *, timeout: float | None = None) -> Answer:
        """Press the button with this label or custom id."""
        message = self._visible(message)
        button = find_component(message, which, {BUTTON})
        if button.get("style") == LINK:
            msg = f"the button {which!r} opens {button['url']}, the bot hears nothing of it"
            raise DriverRefused(msg)
        data = {"component_type": BUTTON, "custom_id": button["custom_id"], "id": button["id"]}
        return await self._use(message, f"button {which!r}", data, timeout)

    async def select(
        self,
        message: Payload,
        which: str,
        values: Sequence[OptionValue],
        *,
        timeout: float | None = None,
    ) -> Answer:
        """Choose from the menu with this placeholder or custom id; text menus take labels or values."""
        message = self._visible(message)
        menu = find_component(message, which, SELECTS)
        if not menu.get("min_values", 1) <= len(values) <= menu.get("max_values", 1):
            msg = f"the menu {which!r} takes {menu.get('min_values', 1)} to {menu.get('max_values', 1)} values"
            raise DriverRefused(msg)
        kind = menu["type"]
        data: Payload = {"component_type": kind, "custom_id": menu["custom_id"], "id": menu["id"]}
        if kind == 3:
            data["values"] = [choose(menu, str(value)) for value in values]
        else:
            resolved = Resolved(self._world, self.guild)
            data["values"] = [resolved.add(_SELECT_KINDS[kind], value) for value in values]
            data["resolved"] = resolved.found
        return await self._use(message, f"menu {which!r}", data, timeout)

    async def submit(
        self, opened_by: Interaction, fields: Mapping[str, str], *, timeout: float | None = None
    ) -> Answer:
        """Fill in the modal that an interaction was answered with; fields by custom id or label."""
        modal = opened_by.modal
        if modal is None:
            msg = f"{opened_by.what} was not answered with a modal"
            raise DriverRefused(msg)
        left = dict(fields)
        rows = [fill_in(row, left) for row in modal["components"]]
        if left:
            msg = f"the modal has no field {', '.join(left)}"
            raise DriverRefused(msg)
        data = {"custom_id": modal["custom_id"], "components": rows}
        what = f"modal {modal['title']!r}"
        return await self._send(
            interactions.MODAL_SUBMIT, opened_by.channel, what, data, source=opened_by.source, timeout=timeout
        )

    async def _use(self, message: Payload, what: str, data: Payload, timeout: float | None) -> Answer:
        channel = self._world.channels[int(message["channel_id"])]
        return await self._send(interactions.COMPONENT, channel, what, data, source=message, timeout=timeout)

    async def _send(
        self,
        kind: int,
        channel: Channel,
        what: str,
        data: Payload,
        *,
        source: Payload | None = None,
        timeout: float | None = None,
    ) -> Answer:
        desk = self._world.interactions
        what = f"{what} by {self.user.name}"
        interaction = desk.open(
            kind,
            self.user,
            channel,
            what,
            source=source,
            build=lambda opened: self._payload(opened, data),
        )
        seconds = timeout if timeout is not None else desk.answer_deadline + _SLACK
        try:
            await self._world.pulse.until(
                lambda: interaction.answer is not None, timeout=seconds, what=f"the answer to {what}"
            )
        except WaitTimeoutError as error:
            msg = f"{error} ({self._gateway.connected} shards connected)"
            raise DriverTimeout(msg) from None
        return Answer(self, self._world, interaction)

    def _payload(self, interaction: Interaction, data: Payload) -> Payload:
        channel = interaction.channel
        guild = self._guild_of(channel)
        shape: Payload = {
            "id": str(interaction.id),
            "application_id": str(self._world.application.id),
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "channel_id": str(channel.id),
            "channel": shapes.channel(channel),
            "locale": self.locale,
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(guild.id) if guild is not None else "0"},
            "context": 0 if guild is not None else 1,
            "attachment_size_limit": 10_485_760,
            "data": data,
        }
        if interaction.source is not None:
            shape["message"] = interaction.source
        if guild is None:
            return {**shape, "user": shapes.user(self.user), "app_permissions": str(BITS["SEND_MESSAGES"])}
        may = str(guild.permissions_of(self.user.id, channel))
        shape["channel"]["permissions"] = may
        return {
            **shape,
            "guild_id": str(guild.id),
            "guild_locale": guild.locale,
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
            "member": {**shapes.member(guild.members[self.user.id]), "permissions": may},
            "app_permissions": str(guild.bot_permissions(channel)),
        }

    def _find(self, name: str) -> tuple[Payload, list[str]]:
        commands = self._world.declarations.visible_in(self.guild.id if self.guild is not None else None)
        first, *path = name.split(" ")
        for command in commands:
            if command["name"] == name and command["type"] != 1:
                return command, []
            if command["name"] == first and command["type"] == 1:
                return command, path
        msg = f"no command {name!r} is declared, only {sorted(one['name'] for one in commands)}"
        raise DriverRefused(msg)

    def _where(self, where: Channel | None) -> Channel:
        if where is not None:
            return self._world.channels[where.id]
        if self.guild is None:
            return self._world.direct_channel(self.user.id)
        return next(one for one in self.guild.channels.values() if one.kind == 0)

    def _guild_of(self, channel: Channel) -> Guild | None:
        return self._world.guild_of(channel)

    def _visible(self, message: Payload) -> Payload:
        stored = self._world.store.find(int(message["id"]))
        if stored is None:
            msg = "the message has been deleted"
            raise DriverRefused(msg)
        return stored
