"""`ops stats`."""

from __future__ import annotations

from pathlib import Path

from giftbot.services.ports import Store
from giftbot.services.slots import GRID
from tests.ops.installation import EMBER, HOUR, NORTH, NOW, QUIET, Installation, iso, on_sqlite
from tests.ops.runs import run_ops


def test_the_figures_of_the_whole_installation(installation: Installation) -> None:
    """Without a server the figures are over all of them, with servers and codes counted."""
    run = installation.run("stats")
    assert (run.code, run.err) == (0, "")
    assert run.lines == [
        "Codes sent 2",
        "Last code FROST77",
        f"Last sent {iso(NOW - HOUR)}",
        "Sources api, rss",
        "Last 24 hours 1",
        "Last 7 days 1",
        "Last 30 days 2",
        "Outbox 1 pending, 0 claimed",
        f"Oldest due {iso(NOW + HOUR)}",
        "Not certain 1",
        "Failed 1",
        "Players 1 unproved, 1 active, 1 paused, 1 wrong_kingdom",
        "Jobs 1 open, 1 stopped",
        "Unknown answers 1",
        "Counted now",
        "Servers 2 configured, 1 posting, 1 disabled",
        "Codes 2 active, 1 expired, 0 invalid, 2 held",
        "Calls of the game none so far",
    ]


def test_the_figures_as_json(installation: Installation) -> None:
    """The document has the same figures under stable keys."""
    moment = f"{NOW - HOUR:%Y-%m-%dT%H:%M:%S}.000Z"
    document = installation.run("stats", "--json").document
    assert document.pop("counted_at").endswith("Z")
    assert document.pop("age_seconds") < 60
    assert document == {
        "total_codes": 2,
        "last_code": "FROST77",
        "last_sent_at": moment,
        "sources": ["api", "rss"],
        "last_24_hours": 1,
        "last_7_days": 1,
        "last_30_days": 2,
        "outbox": {
            "pending": 1,
            "claimed": 0,
            "unknown": 1,
            "failed": 1,
            "oldest_due_at": f"{NOW + HOUR:%Y-%m-%dT%H:%M:%S}.000Z",
        },
        "redeeming": {
            "players": {"unproved": 1, "active": 1, "paused": 1, "wrong_kingdom": 1, "not_found": 0},
            "jobs": {"open": 1, "stopped": 1},
            "unknown_answers": 1,
        },
        "servers": {"known": 3, "configured": 2, "posting": 1, "disabled": 1},
        "codes": {"active": 2, "expired": 1, "invalid": 0, "held": 2},
        "budget": None,
    }


def test_how_fast_the_game_is_asked(installation: Installation) -> None:
    """The rate at present, and until when nobody is asked because the game wants it so."""

    async def slow_down(store: Store) -> None:
        await store.take_slot("whiteout", NOW, per_minute=30, earned=0)
        await store.slow_down("whiteout", NOW, until=NOW + HOUR)

    installation.with_store(slow_down)
    line = installation.run("stats").lines[-1]
    assert line == f"Calls of the game 15 a minute, the last at {iso(NOW)}, paused until {iso(NOW + HOUR)}"
    assert installation.run("stats", "--json").document["budget"] == {
        "calls_per_minute": 15.0,
        "last_slot_at": f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z",
        "paused_until": f"{NOW + HOUR:%Y-%m-%dT%H:%M:%S}.000Z",
    }


def test_the_rate_is_the_settings_figure(installation: Installation) -> None:
    """As the doctor and the README have it; the store keeps a hundredth less, for calls that begin late."""

    async def take(store: Store) -> None:
        await store.take_slot("whiteout", NOW, per_minute=30 / GRID, earned=0)

    installation.with_store(take)
    assert installation.run("stats").lines[-1] == f"Calls of the game 30 a minute, the last at {iso(NOW)}"
    assert installation.run("stats", "--json").document["budget"]["calls_per_minute"] == 30.0


def test_the_figures_of_one_server(installation: Installation) -> None:
    """With a server only what concerns it is counted; its id is text, because it has 64 bits."""
    north = installation.run("stats", "--guild", str(NORTH), "--json").document
    assert (north["guild_id"], north["total_codes"], north["outbox"]["pending"]) == (str(NORTH), 2, 1)
    ember = installation.run("stats", "--guild", str(EMBER), "--json").document
    assert (ember["total_codes"], ember["outbox"]["failed"], ember["outbox"]["unknown"]) == (0, 1, 1)
    assert north["redeeming"]["players"]["active"] == 1
    assert (ember["redeeming"]["jobs"], ember["redeeming"]["unknown_answers"]) == ({"open": 0, "stopped": 0}, 0)
    assert "servers" not in north


def test_a_server_without_posts_has_empty_figures(installation: Installation) -> None:
    """A server where nothing happened yet has zeros, as in the bot itself."""
    run = installation.run("stats", "--guild", str(QUIET))
    assert run.code == 0
    assert run.lines[:4] == ["Codes sent 0", "Last code -", "Last sent -", "Sources -"]


async def test_the_command_as_users_run_it(tmp_path: Path) -> None:
    """The real entry point on a store that has nothing in it."""
    empty = on_sqlite(tmp_path / "data")
    await empty.on_store(lambda store: store.ping())
    run = await run_ops(empty.environ, "stats", "--json")
    assert (run.code, run.err) == (0, "")
    assert run.document["total_codes"] == 0
    assert run.document["servers"] == {"known": 0, "configured": 0, "posting": 0, "disabled": 0}
