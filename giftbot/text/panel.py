"""The settings panel, which admins read."""

from __future__ import annotations

from collections.abc import Sequence

from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import ChannelId, RoleId
from giftbot.text.words import counted, plain

TOO_SOON = "This was done a moment ago. Try again in {seconds} s."


def missing_permissions(channel_id: ChannelId, missing: Sequence[str]) -> str:
    """What the bot lacks in a channel."""
    names = ", ".join(f"**{name}**" for name in missing)
    return (
        f"I cannot post in <#{channel_id}> yet. Missing there: {names}. "
        "Allow it for my role in the channel's permissions, then choose the channel again."
    )


CHANNEL_GONE = "This channel does not exist any more. Choose another one."
NOT_POSTABLE = "Posts go to text or announcement channels of this server. Choose one of those."
PANEL_TITLE = "Gift code settings"
PANEL_CHANNEL = "Choose the channel for gift codes"
PANEL_ROLE = "Choose a role to mention (optional)"
PANEL_TURN_ON = "Turn posting on"
PANEL_TURN_OFF = "Turn posting off"
PANEL_NO_ROLE = "Mention nobody"
PANEL_AGAIN = "Post again"
PANEL_ONLY_NEW = "Only new ones"
PANEL_TEST = "Test post"
PANEL_CHECK = "Check now"
PANEL_REDEMPTION = "Redemption…"
PANEL_BACK = "Back"
REDEMPTION_TITLE = "Redemption settings"
REDEEM_CHANNEL = "Choose the channel for progress"
REDEEM_NOWHERE = "Show no progress"
REDEEM_TURN_ON = "Turn auto-redeem on"
REDEEM_TURN_OFF = "Turn auto-redeem off"
REGISTER_CHANNEL = "Choose a channel for registering by message"
REGISTER_NOWHERE = "No registering by message"
KINGDOM_BUTTON = "Default kingdom…"
KINGDOM_TITLE = "Default kingdom"
KINGDOM_LABEL = "Kingdom (1 to 9,999); empty for none"
KINGDOM_REMOVED = "There is no default kingdom any more: whoever registers a player names the kingdom."
PROGRESS_NOWHERE = "The progress of redemptions is not shown any more."
REGISTERING_OFF = "Messages do not register players any more."
REGISTERING_NOT_ALLOWED = "Registering by message is switched off in this bot."
ROLE_REMOVED = "Posts mention nobody now."
NOT_EVERYONE = "@everyone cannot be chosen: give your members a role for gift codes, and choose that."
POSTING_ON = "Posting is on. Choose below whether the codes that are active now are posted, too."
POSTING_OFF = (
    "Posting is off. Codes found meanwhile are not made up for, unless you ask for it when you turn it on."
)


def panel_post_now(count: int) -> str:
    """Label of the button that posts what is active now."""
    return f"Post the {counted(count, 'code')} active now" if count else "No codes to post now"


def posting_state(guild: GuildSettings) -> str:
    """Whether new codes are posted, and why not."""
    if guild.disabled_reason is not None:
        why = plain(guild.disabled_reason)
        return f"stopped: {why}. Repair the permissions and choose the channel again, or choose another one."
    if not guild.auto_post:
        return "off"
    return "on" if guild.channel_id is not None else "waits for a channel"


def redeeming_state(guild: GuildSettings) -> str:
    """Whether codes are to be redeemed as they come."""
    return "on, for every player of this server" if guild.auto_redeem else "off"


def undecided(count: int) -> str:
    """What the panel says of posts that may or may not have arrived."""
    return (
        f"{counted(count, 'post')} may or may not have arrived, and I may not read the channel's history to see. "
        "Look there; if they are missing, press “Post again”."
    )


def channel_chosen(channel_id: ChannelId) -> str:
    """After a channel was chosen."""
    return (
        f"New codes go to <#{channel_id}> from now on. "
        "Choose below whether the codes that are active now are posted, too."
    )


def redeem_channel_chosen(channel_id: ChannelId) -> str:
    """After the channel for progress was chosen."""
    return f"The progress of redemptions is shown in <#{channel_id}> from the next job on."


def register_channel_chosen(channel_id: ChannelId) -> str:
    """After the channel for registering by message was chosen."""
    return f"Who writes nothing but a player id (and perhaps the kingdom) in <#{channel_id}> registers that player."


def kingdom_chosen(kingdom: int, repaired: int) -> str:
    """After the default kingdom was chosen; `repaired` players were in the wrong one before."""
    chosen = f"Players who are registered without a kingdom are in kingdom {kingdom} from now on."
    if not repaired:
        return chosen
    players = counted(repaired, "player")
    return f"{chosen} Codes can be redeemed again for {players} whom the game did not find in the old one."


def role_chosen(role_id: RoleId) -> str:
    """After a role was chosen."""
    return f"Posts mention <@&{role_id}> now."


def backfilled(choice: Backfill, posted: int) -> str:
    """After the choice what happens to the codes that are active now."""
    if choice is Backfill.SKIP:
        return "Only codes found from now on are posted."
    return f"{counted(posted, 'code')} will be posted in a moment." if posted else "There is nothing to post now."


def trial_sent(channel_id: ChannelId | None) -> str:
    """After a test post arrived."""
    return f"The test post is in <#{channel_id}>."


def trial_failed(channel_id: ChannelId, why: str) -> str:
    """After a test post did not arrive."""
    return f"The test post did not arrive in <#{channel_id}>: {plain(why)}. Check the bot's permissions there."


def checked(asked: int, failed: int, found: int, posted: int, unverified: int = 0) -> str:
    """After a check that somebody asked for; `unverified` codes wait until the game says that it knows them."""
    troubled = f", {failed} of them without success" if failed else ""
    news = [f"{counted(posted, 'code')} will be posted here in a moment."] if posted else []
    if unverified:
        waiting = counted(unverified, "new code awaits", "new codes await")
        news.append(f"{waiting} the game's verification, and can be posted after that.")
    shown = " ".join(news) or "Nothing is new here."
    return f"Asked {counted(asked, 'source')}{troubled}: {counted(found, 'code')} listed. {shown}"


def posting_again(count: int) -> str:
    """After "post again"."""
    return f"{counted(count, 'code')} will be posted again in a moment."


def posting_turned(guild: GuildSettings) -> str:
    """After posting was turned on or off."""
    if not guild.auto_post:
        return POSTING_OFF
    return (
        POSTING_ON if guild.is_posting else "Posting is on, and begins once a channel is chosen that I can post in."
    )


def role_not_mentionable(role_id: RoleId, channel_id: ChannelId) -> str:
    """Why a role was not chosen."""
    return (
        f"I may not mention <@&{role_id}> in <#{channel_id}>, so nothing was changed. In the role's settings allow "
        "everyone to mention it, or give my role **Mention Everyone** in this channel; then choose the role again."
    )
