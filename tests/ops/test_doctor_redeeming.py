"""`ops doctor` on redemption: the game's settings, its budget, jobs that nobody works on, and parked answers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from giftbot.models.job import JobState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.sandbox import Sandbox
from giftbot.services.ports import Store
from tests.ops.examining import checks_of, examined
from tests.ops.installation import HOUR, NORTH, NOW, QUIET, Installation, iso, job, on_sqlite, redemption
from tests.ops.runs import environ_of, run_ops

CALM = "2.5 s between two for one player, new codes are not tried before they are posted"


@pytest.mark.parametrize(
    ("environ", "level", "found", "advice"),
    [
        ({}, "ok", f"whiteout at https://game.invalid/api, 30 calls a minute, {CALM}", None),
        (
            {"GAME": "kingshot", "GAME_VERIFY_PLAYER": "12345678:312", "GAME_PLAYER_SPACING": "4"},
            "ok",
            "kingshot at https://game.invalid/api, 30 calls a minute, 4 s between two for one player, new codes are"
            " tried with player 12345678 in kingdom 312",
            None,
        ),
        (
            {"GAME_RATE_PER_MINUTE": "0"},
            "warning",
            "whiteout at https://game.invalid/api, redeeming is switched off",
            "Set GAME_RATE_PER_MINUTE above 0 to redeem codes.",
        ),
        (
            {"GAME_RATE_PER_MINUTE": "300"},
            "warning",
            f"whiteout at https://game.invalid/api, 300 calls a minute, {CALM}",
            "The game allows about 30 calls a minute: lower GAME_RATE_PER_MINUTE.",
        ),
        (
            {"GAME_API_URL": "http://127.0.0.1:9/api"},
            "failed",
            "GAME_API_URL is not https on port 443 (GIFTBOT_ALLOW_PRIVATE_URLS=true allows other addresses)",
            None,
        ),
    ],
)
def test_what_the_settings_say_of_the_game(
    sqlite: Installation, environ: dict[str, str], level: str, found: str, advice: str | None
) -> None:
    """It is not asked; an address that would never be asked fails, and the other checks go on."""
    sqlite.environ.update(environ)
    checks = examined(sqlite)
    assert checks["game"] == (level, found, advice)
    assert checks["store"][0] == "ok"
    assert sqlite.run("stats").code == 0


async def test_the_game_is_not_asked(sandbox: Sandbox, sqlite: Installation) -> None:
    """Calls are for players."""
    environ = {**environ_of(sandbox, sqlite.directory), "DISCORD_TOKEN": ""}
    checks = checks_of(await run_ops(environ, "doctor", "--json"))
    assert checks["game"][0] == "ok"
    assert list(sandbox.game.calls) == []


def test_the_budget(installation: Installation) -> None:
    """Never asked, at full speed, slowed down by the game, and paused."""
    assert examined(installation)["budget"] == ("ok", "the game was never asked", None)
    taken = NOW - HOUR

    async def take(store: Store) -> None:
        await store.take_slot("whiteout", taken, per_minute=30, earned=0)

    async def slow_down(store: Store) -> None:
        await store.slow_down("whiteout", taken, until=taken + timedelta(minutes=1))

    async def pause(store: Store) -> None:
        await store.slow_down("whiteout", NOW, until=NOW + HOUR)

    installation.with_store(take)
    assert examined(installation)["budget"] == ("ok", f"30 of 30 calls a minute, the last at {iso(taken)}", None)
    installation.with_store(slow_down)
    level, found, advice = examined(installation)["budget"]
    assert (level, found.partition(",")[0]) == ("warning", "15 of 30 calls a minute")
    assert advice == "The game asked for fewer calls; the rate recovers by itself while calls succeed."
    installation.with_store(pause)
    level, found, advice = examined(installation)["budget"]
    assert (level, advice) == ("warning", "The game asked for it; redeeming goes on by itself.")
    assert found.endswith(f", paused until {iso(NOW + HOUR)}")


def test_jobs_that_nobody_works_on(installation: Installation) -> None:
    """A job whose turn has come long ago, and one whose lease ran out, are told of."""
    assert examined(installation)["jobs"] == ("ok", "1 open, 1 stopped", None)
    at = NOW - timedelta(minutes=30)

    async def leave(store: Store) -> None:
        late = [job(QUIET, "SNOW2026", JobState.OPEN, at, due_at=at)]
        await store.open_jobs(late)
        await store.claim_jobs("somebody who is gone", at, at + timedelta(minutes=1), limit=10)
        await store.open_jobs([job(QUIET, "FROST77", JobState.OPEN, at, due_at=at + timedelta(minutes=5))])

    installation.with_store(leave)
    assert examined(installation)["jobs"] == (
        "warning",
        f"3 open, 1 stopped; 2 overdue, 1 lease ran out: SNOW2026 in server {QUIET}"
        f" since {iso(at + timedelta(minutes=1))}",
        "Is the bot running? See its log, and ops inspect jobs --state open.",
    )


def test_the_players(installation: Installation) -> None:
    """How many there are in each state."""
    assert examined(installation)["players"] == ("ok", "1 unproved, 1 active, 1 paused, 1 wrong_kingdom", None)


def test_answers_that_nobody_knows(installation: Installation) -> None:
    """They are counted, with the game's words, each once, and the way to go on."""
    assert examined(installation)["answers"] == (
        "warning",
        "1 redemption parked, because nobody knows what this means: “49999 STRANGE”",
        "See ops inspect redemptions --outcome unknown. When it is known what they mean: ops jobs retry --guild ID"
        " --code CODE.",
    )
    rows = [odd(number, f"4900{number % 5} ODD") for number in range(20)]
    installation.with_store(lambda store: store.open_redemptions(rows))
    found = examined(installation)["answers"][1]
    assert found.startswith("21 redemptions parked")
    assert found.count("“") == 3
    assert found.endswith(" and 3 others")


def odd(number: int, words: str) -> Redemption:
    """An answer that is parked."""
    return redemption(NORTH, "SNOW2026", str(5_000 + number), RedemptionOutcome.UNKNOWN, NOW, raw=words)


def test_nobody_is_registered(tmp_path: Path) -> None:
    """An installation that redeems nothing is well."""
    empty = on_sqlite(tmp_path / "empty")
    empty.with_store(lambda store: store.ping())
    checks = examined(empty)
    assert checks["players"] == ("ok", "none is registered", None)
    assert checks["answers"] == ("ok", "none that is not known", None)
    assert checks["jobs"] == ("ok", "0 open, 0 stopped", None)
