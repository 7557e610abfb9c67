"""The database goes away between the message and its mark."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from giftbot.sandbox.pulse import PATIENCE
from tests.conftest import MongodFactory
from tests.crash.cases import LOOK, open_case
from tests.crash.places import Place


async def _until(condition: Callable[[], bool]) -> None:
    """Look at another process's file until it is as wanted."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is looked at is not of this process
            await asyncio.sleep(LOOK)


@pytest.mark.parametrize("how", ["killed", "paused"])
@pytest.mark.parametrize("crash", [False, True], ids=["lives on", "dies meanwhile"])
async def test_marks_of_a_database_that_is_away_are_kept_and_replayed(
    how: str, crash: bool, own_mongod: MongodFactory, tmp_path: Path
) -> None:
    """The server is killed or hangs after Discord stored the messages: the marks wait on disk, one message each."""
    mongod = own_mongod()
    async with open_case(Place(tmp_path / "bot", mongod.uri), servers=3, codes=2) as case:
        routes = "|".join(str(channel.id) for channel in case.channels)
        hold = case.sandbox.faults.hold(
            re.compile(f"^/channels/({routes})/messages$"), method="POST", after_store=True
        )
        bot = case.start(scale=1.0)
        await hold.held()
        await asyncio.to_thread(mongod.kill if how == "killed" else mongod.pause)
        hold.release()
        journal = case.place.data / "journal.jsonl"
        await _until(lambda: journal.exists() and len(journal.read_text().splitlines()) == len(case.channels))
        if crash:
            bot.bury()
        await asyncio.to_thread(mongod.start if how == "killed" else mongod.resume)
        if crash:
            bot = case.start()
        assert await case.settled()
        # A database that hung may have taken the marks after all: then only the journal is left to wait for.
        await _until(lambda: journal.read_text() == "")
        assert await bot.stopped() == 0
        assert await case.problems() == []
