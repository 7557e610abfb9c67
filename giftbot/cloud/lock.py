"""One service at a time keeps copies in a directory."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from giftbot.errors import StartupError

LOCK_NAME = "giftbot-cloud.lock"


@contextmanager
def lock_copies(directory: Path) -> Iterator[None]:
    """Create the directory (for its owner alone) and hold it; the system gives it back when the process ends.

    Raises `StartupError` when another service holds it, `OSError` when it cannot be written.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                raise
            raise StartupError(
                f"The directory {directory} is in use by another giftbot cloud: stop that one first, or give this"
                " one a --dir of its own."
            ) from error
        yield
    finally:
        os.close(descriptor)
