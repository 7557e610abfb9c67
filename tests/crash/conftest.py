"""The stores on which the matrix runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.places import Place
from tests.mongod import Mongod

Places = Callable[[Path], Place]


@pytest.fixture(params=["sqlite", "replica_set"])
def places(request: pytest.FixtureRequest) -> Places:
    """Makes places on SQLite, and on a real MongoDB."""
    if request.param == "sqlite":
        return Place
    mongod: Mongod = request.getfixturevalue("replica_set")
    return lambda directory: Place(directory, mongod.uri)
