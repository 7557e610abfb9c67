"""`/giftcodesettings`: the panel of a server."""

import alluka
import hikari
import tanjun

from giftbot.discord.access import MANAGER, require_guild, require_manager
from giftbot.discord.panel import (
    FIELD_KINGDOM,
    REDEMPTION,
    ROUTE_AGAIN,
    ROUTE_AUTO,
    ROUTE_BACKFILL,
    ROUTE_CHANNEL,
    ROUTE_CHECK,
    ROUTE_KINGDOM,
    ROUTE_KINGDOM_TYPED,
    ROUTE_NO_ROLE,
    ROUTE_PAGE,
    ROUTE_REDEEM,
    ROUTE_REDEEM_CHANNEL,
    ROUTE_REDEEM_NOWHERE,
    ROUTE_REGISTER_CHANNEL,
    ROUTE_REGISTER_NOWHERE,
    ROUTE_ROLE,
    ROUTE_TEST,
    Panel,
    RedemptionPanel,
    kingdom_field,
)
from giftbot.discord.press import Press
from giftbot.discord.replies import reply
from giftbot.discord.router import Routes
from giftbot.errors import UserError
from giftbot.models.guild import Backfill
from giftbot.models.ids import ChannelId, GuildId, RoleId
from giftbot.models.player import parse_kingdom
from giftbot.services.announcements import Announcements
from giftbot.services.auto_redeem import AutoRedeem
from giftbot.services.checks import Checks
from giftbot.services.codes import Codes
from giftbot.services.guilds import Guilds
from giftbot.services.kingdoms import Kingdoms
from giftbot.services.status import Status
from giftbot.services.trials import Trials
from giftbot.text import panel as texts

component = tanjun.Component(name="settings")
routes = Routes()


class Panels:
    """Draws the panel of a server as it is now."""

    def __init__(
        self, guilds: Guilds, announcements: Announcements, status: Status, *, registers: bool = False
    ) -> None:
        """Take `registers`, whether servers may choose a channel for registering by message."""
        self._guilds = guilds
        self._announcements = announcements
        self._status = status
        self.registers = registers

    async def draw(self, guild_id: GuildId, note: str | None = None) -> Panel:
        """The panel, with a line on what just happened."""
        return Panel(
            guild=await self._guilds.get(guild_id),
            unsent=len(await self._announcements.unsent(guild_id)),
            undecided=(await self._status.outbox(guild_id)).unknown,
            note=note,
        )

    async def show(self, press: Press, note: str | None) -> None:
        """Redraw the panel that was pressed."""
        panel = await self.draw(press.guild_id, note)
        await press.update(embeds=panel.embeds(), components=panel.components())

    async def show_redemption(self, press: Press, note: str | None) -> None:
        """Show the page about redemption in place of what was pressed."""
        guild = await self._guilds.get(press.guild_id)
        panel = RedemptionPanel(guild=guild, registers=self.registers, note=note)
        await press.update(embeds=panel.embeds(), components=panel.components())


@component.with_slash_command
@tanjun.as_slash_command(
    "giftcodesettings",
    "Choose where gift codes are posted in this server",
    default_to_ephemeral=True,
    default_member_permissions=MANAGER,
)
async def giftcodesettings(ctx: tanjun.abc.SlashContext, panels: alluka.Injected[Panels]) -> None:
    """Open the panel."""
    require_manager(ctx.member if isinstance(ctx.member, hikari.InteractionMember) else None)
    panel = await panels.draw(require_guild(ctx.guild_id))
    await reply(ctx, embeds=panel.embeds(), components=panel.components())


@routes.on(ROUTE_CHANNEL, updates=True)
async def choose_channel(press: Press, guilds: alluka.Injected[Guilds], panels: alluka.Injected[Panels]) -> None:
    """Post to the chosen channel from now on, if the bot can."""
    press.require_manager()
    channel_id = ChannelId(int(press.values[0]))
    try:
        await guilds.choose_channel(press.guild_id, channel_id)
    except UserError as error:
        await panels.show(press, str(error))
        return
    await panels.show(press, texts.channel_chosen(channel_id))


@routes.on(ROUTE_ROLE, updates=True)
async def choose_role(press: Press, guilds: alluka.Injected[Guilds], panels: alluka.Injected[Panels]) -> None:
    """Mention the chosen role with each post."""
    press.require_manager()
    role_id = RoleId(int(press.values[0])) if press.values else None
    try:
        await guilds.choose_role(press.guild_id, role_id)
    except UserError as error:
        await panels.show(press, str(error))
        return
    await panels.show(press, texts.role_chosen(role_id) if role_id else texts.ROLE_REMOVED)


@routes.on(ROUTE_NO_ROLE, updates=True)
async def choose_no_role(press: Press, guilds: alluka.Injected[Guilds], panels: alluka.Injected[Panels]) -> None:
    """Mention nobody."""
    press.require_manager()
    await guilds.choose_role(press.guild_id, None)
    await panels.show(press, texts.ROLE_REMOVED)


@routes.on(ROUTE_AUTO, updates=True)
async def turn_posting(press: Press, guilds: alluka.Injected[Guilds], panels: alluka.Injected[Panels]) -> None:
    """Turn posting on or off."""
    press.require_manager()
    turned_on = press.argument == "on"
    settings = await guilds.turn_posting(press.guild_id, on=turned_on)
    await panels.show(press, texts.posting_turned(settings))


@routes.on(ROUTE_BACKFILL, updates=True)
async def begin(press: Press, guilds: alluka.Injected[Guilds], panels: alluka.Injected[Panels]) -> None:
    """Post the codes that are active now, or only later ones."""
    press.require_manager()
    choice = Backfill(press.argument)
    posted = await guilds.begin(press.guild_id, choice)
    await panels.show(press, texts.backfilled(choice, posted))


@routes.on(ROUTE_TEST, updates=True)
async def test_post(
    press: Press,
    guilds: alluka.Injected[Guilds],
    trials: alluka.Injected[Trials],
    panels: alluka.Injected[Panels],
) -> None:
    """Send a test post to the chosen channel."""
    press.require_manager()
    guild = await guilds.get(press.guild_id)
    try:
        await trials.post(guild)
    except UserError as error:
        await panels.show(press, str(error))
        return
    await panels.show(press, texts.trial_sent(guild.channel_id))


@routes.on(ROUTE_CHECK, updates=True)
async def check_now(
    press: Press,
    guilds: alluka.Injected[Guilds],
    checks: alluka.Injected[Checks],
    codes: alluka.Injected[Codes],
    panels: alluka.Injected[Panels],
) -> None:
    """Ask the sources at once, for this server."""
    press.require_manager()
    try:
        result, posted = await checks.now_for(await guilds.get(press.guild_id))
    except UserError as error:
        await panels.show(press, str(error))
        return
    waiting = len(await codes.awaiting_game())
    await panels.show(press, texts.checked(result.asked, result.failed, result.found, len(posted), waiting))


@routes.on(ROUTE_AGAIN, updates=True)
async def post_again(
    press: Press, announcements: alluka.Injected[Announcements], panels: alluka.Injected[Panels]
) -> None:
    """Post again what nobody can tell whether it was posted."""
    press.require_manager()
    count = await announcements.post_again(press.guild_id)
    await panels.show(press, texts.posting_again(count))


@routes.on(ROUTE_PAGE, updates=True)
async def turn_page(press: Press, panels: alluka.Injected[Panels]) -> None:
    """Show the other page."""
    press.require_manager()
    await (panels.show_redemption if press.argument == REDEMPTION else panels.show)(press, None)


@routes.on(ROUTE_REDEEM_CHANNEL, updates=True)
async def choose_redeem_channel(
    press: Press, guilds: alluka.Injected[Guilds], panels: alluka.Injected[Panels]
) -> None:
    """Show the progress of redemptions in the chosen channel, if the bot can."""
    press.require_manager()
    channel_id = ChannelId(int(press.values[0]))
    try:
        await guilds.choose_redeem_channel(press.guild_id, channel_id)
    except UserError as error:
        await panels.show_redemption(press, str(error))
        return
    await panels.show_redemption(press, texts.redeem_channel_chosen(channel_id))


@routes.on(ROUTE_REDEEM_NOWHERE, updates=True)
async def show_no_progress(press: Press, guilds: alluka.Injected[Guilds], panels: alluka.Injected[Panels]) -> None:
    """Show the progress of redemptions nowhere."""
    press.require_manager()
    await guilds.choose_redeem_channel(press.guild_id, None)
    await panels.show_redemption(press, texts.PROGRESS_NOWHERE)


@routes.on(ROUTE_REGISTER_CHANNEL, updates=True)
async def choose_register_channel(
    press: Press, guilds: alluka.Injected[Guilds], panels: alluka.Injected[Panels]
) -> None:
    """Let messages in the chosen channel register players, where the operator allows that."""
    press.require_manager()
    if not panels.registers:
        raise UserError(texts.REGISTERING_NOT_ALLOWED)
    channel_id = ChannelId(int(press.values[0]))
    try:
        await guilds.choose_register_channel(press.guild_id, channel_id)
    except UserError as error:
        await panels.show_redemption(press, str(error))
        return
    await panels.show_redemption(press, texts.register_channel_chosen(channel_id))


@routes.on(ROUTE_REGISTER_NOWHERE, updates=True)
async def choose_no_register_channel(
    press: Press, guilds: alluka.Injected[Guilds], panels: alluka.Injected[Panels]
) -> None:
    """Let no message register players."""
    press.require_manager()
    await guilds.choose_register_channel(press.guild_id, None)
    await panels.show_redemption(press, texts.REGISTERING_OFF)


@routes.on(ROUTE_REDEEM, updates=True)
async def turn_redeeming(
    press: Press,
    auto_redeem: alluka.Injected[AutoRedeem],
    panels: alluka.Injected[Panels],
) -> None:
    """Turn auto-redeem on or off."""
    press.require_manager()
    if press.argument == "on":
        note = await auto_redeem.turn_on(press.guild_id, press.user_id)
    else:
        note = await auto_redeem.turn_off(press.guild_id)
    await panels.show_redemption(press, note)


@routes.on(ROUTE_KINGDOM)
async def ask_kingdom(press: Press, guilds: alluka.Injected[Guilds]) -> None:
    """Ask for the default kingdom."""
    press.require_manager()
    field = kingdom_field(await guilds.get(press.guild_id))
    await press.ask(texts.KINGDOM_TITLE, f"{ROUTE_KINGDOM_TYPED}:", [field])


@routes.on(ROUTE_KINGDOM_TYPED, updates=True)
async def choose_kingdom(
    press: Press, kingdoms: alluka.Injected[Kingdoms], panels: alluka.Injected[Panels]
) -> None:
    """Take what was typed for players who are registered without a kingdom, and repair those whom it concerns."""
    press.require_manager()
    typed = press.fields.get(FIELD_KINGDOM, "").strip()
    try:
        kingdom = parse_kingdom(typed) if typed else None
    except UserError as error:
        await panels.show_redemption(press, str(error))
        return
    repaired = await kingdoms.choose(press.guild_id, kingdom)
    await panels.show_redemption(
        press, texts.kingdom_chosen(kingdom, repaired) if kingdom else texts.KINGDOM_REMOVED
    )


loader = component.load_from_scope().make_loader()
