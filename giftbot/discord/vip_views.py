"""Reviews of VIP credit and the VIP panel as messages, with buttons that work after any restart."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import hikari
from hikari.impl import MessageActionRowBuilder

from giftbot.discord.channels import POSTABLE
from giftbot.discord.messages import COLOUR
from giftbot.errors import UserError
from giftbot.models.credit import Credit
from giftbot.models.ids import ChannelId, CreditId, RoleId
from giftbot.models.staff import StaffLink
from giftbot.text import answers as answer_texts
from giftbot.text import vip as texts

ROUTE_APPROVE = "vip-approve"
ROUTE_CHOOSE = "vip-choose"
ROUTE_CHOSEN = "vip-chosen"
ROUTE_PAGE = "vip-page"
ROUTE_REJECT = "vip-reject"
ROUTE_SHOW = "vip-show"
ROUTE_NEXT = "vip-next"
ROUTE_UNTRACKED = "vip-untracked"
ROUTE_ROLE = "vip-role"
ROUTE_CHANNEL = "vip-channel"
ROUTE_NO_ROLE = "vip-no-role"
ROUTE_NO_CHANNEL = "vip-no-channel"
_OPTIONS = 25
"""Discord takes no more in a select."""


def review_embed(credit: Credit, left: int | None = None) -> hikari.Embed:
    """A credit that waits; `left` says how many do."""
    embed = hikari.Embed(title=texts.REVIEW_TITLE, description=texts.review(credit), colour=COLOUR)
    return embed if left is None else embed.set_footer(texts.reviews_left(left))


def review_row(credit: Credit) -> MessageActionRowBuilder:
    """Approve, Choose and Reject."""
    row = MessageActionRowBuilder()
    row.add_interactive_button(
        hikari.ButtonStyle.SUCCESS,
        f"{ROUTE_APPROVE}:{credit.credit_id}",
        label=texts.BUTTON_APPROVE,
        is_disabled=credit.staff_id is None,
    )
    row.add_interactive_button(
        hikari.ButtonStyle.PRIMARY, f"{ROUTE_CHOOSE}:{credit.credit_id}", label=texts.BUTTON_CHOOSE
    )
    return row.add_interactive_button(
        hikari.ButtonStyle.DANGER, f"{ROUTE_REJECT}:{credit.credit_id}", label=texts.BUTTON_REJECT
    )


def choice_rows(credit: Credit, staff: Sequence[StaffLink], number: int = 0) -> list[MessageActionRowBuilder]:
    """A page of the staff members whom it can count for, the last one when there are less, and a way back."""
    pages = max(1, -(-len(staff) // _OPTIONS))
    number = min(number, pages - 1)
    row, ways = MessageActionRowBuilder(), MessageActionRowBuilder()
    menu = row.add_text_menu(f"{ROUTE_CHOSEN}:{credit.credit_id}", placeholder=texts.choose_menu(number, pages))
    for link in staff[number * _OPTIONS : (number + 1) * _OPTIONS]:
        menu.add_option((link.staff_name or str(link.staff_id))[:100], str(link.staff_id))
    ways.add_interactive_button(
        hikari.ButtonStyle.SECONDARY, f"{ROUTE_SHOW}:{credit.credit_id}", label=texts.BUTTON_BACK
    )
    for label, page in ((texts.BUTTON_PAGE_BEFORE, number - 1), (texts.BUTTON_PAGE_AFTER, number + 1)):
        if 0 <= page < pages:
            ways.add_interactive_button(
                hikari.ButtonStyle.SECONDARY, f"{ROUTE_PAGE}:{page}:{credit.credit_id}", label=label
            )
    return [row, ways]


def parse_page(argument: str) -> tuple[int, CreditId]:
    """Which page of the choice a button leads to, and for which credit. Raises `UserError`."""
    number, _, credit_id = argument.partition(":")
    if not number.isdecimal():
        raise UserError(answer_texts.TOO_LATE)
    return int(number), CreditId(credit_id)


def queue_rows(rows: Sequence[Credit], shown: Credit) -> list[MessageActionRowBuilder]:
    """Under a review in the queue: its own buttons, and those of the queue."""
    untracked = sum(row.join_id is None and not row.candidates for row in rows)
    return [review_row(shown), queue_row(shown, untracked)]


def queue_row(credit: Credit, untracked: int = 0) -> MessageActionRowBuilder:
    """Under a review in the queue: the next one, and clearing those of whom nothing is known."""
    row = MessageActionRowBuilder()
    row.add_interactive_button(
        hikari.ButtonStyle.SECONDARY, f"{ROUTE_NEXT}:{credit.credit_id}", label=texts.BUTTON_NEXT
    )
    if untracked:
        row.add_interactive_button(
            hikari.ButtonStyle.DANGER, f"{ROUTE_UNTRACKED}:", label=texts.untracked_button(untracked)
        )
    return row


def decided_embed(credit: Credit, note: str | None = None) -> hikari.Embed:
    """A credit that is decided."""
    return hikari.Embed(title=texts.REVIEW_TITLE, description=note or texts.decided(credit), colour=COLOUR)


@attrs.frozen
class VipPanel:
    """What a server chose, and the ways to change it."""

    role_id: RoleId | None
    channel_id: ChannelId | None
    pending: int
    note: str | None = None
    """What the last press did."""

    def embeds(self) -> list[hikari.Embed]:
        """The effective choices."""
        embed = hikari.Embed(title=texts.VIP_TITLE, description=self.note, colour=COLOUR)
        for name, value in texts.vip_state(self.role_id, self.channel_id, self.pending):
            embed.add_field(name, value)
        return [embed]

    def components(self) -> list[MessageActionRowBuilder]:
        """Selects, and buttons that choose nothing."""
        role, channel, none = (MessageActionRowBuilder() for _ in range(3))
        role.add_select_menu(
            hikari.ComponentType.ROLE_SELECT_MENU, f"{ROUTE_ROLE}:", placeholder=texts.VIP_ROLE_MENU
        )
        channel.add_channel_menu(f"{ROUTE_CHANNEL}:", channel_types=POSTABLE, placeholder=texts.VIP_CHANNEL_MENU)
        for route, label, chosen in (
            (ROUTE_NO_ROLE, texts.BUTTON_NO_ROLE, self.role_id),
            (ROUTE_NO_CHANNEL, texts.BUTTON_NO_CHANNEL, self.channel_id),
        ):
            none.add_interactive_button(
                hikari.ButtonStyle.SECONDARY, f"{route}:", label=label, is_disabled=chosen is None
            )
        return [role, channel, none]
