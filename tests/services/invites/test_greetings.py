"""Messages when somebody joins or leaves."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from giftbot.errors import InvalidInputError
from giftbot.models.ids import UserId
from giftbot.models.join import Join, Kind, Left, Level, Reason, Source
from giftbot.services.invites.greetings import SINGLY, Said
from giftbot.services.invites.news import FRESH, Occasion
from giftbot.services.invites.templates import filled, parse_template
from giftbot.text import greetings as texts
from tests.fakes import START
from tests.services.invites.hall import HALL, Hall
from tests.services.invites.joining import ADA, DAY, GUILD, joined, member


def gone(number: int, **more: object) -> Join:
    """Somebody who has been there for a day, and left just now."""
    return attrs.evolve(joined(number, days_ago=1), left_at=START, left=Left.LEFT, **more)  # type: ignore[arg-type]


async def test_nothing_is_said_until_a_channel_is_chosen(hall: Hall) -> None:
    """Off by default, and off again when it is turned off; joins and leaves are chosen apart."""
    assert await hall.decided(joined(1), gone(2)) == []
    await hall.greetings.choose_channel(GUILD, Occasion.LEAVE, HALL)
    [left] = await hall.decided(joined(3), gone(4))
    assert left == "**member\\_4** left. Inviter: **ada**."
    await hall.greetings.turn_off(GUILD, Occasion.LEAVE)
    await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    [came] = await hall.decided(joined(5), gone(6))
    assert came.startswith(f"<@{member(5)}> joined. Inviter: **ada**.")


async def test_only_the_member_is_mentioned(hall: Hall) -> None:
    """Whatever names and templates say; and nobody when somebody left."""
    for occasion in Occasion:
        await hall.greetings.choose_channel(GUILD, occasion, HALL)
        await hall.greetings.choose_text(GUILD, occasion, "@everyone {member} {inviter} {server} <@1>")
    await hall.decided(joined(1, owner_name="@here *x*"), gone(2, user_name="<@5>"))
    (_, came, first), (_, left, second) = hall.outlet.said
    assert (first, second) == (member(1), None)
    assert came == f"@everyone <@{member(1)}> **\\@here \\*x\\*** The \\*North\\* <@1>"
    assert "**\\<\\@5\\>**" in left


async def test_every_placeholder_is_filled_once(hall: Hall) -> None:
    """A name that looks like a placeholder stays a name; the count is of joins whose inviter is certain."""
    await hall.store.insert_joins([joined(1, owner_name="{code}"), joined(2), joined(3, level=Level.CANDIDATES)])
    await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    await hall.greetings.choose_text(GUILD, Occasion.JOIN, "{inviter}|{code}|{count}|{level}|{server}")
    [words] = await hall.decided(joined(1, owner_name="{code}"))
    assert words == f"**{{code}}**|`code{ADA}`|2|counted (4 of 5)|The \\*North\\*"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"owner": None, "source": Source.VANITY}, texts.BY_ADDRESS),
        ({"owner": None, "source": Source.OTHER, "level": Level.INFERRED}, texts.WITHOUT_INVITE),
        ({"owner": None, "level": Level.UNKNOWN, "reason": Reason.AMBIGUOUS}, texts.UNKNOWN),
        ({"level": Level.INFERRED}, "probably **ada**"),
        ({"owner": UserId(77), "owner_name": None}, "user 77"),
    ],
)
async def test_an_inviter_who_is_not_known_is_not_invented(hall: Hall, more: dict[str, object], words: str) -> None:
    """A doubt is said; an id where there is no name."""
    await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    await hall.greetings.choose_text(GUILD, Occasion.JOIN, "by {inviter}")
    owner = more.pop("owner", ADA)
    join = attrs.evolve(joined(1, owner), **more)  # type: ignore[arg-type] # checked by attrs
    assert await hall.decided(join) == [f"by {words}"]


async def test_what_is_told_is_told_once_and_while_it_is_news(hall: Hall) -> None:
    """A join that is decided again, that is old, or a bot's, is nothing to tell."""
    for occasion in Occasion:
        await hall.greetings.choose_channel(GUILD, occasion, HALL)
    assert len(await hall.decided(joined(1, level=Level.CANDIDATES, owner=None))) == 1
    assert await hall.decided(joined(1)) == []
    old = joined(2, days_ago=(FRESH + timedelta(seconds=1)) / DAY)
    assert await hall.decided(old, joined(3, kind=Kind.BOT)) == []
    left = attrs.evolve(joined(1), left_at=START, left=Left.LEFT)
    assert len(await hall.decided(left)) == 1
    assert await hall.decided(left) == []


async def test_a_raid_is_one_message(hall: Hall) -> None:
    """Nobody wants five thousand of them."""
    await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    said = await hall.decided(*(joined(number) for number in range(SINGLY + 1)))
    assert said == [f"{SINGLY + 1} members joined at once. /invites leaderboard shows who brought them."]
    assert hall.outlet.said[0][2] is None


async def test_a_channel_that_refuses_is_given_up_and_told_once(hall: Hall) -> None:
    """An admin is told what to do; after they chose again and it breaks again, they are told again."""
    await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    hall.outlet.answer = Said.REFUSED
    assert len(await hall.decided(joined(1), joined(2))) == 1
    assert await hall.decided(joined(3)) == []
    assert (await hall.greetings.get(GUILD)).join_channel_id is None
    [(guild_id, words)] = hall.people.admins
    assert guild_id == GUILD
    assert "Send Messages" in words
    assert "/invites messages" in words
    await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    await hall.decided(joined(4))
    assert len(hall.people.admins) == 2


async def test_a_message_that_fails_otherwise_is_not_the_end(hall: Hall) -> None:
    """Discord was away; the next one is tried."""
    await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    hall.outlet.answer = Said.FAILED
    assert len(await hall.decided(joined(1), joined(2))) == 2
    assert (await hall.greetings.get(GUILD)).join_channel_id == HALL
    assert hall.people.admins == []


async def test_a_channel_in_which_the_bot_cannot_write_is_not_chosen(hall: Hall) -> None:
    """Only what these messages need is asked for: they have no embeds."""
    hall.channels.missing = ("Send Messages", "Embed Links")
    with pytest.raises(InvalidInputError, match="give me Send Messages there"):
        await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    assert (await hall.greetings.get(GUILD)).join_channel_id is None
    hall.channels.missing = ("Embed Links",)
    await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    assert (await hall.greetings.get(GUILD)).join_channel_id == HALL


async def test_a_preview_shows_both_with_the_chosen_texts(hall: Hall) -> None:
    """Also while they are off; an empty text is the usual one again."""
    assert await hall.greetings.choose_text(GUILD, Occasion.LEAVE, "Farewell {member}!") == "Farewell {member}!"
    shown = await hall.greetings.preview(GUILD, ADA, "ada_")
    assert f"<@{ADA}> joined. Inviter:" in shown
    assert "Farewell **ada\\_**!" in shown
    assert await hall.greetings.choose_text(GUILD, Occasion.LEAVE, "  ") is None
    assert "left. Inviter:" in await hall.greetings.preview(GUILD, ADA, "ada_")


@pytest.mark.parametrize("typed", ["{membre}", "{}", "{member.id}", "{member!r}", "{0}", "x {MEMBER}"])
def test_an_unknown_placeholder_is_refused_with_all_that_there_are(typed: str) -> None:
    """Nothing of Python's formatting works here."""
    with pytest.raises(InvalidInputError) as caught:
        parse_template(typed)
    assert str(caught.value).endswith("Use any of these: {member}, {inviter}, {code}, {count}, {server}, {level}.")


@pytest.mark.parametrize("typed", ["{member", "member}", "{{member}}", "x" * 1001])
def test_a_text_that_cannot_be_used_is_refused(typed: str) -> None:
    """With a sentence."""
    with pytest.raises(InvalidInputError):
        parse_template(typed)


def test_a_message_fits_discord() -> None:
    """Long names repeated are cut, not refused."""
    assert len(filled("{member}" * 100, {"member": "x" * 100})) == 2000
