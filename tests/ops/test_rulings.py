"""`ops codes add`, `expire` and `announce-again`."""

from __future__ import annotations

import pytest

from giftbot.models.announcement import AnnouncementState
from giftbot.models.code import CodeStatus, GiftCode, fold
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, GuildId
from tests.ops.installation import EMBER, HOUR, NORTH, NOW, UNKNOWN, Installation, code_of, row
from tests.ops.runs import Run

SOUTH = GuildId(NORTH + 50)
UNTOUCHED = "Nothing was changed (dry run)."


def stored(installation: Installation, raw: str) -> GiftCode | None:
    """A code as it is stored."""
    key = fold(raw)
    return installation.with_store(lambda store: store.get_codes([key])).get(key)


def posts(installation: Installation, raw: str) -> dict[str, str]:
    """Where each server's post of a code stands."""
    rows = installation.run("inspect", "sent", "--code", raw, "--json").document["posts"]
    return {post["guild_id"]: post["state"] for post in rows}


def ended(run: Run) -> tuple[int, list[str], str]:
    """How a run ended, for comparisons."""
    return run.code, run.lines, run.err


@pytest.fixture
def two(installation: Installation) -> Installation:
    """An installation with a second server that posts."""
    guild = GuildSettings(guild_id=SOUTH, channel_id=ChannelId(51))
    installation.with_store(lambda store: store.save_guild(guild))
    return installation


def test_a_code_is_added_everywhere(two: Installation) -> None:
    """It is active on the operator's word, with what they say of it, in the casing that they gave."""
    options = ("--rewards", "1000 gems", "--expires", "2099-12-31")
    assert ended(two.run("codes", "add", "Brand_New", *options, "--dry-run")) == (
        0,
        ["Would be announced in every server that posts: Brand_New.", UNTOUCHED],
        "",
    )
    assert stored(two, "BRAND_NEW") is None
    assert ended(two.run("codes", "add", "Brand_New", *options)) == (
        0,
        ["Announced in every server that posts: Brand_New."],
        "",
    )
    code = stored(two, "brand_new")
    assert code is not None
    assert (code.display, code.status, code.rewards) == ("Brand_New", CodeStatus.ACTIVE, "1000 gems")
    assert (f"{code.expires_at:%Y-%m-%d}", code.redeem, set(code.sources)) == ("2099-12-31", True, {"manual"})
    assert posts(two, "BRAND_NEW") == {str(NORTH): "pending", str(SOUTH): "pending"}
    again = two.run("codes", "add", "brand_new")
    assert again.out == ("Brand_New is active already. To post it once more: ops codes announce-again BRAND_NEW.\n")


def test_a_held_code_is_released_by_adding_it(installation: Installation) -> None:
    """The operator's word is what it waited for."""
    run = installation.run("codes", "add", "held1", "--rewards", "a chest")
    assert run.out == "Announced in every server that posts: HELD1, which was held.\n"
    code = stored(installation, "HELD1")
    assert code is not None
    assert (code.status, code.rewards, set(code.sources)) == (CodeStatus.ACTIVE, "a chest", {"api", "manual"})
    assert posts(installation, "HELD1") == {str(NORTH): "pending"}


def test_a_code_is_added_in_one_server(two: Installation) -> None:
    """As an admin's report: that server gets it, all others wait."""
    named = ("codes", "add", "ONLYHERE", "--guild", str(SOUTH))
    words = f"posted in server {SOUTH}: ONLYHERE. All others wait: ops codes release ONLYHERE."
    assert ended(two.run(*named, "--dry-run")) == (0, [f"Would be {words}", UNTOUCHED], "")
    assert stored(two, "ONLYHERE") is None
    assert ended(two.run(*named)) == (0, [f"Will be {words}"], "")
    assert posts(two, "ONLYHERE") == {str(SOUTH): "pending"}
    code = stored(two, "ONLYHERE")
    assert code is not None
    assert code.status is CodeStatus.HELD
    told = two.run("codes", "add", "FROST77", "--guild", str(NORTH))
    assert told.out == (
        f"Frost77 was posted in server {NORTH} before. To post it once more: ops codes announce-again FROST77"
        f" --guild {NORTH}.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["no code!"], "“no code!” is not a gift code: a code has 3 to 32 letters (A to Z), digits, “_” or “-”."),
        (["NEW1", "--expires", "soon"], "This is not a date. Write it as 2026-12-31 or 2026-12-31 23:59 (UTC)."),
        (
            ["NEW1", "--expires", "2020-01-01"],
            "This expiry is in the past. Give a moment that is still to come, or leave it out.",
        ),
        (
            ["old1"],
            "OLD1 is over since 2026-01-02 03:04 UTC. To announce it all the same: ops codes announce-again OLD1.",
        ),
        (
            ["NEW1", "--guild", str(UNKNOWN)],
            f"Server {UNKNOWN} is not known here. The known ones: ops inspect guilds.",
        ),
        (
            ["NEW1", "--guild", str(EMBER)],
            "No channel is set, or posting there is not possible. Choose one with /giftcodesettings first.",
        ),
    ],
    ids=["no code", "no date", "past", "over", "unknown server", "silent server"],
)
def test_what_cannot_be_added(sqlite: Installation, arguments: list[str], expected: str) -> None:
    """One sentence says why; nothing is stored."""
    assert ended(sqlite.run("codes", "add", *arguments)) == (2, [], f"ops: {expected}\n")
    assert stored(sqlite, "NEW1") is None


def test_a_code_is_ended(installation: Installation) -> None:
    """It is over from now on; a second time there is nothing to do."""
    words = "SNOW2026. Servers that still waited for its post: 1."
    run = installation.run("codes", "expire", "snow2026", "--dry-run")
    assert ended(run) == (0, [f"Would be ended: {words}", UNTOUCHED], "")
    assert ended(installation.run("codes", "expire", "snow2026")) == (0, [f"Ended: {words}"], "")
    code = stored(installation, "SNOW2026")
    assert code is not None
    assert code.status is CodeStatus.EXPIRED
    assert installation.run("codes", "expire", "SNOW2026").out == "SNOW2026 is expired already.\n"
    assert ended(installation.run("codes", "expire", "NEVER1")) == (
        2,
        [],
        "ops: NEVER1 is not known. The codes there are: ops inspect codes. To add it: ops codes add NEVER1.\n",
    )


def test_a_code_is_posted_again_where_it_was_posted(two: Installation) -> None:
    """It is said in how many servers, and asked; a new epoch of the code reaches those that had it, too."""
    plan = "Frost77 will be posted in 2 servers, also in the 1 server that had it once."
    dry = two.run("codes", "announce-again", "frost77", "--dry-run")
    assert ended(dry) == (0, [plan, UNTOUCHED], "")
    no = two.run("codes", "announce-again", "frost77", answer="n\n")
    assert (no.code, no.lines[0], no.lines[-1]) == (1, plan, "Nothing was changed.")
    assert posts(two, "FROST77")[str(NORTH)] == "sent"
    nobody = two.run("codes", "announce-again", "frost77", answer="")
    assert (nobody.code, nobody.err) == (
        1,
        "ops: Nothing was changed: nobody answered. Where nobody can, use --yes.\n",
    )
    yes = two.run("codes", "announce-again", "frost77", "--yes")
    done = "Done. 2 servers will be posted to by the running bot, or when it starts."
    assert ended(yes) == (0, [plan, done], "")
    assert posts(two, "FROST77") == {str(NORTH): "pending", str(SOUTH): "pending", str(EMBER): "failed"}
    code = stored(two, "FROST77")
    assert code is not None
    assert (code.epoch, code.redeem, code.expires_at) == (1, False, NOW + 48 * HOUR)


def test_a_code_that_is_over_comes_back(installation: Installation) -> None:
    """It is valid again, posted and redeemed again."""
    run = installation.run("codes", "announce-again", "OLD1", "--yes")
    assert run.lines[0] == (
        "OLD1 will be posted in 1 server, also in the 1 server that had it once. It is expired: it will count as"
        " valid again, and be redeemed again."
    )
    code = stored(installation, "OLD1")
    assert code is not None
    assert (code.status, code.epoch, code.redeem) == (CodeStatus.ACTIVE, 1, True)
    assert posts(installation, "OLD1") == {str(NORTH): "pending"}


def test_a_code_is_posted_again_in_one_server(two: Installation) -> None:
    """What was sent there is sent once more, in the same epoch; other servers keep what they have."""
    installation = two
    extra = row(SOUTH, "FROST77", AnnouncementState.SENT, NOW - HOUR, sent_at=NOW - HOUR)
    installation.with_store(lambda store: store.enqueue([extra]))
    run = installation.run("codes", "announce-again", "FROST77", "--guild", str(NORTH), "--yes")
    assert run.lines == [
        f"Frost77 will be posted in server {NORTH}, where it was posted before. Other servers are not touched.",
        "Done. 1 server will be posted to by the running bot, or when it starts.",
    ]
    assert posts(installation, "FROST77") == {str(NORTH): "pending", str(SOUTH): "sent", str(EMBER): "failed"}
    code = stored(installation, "FROST77")
    assert code is not None
    assert code.epoch == 0


def test_what_cannot_be_posted_again(sqlite: Installation) -> None:
    """Each has its reason, and what to do."""
    fresh = row(NORTH, "GONE1", AnnouncementState.SENT, NOW, sent_at=NOW)
    gone = code_of("GONE1", "json", CodeStatus.ACTIVE)
    sqlite.with_store(lambda store: store.enqueue([fresh]))
    sqlite.with_store(lambda store: store.insert_codes([gone]))
    reasons = {
        ("HELD1",): "HELD1 is held and was not announced yet. To announce it: ops codes release HELD1.",
        ("OLD1", "--guild", str(NORTH)): (
            "OLD1 is over since 2026-01-02 03:04 UTC, in every server: it can be announced again only without"
            " --guild."
        ),
        ("FROST77", "--guild", str(EMBER)): (
            f"Server {EMBER} does not post now. Why: ops inspect guilds --guild {EMBER}."
        ),
        ("SNOW2026", "--guild", str(NORTH)): (
            f"SNOW2026 waits already to be posted in server {NORTH}. Nothing was changed."
        ),
        ("GONE1", "--guild", str(NORTH)): (
            f"GONE1 was posted in server {NORTH} a moment ago, and Discord shows the same post only once within"
            f" minutes. Try again after {NOW + HOUR / 6:%H:%M:%S} UTC."
        ),
    }
    for arguments, reason in reasons.items():
        assert ended(sqlite.run("codes", "announce-again", *arguments, "--yes")) == (2, [], f"ops: {reason}\n")
