"""Store files for whole runs of attribution."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from giftbot.services.ports import Store
from tests.services.invites.hall import Hall, make_hall
from tests.services.invites.processes import staged
from tests.virtual_time import run


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store file in which nothing is."""
    file = tmp_path_factory.mktemp("store") / "empty.db"

    async def make() -> None:
        async with staged(file):
            pass

    run(make())
    return file


@pytest.fixture
def new_file(empty_store: Path, tmp_path: Path) -> Callable[[], Path]:
    """Makes store files; copying one is quicker than making its tables."""
    numbers = itertools.count()

    def make() -> Path:
        file = tmp_path / f"store{next(numbers)}.db"
        shutil.copyfile(empty_store, file)
        return file

    return make


@pytest.fixture
def hall(store: Store) -> Hall:
    """A server that chose nothing."""
    return make_hall(store)
