"""`ops inspect`."""

from __future__ import annotations

import pytest

from tests.ops.installation import EMBER, HOUR, LONG_AGO, NORTH, NOW, QUIET, Installation, iso


def test_all_codes(installation: Installation) -> None:
    """Every code is a line with its original casing, oldest first."""
    run = installation.run("inspect", "codes")
    assert run.code == 0
    assert run.lines[0] == "CODE STATUS EXPIRES FOUND SOURCES REWARDS"
    assert sorted(run.lines[1:]) == sorted(
        [
            f"Frost77 active {iso(NOW + 48 * HOUR)} {iso(LONG_AGO)} rss 100 gems",
            f"SNOW2026 active - {iso(LONG_AGO)} json -",
            f"HELD1 held - {iso(LONG_AGO)} api -",
            f"HELD2 held - {iso(LONG_AGO)} manual -",
            f"OLD1 expired - {iso(LONG_AGO)} json -",
        ]
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--status", "held"], {"HELD1", "HELD2"}),
        (["--status", "held", "--status", "expired"], {"HELD1", "HELD2", "OLD1"}),
        (["--code", " frost77 "], {"FROST77"}),
        (["--code", "frost77", "--status", "held"], set()),
        (["--code", "NOBODY"], set()),
    ],
)
def test_codes_by_status_and_name(installation: Installation, options: list[str], expected: set[str]) -> None:
    """Filters narrow the list; a code is found in any casing."""
    found = installation.run("inspect", "codes", *options, "--json").document["codes"]
    assert {code["code"] for code in found} == expected


def test_a_code_as_json(sqlite: Installation) -> None:
    """The document of a code has everything that is known of it."""
    [code] = sqlite.run("inspect", "codes", "--code", "frost77", "--json").document["codes"]
    assert code == {
        "code": "FROST77",
        "display": "Frost77",
        "status": "active",
        "rewards": "100 gems",
        "expires_at": f"{NOW + 48 * HOUR:%Y-%m-%dT%H:%M:%S}.000Z",
        "expired_at": None,
        "created_at": "2026-01-02T03:04:05.000Z",
        "updated_at": "2026-01-02T03:04:05.000Z",
        "verified_at": None,
        "epoch": 0,
        "fan_out": False,
        "redeem": False,
        "sources": {
            "rss": {
                "first_seen": "2026-01-02T03:04:05.000Z",
                "last_seen": "2026-01-02T03:04:05.000Z",
                "absent_since": None,
            }
        },
    }


def test_a_text_that_is_no_code(sqlite: Installation) -> None:
    """What cannot be a code is refused with the sentence that users of the bot read."""
    run = sqlite.run("inspect", "codes", "--code", "no code!")
    assert (run.code, run.out) == (2, "")
    assert (
        run.err == "ops: “no code!” is not a gift code: a code has 3 to 32 letters (A to Z), digits, “_” or “-”.\n"
    )


def test_the_outbox(installation: Installation) -> None:
    """Every post is a line, the last changed first, with the reason where there is one."""
    run = installation.run("inspect", "sent")
    assert run.code == 0
    assert run.lines == [
        "SERVER CODE STATE SOURCE SENT DUE TRIES MESSAGE REASON",
        f"{NORTH} SNOW2026 pending rss - {iso(NOW + HOUR)} 0 - -",
        f"{NORTH} FROST77 sent rss {iso(NOW - HOUR)} - 1 77 -",
        f"{EMBER} FROST77 failed rss - - 1 - Missing Access (50001)",
        f"{EMBER} SNOW2026 unknown rss - - 0 - the channel's history cannot be read",
        f"{NORTH} OLD1 sent api {iso(NOW - 200 * HOUR)} - 0 - -",
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--guild", str(EMBER)], [(EMBER, "FROST77"), (EMBER, "SNOW2026")]),
        (["--state", "sent"], [(NORTH, "FROST77"), (NORTH, "OLD1")]),
        (["--state", "failed", "--state", "unknown"], [(EMBER, "FROST77"), (EMBER, "SNOW2026")]),
        (["--code", "snow2026"], [(NORTH, "SNOW2026"), (EMBER, "SNOW2026")]),
        (["--code", "snow2026", "--guild", str(NORTH), "--state", "pending"], [(NORTH, "SNOW2026")]),
        (["--guild", str(QUIET)], []),
    ],
)
def test_posts_by_server_state_and_code(
    installation: Installation, options: list[str], expected: list[tuple[int, str]]
) -> None:
    """Filters narrow the list, alone and together."""
    found = installation.run("inspect", "sent", *options, "--json").document["posts"]
    assert [(int(post["guild_id"]), post["code"]) for post in found] == expected


def test_a_list_that_is_cut_says_so(installation: Installation) -> None:
    """With a limit the rest is not lost silently: on standard error for people, as a key for programs."""
    run = installation.run("inspect", "sent", "--limit", "2")
    assert len(run.lines) == 3
    assert run.err == "ops: There are more than these 2: see them with --limit.\n"
    document = installation.run("inspect", "sent", "--limit", "2", "--json").document
    assert (len(document["posts"]), document["has_more"]) == (2, True)
    assert installation.run("inspect", "sent", "--limit", "5", "--json").document["has_more"] is False


def test_the_servers(installation: Installation) -> None:
    """Every server is a line that says whether it posts, and why not."""
    run = installation.run("inspect", "guilds")
    assert run.lines == [
        "SERVER CHANNEL POSTING ROLE SEEN TROUBLE",
        f"{NORTH} 11 posting 12 {iso(LONG_AGO)} -",
        f"{EMBER} 21 disabled - {iso(LONG_AGO)} Missing Access (50001); missing: View Channel, Send Messages",
        f"{QUIET} - no channel - - -",
    ]


def test_servers_that_cannot_post(installation: Installation) -> None:
    """Only those where the bot had to stop."""
    [found] = installation.run("inspect", "guilds", "--disabled", "--json").document["guilds"]
    assert found["guild_id"] == str(EMBER)
    assert found["disabled_reason"] == "Missing Access (50001)"
    assert found["missing_permissions"] == ["View Channel", "Send Messages"]
    assert found["disabled_at"] == "2026-01-02T03:04:05.000Z"
    assert found["is_posting"] is False


def test_one_server(installation: Installation) -> None:
    """By its id; where no server fits, the list is empty, and a sentence says so."""
    [found] = installation.run("inspect", "guilds", "--guild", str(NORTH), "--json").document["guilds"]
    assert (found["channel_id"], found["ping_role_id"], found["is_posting"]) == ("11", "12", True)
    fitting = ("inspect", "guilds", "--disabled", "--guild", str(NORTH))
    assert installation.run(*fitting, "--json").document == {"guilds": []}
    assert installation.run(*fitting).out == "No such servers.\n"
