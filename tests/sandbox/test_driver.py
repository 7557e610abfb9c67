"""Users of the sandbox against a small Tanjun client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import hikari
import pytest
import tanjun
from tanjun.annotations import Bool, Channel, Int, Role, Str, User, with_annotated_args

from giftbot.sandbox import Actor, DriverRefused, DriverTimeout, Sandbox
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.options import OptionValue
from tests.sandbox.conftest import Connect


@with_annotated_args(follow_wrapped=True)
@tanjun.as_slash_command("echo", "Says it again.", default_to_ephemeral=True)
async def echo(
    context: tanjun.abc.SlashContext, text: Annotated[Str, "What"], times: Annotated[Int, "How often"] = 1
) -> None:
    """Answer with the text."""
    await context.respond(" ".join([text] * times))


@with_annotated_args(follow_wrapped=True)
@tanjun.as_slash_command(
    "target", "Names what was chosen.", default_member_permissions=hikari.Permissions.MANAGE_GUILD
)
async def target(
    context: tanjun.abc.SlashContext,
    channel: Annotated[Channel, "Channel"],
    role: Annotated[Role, "Role"],
    user: Annotated[User, "User"],
    loud: Annotated[Bool, "Loud"] = False,
) -> None:
    """Answer with the names of resolved options."""
    await context.respond(f"{channel.name} {role.name} {user.username} {loud}")


players = tanjun.slash_command_group("player", "Players.")


@players.as_sub_command("add", "Adds one.")
async def add_player(context: tanjun.abc.SlashContext) -> None:
    """Defer, then answer twice."""
    await context.defer(ephemeral=True)
    await context.edit_initial_response("working")
    await context.create_followup("done", ephemeral=True)


@tanjun.with_str_slash_option("code", "Code", autocomplete=None)
@tanjun.as_slash_command("find", "Finds a code.")
async def find(context: tanjun.abc.SlashContext, code: str) -> None:
    """Answer with the code."""
    await context.respond(code)


@find.with_str_autocomplete("code")
async def complete(context: tanjun.abc.AutocompleteContext, value: str) -> None:
    """Offer one continuation."""
    await context.set_choices({f"{value}-long": value.upper()})


@tanjun.as_slash_command("panel", "Shows a panel.")
async def panel(context: tanjun.abc.SlashContext) -> None:
    """Answer with buttons and menus."""
    rest = context.rest
    buttons = rest.build_message_action_row()
    buttons.add_interactive_button(hikari.ButtonStyle.PRIMARY, "count:1", label="Count")
    buttons.add_interactive_button(hikari.ButtonStyle.SECONDARY, "ask", label="Ask")
    buttons.add_interactive_button(hikari.ButtonStyle.DANGER, "never", label="Never", is_disabled=True)
    buttons.add_link_button("https://example.org", label="Site")
    menu = rest.build_message_action_row()
    menu.add_text_menu("pick", placeholder="Pick").add_option("First", "1").add_option("Second", "2")
    channels = rest.build_message_action_row().add_channel_menu("where", placeholder="Where")
    await context.respond("panel", components=[buttons, menu, channels])


@tanjun.as_slash_command("silent", "Never answers.")
async def silent(context: tanjun.abc.SlashContext) -> None:
    """Answer nothing."""
    await asyncio.Event().wait()


@tanjun.as_user_menu("Who is it")
async def who(context: tanjun.abc.MenuContext, user: hikari.InteractionMember | hikari.User) -> None:
    """Name the user of a menu command."""
    await context.respond(user.username)


@tanjun.as_message_menu("Quote")
async def quote(context: tanjun.abc.MenuContext, message: hikari.Message) -> None:
    """Repeat the message of a menu command."""
    await context.respond(message.content or "nothing")


async def on_component(event: hikari.ComponentInteractionCreateEvent) -> None:
    """Answer presses of the panel."""
    interaction = event.interaction
    if interaction.custom_id == "ask":
        row = event.app.rest.build_modal_action_row().add_text_input("name", "Your name", max_length=10)
        await interaction.create_modal_response("Who?", "form", component=row)
    elif interaction.custom_id.startswith("count"):
        await interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_UPDATE, f"pressed by {interaction.user.username}"
        )
    elif interaction.custom_id == "pick":
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, ",".join(interaction.values))
    else:
        assert interaction.resolved is not None
        names = [channel.name or "" for channel in interaction.resolved.channels.values()]
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, ",".join(names))


async def on_modal(event: hikari.ModalInteractionCreateEvent) -> None:
    """Greet whom the form names."""
    field = event.interaction.components[0].components[0]
    await event.interaction.create_initial_response(
        hikari.ResponseType.MESSAGE_CREATE, f"hello {field.value}", flags=hikari.MessageFlag.EPHEMERAL
    )


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    """A guild."""
    return sandbox.world.add_guild("home")


@pytest.fixture
async def admin(sandbox: Sandbox, guild: Guild, connect: Connect) -> AsyncIterator[Actor]:
    """A member with Manage Server, facing a connected bot with its commands declared."""
    bot = await connect(sandbox)
    bot.subscribe(hikari.ComponentInteractionCreateEvent, on_component)
    bot.subscribe(hikari.ModalInteractionCreateEvent, on_modal)
    component = tanjun.Component(name="probe")
    commands = (echo, target, players, find, panel, silent)
    for command in commands:
        component.add_slash_command(command.copy())
    component.add_menu_command(who.copy()).add_menu_command(quote.copy())
    client = tanjun.Client.from_gateway_bot(bot, event_managed=False).add_component(component)
    client.set_message_accepts(tanjun.MessageAcceptsEnum.NONE)
    builders: list[hikari.api.CommandBuilder] = [one.build() for one in client.iter_slash_commands()]
    builders += [one.build() for one in client.iter_menu_commands()]
    for builder in builders:
        builder.set_context_types([hikari.ApplicationContextType.GUILD])
    application = await bot.rest.fetch_application()
    await bot.rest.set_application_commands(application, builders)
    async with client:
        yield sandbox.user(guild, name="ada", permissions="MANAGE_GUILD")


async def test_command(sandbox: Sandbox, guild: Guild, admin: Actor) -> None:
    """A command with options is answered, seen by its user only."""
    answer = await admin.command("echo", text="hi", times=2)
    assert answer.content == "hi hi"
    assert answer.text == "hi hi"
    assert answer.ephemeral
    assert not answer.deferred
    assert 0 < answer.latency < 1
    assert sandbox.world.messages(guild.channel("general")) == []


async def test_resolved_options(guild: Guild, admin: Actor) -> None:
    """Channels, roles and users reach the bot as full objects; `channel` is the option if one is declared."""
    role = guild.add_role("Fans")
    answer = await admin.command("target", channel=guild.channel("codes"), role=role, user=admin.user, loud=True)
    assert answer.content == "codes Fans ada True"


async def test_deferred_and_followed_up(admin: Actor) -> None:
    """A deferred answer shows what it becomes, and what follows."""
    answer = await admin.command("player add")
    assert answer.deferred
    await answer.shows("done")
    assert answer.content == "working"
    assert [one["content"] for one in answer.followups] == ["done"]
    assert (await answer.settled()).text == "working\ndone"


async def test_autocomplete(admin: Actor) -> None:
    """Choices are offered for what was typed."""
    choices = await admin.autocomplete("find", option="code", value="fr")
    assert [(one["name"], one["value"]) for one in choices] == [("fr-long", "FR")]


async def test_button_updates_the_message(sandbox: Sandbox, guild: Guild, admin: Actor) -> None:
    """A press that is answered with an update changes the stored message, whoever presses."""
    answer = await admin.command("panel")
    pressed = await answer.press("Count")
    assert pressed.message_id == answer.message_id
    assert answer.content == "pressed by ada"
    other = sandbox.user(guild, name="bob")
    await other.press(sandbox.world.messages(guild.channel("general"))[0], "count:1")
    assert answer.content == "pressed by bob"


async def test_menus(guild: Guild, admin: Actor) -> None:
    """Text menus take labels or values, channel menus channels."""
    answer = await admin.command("panel")
    assert (await answer.select("Pick", ["Second"])).content == "2"
    assert (await answer.select("where", [guild.channel("codes")])).content == "codes"


async def test_modal(admin: Actor) -> None:
    """A modal is filled in and its answer read."""
    modal = await (await admin.command("panel")).press("Ask")
    assert modal.modal is not None
    assert "Your name" in modal.text
    assert (await modal.submit({"name": "ada"})).content == "hello ada"
    with pytest.raises(DriverRefused, match="does not fit"):
        await modal.submit({"name": "much too long a name"})


async def test_menu_commands(sandbox: Sandbox, guild: Guild, admin: Actor) -> None:
    """Commands in the menus of users and messages get their target."""
    assert (await admin.command("Who is it", target=admin.member)).content == "ada"
    said = sandbox.user(guild, name="bob").say(guild.channel("general"), "hello")
    assert (await admin.command("Quote", target=said)).content == "hello"
    with pytest.raises(DriverRefused, match="target"):
        await admin.command("Quote")


async def test_what_a_client_refuses(sandbox: Sandbox, guild: Guild, admin: Actor) -> None:
    """Undeclared, unpermitted, incomplete and disabled things cannot be used."""
    with pytest.raises(DriverRefused, match="declared"):
        await admin.command("nothing")
    with pytest.raises(DriverRefused, match="needs text"):
        await admin.command("echo")
    with pytest.raises(DriverRefused, match="needs a subcommand: add"):
        await admin.command("player")
    stranger = sandbox.user(guild, name="eve")
    choice: dict[str, OptionValue] = {"channel": guild.channel("codes"), "role": guild.id, "user": stranger.user}
    with pytest.raises(DriverRefused, match="lacks MANAGE_GUILD"):
        await stranger.command("target", choice)
    assert (await stranger.command("target", choice, force=True)).content == "codes @everyone eve False"
    with pytest.raises(DriverRefused, match="direct messages"):
        await sandbox.user(None).command("echo", text="x")
    answer = await admin.command("panel")
    for name, reason in (("Never", "disabled"), ("Site", "opens"), ("Gone", "not on the message")):
        with pytest.raises(DriverRefused, match=reason):
            await answer.press(name)


async def test_timeout_names_what_was_waited_for(sandbox: Sandbox, admin: Actor) -> None:
    """A command that is never answered raises, and says which."""
    with pytest.raises(DriverTimeout, match="answer to /silent by ada"):
        await admin.command("silent", timeout=0.1)
    sandbox.findings.clear()
