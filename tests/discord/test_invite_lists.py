"""What admins read of joins: every way somebody may have come, and Discord's limits."""

from __future__ import annotations

import attrs
import pytest

from giftbot.discord.invite_lists import (
    board_components,
    board_embed,
    by_embed,
    channels_embed,
    debug_embed,
    explain_embed,
    invites_embed,
    parse_board,
    parse_by,
    refreshed_embed,
    who_embed,
)
from giftbot.errors import UserError
from giftbot.models.copy_status import CopyStatus
from giftbot.models.ids import ChannelId, InviteCode, UserId
from giftbot.models.invite import Coverage, Gone, Tombstone, Unclaimed, Vanity
from giftbot.models.invite_board import Board, Period, Standing, Stay
from giftbot.models.invite_health import (
    BlindSpots,
    ChannelLine,
    ChannelPage,
    Comparison,
    Difference,
    Health,
    InviteLine,
    InvitePage,
    Refreshed,
)
from giftbot.models.join import Candidate, Join, Kind, Left, Level, Method, Reason, Source
from giftbot.services.invites.inquiries import LINES, Brought
from giftbot.text import invites as texts
from tests.fakes import START
from tests.services.invites.joining import ADA, ADMIN, BOB, joined, member
from tests.services.invites.watching import invite, ledger

LONG = "*" * 100
LONGEST_ID = UserId(2**63 - 1)
MANY = tuple(Candidate(InviteCode("c" * 90), UserId(LONGEST_ID - n), 1 / 60) for n in range(60))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, f"by the invite `code{ADA}` of **ada** (<@{ADA}>)."),
        ({"owner_name": None}, f"of <@{ADA}> (id {ADA})."),
        ({"level": Level.INFERRED}, "(inferred (1 of 5))."),
        ({"level": Level.OWNER, "code": None}, "by an invite of **ada**"),
        ({"owner_id": None}, "which has no inviter."),
        ({"owner_id": None, "source": Source.WIDGET}, "by the server's widget, invite"),
        ({"owner_id": None, "code": None, "source": Source.VANITY}, "by the server's own address."),
        ({"code": None, "source": Source.VANITY}, "own address, which counts for **ada**"),
        ({"owner_id": None, "code": None, "source": Source.OTHER}, "without an invite"),
        ({"owner_id": None, "code": None, "source": Source.BOT}, "as a bot."),
        ({"code": None, "source": Source.BOT}, "as a bot that **ada** (<@"),
        ({"code": None, "method": Method.MANUAL}, "brought by **ada**"),
        (
            {
                "owner_id": None,
                "code": None,
                "level": Level.CANDIDATES,
                "candidates": (Candidate(None, None, 0.25), Candidate(InviteCode("b"), BOB, 0.75)),
            },
            f"by one of several ways: 75 % `b` of <@{BOB}>; 25 % another way.",
        ),
        (
            {
                "owner_id": None,
                "code": None,
                "source": Source.UNKNOWN,
                "level": Level.UNKNOWN,
                "reason": Reason.NO_BASELINE,
            },
            "in a way that I could not make out. The bot had not looked at the invites before.",
        ),
        ({"left_at": START, "left": Left.TEMPORARY}, "Their temporary membership ended <t:"),
        ({"left_at": START, "left": Left.AWAY}, "Left while the bot was away; that was noticed <t:"),
    ],
)
def test_every_way_somebody_came_has_its_sentence(more: dict[str, object], words: str) -> None:
    """One that ends properly, with names escaped and moments as Discord shows them."""
    join = attrs.evolve(joined(1), **more)  # type: ignore[arg-type] # checked by attrs
    said = texts.who(join)
    assert words in said
    assert said.startswith(f"**member\\_1** (<@{member(1)}>) joined <t:")
    assert said.endswith(".")
    assert ".." not in said


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("method", list(Method))
def test_every_level_and_method_is_explained(level: Level, method: Method) -> None:
    """Nothing is missing in the tables of names."""
    for reason in (None, *Reason):
        fields = dict(texts.explanation(joined(1, level=level, method=method, reason=reason)))
        assert f"({int(level)} of 5)" in fields["Level"]
        assert fields["Method"].endswith(".")
        assert ("Reason" in fields) == (reason is not None)


def test_an_explanation_tells_everything() -> None:
    """Who recorded it, contradictions, own invites, what a temporary membership means."""
    join = joined(1, decided_by=ADMIN, has_disagreement=True, kind=Kind.SELF, is_temporary=True, uses_before=3)
    fields = dict(texts.explanation(attrs.evolve(join, uses_after=4)))
    assert f"<@{ADMIN}>" in fields["Method"]
    assert fields["Uses"] == "3 before, 4 after"
    assert "contradict" in fields["Note"]
    assert "counts for nobody" in fields["Note"]
    assert "Without a role" in fields["Note"]


def test_a_small_share_is_not_nothing() -> None:
    """Five thousand joins and one doubt."""
    assert [texts.percent(share) for share in (0, 0.0002, 0.014, 0.5, 1)] == [
        "0 %",
        "under 1 %",
        "1 %",
        "50 %",
        "100 %",
    ]


def largest() -> Join:
    """A join with more of everything than there can be."""
    return attrs.evolve(
        joined(1, LONGEST_ID),
        user_name=LONG,
        owner_name=LONG,
        code=InviteCode("c" * 100),
        candidates=MANY,
        evidence=(LONG * 20,) * 40,
        reason=Reason.NO_PERMISSION,
        kind=Kind.REJOIN_OTHER,
        has_disagreement=True,
        uses_before=10**9,
        uses_after=10**9,
        left_at=START,
        left=Left.AWAY,
        user_id=LONGEST_ID,
    )


def test_the_largest_answers_fit_discord() -> None:
    """Title 256, description 4,096, 25 fields of 256 and 1,024, footer 2,048; 6,000 in all; nothing is empty."""
    many = tuple(largest() for _ in range(40))
    lines = tuple(Difference(InviteCode("c" * 100), 10**9, 10**9 + number) for number in range(500))
    stones = tuple(Tombstone(invite("t" * 100, 10**9), START, Gone.CHANNEL) for _ in range(500))
    copies = tuple(
        CopyStatus(LONG, "e", 10**12, START, True, LONG * 9, LONG * 9, LONG * 9, (LONG * 9,) * 99) for _ in range(9)
    )
    standing = Standing(
        LONGEST_ID,
        LONG,
        joined=10**9,
        here=10**8,
        own=10**9,
        rejoined=10**9,
        young=10**9,
        fake=10**9,
        possible=1e9,
        stays=tuple(Stay(days, 10**9, 10**9) for days in (1, 7, 30)),
    )
    known = ledger(
        10**9,
        vanity=Vanity("v" * 100, 10**9),
        tombstones=stones,
        unclaimed=tuple(Unclaimed(InviteCode("u" * 100), 10**9, START) for _ in range(500)),
        archived={InviteCode("a"): 10**9},
        anomalies=10**9,
    )
    names = tuple(LONG for _ in range(500))
    health = Health(
        ledger=known,
        coverage=Coverage.CHANNELS,
        missing=("Manage Server",) * 9,
        blind=BlindSpots(names, names, 500),
        comparison=Comparison(10**9, lines),
        look_failed=None,
        lost=10**9,
        links=10**9,
        waiting=10**9,
        copies=copies,
        pages=100,
    )
    codes = tuple(InviteCode("n" * 100) for _ in range(500))
    wide = InviteLine(invite("i" * 100, 10**9, inviter_id=LONGEST_ID, inviter_name=LONG, max_uses=10**9), None)
    channel = ChannelLine(ChannelId(LONGEST_ID), LONG, False, False, False)
    embeds = [
        who_embed(many),
        explain_embed(many),
        by_embed(Brought(standing, many[:LINES], 10**6, True)),
        board_embed(Board(Period.ALL, (standing,) * 50, 10**9, 10**8, 10**8), 3),
        debug_embed(health),
        debug_embed(attrs.evolve(health, comparison=None, look_failed=LONG * 9)),
        invites_embed(InvitePage((wide,) * 10, 99, 100, 1000, START)),
        channels_embed(ChannelPage((channel,) * 20, 4, 5, 100)),
        refreshed_embed(Refreshed(lines, codes, codes, 10**9, many, 10**9, copies)),
    ]
    for embed in embeds:
        parts = [embed.title or "", embed.description or "", embed.footer.text or "" if embed.footer else ""]
        assert [len(part) <= most for part, most in zip(parts, (256, 4096, 2048), strict=True)] == [True] * 3
        for field in embed.fields:
            assert 0 < len(field.name) <= 256
            assert 0 < len(field.value) <= 1024, field.name
            parts += [field.name, field.value]
        assert sum(map(len, parts)) <= 6000, embed.title


@pytest.mark.parametrize("argument", ["", "1", "1:2:3", "x:1", "1:x", "1:-1", "none"])
def test_a_button_that_is_none_of_ours_is_refused(argument: str) -> None:
    """With a sentence, as old buttons are; what we draw is understood."""
    for parse in (parse_by, parse_board):
        with pytest.raises(UserError):
            parse(argument)
    assert parse_by(f"{ADA}:3") == (ADA, 3)
    assert parse_board("30d:2") == (Period.DAYS30, 2)


def test_a_page_that_is_not_there_any_more_is_the_last_one() -> None:
    """Inviters may have become fewer since the button was drawn."""
    board = Board(Period.ALL, tuple(Standing(UserId(number)) for number in range(1, 12)), 11, 0, 0)
    assert "**11.**" in str(board_embed(board, 7).description)
    [row] = board_components(board, 7)
    back, following = row.build()[0]["components"]
    assert (back["custom_id"], back["disabled"]) == ("inv-board:all:0", False)
    assert following["disabled"] is True


def test_the_smallest_answers_are_not_empty() -> None:
    """Nothing is known, and that is said."""
    nobody = by_embed(Brought(Standing(ADA), (), 0, False), "ada")
    assert texts.NOBODY_CAME in str(nobody.description)
    assert "Nobody brought anybody" in str(board_embed(Board(Period.WEEK, (), 0, 0, 0), 0).description)
    assert refreshed_embed(Refreshed((), (), (), 0, (), 0, ())).fields[0].value == "Nothing had changed."
    assert "No invites" in str(invites_embed(InvitePage((), 0, 1, 0, None)).description)
    assert "I see no channel" in str(channels_embed(ChannelPage((), 0, 1, 0)).description)
