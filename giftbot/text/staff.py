"""Staff links and what they brought, as staff members and admins read it."""

from __future__ import annotations

from collections.abc import Sequence

from giftbot.models.ids import ChannelId, InviteCode, UserId
from giftbot.models.invite import Invite
from giftbot.models.staff import LinkState, StaffLink
from giftbot.text.words import counted, full, plain, relative

_LONGEST_NAME = 60
_SHOWN_NAMES = 10

NO_PLACE = (
    "There is no channel that everybody can see and in which I may make invites. Give my role **Create Invite** "
    "in such a channel, or name a channel."
)
CHANNEL_AND_CODE = (
    "An invite that is there already leads to its own channel. Name the channel for a new invite, or the code of "
    "one that is there, not both."
)
NO_MANAGE_ROLES = "I lack the permission “Manage Roles”"
NO_STAFF = "Nobody has a staff link in this server yet. An admin makes one with /setup_staff_invite."
NO_LINK_OF_YOURS = "You have no staff link in this server, so there is nothing to tell you. Ask an admin for one."
NOT_YOURS = "You can see your own figures only; those of others are for people with **Manage Server**."
NO_BOTS = "A bot cannot have a staff link: name a person."
LINKS_TITLE = "Staff links"
STATS_TITLE = "Staff"
BUTTON_REISSUE = "Issue again"
BUTTON_END = "End"
BUTTON_NEXT = "Next"
BUTTON_BACK = "Back"
NOTIFY_ON = "You get a direct message from me when somebody joins by your link."
NOTIFY_OFF = "You get no more messages about joins by your link."
NOTIFY_REFUSED = (
    "I cannot write to you. Allow direct messages from members of this server in your privacy settings, then try "
    "/staff notify on again."
)
NOTIFY_TRIAL = "This is where I tell you when somebody joins by your link. /staff notify off ends that."
STATES = {
    LinkState.LIVE: "works",
    LinkState.VANISHED: "**is gone**: Discord does not list it any more",
    LinkState.HIDDEN: "**leads to a channel that newcomers cannot see**",
    LinkState.ENDED: "ended",
}


def ticked(code: InviteCode) -> str:
    """A code as it is, in a fixed-width font."""
    return f"`{code.replace('`', '')}`"


def address(code: InviteCode) -> str:
    """A link as people follow it."""
    return f"https://discord.gg/{code}"


def role_name(staff_name: str) -> str:
    """The name of the role that marks who came by somebody's link."""
    return f"Invited by {staff_name}"[:_LONGEST_NAME]


def audit_reason(staff_name: str) -> str:
    """What the server's audit log says of a link and its role."""
    return f"Staff link for {staff_name}"[:_LONGEST_NAME]


def not_a_place(channel_id: ChannelId) -> str:
    """Why no link leads to that channel."""
    return f"<#{channel_id}> is no channel that I can see and that invites can lead to. Name another one."


def may_not_create(channel_id: ChannelId) -> str:
    """Which permission lacks."""
    return f"I may not make invites for <#{channel_id}>. Give my role **Create Invite** there, or name another one."


def hidden_place(channel_id: ChannelId) -> str:
    """Why a channel is not fit for newcomers."""
    return f"Newcomers cannot see <#{channel_id}>. Let @\u200beveryone see it, or name one that everybody can see."


def no_such_link(code: InviteCode) -> str:
    """That link counts for nobody now."""
    return f"{ticked(code)} is no staff link at present. /staff links shows those there are."


def unknown_code(code: InviteCode) -> str:
    """That code is not among the invites."""
    return (
        f"I see no invite {ticked(code)} in this server. Check the code (capital letters count), or leave it out: "
        "then I make a new link."
    )


def looked_in_vain(why: str) -> str:
    """Discord did not do what was asked for."""
    return f"{why.rstrip('.')}. Nothing was changed. Check my permissions with /debug_invites, then try again."


def link_made(
    link: StaffLink, *, is_new: bool, invite: Invite | None, before: StaffLink | None, refused_role: str | None
) -> str:
    """After a link was set up."""
    who = f"<@{link.staff_id}>"
    if not is_new:
        return f"{who} has this link already: {address(link.code)}. It counts since {full(link.valid_from)}."
    lines = [f"{address(link.code)} counts for {who} from now on."]
    if link.marker_role_id is not None:
        lines.append(
            f"Who joins by it gets <@&{link.marker_role_id}>, a role without permissions: so it is certain who "
            "brought them. Please leave the role to the link, and do not hand it out."
        )
    elif link.is_ours and refused_role is not None:
        lines.append(
            f"It gives no marker role ({plain(refused_role.rstrip('.'))}), so its joins are counted. With "
            "**Manage Roles** and my role above the others I can mark them: issue the link again in /staff links."
        )
    elif link.marker_role_id is None:
        lines.append("Its joins are counted.")
    if before is not None and before.code != link.code:
        lines.append(f"It replaces {ticked(before.code)}. What that one brought keeps counting.")
    elif before is not None:
        lines.append(f"Until now it counted for <@{before.staff_id}>, and what it brought until now still does.")
    if invite is not None and invite.max_uses:
        lines.append(f"Careful: it ends after {counted(invite.max_uses, 'use')}.")
    if invite is not None and invite.expires_at is not None:
        lines.append(f"Careful: it ends {relative(invite.expires_at)}.")
    return "\n".join(lines)


def link_ended(link: StaffLink) -> str:
    """After a link was taken from somebody."""
    return (
        f"{ticked(link.code)} counts for nobody from now on; what it brought still counts for <@{link.staff_id}>. "
        "The invite itself still works: delete it in the server's settings, if nobody shall use it."
    )


def broken_link(link: StaffLink) -> str:
    """What admins read when a link stopped working."""
    what = (
        "does not exist any more: it was deleted, or its channel was"
        if link.state is LinkState.VANISHED
        else f"leads to <#{link.channel_id}>, which newcomers cannot see"
        if link.channel_id is not None
        else "leads to a channel that newcomers cannot see"
    )
    return (
        f"The staff link {ticked(link.code)} of <@{link.staff_id}> {what}. Issue it again in /staff links: "
        "what it brought keeps counting."
    )


def link_line(link: StaffLink) -> str:
    """A link in the list."""
    parts = [f"{ticked(link.code)} · <@{link.staff_id}>", STATES[link.state]]
    if link.channel_id is not None:
        parts.append(f"<#{link.channel_id}>")
    if link.valid_to is None:
        parts.append("marked by a role" if link.marker_role_id is not None else "counted")
    since = f"since {full(link.valid_from)}"
    parts.append(since if link.valid_to is None else f"{since} until {full(link.valid_to)}")
    if link.replaces is not None:
        parts.append(f"in place of {ticked(link.replaces)}")
    return " · ".join(parts)


def button_label(words: str, code: InviteCode) -> str:
    """What is on a button about one link."""
    return f"{words}: {code}"[:80]


def names_fixed(changed: int, missing: int) -> str:
    """After the names were asked for again."""
    words = f"{counted(changed, 'name')} corrected." if changed else "All names are as Discord has them."
    if not missing:
        return words
    people = counted(missing, "staff member was", "staff members were")
    return f"{words} {people} not found and keep the last known name."


def figures(
    *, joins: int, members: int, present: int, vips: int, conversion: float | None, uncertain_share: float | None
) -> str:
    """A staff member's figures in a line."""
    if not members and uncertain_share is None:
        return "nobody yet"
    parts = [f"{counted(members, 'member')} ({counted(joins, 'join')})", f"{present:,} still here", f"{vips:,} VIP"]
    if conversion is not None:
        parts.append(f"conversion {conversion:.0%}")
    if uncertain_share:
        parts.append(f"{uncertain_share:.0%} of the joins that may be theirs are uncertain and not counted")
    return " · ".join(parts)


def joined_by_your_link(names: Sequence[str]) -> str:
    """What a staff member reads of joins."""
    shown = ", ".join(f"**{plain(name)}**" for name in names[:_SHOWN_NAMES])
    more = f" and {len(names) - _SHOWN_NAMES:,} more" if len(names) > _SHOWN_NAMES else ""
    return f"{shown}{more} joined by your link. /staff notify off ends these messages."


def page_of(page: int, pages: int) -> str:
    """Which page this is."""
    return f"Page {page:,} of {pages:,}"


def more_staff(count: int) -> str:
    """What did not fit."""
    return f"… and {counted(count, 'more person', 'more people')}: /staff stats member shows one."


def no_figures(user_id: UserId) -> str:
    """Nobody's figures."""
    return f"<@{user_id}> has no staff link in this server, and never had one."
