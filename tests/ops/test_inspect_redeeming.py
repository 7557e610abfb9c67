"""`ops inspect players`, `jobs` and `redemptions`."""

from __future__ import annotations

import pytest

from tests.ops.installation import EMBER, HOUR, LONG_AGO, NORTH, NOW, QUIET, Installation, iso

SEEN = iso(LONG_AGO)


def test_all_players(installation: Installation) -> None:
    """Every player of every server is a line, by server and id."""
    run = installation.run("inspect", "players")
    assert (run.code, run.err) == (0, "")
    assert run.lines == [
        "SERVER PLAYER KINGDOM STATE NAME OWNER PROVED CHANGED",
        f"{NORTH} 1001 312 active Ada 77 {SEEN} {SEEN}",
        f"{NORTH} 1002 312 unproved - - - {SEEN}",
        f"{NORTH} 1003 5 wrong_kingdom - - - {SEEN}",
        f"{EMBER} 1001 312 paused - - - {SEEN}",
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--guild", str(EMBER)], [(EMBER, "1001")]),
        (["--state", "unproved", "--state", "wrong_kingdom"], [(NORTH, "1002"), (NORTH, "1003")]),
        (["--player", "1001"], [(NORTH, "1001"), (EMBER, "1001")]),
        (["--player", " 1001 ", "--guild", str(EMBER)], [(EMBER, "1001")]),
        (["--player", "1001", "--state", "active"], [(NORTH, "1001")]),
        (["--player", "1001", "--state", "active", "--guild", str(EMBER)], []),
        (["--player", "1009"], []),
        (["--guild", str(QUIET)], []),
    ],
)
def test_players_by_server_state_and_id(
    installation: Installation, options: list[str], expected: list[tuple[int, str]]
) -> None:
    """Filters narrow the list, alone and together."""
    found = installation.run("inspect", "players", *options, "--json").document["players"]
    assert [(int(player["guild_id"]), player["player_id"]) for player in found] == expected


def test_a_player_as_json(sqlite: Installation) -> None:
    """The document of a player has everything that is known of them; ids are text."""
    document = sqlite.run("inspect", "players", "--guild", str(NORTH), "--player", "1001", "--json").document
    assert document == {
        "players": [
            {
                "guild_id": str(NORTH),
                "player_id": "1001",
                "kingdom": 312,
                "state": "active",
                "nickname": "Ada",
                "owner_id": "77",
                "added_by": None,
                "proved_at": "2026-01-02T03:04:05.000Z",
                "created_at": "2026-01-02T03:04:05.000Z",
                "updated_at": "2026-01-02T03:04:05.000Z",
            }
        ],
        "has_more": False,
    }


def test_all_jobs(installation: Installation) -> None:
    """Every job is a line with how its players stand, the last changed first."""
    run = installation.run("inspect", "jobs")
    assert (run.code, run.err) == (0, "")
    assert run.lines == [
        "SERVER CODE STATE TRIGGER GOT IT LEFT FAILED DUE LEASE CHANGED REASON",
        f"{NORTH} FROST77 open auto 1 of 3 1 1 {iso(NOW + HOUR)} - {iso(NOW - HOUR)} -",
        f"{NORTH} SNOW2026 stopped auto 0 of 1 1 0 - - {iso(NOW - 2 * HOUR)} It was stopped.",
        f"{EMBER} FROST77 done auto 1 of 1 0 0 - - {iso(NOW - 3 * HOUR)} -",
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--state", "open"], [(NORTH, "FROST77")]),
        (["--code", "frost77"], [(NORTH, "FROST77"), (EMBER, "FROST77")]),
        (["--guild", str(NORTH), "--state", "stopped", "--state", "done"], [(NORTH, "SNOW2026")]),
        (["--guild", str(QUIET)], []),
    ],
)
def test_jobs_by_server_state_and_code(
    installation: Installation, options: list[str], expected: list[tuple[int, str]]
) -> None:
    """Filters narrow the list, alone and together."""
    found = installation.run("inspect", "jobs", *options, "--json").document["jobs"]
    assert [(int(job["guild_id"]), job["code"]) for job in found] == expected


def test_a_job_as_json(sqlite: Installation) -> None:
    """The counts are there by outcome, too."""
    [job] = sqlite.run("inspect", "jobs", "--guild", str(NORTH), "--code", "frost77", "--json").document["jobs"]
    assert job["players"] == {
        "total": 3,
        "granted": 1,
        "open": 1,
        "failed": 1,
        "by_outcome": {"redeemed": 1, "retry": 1, "unknown": 1},
    }
    assert (job["state"], job["trigger"], job["lease_until"], job["enrolling"]) == ("open", "auto", None, False)


def test_all_redemptions(installation: Installation) -> None:
    """Every code of every player is a line with the game's own words, the last changed first."""
    run = installation.run("inspect", "redemptions")
    assert (run.code, run.err) == (0, "")
    assert run.lines == [
        "SERVER CODE PLAYER OUTCOME TRIES NEXT CHANGED ANSWER",
        f"{NORTH} FROST77 1001 redeemed 1 - {iso(NOW - HOUR)} 20000 SUCCESS",
        f"{NORTH} FROST77 1002 retry 2 {iso(NOW + HOUR)} {iso(NOW - 2 * HOUR)} -",
        f"{NORTH} FROST77 1003 unknown 1 - {iso(NOW - 3 * HOUR)} 49999 STRANGE",
        f"{NORTH} SNOW2026 1001 waiting 0 {iso(NOW)} {iso(NOW - 4 * HOUR)} -",
        f"{EMBER} FROST77 1001 already 0 - {iso(NOW - 5 * HOUR)} 40008 RECEIVED",
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--player", "1001"], ["FROST77", "SNOW2026", "FROST77"]),
        (["--player", "1001", "--guild", str(NORTH), "--code", "snow2026"], ["SNOW2026"]),
        (["--outcome", "unknown", "--outcome", "retry"], ["FROST77", "FROST77"]),
        (["--code", "snow2026"], ["SNOW2026"]),
        (["--guild", str(QUIET)], []),
    ],
)
def test_redemptions_by_server_code_player_and_outcome(
    installation: Installation, options: list[str], expected: list[str]
) -> None:
    """Filters narrow the list, alone and together."""
    found = installation.run("inspect", "redemptions", *options, "--json").document["redemptions"]
    assert [row["code"] for row in found] == expected


@pytest.mark.parametrize("what", ["players", "jobs", "redemptions"])
def test_lists_that_are_cut_or_empty_say_so(sqlite: Installation, what: str) -> None:
    """As the other lists do."""
    run = sqlite.run("inspect", what, "--limit", "1")
    assert len(run.lines) == 2
    assert run.err == "ops: There are more than these 1: see them with --limit.\n"
    document = sqlite.run("inspect", what, "--limit", "1", "--json").document
    assert (len(document[what]), document["has_more"]) == (1, True)
    empty = sqlite.run("inspect", what, "--guild", str(QUIET))
    assert (empty.code, empty.out) == (0, f"No such {what}.\n")


def test_what_is_no_player_and_no_state(sqlite: Installation) -> None:
    """A sentence, and exit code 2."""
    run = sqlite.run("inspect", "redemptions", "--player", "Ada")
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("ops: A player id has 1 to 20 digits and nothing else.")
    assert sqlite.run("inspect", "players", "--state", "asleep").code == 2
    assert sqlite.run("inspect", "redemptions", "--outcome", "perhaps").code == 2
