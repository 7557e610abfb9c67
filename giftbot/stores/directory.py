"""The data directory: one process at a time writes it."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from giftbot.errors import DataDirectoryError

LOCK_NAME = "giftbot.lock"


@contextmanager
def lock_directory(path: Path) -> Iterator[None]:
    """Create the directory (for its owner alone) and hold its lock; the system gives it back when the process ends.

    Raises `DataDirectoryError` when another process holds it, or when it cannot be written.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirectoryError(
            f"The data directory {path} cannot be written ({error.strerror}): check its owner and permissions, or"
            " set GIFTBOT_DATA_DIR to another one."
        ) from error
    try:
        _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)
    except OSError as error:
        if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
            raise DataDirectoryError(f"The data directory {path} cannot be locked ({error.strerror}).") from error
        pid, _, host = os.pread(descriptor, 200, 0).decode(errors="replace").strip().partition(" ")
        holder = f"process {pid} on {host}" if pid else "another process"
        raise DataDirectoryError(
            f"The data directory {path} is in use by {holder}: stop that giftbot first, or give this one a"
            " GIFTBOT_DATA_DIR of its own."
        ) from error
