"""`ops inspect invites`, `joins`, `staff` and `credits`."""

from __future__ import annotations

import pytest

from giftbot.models.credit import Credit, CreditChange, CreditKind, CreditState, credit_id
from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage, Invite, Unclaimed
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.join import Candidate, Join, Kind, Left, Level, Method, Reason, Source
from giftbot.models.staff import LinkState, StaffLink
from giftbot.services.ports import Store
from tests.ops.installation import EMBER, HOUR, LONG_AGO, NORTH, NOW, QUIET, UNKNOWN, Installation, iso

ADA, BOB, CLEO = UserId(81), UserId(82), UserId(83)
LINK = InviteCode("aBc1")
SEEN = iso(LONG_AGO)
ONLY_INVITES = GuildId(900_000_000_000_000_009)
"""A server that chose nothing but has invites."""


def ledger(guild_id: GuildId, *invites: Invite) -> Ledger:
    """What a look saw long ago."""
    return Ledger(
        guild_id,
        1,
        LONG_AGO,
        {invite.code: invite for invite in invites},
        coverage=Coverage.FULL,
        claimed={LINK: 3},
        unclaimed=(Unclaimed(LINK, 1, LONG_AGO),),
        archived={LINK: 2},
    )


def join(user: UserId, hours: int, **more: object) -> Join:
    """Somebody who came by the link so many hours ago."""
    how = {"source": Source.INVITE, "level": Level.COUNTED, "method": Method.COUNTED, "code": LINK, "owner_id": ADA}
    return Join(NORTH, user, NOW - hours * HOUR, batch=1, updated_at=NOW, **{**how, **more})  # type: ignore[arg-type]


JOINS = (
    join(BOB, 1, user_name="bob", owner_name="ada", evidence=("1 member joined and 1 use was counted.",)),
    join(
        CLEO,
        2,
        level=Level.CANDIDATES,
        code=None,
        owner_id=None,
        candidates=(Candidate(LINK, ADA, 0.5), Candidate(None, None, 0.5)),
        left_at=NOW,
        left=Left.LEFT,
    ),
    join(BOB, 9, level=Level.UNKNOWN, source=Source.UNKNOWN, code=None, owner_id=None, reason=Reason.NO_BASELINE),
)
LINKS = (
    StaffLink(
        NORTH,
        LINK,
        ADA,
        LONG_AGO,
        staff_name="ada",
        channel_id=ChannelId(11),
        marker_role_id=RoleId(12),
        is_ours=True,
    ),
    StaffLink(NORTH, InviteCode("old"), BOB, LONG_AGO, valid_to=NOW, state=LinkState.ENDED),
)
CREDIT = Credit(
    credit_id(NORTH, BOB, CreditKind.VIP, JOINS[0].join_id),
    NORTH,
    BOB,
    CreditKind.VIP,
    CreditState.CREDITED,
    LONG_AGO,
    NOW,
    join_id=JOINS[0].join_id,
    user_name="bob",
    staff_id=ADA,
    staff_name="ada",
    code=LINK,
    level=Level.COUNTED,
    history=(CreditChange(NOW, CreditState.CREDITED, ADA, None, "automatic"),),
)


async def fill(store: Store) -> None:
    """One server with everything about invites, another one with a single invite."""
    wide = Invite(LINK, 6, ADA, "ada", ChannelId(11), max_uses=10, expires_at=NOW + HOUR, role_ids=(RoleId(12),))
    for guild_id, invites, joins in (
        (NORTH, (Invite(InviteCode("zero"), 0), wide), JOINS),
        (ONLY_INVITES, (Invite(InviteCode("x"), 1),), ()),
    ):
        assert await store.commit_batch(
            InviteBatch(guild_id, 1, NOW, joins, {}, None, ledger(guild_id, *invites), ())
        )
    for link in LINKS:
        assert await store.save_link(link)
    assert await store.open_credit(CREDIT)


@pytest.fixture
def invited(installation: Installation) -> Installation:
    """An installation with invites, on each store."""
    installation.with_store(fill)
    return installation


def test_invites_come_by_server_the_most_used_first(invited: Installation) -> None:
    """With what is claimed, whose they are, and when they were seen."""
    run = invited.run("inspect", "invites")
    assert (run.code, run.err) == (0, "")
    assert run.lines == [
        "SERVER CODE USES LIMIT CLAIMED INVITER NAME CHANNEL ENDS SEEN",
        f"{NORTH} {LINK} 6 10 3 81 ada 11 {iso(NOW + HOUR)} {SEEN}",
        f"{NORTH} zero 0 - 0 - - - - {SEEN}",
        f"{ONLY_INVITES} x 1 - 0 - - - - {SEEN}",
    ]


def test_an_invite_as_json(invited: Installation) -> None:
    """Uses are told apart by whether a member explains them."""
    document = invited.run("inspect", "invites", "--guild", str(NORTH), "--limit", "1", "--json").document
    assert document["has_more"] is True
    [found] = document["invites"]
    assert (found["code"], found["uses"], found["claimed"], found["unclaimed"], found["archived"]) == (
        "aBc1",
        6,
        3,
        1,
        2,
    )
    assert (found["inviter_id"], found["role_ids"], found["max_uses"]) == ("81", ["12"], 10)


def test_joins_come_newest_first(invited: Installation) -> None:
    """With who brought them, how certain that is, and why it is not known."""
    run = invited.run("inspect", "joins")
    assert (run.code, run.err) == (0, "")
    assert run.lines == [
        "SERVER USER NAME JOINED LEFT SOURCE CODE OWNER OWNER NAME LEVEL METHOD KIND REASON",
        f"{NORTH} 82 bob {iso(NOW - HOUR)} - invite aBc1 81 ada 4 counted first -",
        f"{NORTH} 83 - {iso(NOW - 2 * HOUR)} {iso(NOW)} invite - - - 2 counted first -",
        f"{NORTH} 82 - {iso(NOW - 9 * HOUR)} - unknown - - - 0 counted first no_baseline",
    ]


@pytest.mark.parametrize(
    ("options", "users"),
    [
        (["--user", "82"], ["82", "82"]),
        (["--staff", "81"], ["82"]),
        (["--user", "83", "--guild", str(NORTH)], ["83"]),
        (["--user", "84"], []),
        (["--guild", str(QUIET)], []),
    ],
)
def test_joins_by_server_member_and_staff(invited: Installation, options: list[str], users: list[str]) -> None:
    """Filters narrow the list, alone and together."""
    found = invited.run("inspect", "joins", *options, "--json").document["joins"]
    assert [one["user_id"] for one in found] == users


def test_a_join_as_json(invited: Installation) -> None:
    """Evidence and candidates are there whole."""
    first, second = invited.run("inspect", "joins", "--limit", "2", "--json").document["joins"]
    assert first["evidence"] == ["1 member joined and 1 use was counted."]
    assert (first["level"], first["method"], first["kind"]) == (4, Method.COUNTED.value, Kind.FIRST.value)
    assert second["candidates"] == [
        {"code": "aBc1", "owner_id": "81", "weight": 0.5},
        {"code": None, "owner_id": None, "weight": 0.5},
    ]
    assert (second["left"], second["left_at"]) == ("left", f"{NOW:%Y-%m-%dT%H:%M:%S.000Z}")


def test_staff_links_with_their_history(invited: Installation) -> None:
    """Those that ended are kept."""
    run = invited.run("inspect", "staff")
    assert (run.code, run.err) == (0, "")
    assert sorted(run.lines[1:]) == [
        f"{NORTH} aBc1 81 ada live {SEEN} - 11 12 the bot",
        f"{NORTH} old 82 - ended {SEEN} {iso(NOW)} - - somebody",
    ]
    [found] = invited.run("inspect", "staff", "--staff", "81", "--json").document["staff"]
    assert (found["code"], found["is_ours"], found["marker_role_id"]) == ("aBc1", True, "12")


def test_credits_with_their_history(invited: Installation) -> None:
    """Whose, for whom, and every step."""
    run = invited.run("inspect", "credits", "--guild", str(NORTH))
    assert run.lines == [
        "SERVER USER NAME KIND STATE STAFF STAFF NAME CODE LEVEL CHANGED",
        f"{NORTH} 82 bob vip_conversion credited 81 ada aBc1 4 {iso(NOW)}",
    ]
    [found] = invited.run("inspect", "credits", "--user", "82", "--json").document["credits"]
    assert found["history"] == [
        {
            "at": f"{NOW:%Y-%m-%dT%H:%M:%S.000Z}",
            "state": "credited",
            "staff_id": "81",
            "by": None,
            "note": "automatic",
        }
    ]
    assert invited.run("inspect", "credits", "--staff", "99").lines == ["No such credits."]


@pytest.mark.parametrize("what", ["invites", "joins", "staff", "credits"])
def test_a_server_without_any_and_one_that_is_not_known(invited: Installation, what: str) -> None:
    """The first has none; the second is an error that says where the known ones are."""
    run = invited.run("inspect", what, "--guild", str(EMBER))
    assert (run.code, run.lines) == (0, [f"No such {what}."])
    run = invited.run("inspect", what, "--guild", str(UNKNOWN))
    assert run.code != 0
    assert "is not known here" in run.err


def test_a_server_of_which_only_invites_are_known_is_known(invited: Installation) -> None:
    """Nothing was posted or redeemed there."""
    run = invited.run("inspect", "joins", "--guild", str(ONLY_INVITES))
    assert (run.code, run.lines) == (0, ["No such joins."])


def test_a_list_that_is_cut_says_so(invited: Installation) -> None:
    """On standard error, so that a program reads the table alone."""
    run = invited.run("inspect", "joins", "--limit", "1")
    assert len(run.lines) == 2
    assert "more than these 1" in run.err
