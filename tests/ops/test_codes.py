"""`ops codes`."""

from __future__ import annotations

from tests.ops.installation import LONG_AGO, NORTH, Installation, iso


def statuses(installation: Installation) -> dict[str, str]:
    """Every code's status."""
    found = installation.run("inspect", "codes", "--json").document["codes"]
    return {code["code"]: code["status"] for code in found}


def test_the_held_codes(installation: Installation) -> None:
    """Those that wait for a decision, as a table and as a document."""
    assert sorted(installation.run("codes", "held").lines[1:]) == [
        f"HELD1 held - {iso(LONG_AGO)} api -",
        f"HELD2 held - {iso(LONG_AGO)} manual -",
    ]
    found = installation.run("codes", "held", "--json").document["codes"]
    assert {code["code"] for code in found} == {"HELD1", "HELD2"}


def test_a_released_code_is_due_in_every_server_that_posts(installation: Installation) -> None:
    """A release makes the code active, and enqueues it where posting is on."""
    run = installation.run("codes", "release", "held1")
    assert (run.code, run.out) == (0, "Released: HELD1.\n")
    assert statuses(installation)["HELD1"] == "active"
    posts = installation.run("inspect", "sent", "--code", "HELD1", "--json").document["posts"]
    assert [(post["guild_id"], post["state"]) for post in posts] == [(str(NORTH), "pending")]


def test_all_held_codes_are_released(installation: Installation) -> None:
    """--all takes every held code; again, there is none."""
    assert installation.run("codes", "release", "--all").code == 0
    assert {statuses(installation)[key] for key in ("HELD1", "HELD2")} == {"active"}
    again = installation.run("codes", "release", "--all")
    assert (again.code, again.out) == (0, "No code is held.\n")
    assert installation.run("codes", "held").out == "No code is held.\n"


def test_a_discarded_code_is_posted_nowhere(installation: Installation) -> None:
    """A refused code becomes invalid and gets no rows."""
    run = installation.run("codes", "discard", "HELD1", "Held2", "HELD1")
    assert (run.code, run.out) == (0, "Discarded: HELD1, HELD2.\n")
    assert {statuses(installation)[key] for key in ("HELD1", "HELD2")} == {"invalid"}
    assert installation.run("inspect", "sent", "--code", "HELD1").out == "No such posts.\n"


def test_dry_runs_change_nothing(installation: Installation) -> None:
    """They say what would happen."""
    before = statuses(installation)
    run = installation.run("codes", "release", "HELD1", "--dry-run")
    assert (run.code, run.out) == (0, "Would be released: HELD1.\nNothing was changed (dry run).\n")
    assert (
        installation.run("codes", "discard", "--all", "--dry-run").lines[0].startswith("Would be discarded: HELD")
    )
    assert statuses(installation) == before


def test_a_code_that_is_not_held(sqlite: Installation) -> None:
    """It stays as it is; that fails only when it is not as it was asked to be."""
    run = sqlite.run("codes", "release", "Frost77", "HELD1")
    assert (run.code, run.out) == (0, "Released: HELD1.\nFrost77 is not held: it is active.\n")
    run = sqlite.run("codes", "discard", "Frost77")
    assert (run.code, run.out) == (1, "Frost77 is not held: it is active.\n")
    assert statuses(sqlite)["FROST77"] == "active"


def test_an_unknown_code_changes_nothing(sqlite: Installation) -> None:
    """One mistyped code stops the whole command, before anything is decided."""
    run = sqlite.run("codes", "release", "HELD1", "HELD9")
    assert (run.code, run.out) == (2, "")
    assert run.err == "ops: Not known: HELD9. Nothing was changed. See ops codes held.\n"
    assert statuses(sqlite)["HELD1"] == "held"


def test_codes_or_all_must_be_given(sqlite: Installation) -> None:
    """Neither and both are mistakes."""
    neither = sqlite.run("codes", "release")
    assert (neither.code, neither.err) == (2, "ops: Name the codes, or say --all. The held ones: ops codes held.\n")
    both = sqlite.run("codes", "discard", "HELD1", "--all")
    assert (both.code, both.err) == (2, "ops: Name codes, or say --all, not both.\n")
