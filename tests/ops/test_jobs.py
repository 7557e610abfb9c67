"""`ops jobs`."""

from __future__ import annotations

import attrs
import pytest

from giftbot.models.code import CodeStatus
from giftbot.models.job import JobState
from giftbot.services.ports import Store
from tests.ops.installation import EMBER, HOUR, NORTH, NOW, UNKNOWN, Installation, code_of, iso

FROST = ("--guild", str(NORTH), "--code", "frost77")
SNOW = ("--guild", str(NORTH), "--code", "SNOW2026")


def states(installation: Installation) -> dict[tuple[str, str], str]:
    """All jobs."""
    jobs = installation.run("inspect", "jobs", "--json").document["jobs"]
    return {(job["guild_id"], job["code"]): job["state"] for job in jobs}


def outcomes(installation: Installation, *options: str) -> list[tuple[str, str]]:
    """Players and outcomes of one code in one server."""
    rows = installation.run("inspect", "redemptions", *options, "--json").document["redemptions"]
    return [(row["player_id"], row["outcome"]) for row in rows]


def test_a_job_is_stopped_and_resumed(installation: Installation) -> None:
    """That job alone; what was not asked stays open. Its admins read who stopped it."""
    before = states(installation)
    run = installation.run("jobs", "stop", *FROST)
    assert (run.code, run.err) == (0, "")
    assert (
        run.out
        == f"Stopped FROST77 in server {NORTH}. Not asked yet: 1 player at most; to go on: ops jobs resume.\n"
    )
    assert states(installation) == {**before, (str(NORTH), "FROST77"): "stopped"}
    [job] = installation.run("inspect", "jobs", *FROST, "--json").document["jobs"]
    assert (job["reason"], job["due_at"]) == ("The bot's operator stopped it.", None)
    assert ("1002", "retry") in outcomes(installation, *FROST)
    run = installation.run("jobs", "resume", *FROST)
    assert (run.code, run.out) == (
        0,
        f"Resumed FROST77 in server {NORTH}: 1 player will be asked for, by the running bot or when it starts.\n",
    )
    assert states(installation) == before


@pytest.mark.parametrize(
    ("command", "options", "code", "words"),
    [
        ("stop", SNOW, 0, f"SNOW2026 in server {NORTH} is stopped already.\n"),
        ("stop", ("--guild", str(EMBER), "--code", "FROST77"), 1, f"FROST77 in server {EMBER} is finished.\n"),
        ("resume", FROST, 0, f"FROST77 in server {NORTH} is not stopped.\n"),
        (
            "resume",
            ("--guild", str(EMBER), "--code", "FROST77"),
            1,
            f"FROST77 in server {EMBER} is finished.\nEverybody in it has the code: there is nothing to resume.\n",
        ),
    ],
)
def test_what_is_so_already_stays(
    installation: Installation, command: str, options: tuple[str, ...], code: int, words: str
) -> None:
    """Doing it twice is fine; what ended cannot be stopped or resumed."""
    before = states(installation)
    run = installation.run("jobs", command, *options)
    assert (run.code, run.out) == (code, words)
    assert states(installation) == before


def test_everybody_who_lacks_a_code_is_asked_again(installation: Installation) -> None:
    """Parked answers and pauses alike; who has the code is never asked again, and other servers are not touched."""
    run = installation.run("jobs", "retry", *FROST)
    assert (run.code, run.out) == (0, f"Will be asked for again: 2 players without FROST77 in server {NORTH}.\n")
    assert outcomes(installation, *FROST) == [("1001", "redeemed"), ("1002", "waiting"), ("1003", "waiting")]
    rows = installation.run("inspect", "redemptions", *FROST, "--outcome", "waiting", "--json").document
    assert all(row["next_attempt_at"] and not row["attempts"] for row in rows["redemptions"])
    [job] = installation.run("inspect", "jobs", *FROST, "--json").document["jobs"]
    [row, _] = rows["redemptions"]
    assert job["state"] == "open"
    assert row["next_attempt_at"] <= job["due_at"] < iso(NOW + HOUR)


def test_a_retry_in_a_stopped_job(sqlite: Installation) -> None:
    """It stays stopped, and the sentence says how to go on."""
    run = sqlite.run("jobs", "retry", *SNOW)
    assert run.out.endswith("It is stopped: go on with ops jobs resume.\n")
    assert states(sqlite)[str(NORTH), "SNOW2026"] == "stopped"


def test_nobody_to_ask_again(sqlite: Installation) -> None:
    """Where everybody has the code, nothing happens."""
    run = sqlite.run("jobs", "retry", "--guild", str(EMBER), "--code", "FROST77")
    assert (run.code, run.out) == (0, f"Nobody lacks FROST77 in server {EMBER}.\n")
    assert states(sqlite)[str(EMBER), "FROST77"] == "done"


@pytest.mark.parametrize(
    ("command", "options", "words"),
    [
        ("stop", FROST, f"Would stop FROST77 in server {NORTH}. Not asked yet: 1 player at most.\n"),
        ("resume", SNOW, f"Would resume SNOW2026 in server {NORTH}: 1 player would be asked for.\n"),
        ("retry", FROST, f"Would be asked for again: 2 players without FROST77 in server {NORTH}.\n"),
    ],
)
def test_a_dry_run_changes_nothing(
    installation: Installation, command: str, options: tuple[str, ...], words: str
) -> None:
    """It says what would happen."""
    before = (states(installation), outcomes(installation, *options))
    run = installation.run("jobs", command, *options, "--dry-run")
    assert (run.code, run.out) == (0, f"{words}Nothing was changed (dry run).\n")
    assert (states(installation), outcomes(installation, *options)) == before


@pytest.mark.parametrize("command", ["stop", "resume", "retry"])
def test_a_job_that_does_not_exist(sqlite: Installation, command: str) -> None:
    """A mistyped server or code is refused, and makes nothing."""
    before = states(sqlite)
    for options in (("--guild", str(UNKNOWN), "--code", "FROST77"), ("--guild", str(EMBER), "--code", "SNOW2026")):
        run = sqlite.run("jobs", command, *options)
        assert (run.code, run.out) == (2, "")
        assert run.err == f"ops: {options[3]} is not redeemed in server {options[1]}. What is: ops inspect jobs.\n"
    assert sqlite.run("jobs", command, "--guild", str(NORTH)).code == 2
    assert sqlite.run("jobs", command, "--code", "FROST77").code == 2
    assert sqlite.run("jobs", command, "--guild", str(NORTH), "--code", "no code!").code == 2
    assert states(sqlite) == before


def test_a_code_that_is_over_is_not_tried_again(sqlite: Installation) -> None:
    """Nobody could get it."""
    expired = code_of("Frost77", "rss", CodeStatus.EXPIRED, revision=0)
    sqlite.with_store(lambda store: store.replace_code(expired))
    before = outcomes(sqlite, *FROST)
    run = sqlite.run("jobs", "retry", *FROST)
    assert (run.code, run.out) == (2, "")
    assert run.err == "ops: FROST77 is expired, so nobody can be asked for it. Nothing was changed.\n"
    assert outcomes(sqlite, *FROST) == before


def test_resuming_what_is_finished_says_how_to_ask_again(sqlite: Installation) -> None:
    """Those who did not get it are counted; what the sentence names does ask for them, and opens the job."""

    async def end(store: Store) -> None:
        jobs = await store.claim_jobs("a test", NOW + 2 * HOUR, NOW + 3 * HOUR, limit=10)
        [job] = [job for job in jobs if (job.guild_id, job.code) == (NORTH, "FROST77")]
        ended = attrs.evolve(job, state=JobState.DONE, due_at=None, lease_until=None, finished_at=NOW)
        assert await store.save_job(ended)

    sqlite.with_store(end)
    run = sqlite.run("jobs", "resume", *FROST)
    retry = f"ops jobs retry --guild {NORTH} --code FROST77"
    assert run.code == 1
    assert run.out == (
        f"FROST77 in server {NORTH} is finished.\nThere is nothing to resume. "
        f"To ask again for 2 players without the code, while it is active: {retry}.\n"
    )
    assert sqlite.run(*retry.split()[1:]).code == 0
    assert states(sqlite)[str(NORTH), "FROST77"] == "open"
