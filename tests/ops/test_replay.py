"""`ops replay`."""

from __future__ import annotations

import asyncio

from giftbot.app import journal_of
from giftbot.models.announcement import AnnouncementState, Mark
from giftbot.models.ids import GuildId
from giftbot.settings import load_settings
from tests.ops.holding import held_by_another
from tests.ops.installation import NORTH, NOW, ROWS, Installation
from tests.ops.runs import run_ops


def keep(installation: Installation) -> None:
    """Let the journal say that the post which waits was sent."""
    journal = journal_of(load_settings(installation.environ))
    asyncio.run(journal.append([Mark(ROWS[2], AnnouncementState.SENT, NOW)]))


def state(installation: Installation, guild_id: GuildId = NORTH) -> str:
    """Where the post stands that the journal tells of."""
    options = ("--guild", str(guild_id), "--code", "SNOW2026", "--json")
    [post] = installation.run("inspect", "sent", *options).document["posts"]
    return str(post["state"])


def test_the_journal_is_brought_into_the_store(installation: Installation) -> None:
    """What was sent counts as sent afterwards; the journal is empty then, and a second time changes nothing."""
    keep(installation)
    run = installation.run("replay")
    assert (run.code, run.out) == (0, "Brought 1 mark into the store: 1 post changed.\n")
    assert state(installation) == "sent"
    assert installation.run("replay").out == "The journal is empty.\n"
    assert installation.run("replay", "--json").document == {"marks": 0, "changed": 0, "dry_run": False}


def test_a_dry_run_leaves_the_journal(installation: Installation) -> None:
    """It counts, and neither writes nor forgets."""
    keep(installation)
    run = installation.run("replay", "--dry-run")
    assert (run.code, run.out) == (0, "Would bring 1 mark into the store.\nNothing was changed (dry run).\n")
    assert state(installation) == "pending"
    assert installation.run("replay", "--json").document == {"marks": 1, "changed": 1, "dry_run": False}


def test_nothing_is_replayed_beside_a_bot(sqlite: Installation) -> None:
    """Its process is named; looking is allowed, and the journal stays."""
    keep(sqlite)

    async def beside() -> None:
        async with held_by_another(sqlite.directory) as pid:
            run = await run_ops(sqlite.environ, "replay")
            assert (run.code, run.out) == (73, "")
            assert run.err == (
                f"ops: The bot (process {pid}) works on this directory, and replays its journal itself: stop it"
                " first, or look with --dry-run.\n"
            )
            look = await run_ops(sqlite.environ, "replay", "--dry-run")
            assert look.out.startswith("Would bring 1 mark into the store.\n")

    asyncio.run(beside())
    assert state(sqlite) == "pending"
    assert sqlite.run("replay").code == 0


def test_a_damaged_line_is_passed_over(sqlite: Installation) -> None:
    """What a power failure cut off stands for nothing; the rest is brought in."""
    keep(sqlite)
    with (sqlite.directory / "journal.jsonl").open("a") as journal:
        journal.write('{"mark":{"anc')
    assert sqlite.run("replay").out == "Brought 1 mark into the store: 1 post changed.\n"
    assert state(sqlite) == "sent"
