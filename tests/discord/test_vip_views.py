"""Reviews of VIP credit as Discord shows them."""

from __future__ import annotations

import pytest
from hikari.impl import InteractiveButtonBuilder, MessageActionRowBuilder, TextSelectMenuBuilder

from giftbot.discord.vip_views import ROUTE_PAGE, ROUTE_SHOW, choice_rows, parse_page
from giftbot.errors import UserError
from giftbot.models.credit import Credit, CreditKind, CreditState, credit_id
from giftbot.models.ids import GuildId, InviteCode, JoinId, UserId
from giftbot.models.staff import StaffLink
from tests.fakes import START

LARGEST = 2**63 - 1
GUILD, MEMBER = GuildId(LARGEST), UserId(LARGEST)
CREDIT = Credit(
    credit_id=credit_id(GUILD, MEMBER, CreditKind.VIP, JoinId(f"{GUILD}:{MEMBER}:1234")),
    guild_id=GUILD,
    user_id=MEMBER,
    kind=CreditKind.VIP,
    state=CreditState.PENDING,
    created_at=START,
    updated_at=START,
)


def staff(count: int) -> list[StaffLink]:
    """So many staff members."""
    return [
        StaffLink(GUILD, InviteCode(f"code{number}"), UserId(number), START, staff_name=f"staff {number}")
        for number in range(1, count + 1)
    ]


def names(rows: list[MessageActionRowBuilder]) -> list[str]:
    """Who can be chosen."""
    [menu] = rows[0].components
    assert isinstance(menu, TextSelectMenuBuilder)
    assert len(menu.custom_id) <= 100
    return [option.label for option in menu.options]


def ways(rows: list[MessageActionRowBuilder]) -> dict[str, str]:
    """The buttons: labels, and where they lead."""
    found = {}
    for button in rows[1].components:
        assert isinstance(button, InteractiveButtonBuilder)
        assert len(button.custom_id) <= 100
        found[str(button.label)] = button.custom_id
    return found


def test_a_menu_that_holds_all_has_no_pages() -> None:
    """Discord takes 25 options."""
    rows = choice_rows(CREDIT, staff(25))
    assert len(names(rows)) == 25
    assert ways(rows) == {"Back": f"{ROUTE_SHOW}:{CREDIT.credit_id}"}


def test_more_staff_are_on_several_pages() -> None:
    """Everybody can be reached, in the given order; buttons know the page and the credit."""
    many = staff(60)
    found: list[str] = []
    for number in range(3):
        rows = choice_rows(CREDIT, many, number)
        found += names(rows)
        [menu] = rows[0].components
        assert isinstance(menu, TextSelectMenuBuilder)
        assert menu.placeholder == f"For whom does it count? (page {number + 1} of 3)"
        pages = [one.removeprefix(f"{ROUTE_PAGE}:") for one in ways(rows).values() if ROUTE_PAGE in one]
        around = {number - 1, number + 1} & {0, 1, 2}
        assert {parse_page(page) for page in pages} == {(one, CREDIT.credit_id) for one in around}
    assert found == [link.staff_name for link in many]


def test_a_page_that_is_gone_is_the_last_one() -> None:
    """Somebody's links ended since."""
    assert names(choice_rows(CREDIT, staff(26), 7)) == ["staff 26"]


def test_a_button_that_leads_nowhere_is_answered() -> None:
    """With a sentence."""
    with pytest.raises(UserError):
        parse_page("none:vip_conversion:1:2:3")
