"""`ops reset`."""

from __future__ import annotations

import pytest

from giftbot.models.ids import CodeKey
from tests.ops.installation import EMBER, NORTH, UNKNOWN, Installation

PLAN = (
    f"Server {NORTH}: forgets that 2 codes were posted. 2 active codes will be posted in channel 11, also what was"
    " posted before. Other servers are not touched.\n"
)


def sent(installation: Installation) -> set[CodeKey]:
    """What counts as sent in the server that posts."""
    return installation.with_store(lambda store: store.get_sent_codes(NORTH))


def test_a_reset_names_what_will_happen_and_asks(installation: Installation) -> None:
    """After a yes what was sent is forgotten, and the active codes are due again, in this server alone."""
    run = installation.run("reset", "--guild", str(NORTH), answer="y\n")
    assert run.code == 0
    assert run.out.startswith(PLAN)
    assert run.out.endswith("Done. 2 codes will be posted by the running bot, or when it starts.\n")
    assert sent(installation) == set()
    posts = installation.run("inspect", "sent", "--guild", str(NORTH), "--json").document["posts"]
    assert {(post["code"], post["state"], post["guild_epoch"]) for post in posts} == {
        ("FROST77", "pending", 1),
        ("SNOW2026", "pending", 1),
    }
    others = installation.run("inspect", "sent", "--guild", str(EMBER), "--json").document["posts"]
    assert {post["state"] for post in others} == {"failed", "unknown"}


@pytest.mark.parametrize(
    ("answer", "expected"), [("n\n", "Nothing was changed.\n"), ("\n", "Nothing was changed.\n")]
)
def test_without_a_yes_nothing_changes(sqlite: Installation, answer: str, expected: str) -> None:
    """No is the default."""
    before = sent(sqlite)
    run = sqlite.run("reset", "--guild", str(NORTH), answer=answer)
    assert run.code == 1
    assert run.out.endswith(expected)
    assert sent(sqlite) == before


def test_where_nobody_answers_nothing_changes(sqlite: Installation) -> None:
    """A script without --yes is told how to go on."""
    before = sent(sqlite)
    run = sqlite.run("reset", "--guild", str(NORTH), answer="")
    assert run.code == 1
    assert "Nothing was changed: nobody answered. Where nobody can, use --yes." in run.err
    assert sent(sqlite) == before


def test_a_dry_run_changes_nothing(installation: Installation) -> None:
    """It says the same, and neither asks nor acts."""
    before = sent(installation)
    run = installation.run("reset", "--guild", str(NORTH), "--dry-run")
    assert (run.code, run.out) == (0, f"{PLAN}Nothing was changed (dry run).\n")
    assert sent(installation) == before


def test_a_server_that_does_not_post(installation: Installation) -> None:
    """What was sent is forgotten; that nothing will be posted is said, with the reason."""
    run = installation.run("reset", "--guild", str(EMBER), "--yes")
    assert run.code == 0
    assert run.out == (
        f"Server {EMBER}: forgets that 0 codes were posted. Nothing will be posted, because the server does not"
        " post now (disabled). Other servers are not touched.\n"
        "Done. There is nothing to post now.\n"
    )


def test_an_unknown_server_is_refused(installation: Installation) -> None:
    """A mistyped id makes no row."""
    run = installation.run("reset", "--guild", str(UNKNOWN), "--yes")
    assert (run.code, run.out) == (2, "")
    assert run.err == f"ops: Server {UNKNOWN} is not known here. The known ones: ops inspect guilds.\n"
    assert str(UNKNOWN) not in installation.run("inspect", "guilds").out


def test_a_server_must_be_named(sqlite: Installation) -> None:
    """There is no reset of everything."""
    assert sqlite.run("reset", "--yes").code == 2
    assert sqlite.run("reset", "--yes", "--guild", "0").code == 2
    assert sqlite.run("reset", "--yes", "--guild", str(2**63)).code == 2
