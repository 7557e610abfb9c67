"""Staff links and their figures as messages: lists with buttons that work after any restart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import attrs
import hikari
from hikari.impl import MessageActionRowBuilder

from giftbot.discord.messages import COLOUR
from giftbot.errors import InviteLookError, UserError
from giftbot.models.ids import InviteCode
from giftbot.models.staff import StaffLink
from giftbot.services.invites.link_watch import BROKEN
from giftbot.services.invites.staff_statistics import StaffFigures
from giftbot.text import staff as texts
from giftbot.text.words import plain

ROUTE_PAGE = "staff-links"
ROUTE_AGAIN = "staff-again"
ROUTE_END = "staff-end"
ROUTE_REISSUE = "staff-reissue"
"""The button of a warning; the others are on the list."""
PAGE = 4
"""Links on a page: each has a row of buttons, and a message has five rows."""
_LONGEST = 3_900
"""Characters of an embed's description that are used."""


@contextmanager
def asking_discord() -> Iterator[None]:
    """Tell the user what Discord did not do."""
    try:
        yield
    except InviteLookError as error:
        raise UserError(texts.looked_in_vain(str(error))) from error


@attrs.frozen
class LinkList:
    """One page of a server's links: those that count now first, then the newest of the others."""

    links: Sequence[StaffLink]
    page: int = 0
    note: str | None = None
    """What the last press did."""

    @property
    def pages(self) -> int:
        """How many there are."""
        return max(1, -(-len(self.links) // PAGE))

    @property
    def shown(self) -> Sequence[StaffLink]:
        """The links of this page."""
        start = min(max(self.page, 0), self.pages - 1) * PAGE
        return self.links[start : start + PAGE]

    def embeds(self) -> list[hikari.Embed]:
        """The page."""
        lines = [texts.link_line(link) for link in self.shown] or [texts.NO_STAFF]
        if self.note is not None:
            lines.insert(0, f"{self.note}\n")
        embed = hikari.Embed(title=texts.LINKS_TITLE, description="\n".join(lines), colour=COLOUR)
        return [embed.set_footer(texts.page_of(min(self.page, self.pages - 1) + 1, self.pages))]

    def components(self) -> list[MessageActionRowBuilder]:
        """A row for each link that counts, and the pages."""
        rows = [_link_row(link) for link in self.shown if link.valid_to is None]
        if self.pages > 1:
            row = MessageActionRowBuilder()
            for label, page in ((texts.BUTTON_BACK, self.page - 1), (texts.BUTTON_NEXT, self.page + 1)):
                row.add_interactive_button(
                    hikari.ButtonStyle.SECONDARY,
                    f"{ROUTE_PAGE}:{page}",
                    label=label,
                    is_disabled=not 0 <= page < self.pages,
                )
            rows.append(row)
        return rows


def _link_row(link: StaffLink) -> MessageActionRowBuilder:
    row = MessageActionRowBuilder()
    row.add_interactive_button(
        hikari.ButtonStyle.PRIMARY if link.state in BROKEN else hikari.ButtonStyle.SECONDARY,
        f"{ROUTE_AGAIN}:{link.code}",
        label=texts.button_label(texts.BUTTON_REISSUE, link.code),
    )
    row.add_interactive_button(
        hikari.ButtonStyle.DANGER, f"{ROUTE_END}:{link.code}", label=texts.button_label(texts.BUTTON_END, link.code)
    )
    return row


def reissue_row(code: InviteCode) -> MessageActionRowBuilder:
    """The button of a warning about a link."""
    row = MessageActionRowBuilder()
    label = texts.button_label(texts.BUTTON_REISSUE, code)
    return row.add_interactive_button(hikari.ButtonStyle.PRIMARY, f"{ROUTE_REISSUE}:{code}", label=label)


def figures_embed(figures: Sequence[StaffFigures]) -> hikari.Embed:
    """Figures, a line for each staff member, as many as there is room for."""
    lines: list[str] = []
    room = _LONGEST
    for one in figures:
        name = f" ({plain(one.staff_name)})" if one.staff_name else ""
        words = texts.figures(
            joins=one.joins,
            members=one.members,
            present=one.present,
            vips=one.vips,
            conversion=one.conversion,
            uncertain_share=one.uncertain_share,
        )
        line = f"<@{one.staff_id}>{name}: {words}"
        room -= len(line) + 1
        if room < 0:
            lines.append(texts.more_staff(len(figures) - len(lines)))
            break
        lines.append(line)
    return hikari.Embed(title=texts.STATS_TITLE, description="\n".join(lines) or texts.NO_STAFF, colour=COLOUR)
