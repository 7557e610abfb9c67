"""Disks on which the local copy cannot be written: the bot works, and the cloud has everything."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from giftbot.stores.copy_file import COPY_NAME, CopyFile
from tests.e2e.lives import Cloud, counts_of, lives
from tests.e2e.stage import Stage
from tests.mongod import Mongod


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
async def test_the_data_directory_becomes_read_only(
    stage: Stage, cloud: Cloud, replica_set: Mongod, tmp_path: Path
) -> None:
    """Nothing can be written beside the bot any more: it works on MongoDB, and the cloud has everything."""
    life = lives(stage, cloud, uri=replica_set.uri, database=f"e2e-{uuid.uuid4().hex}")
    await cloud.come_up()
    async with stage.bot():
        stage.directory.chmod(0o500)
        try:
            found = await life.begin()
            await cloud.holds(**found.counts)
        finally:
            stage.directory.chmod(0o700)
        await life.decided(life.home.joins(life.counted))
        assert cloud.counts()["joins"] == 4
    local = await CopyFile(stage.directory / COPY_NAME).read()
    assert local is not None
    assert counts_of(local)["joins"] == cloud.counts()["joins"] == 5
    cloud.goes_forward()


async def test_a_local_file_that_cannot_be_written(stage: Stage, cloud: Cloud) -> None:
    """Something stands in its place: the bot works, the cloud has everything, and the file as soon as it can be."""
    life = lives(stage, cloud)
    await cloud.come_up()
    obstacle = stage.directory / COPY_NAME
    obstacle.mkdir(parents=True)
    with capture_logs() as logs:
        async with stage.bot():
            found = await life.begin()
            await cloud.holds(**found.counts)
            assert obstacle.is_dir()
            obstacle.rmdir()
            await stage.sandbox.until(obstacle.is_file, what="the local copy")
    failures = [log for log in logs if log["event"] in {"copy not read", "copy failed"}]
    assert {log["layer"] for log in failures} == {"local"}
    assert all("cannot be" in log["why"] for log in failures)
    local = await CopyFile(obstacle).read()
    assert local is not None
    assert found.counts.items() <= counts_of(local).items()
    cloud.goes_forward()
