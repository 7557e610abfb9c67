"""VIP credit and its reviews, as admins read them."""

from __future__ import annotations

from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import ChannelId, RoleId, UserId
from giftbot.models.join import Level
from giftbot.text.staff import ticked
from giftbot.text.words import counted, plain, relative

_SHOWN = 10

NOTE_JOIN = "gained the VIP role; the join is certain"
NOTE_UNCERTAIN = "gained the VIP role; it is not certain who brought them"
NOTE_AGAIN = "gained the VIP role again after an admin had decided against a credit"
NOTE_BY_HAND = "credited by hand"
NOTE_REVOKED = "taken back"
NOTE_APPROVED = "approved"
NOTE_CHOSEN = "chosen by an admin"
NOTE_REJECTED = "rejected"
NOTE_RAISED = "settled: the join became certain"
NOTE_EXCLUDED = "settled: they came by their own invite"
NOT_FOR_THEMSELVES = "Nobody is credited for themselves. Name another staff member."
NOT_FOR_BOTS = "Bots are no members whom somebody can be credited for."
NOT_TO_BOTS = "Nobody is credited to a bot. Name a person."
NO_SUCH_REVIEW = "This credit does not exist any more. /vip review shows what waits."
NOBODY_TO_APPROVE = "Nothing says who brought them. Choose a staff member, or reject it."
NOT_STAFF = "That is none of the staff members whom this can count for. Anybody else: /vip credit."
NOT_A_MEMBER = "That person is not in this server at present."
BEING_CHANGED = "This credit is being changed by somebody else over and over. Try again."
NO_VIP_ROLE = "This server has no VIP role yet. Choose it with /vip role."
NOT_EVERYONE = "@\u200beveryone cannot be the VIP role: choose one that members gain."
VIP_TITLE = "VIP credit"
VIP_ROLE_MENU = "Choose the VIP role"
VIP_CHANNEL_MENU = "Choose the channel for reviews and broken links"
BUTTON_NO_ROLE = "No VIP role"
BUTTON_NO_CHANNEL = "Show reviews nowhere"
ROLE_REMOVED = "There is no VIP role any more: nobody is credited by themselves. What is credited stays."
CHANNEL_REMOVED = "Reviews are in /vip review only; of broken links the server's owner is told."
NOTHING_TO_REVIEW = "Nothing waits for a decision."
REVIEW_TITLE = "Who brought this VIP?"
BUTTON_APPROVE = "Approve"
BUTTON_CHOOSE = "Choose…"
BUTTON_REJECT = "Reject"
BUTTON_BACK = "Back"
BUTTON_NEXT = "Next"
BUTTON_PAGE_BEFORE = "Previous page"
BUTTON_PAGE_AFTER = "Next page"
CHOOSE_MENU = "For whom does it count?"
NOBODY_TO_CHOOSE = "This server has no staff links. Credit them by hand with /vip credit, or reject this."
_DECIDED = {
    CreditState.CREDITED: "credited to",
    CreditState.REVERSED: "taken back from",
    CreditState.REJECTED: "counts for nobody",
    CreditState.PENDING: "waits for a decision",
}
_LEVELS = {
    Level.UNKNOWN: "nothing is known about their join",
    Level.INFERRED: "how they joined is only inferred",
    Level.CANDIDATES: "they came by one of several invites",
    Level.OWNER: "who invited them is certain, but that is nobody with a staff link at that time",
    Level.COUNTED: "which invite they used is certain, but it was no staff link at that time",
    Level.CONFIRMED: "which invite they used is certain, but it was no staff link at that time",
}


def role_chosen(role_id: RoleId) -> str:
    """After the VIP role was chosen."""
    return (
        f"Who gains <@&{role_id}> from now on is credited to the staff member who brought them. "
        "/vip sync does that for those who have it already."
    )


def review_channel_chosen(channel_id: ChannelId) -> str:
    """After the channel for reviews was chosen."""
    return f"Uncertain credits and broken staff links are shown in <#{channel_id}> from now on."


def vip_state(role_id: RoleId | None, channel_id: ChannelId | None, pending: int) -> list[tuple[str, str]]:
    """The panel's fields."""
    return [
        ("VIP role", f"<@&{role_id}>" if role_id is not None else "none: nobody is credited"),
        ("Reviews", f"<#{channel_id}>" if channel_id is not None else "in /vip review only"),
        ("Waiting", counted(pending, "credit")),
    ]


def synced(holders: int, credited: int, pending: int, waiting: int) -> str:
    """After the VIPs were compared with the ledger."""
    words = f"{counted(holders, 'VIP')} compared: {credited:,} newly credited"
    if pending:
        words += f", {pending:,} to decide in /vip review"
    if waiting:
        words += f", {waiting:,} wait until it is known how they joined"
    return f"{words}." if credited or pending or waiting else f"{counted(holders, 'VIP')} compared: nothing is new."


def credited_already(credit: Credit) -> str:
    """Why nobody is credited twice."""
    to = f"<@{credit.staff_id}>" if credit.staff_id is not None else "somebody"
    return f"<@{credit.user_id}> is credited to {to} already. Take that back first: /vip revoke."


def not_credited(user_id: UserId) -> str:
    """Nothing to take back."""
    return f"<@{user_id}> is credited to nobody, so there is nothing to take back."


def decided_already(credit: Credit) -> str:
    """Somebody was faster, or it settled itself."""
    return f"This was decided already: {decided(credit)}"


def decided(credit: Credit) -> str:
    """Where a credit stands, and who decided."""
    last = credit.history[-1] if credit.history else None
    words = f"<@{credit.user_id}> {_DECIDED[credit.state]}"
    if credit.state in {CreditState.CREDITED, CreditState.REVERSED} and credit.staff_id is not None:
        words += f" <@{credit.staff_id}>"
    if last is not None and last.by is not None:
        words += f" (by <@{last.by}>, {relative(last.at)})"
    elif last is not None and last.note:
        words += f" ({last.note})"
    return f"{words}."


def review(credit: Credit) -> str:
    """What is known about a credit that waits."""
    name = f" ({plain(credit.user_name)})" if credit.user_name else ""
    why = "they joined before I counted, or unseen" if credit.join_id is None else _LEVELS[credit.level]
    lines = [f"<@{credit.user_id}>{name} gained the VIP role {relative(credit.created_at)}; {why}."]
    if any(step.note == NOTE_AGAIN for step in credit.history):
        lines.append("An admin decided against a credit for them before.")
    for one in credit.candidates[:_SHOWN]:
        if one.owner_id is not None:
            by = f" by {ticked(one.code)}" if one.code is not None else ""
            lines.append(f"<@{one.owner_id}>{by}: {one.weight:.0%}")
    if credit.staff_id is not None:
        lines.append(f"**Approve** credits <@{credit.staff_id}>.")
    return "\n".join(lines)


def choose_menu(number: int, pages: int) -> str:
    """What the menu of staff members asks; it takes several pages where there are many."""
    return CHOOSE_MENU if pages == 1 else f"{CHOOSE_MENU} (page {number + 1} of {pages})"


def many_to_review(count: int) -> str:
    """What admins read when many credits wait at once."""
    return f"{counted(count, 'VIP')} wait for a decision on who brought them: /vip review."


def reviews_left(count: int) -> str:
    """Under a review in the queue."""
    return f"{counted(count, 'credit')} waiting"


def untracked_button(count: int) -> str:
    """The button that clears those of whom nothing is known."""
    return f"Reject all {count:,} of whom nothing is known"


def untracked_rejected(count: int) -> str:
    """After it was pressed."""
    return f"{counted(count, 'credit')} of members of whom nothing is known count for nobody."
