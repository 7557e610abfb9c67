from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from giftbot.errors import DataDirectoryError
from giftbot.stores.directory import LOCK_NAME, lock_directory

HOLDER = """
import sys
from pathlib import Path
from giftbot.stores.directory import lock_directory

with lock_directory(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """With its parents; the lock says who holds it."""
    path = tmp_path / "a" / "data"
    with lock_directory(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert (path / LOCK_NAME).read_text(encoding="utf-8").split()[0] == str(os.getpid())
    with lock_directory(path):
        pass


def test_a_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    """And may have it as soon as the first is gone, even by SIGKILL."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(DataDirectoryError, match=f"in use by process {holder.pid} on "),
            lock_directory(tmp_path),
        ):
            pass
        holder.kill()
    with lock_directory(tmp_path):
        pass


def test_a_directory_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """It names the directory and what to do."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(DataDirectoryError, match="check its owner and permissions"),
        lock_directory(tmp_path / "file"),
    ):
        pass
